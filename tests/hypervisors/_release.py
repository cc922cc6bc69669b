# SPDX-License-Identifier: GPL-3.0-or-later
"""Root file systems of Debian releases other than the machine's own.  Private to tests/."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import _debian
from _packages import DAEMONS, SERVICES, TOOLS
from _tools import HypervisorError, cache_directory, locked, scratch_directory, step

DEFAULT = "bookworm"
RELEASES = ("bookworm", "trixie")
_PACKAGES = (
    *DAEMONS,
    *TOOLS,
    *SERVICES,
    # The machine's, which is in a .venv, has another Python.
    "ansible-core",
    "busybox-static",
    "ca-certificates",
    "iproute2",
    "iputils-ping",
    "procps",
    "util-linux",
    "kmod",
    "openssh-client",
    "python3",
    "python3-apt",
    "sudo",
)
# Since Debian 13 libvirtd's drivers, and parts of QEMU, are packages of their own, which are only recommended.
_MORE = {
    "trixie": (
        "qemu-system-modules-spice",
        "virtiofsd",
        "libvirt-daemon-driver-network",
        "libvirt-daemon-driver-storage",
        "libvirt-daemon-driver-storage-disk",
        "libvirt-daemon-driver-storage-iscsi",
        "libvirt-daemon-driver-storage-logical",
        "libvirt-daemon-driver-storage-mpath",
        "libvirt-daemon-driver-storage-scsi",
        "libvirt-daemon-driver-nwfilter",
        "libvirt-daemon-driver-nodedev",
        "libvirt-daemon-driver-secret",
        "libvirt-daemon-driver-interface",
        "libvirt-daemon-lock",
        "libvirt-daemon-log",
    )
}


def is_the_machines(release: str) -> bool:
    """Whether the machine runs this release, so that its own root serves as the lower layer."""
    try:
        return f"VERSION_CODENAME={release}" in Path("/etc/os-release").read_text().split()
    except FileNotFoundError:
        return False


def root(release: str) -> Path | None:
    """The root that a host of this release is laid over, built first if need be; None means the machine's own."""
    if release not in RELEASES:
        raise HypervisorError(f"no release {release!r}; there are: {', '.join(RELEASES)}")
    # Only the default: for the others _packages.install() brings no daemons to the machine.
    if is_the_machines(release) and release == DEFAULT:
        return None
    packages = (*_PACKAGES, *_MORE.get(release, ()))
    recipe = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:8]
    place = cache_directory() / "roots" / f"{release}-{recipe}"
    with locked(place.with_name(f"{release}.lock")):
        if not place.exists():
            _build(release, packages, place)
    return place


def _build(release: str, packages: tuple[str, ...], place: Path) -> None:
    # What a killed build left; we hold the lock, so nobody works in it.
    for left in place.parent.glob(f".{release}.*"):
        shutil.rmtree(left)
    with scratch_directory(place.parent, f".{release}.") as scratch, step(f"building a root of Debian {release}"):
        tree = scratch / "root"
        _debian.bootstrap(release, tree, packages)
        # Hosts share nothing but what they are given.
        for key in tree.glob("etc/ssh/ssh_host_*"):
            key.unlink()
        tree.rename(place)
