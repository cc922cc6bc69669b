# SPDX-License-Identifier: GPL-3.0-or-later
"""Every document that libvirt takes on this host, from libvirt's own test suite, with the same exactness."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from integration import _corpus
from integration._lab import HERE, PYTHON

VARIANTS = {"plain": "as they stand", "bare": "without UUID and MAC"}


def outcomes(lab, variant: str, files: list[Path]) -> list[dict]:
    """What became of each file."""
    done = subprocess.run(
        lab.host.command([PYTHON, f"{HERE}/_corpus_inside.py", variant]),
        input="\n".join(map(str, files)),
        capture_output=True,
        text=True,
        env=lab.writer.environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_document_that_libvirt_takes(lab, capsys):
    directory = _corpus.documents(lab.host)
    files = sorted(directory.rglob("*.xml"))
    assert files, f"{directory} is empty; remove it, so that it is fetched anew"
    with ThreadPoolExecutor() as pool:
        found = dict(zip(VARIANTS, pool.map(lambda variant: outcomes(lab, variant, files), VARIANTS)))
    counts = {variant: Counter(one["outcome"] for one in ones) for variant, ones in found.items()}
    accepted = {variant: count["pass"] + count["fail"] for variant, count in counts.items()}
    passed = ", ".join(
        f"{counts[variant]['pass']} of {accepted[variant]} accepted pass {words}" for variant, words in VARIANTS.items()
    )
    with capsys.disabled():
        print(f"\ncorpus: {len(files)} files; {passed}; {counts['plain']['schema']} refused by libvirt's schema only")
    failures = [
        f"{Path(one['file']).relative_to(directory)} ({variant}): {one['why'][-600:]}"
        for variant, ones in found.items()
        for one in ones
        if one["outcome"] == "fail"
    ]
    assert not failures, "\n".join(failures)
    assert min(accepted.values()) > 0
