# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse devices that libvirt would not take. Private to this collection, imported only before a change."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.parts import MANY_VIDEOS
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused

# Types of devices that carry characters to or from a path of the user's, and one more that only a document can name.
_PATHS = ("file", "unix", "pipe")
_DEVICE = "dev"


def check(domain, target, words: dict) -> None:
    """Refused for devices in a document, and its words, that QEMU has not, or not beside each other."""
    # libvirt moves the primary one of a document to the front, so that it stands elsewhere in what it is laid over.
    shown = words if domain.xml is None else domain.values(domain.declared())
    _videos(domain, shown.get("videos", []), bool(shown.get("graphics")))
    # What libvirt makes good or leaves out of a document it cannot of an option, which is to be there afterwards.
    if domain.xml is None:
        for option in ("channels", "serials", "consoles"):
            _characters(domain, option, words.get(option, []))
        for item in words.get("interfaces", []):
            _nic(f"{domain.subject}: interfaces[{item.get('mac')}]", item)
        _consoles(domain, words.get("consoles", []))
    if domain.wanted.get("boot", {}).get("devices") == [] and target.find("devices/*/boot") is None:
        raise Refused(
            f"{domain.subject}: boot.devices: libvirt boots from hd where nothing is named; name something there, or by"
            " 'boot' of a disk or a NIC"
        )
    if words.get("boot", {}).get("serial_console") and not _has_serial_port(target):
        raise Refused(f"{domain.subject}: boot.serial_console needs a serial port; give one in 'serials'")
    for item in words.get("filesystems", []):
        _filesystem(f"{domain.subject}: filesystems[{item.get('target')}]", item)


def _has_serial_port(target) -> bool:
    """Whether it has one, or a console that is one under another name (virDomainDefAddConsoleCompat)."""
    consoles = target.findall("devices/console")
    return target.find("devices/serial") is not None or any(
        console.find("target[@type='virtio']") is None for console in consoles
    )


def _consoles(domain, consoles: list[dict]) -> None:
    """Refused for numbers that libvirt would give otherwise: it counts from the serial port, without a gap."""
    ports = [item.get("port", 0) for item in consoles]
    for item in domain.wanted.get("consoles", []):
        if item.get("port") not in (None, *ports):
            raise Refused(
                f"{domain.subject}: consoles[{item['port']}]: libvirt numbers its consoles {ports[0]} to {ports[-1]},"
                f" {'the serial port being 0' if ports[0] else 'without a gap'}; correct 'port', or take it out"
            )


def _nic(where: str, item: dict) -> None:
    """Refused for what libvirt keeps of VirtIO only (virDomainNetDefFormat)."""
    given = [name for name in ("queues", "guest_csum") if item.get(name) is not None]
    if given and not item.get("model", "virtio").startswith("virtio"):
        raise Refused(f"{where}: a {item['model']} has no {' and '.join(given)}; take that out, or choose virtio")


def _filesystem(where: str, item: dict) -> None:
    """Refused for what virtiofs has not (qemuValidateDomainDeviceDefFS)."""
    if item.get("driver") == "virtiofs" and item.get("accessmode", "passthrough") != "passthrough":
        raise Refused(f"{where}: virtiofs has the accessmode passthrough only; take 'accessmode' out, or choose 'path'")


def _videos(domain, videos: list[dict], has_graphics: bool) -> None:
    """Refused for what QEMU has no second video device of (qemuValidateDomainDeviceDefVideo), and for none where
    libvirt adds one (virDomainDefAddImplicitVideo).
    """
    if has_graphics and domain.wanted.get("videos") == []:
        raise Refused(
            f"{domain.subject}: videos: libvirt gives a guest with graphics one; give one, of the model none for none,"
            " or take the graphics out"
        )
    if sum(video.get("primary", False) for video in videos) > 1:
        raise Refused(f"{domain.subject}: videos: only one of them can be primary; take 'primary' out of the others")
    led = any(video.get("primary") or video.get("model") == "none" for video in videos)
    if domain.wanted.get("videos") and domain.xml is None and not led:
        raise Refused(f"{domain.subject}: videos: one of them is the primary one; take its 'primary: false' out")
    first = next((video for video in videos if video.get("primary")), videos[0] if videos else {})
    for number, video in enumerate(videos):
        model, where = video.get("model"), f"{domain.subject}: videos[{video.get('alias', number)}]"
        if model == "none" and len(videos) > 1:
            raise Refused(f"{where}: 'none' is to have no other one; take it out, or the others")
        if model in (None, "none", *MANY_VIDEOS):
            continue
        if video is not first:
            raise Refused(
                f"{where}: a {model} can only be the primary one; take the one that is primary out, or choose"
                f" {' or '.join(MANY_VIDEOS)}"
            )
        if video.get("heads", 1) != 1:
            raise Refused(f"{where}: a {model} has one output; take 'heads' out, or choose {' or '.join(MANY_VIDEOS)}")


def _characters(domain, option: str, items: list[dict]) -> None:
    """Refused for a path where the type has none, and none where it needs one (virDomainChrSourceDefParseXML)."""
    for number, item in enumerate(items):
        kind, key = item.get("type", "pty"), item.get("name", item.get("port", number))
        where = f"{domain.subject}: {option}[{key}]"
        needs = kind in ("file", "pipe") or (kind == "unix" and option != "channels")
        if needs and "path" not in item:
            raise Refused(f"{where}: the type {kind} needs a 'path'; give it, or choose another type")
        if "path" in item and kind not in (*_PATHS, _DEVICE):
            raise Refused(f"{where}: the type {kind} has no path; take 'path' out, or choose {', '.join(_PATHS)}")
