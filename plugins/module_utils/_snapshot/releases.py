# SPDX-License-Identifier: GPL-3.0-or-later
"""What which release of libvirt can do with snapshots, by its own release notes. Private to this collection.

Versions are numbers as virConnectGetLibVersion gives them: 9.0.0 is 9000000.
"""

from __future__ import annotations

import re

# Deletion of external snapshots by merging.
DELETES_EXTERNAL = 9000000
# Their memory file goes with them.
DELETES_MEMORY_FILE = 9001000
# Inactive guests with UEFI: refused by mistake before.
INTERNAL_WITH_UEFI_OFF = 9003000
# Reverting to external ones; with it came other rules for deleting them.
REVERTS_EXTERNAL = 9009000
# Running guests with UEFI, where its variables are kept in a qcow2 file.
INTERNAL_WITH_UEFI = 10009000
# Deleting an external one after a revert to an internal one above it took the disk along before.
KEEPS_INTERNAL_PARENT = 11000000
# QEMU: what was put on top of a disk that it leaves alone stays as well ("block: Don't attach inactive child").
QEMU_LEAVES_ALL_ALONE = 10000000

_CRASH = "QEMU crashes when libvirt 9.9 reverts to an internal snapshot; update libvirt to 9.10 or later"
_UEFI = (
    "libvirt 10.9 takes internal snapshots of guests with UEFI, but can neither revert to them nor delete them;"
    " update libvirt to 10.10 or later"
)
_INCOMING = (
    "libvirt 11.2 and 11.3 as released cannot revert to internal snapshots with memory, and the guest would be off"
    " after it; update libvirt to 11.4 or later, or set 'force: true' where your distribution has mended it"
)
# The first source version of Debian and those built on it that has the mend for the last of them.
_MENDED = "11.3.0-2"


def is_no_job(version: int, name: str) -> bool:
    """Whether a running guest cannot take or delete an internal snapshot of that name: since libvirt asks QEMU for jobs
    they have the name in theirs, which takes few characters (id_wellformed of QEMU).
    """
    return version >= INTERNAL_WITH_UEFI and not re.fullmatch("[A-Za-z0-9._-]+", name)


def minor(version: int) -> tuple[int, int]:
    """(major, minor) of a version."""
    return version // 1000000, version // 1000 % 1000


def fault_of_revert(version: int, with_memory: bool, uefi: bool, mended) -> str:
    """Why this release cannot revert to an internal snapshot, C("") where it can.

    C(mended()): whether the package of libvirt on this host has the mend of its distribution.
    """
    release = minor(version)
    if release == (9, 9):
        return _CRASH
    if release == (10, 9) and uefi:
        return _UEFI
    if release in ((11, 2), (11, 3)) and with_memory and not mended():
        return _INCOMING
    return ""


def fault_of_delete(version: int, active: bool, uefi: bool) -> str:
    """Why this release cannot delete an internal snapshot, C("") where it can."""
    return _UEFI if minor(version) == (10, 9) and uefi and not active else ""


def mended_by_distribution(execute) -> bool:
    """Whether Debian's package of libvirt here is one with the mend. C(execute): runs a command; OSError without it."""
    query = ["dpkg-query", "--show", "--showformat", "${source:Version}", "libvirt-daemon-driver-qemu"]
    try:
        code, installed, _errors = execute(query)
    except OSError:
        return False
    if code or not installed:
        return False
    code, _output, _errors = execute(["dpkg", "--compare-versions", installed, "ge", _MENDED])
    return code == 0
