# SPDX-License-Identifier: GPL-3.0-or-later
"""community.libvirt from the PyPI package "ansible", in an environment of its own, to be measured beside ours."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

PACKAGE = "ansible>=12,<13"


def collections(cache: Path) -> Path:
    """The directory for ANSIBLE_COLLECTIONS_PATH; installed into the cache where it is not there yet."""
    place = cache / "benchmarks" / "ansible"
    done = place / ".installed"
    if not done.exists():
        print(f"installing {PACKAGE} ...", file=sys.stderr, flush=True)
        venv.create(place, clear=True, with_pip=True)
        pip = [place / "bin" / "python", "-m", "pip", "install", "-qq", "--disable-pip-version-check", PACKAGE]
        subprocess.run(pip, check=True)
        done.touch()
    return next(place.glob("lib/python3.*/site-packages"))
