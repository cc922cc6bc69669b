# SPDX-License-Identifier: GPL-3.0-or-later
"""Every document that libvirt takes on this host, from libvirt's own test suite, with the same exactness."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from integration import _corpus
from integration._lab import HERE, PYTHON, paths

# Of a server for disks; the only secret beside passwords that a document can carry.
COOKIES = """<domain type='qemu'>
  <name>guest</name>
  <memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <disk type='network' device='cdrom'>
      <source protocol='http' name='x.iso'>
        <host name='10.99.0.1' port='80'/>
        <cookies><cookie name='test'>geheim</cookie></cookies>
      </source>
      <target dev='hdc'/>
    </disk>
  </devices>
</domain>"""
# The settings of its libvirt, and what its QEMU was built with.
UNSEEN = re.compile("in qemu.conf|(with|by) this QEMU|This QEMU doesn't|qmp.pid")
VARIANTS = {"plain": "as they stand", "bare": "without UUID and MAC"}


def outcomes(lab, files: list[Path], script: str, *arguments: str) -> list[dict]:
    """What became of each file."""
    done = subprocess.run(
        lab.host.command([PYTHON, f"{HERE}/{script}", *arguments]),
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
        how = ["whole"] if "SOAK" in os.environ else []
        runs = pool.map(lambda variant: outcomes(lab, files, "_corpus_inside.py", variant, *how), VARIANTS)
        found = dict(zip(VARIANTS, runs))
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
    every_refusal_is_foreseen(capsys, directory, found["bare"])


def test_documents_that_are_crossed_with_each_other(lab, capsys, tmp_path):
    """In `make test` always the same ones; `make soak` makes as many as SOAK says, each time others."""
    lives = int(os.environ.get("SOAK", "0"))
    seed, tries = (random.randrange(1 << 30), 50 * lives) if lives else (1, 300)
    files = sorted(_corpus.documents(lab.host).rglob("*.xml"))
    found = outcomes(lab, files, "_crossed_inside.py", str(seed), str(tries))
    alone, changed = (Counter(one["outcome"] for one in found if bool(one["old"]) == old) for old in (False, True))
    with capsys.disabled():
        of = changed.total() - changed["refused"]
        print(f"\ncrossed, seed {seed}: {alone['pass']} of {alone.total()} pass, {changed['pass']} of {of} as changes")
    failures = [one for one in found if one["outcome"] == "fail"]
    for one in failures:
        for part in ("old", "new"):
            (tmp_path / f"{one['number']}-{part}.xml").write_text(one[part])
    told = [f"{one['number']} ({'a change' if one['old'] else 'alone'}): {one['why'][-600:]}" for one in failures]
    assert not failures, "\n".join([f"their documents are in {tmp_path}", *told])
    assert alone["pass"] > tries / 20


def test_every_pool_that_libvirt_takes(lab, capsys):
    every_one_passes(lab, capsys, "pool", "_corpus_pools_inside.py")


def test_every_volume_that_libvirt_takes(lab, capsys, pool):
    every_one_passes(lab, capsys, "volume", "_corpus_volumes_inside.py", f"/var/lib/libvirt/images/{pool}")


def test_every_filter_that_libvirt_takes(lab, capsys):
    every_one_passes(lab, capsys, "filter", "_corpus_filters_inside.py")


def test_every_network_that_libvirt_takes(lab, capsys):
    every_one_passes(lab, capsys, "network", "_corpus_networks_inside.py")


def every_one_passes(lab, capsys, root: str, script: str, *arguments: str) -> None:
    directory = _corpus.documents(lab.host, root)
    files = sorted(directory.rglob("*.xml"))
    found = outcomes(lab, files, script, *arguments)
    counts = Counter(one["outcome"] for one in found)
    accepted = counts["pass"] + counts["fail"]
    with capsys.disabled():
        print(f"\ncorpus: {len(files)} files of {root}s; {counts['pass']} of {accepted} accepted pass")
    every_refusal_is_foreseen(capsys, directory, found)
    failures = [
        f"{Path(one['file']).relative_to(directory)}: {one['why'][-600:]}" for one in found if one["outcome"] == "fail"
    ]
    assert not failures, "\n".join(failures)
    assert accepted > 0


def every_refusal_is_foreseen(capsys, directory: Path, found: list[dict]) -> None:
    """Check mode, too, refuses what libvirt refuses, but for one in fifty, and what only a writer can see of a host."""
    missed = [one for one in found if one["outcome"] == "unforeseen" and not UNSEEN.search(one["why"])]
    foreseen = sum(one["outcome"] == "refused" for one in found)
    with capsys.disabled():
        print(f"corpus: check mode refuses {foreseen} of {foreseen + len(missed)} that libvirt refuses")
    told = "\n".join(f"{Path(one['file']).relative_to(directory)}: {one['why']}" for one in missed)
    assert len(missed) <= max(1, foreseen / 50), told


GUEST = """<domain type='qemu'>
  <name>guest</name>
  <memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <controller type='usb' model='piix3-uhci'/>
    <interface type='user'><model type='virtio'/></interface>
    <input type='tablet' bus='usb'/>
    <graphics type='vnc' port='-1'/>
    <audio id='1' type='none'/>
  </devices>
</domain>"""
OLD = """machine='pc'>hvm</type></os>
  <devices>
    <controller type='usb' model='piix3-uhci'/>"""
# As virt-install writes it: controllers without numbers, which libvirt gives them in their order.
PORTS = "<controller type='pci' model='pcie-root-port'/>" * 10
NEW = f"""machine='q35'>hvm</type></os>
  <devices>
    <controller type='usb' model='qemu-xhci' ports='15'/>
    <controller type='pci' model='pcie-root'/>
    {PORTS}
    <controller type='usb' index='0'/>
    {PORTS}"""
# What libvirt filled in for the document does not go with the edit: (edit, where it is to be seen).
FILLED = {
    "controllers of another machine": ("machine='pc'", "machine='q35'", "machine"),
    "controllers without numbers": (OLD, NEW, "machine"),
    "an address on another bus": ("bus='usb'", "bus='virtio'", "inputs["),
    "another mode of the processor": ("<devices>", "<cpu mode='maximum'/><devices>", "cpu"),
    "all ports of a bus": ("<input", "<input type='mouse' bus='usb'/>" * 2 + "<input", "inputs["),
}


@pytest.mark.parametrize("edit", FILLED.values(), ids=FILLED)
def test_what_libvirt_filled_in_gives_way_to_the_document(lab, edit):
    old, new, where = edit
    lab.ok("domain", xml=GUEST)
    lab.shell("cat >/root/rng.xml", "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>")
    lab.virsh("attach-device", "guest", "/root/rng.xml", "--config")
    before = lab.tree("domain", "guest")
    changed = lab.change("domain", xml=GUEST.replace(old, new, 1))
    assert any(path.startswith(where) for path in paths(changed))
    after = lab.tree("domain", "guest")
    # What nobody took out of the document is there as before.
    assert after.find("devices/rng/backend").text == "/dev/urandom"
    for place, name in ((".//mac", "address"), ("devices/rng", "model")):
        assert after.find(place).get(name) == before.find(place).get(name)
    assert after.findtext("uuid") == before.findtext("uuid")


def test_a_cookie_is_a_secret(lab):
    told = [lab.change("domain", xml=COOKIES), lab.change("domain", xml=COOKIES, title="another")]
    plan = lab.check("domain", xml=COOKIES.replace("geheim", "neu"))
    assert (plan["changed"], len(plan["unchecked"])) == (False, 1)
    told.append(lab.run("domain", xml=COOKIES.replace("geheim", "neu")))
    assert paths(told[-1]) == ["devices/disk/source/cookies/cookie"]
    lab.unchanged("domain", xml=COOKIES.replace("geheim", "neu"))
    told = [{key: value for key, value in result.items() if key != "invocation"} for result in told]
    assert not any(secret in json.dumps(told) for secret in ("geheim", "neu"))
    assert "neu" not in lab.virsh("--readonly", "dumpxml", "guest")
    assert lab.tree("domain", "guest").findtext("devices/disk/source/cookies/cookie") == "neu"
