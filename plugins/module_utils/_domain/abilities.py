# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host's QEMU was built with, and the firmware that it has. Private to this collection, imported only before a
change.

libvirt tells it to nobody who only reads (virConnectGetDomainCapabilities), so this is a look at the host itself, where
the task runs there. Distributions have parts of QEMU in packages of their own, and UEFI too.
"""

from __future__ import annotations

import json
import os

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.skeleton import arch_of, capabilities

# What stands in QEMU's list of devices by the model of a video (virQEMUCapsFillDomainDeviceVideoCaps).
_VIDEOS = {
    "qxl": "qxl",
    "virtio": "virtio-gpu-pci",
    "vga": "VGA",
    "cirrus": "cirrus-vga",
    "vmvga": "vmware-svga",
    "bochs": "bochs-display",
    "ramfb": "ramfb",
}
_DATA = "/usr/share/qemu"
# Of descriptors of firmware; one of the latter stands for that of the same name (qemuFirmwareFetchConfigs).
_DIRECTORIES = (f"{_DATA}/firmware", "/etc/qemu/firmware")
_INTERFACES = {"efi": "uefi", "bios": "bios"}
# Before, the firmware was chosen when the guest started (news of 9.2.0).
CHOSEN_AT_DEFINITION = 9002000
_answers: dict[tuple[str, str], str] = {}


def problem(domain, document) -> str:
    """What of QEMU a document needs and the host has not, "" where it is there, or nothing tells it."""
    emulator = _emulator(domain, document)
    if not emulator:
        return ""
    models = {one.get("type") for one in document.iterfind("devices/video/model")}
    # The default is of the same QEMU, so it has that.
    for model in sorted(models & set(_VIDEOS)):
        if f'name "{_VIDEOS[model]}"' not in _answer(domain, emulator, "-device"):
            return f"videos: the host's QEMU has no {model}; install the package that has it, or choose another model"
    # Without it QEMU does not know the option whose settings it is to list.
    if document.find("devices/graphics[@type='spice']") is not None and "addr=" not in _answer(
        domain, emulator, "-spice"
    ):
        return "graphics: the host's QEMU has no spice; install the package that has it, or choose vnc"
    return ""


def firmware_problem(domain, document) -> str:
    """What of firmware libvirt is to choose among, and finds none, "" where it does."""
    system = document.find("os")
    kind, emulator = _INTERFACES.get(system.get("firmware", "")), _emulator(domain, document)
    if not kind or document.findtext("os/loader") or not emulator:
        return ""
    # Where QEMU has its files elsewhere, so may libvirt have.
    data = {os.path.normpath(line) for line in _answer(domain, emulator, "-L").splitlines()}
    if not any(map(os.path.isdir, _DIRECTORIES)) and _DATA not in data:
        return ""
    arch = arch_of(domain, document)
    asked = {one.get("name"): one.get("enabled") == "yes" for one in system.iterfind("firmware/feature")}
    for one in _descriptors():
        archs = {target.get("architecture") for target in one.get("targets", [])}
        has = set(one.get("features", []))
        if (
            kind in one.get("interface-types", [])
            and arch in archs
            and all((name in has) == wanted for name, wanted in asked.items())
        ):
            return ""
    named = f" for {arch}" + "".join(f", {'with' if asked[name] else 'without'} {name}" for name in sorted(asked))
    return (
        f"firmware: the host has none of type {system.get('firmware')}{named}; install it (for efi the package ovmf, or"
        " edk2-ovmf), or choose another one"
    )


def _emulator(domain, document) -> str:
    """The emulator where it can be asked, else ""; a task in a container sees other files than libvirt does."""
    if not domain.planned.executes or not is_local(domain.conn) or domain.conn.getURI().endswith("/session"):
        return ""
    own = f"guest/arch[@name='{arch_of(domain, document)}']/emulator"
    path = document.findtext("devices/emulator") or capabilities(domain).findtext(own) or ""
    return path if os.access(path, os.X_OK) else ""


def _answer(domain, emulator: str, option: str) -> str:
    """What QEMU lists of an option, asked once a process."""
    if (emulator, option) not in _answers:
        _answers[emulator, option] = domain.planned.execute([emulator, option, "help"])[1]
    return _answers[emulator, option]


def _descriptors() -> list[dict]:
    """All descriptors of firmware on this host (docs/interop/firmware.json of QEMU)."""
    paths = {}
    for directory in _DIRECTORIES:
        names = os.listdir(directory) if os.path.isdir(directory) else []
        paths.update({name: os.path.join(directory, name) for name in names if name.endswith(".json")})
    found = []
    for path in paths.values():
        try:
            with open(path, encoding="utf-8") as file:
                found.append(json.load(file))
        except (OSError, ValueError):
            # An empty one takes the other of its name out.
            continue
    return [one for one in found if isinstance(one, dict)]
