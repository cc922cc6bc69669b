# SPDX-License-Identifier: GPL-3.0-or-later
"""Root file systems of Debian releases other than the machine's own.  Private to tests/."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from _tools import HypervisorError

DEFAULT = "bookworm"
RELEASES = ("bookworm", "trixie")


def root(release: str) -> Optional[Path]:
    """The root that a host of this release is laid over; None means the machine's own."""
    if release not in RELEASES:
        raise HypervisorError(f"no release {release!r}; there are: {', '.join(RELEASES)}")
    return None
