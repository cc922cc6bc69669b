# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud images that have a name: where they are, and where their checksums are. Private to this collection.

To add a release, add its line to C(_RELEASES); to add a distribution, its C(Family) too. All images are qcow2 and have
cloud-init.
"""

from __future__ import annotations

from typing import NamedTuple

_ALL = ("x86_64", "aarch64")
_ENTERPRISE = ("x86_64", "aarch64", "ppc64le", "s390x")
# Debian's words for processors; the others have the kernel's, as libvirt has.
_DEBIAN = {"x86_64": "amd64", "aarch64": "arm64", "ppc64le": "ppc64el"}


class Family(NamedTuple):
    """Where the images of a distribution are.

    C(base), C(path): the URL, of which a mirror replaces the base; in the path C({release}), C({version}) and C({arch})
    are filled in. C(sums): name of the list of checksums in the same directory; with a leading dot, what is put behind
    the image's own name. C(algorithm): of the checksums. C(arches): libvirt's word for a processor: theirs.
    """

    base: str
    path: str
    sums: str
    algorithm: str = "sha256"
    words: dict = {}


class Found(NamedTuple):
    """One image. C(alone): the list of checksums is of this image only, whatever it calls it."""

    url: str
    checksum: str
    alone: bool


_FAMILIES = {
    "almalinux": Family(
        "https://repo.almalinux.org/almalinux",
        "{release}/cloud/{arch}/images/AlmaLinux-{release}-GenericCloud-latest.{arch}.qcow2",
        "CHECKSUM",
    ),
    "alpine": Family(
        "https://dl-cdn.alpinelinux.org/alpine",
        "v{release}/releases/cloud/nocloud_alpine-{version}-{arch}-cloudinit-r0.qcow2",
        ".sha512",
        "sha512",
        {"x86_64": "x86_64-bios", "aarch64": "aarch64-uefi"},
    ),
    "centos-stream": Family(
        "https://cloud.centos.org/centos",
        "{release}-stream/{arch}/images/CentOS-Stream-GenericCloud-{release}-latest.{arch}.qcow2",
        ".SHA256SUM",
    ),
    # Not "genericcloud", whose kernel lacks the drivers of a SATA CD-ROM, on which a seed may be.
    "debian": Family(
        "https://cloud.debian.org/images/cloud",
        "{version}/latest/debian-{release}-generic-{arch}.qcow2",
        "SHA512SUMS",
        "sha512",
        _DEBIAN,
    ),
    "fedora": Family(
        "https://download.fedoraproject.org/pub/fedora/linux/releases",
        "{release}/Cloud/{arch}/images/Fedora-Cloud-Base-Generic-{version}.{arch}.qcow2",
        "Fedora-Cloud-{version}-{arch}-CHECKSUM",
    ),
    "opensuse-leap": Family(
        "https://download.opensuse.org/distribution/leap",
        "{release}/appliances/{version}-Minimal-VM.{arch}-Cloud.qcow2",
        ".sha256",
    ),
    "opensuse-tumbleweed": Family(
        "https://download.opensuse.org/tumbleweed",
        "appliances/openSUSE-Tumbleweed-Minimal-VM.{arch}-Cloud.qcow2",
        ".sha256",
    ),
    "rocky": Family(
        "https://dl.rockylinux.org/pub/rocky",
        "{release}/images/{arch}/Rocky-{release}-GenericCloud-Base.latest.{arch}.qcow2",
        ".CHECKSUM",
    ),
    "ubuntu": Family(
        "https://cloud-images.ubuntu.com/releases",
        "{version}/release/ubuntu-{release}-server-cloudimg-{arch}.img",
        "SHA256SUMS",
        words=_DEBIAN,
    ),
}
# (family, release, what else its path needs to know, processors)
_RELEASES = (
    ("almalinux", "8", "", _ENTERPRISE),
    ("almalinux", "9", "", _ENTERPRISE),
    ("almalinux", "10", "", _ENTERPRISE),
    ("alpine", "3.21", "3.21.2", _ALL),
    ("alpine", "3.22", "3.22.0", _ALL),
    ("alpine", "3.23", "3.23.0", _ALL),
    ("centos-stream", "9", "", _ENTERPRISE),
    ("centos-stream", "10", "", _ENTERPRISE),
    ("debian", "11", "bullseye", _ALL),
    ("debian", "12", "bookworm", (*_ALL, "ppc64le")),
    ("debian", "13", "trixie", (*_ALL, "ppc64le", "riscv64")),
    ("fedora", "41", "41-1.4", _ALL),
    ("fedora", "42", "42-1.1", _ALL),
    ("fedora", "43", "43-1.6", _ALL),
    ("opensuse-leap", "15.6", "openSUSE-Leap-15.6", _ALL),
    ("opensuse-leap", "16.0", "Leap-16.0", _ALL),
    ("opensuse-tumbleweed", "", "", _ALL),
    ("rocky", "8", "", _ALL),
    ("rocky", "9", "", _ENTERPRISE),
    ("rocky", "10", "", _ENTERPRISE),
    ("ubuntu", "22.04", "jammy", (*_ENTERPRISE, "riscv64")),
    ("ubuntu", "24.04", "noble", (*_ENTERPRISE, "riscv64")),
)
_IMAGES = {
    f"{family}-{release}".rstrip("-"): (family, release, more, arches) for family, release, more, arches in _RELEASES
}
NAMES = tuple(_IMAGES)


def arches(name: str) -> tuple[str, ...]:
    """The processors, in libvirt's words, for which there is an image of this name."""
    return _IMAGES[name][3]


def find(name: str, arch: str, mirror: str = "") -> Found:
    """The image of a name in C(NAMES), for one of its C(arches). C(mirror): in place of the distribution's server."""
    family, release, version, _arches = _IMAGES[name]
    place = _FAMILIES[family]
    words = {"release": release, "version": version, "arch": place.words.get(arch, arch)}
    url = f"{(mirror or place.base).rstrip('/')}/{place.path.format(**words)}"
    alone = place.sums.startswith(".")
    sums = url + place.sums if alone else f"{url.rpartition('/')[0]}/{place.sums.format(**words)}"
    return Found(url, f"{place.algorithm}:{sums}", alone)
