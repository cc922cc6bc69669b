# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine of a guest, and what has to go with it. Private to this collection, imported only for a change."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local, is_missing
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.skeleton import (
    arch_of,
    arch_on,
    capabilities,
    machines_on,
    types_on,
)
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._place import ensure, remove

# Controllers that come with a machine, or that libvirt adds where the guest has devices for them ("PCI topology and
# hotplug", and "Controllers" of formatdomain); those of USB by their model.
_OF_MACHINE = ("pci", "ide", "sata", "fdc")
_USB_OF_MACHINE = ("piix", "ich9-")
# What only Q35 has, and what it has not (qemuValidateDomainDefBoot, qemuValidateDomainDeviceDefControllerIDE).
_Q35_ONLY = (
    ("os/firmware/feature[@name='secure-boot'][@enabled='yes']", "firmware.secure_boot"),
    ("os/loader[@secure='yes']", "firmware.loader_secure"),
)
_WITHOUT_PCI = ("isapc", "microvm", "none")
_NOT_Q35 = (
    ("devices/disk/target[@bus='ide']", "a disk on bus ide"),
    ("devices/disk/target[@bus='fdc']", "a floppy drive"),
)


def _type(document) -> tuple[str, str]:
    """(arch, machine) of a document."""
    element = document.find("os/type")
    return ("", "") if element is None else (element.get("arch", ""), element.get("machine", ""))


def family(machine: str) -> str:
    """What all versions of a machine have in common: C(q35) for C(pc-q35-7.2), C(i440fx) for C(pc) and its versions."""
    if machine == "pc":
        return "i440fx"
    return machine.removeprefix("pc-").partition("-")[0]


def on_another(domain, base, target) -> bool:
    """Let the parts that belong to a machine go where a task names another; whether it does.

    Their addresses are those of the machine that was: libvirt gives others, and adds the controllers that it needs.
    """
    if base is None or domain.xml is not None or _type(base) == _type(target):
        return False
    (arch, machine), (new_arch, new_machine) = _type(base), _type(target)
    if arch != new_arch and "emulator" not in domain.wanted:
        ensure(target, "devices/emulator").text = arch_on(domain, new_arch).findtext("emulator")
    if not machine or family(machine) == family(new_machine):
        return False
    for controller in target.findall("devices/controller"):
        kind, model = controller.get("type"), controller.get("model", "")
        if kind in _OF_MACHINE or (kind == "usb" and model.startswith(_USB_OF_MACHINE)):
            controller.getparent().remove(controller)
    # The chip that every q35 has, and libvirt 11 notes.
    remove(target, "devices/watchdog[@model='itco']")
    for kind in ("pci", "isa", "drive", "ccw", "virtio-mmio"):
        remove(target, f"devices/*/address[@type='{kind}']")
    return True


def _emulation(document) -> tuple:
    """(virt type, OS type, arch, machine, emulator) of a document."""
    return document.get("type"), document.findtext("os/type"), *_type(document), document.findtext("devices/emulator")


def _emulated(domain, actual, target) -> None:
    """Refused for a document that the host's own emulators do not run (virQEMUCapsIsMachineSupported and its like)."""
    asked = _emulation(target)
    if actual is not None and asked == _emulation(actual.tree):
        return
    virt_type, os_type, _arch, machine, emulator = asked
    emulators = {one.text for one in capabilities(domain).iterfind(".//arch/emulator")}
    # A task in a container sees none of them.
    if emulator and is_local(domain.conn) and is_missing(emulator) and not all(map(is_missing, emulators)):
        raise Refused(f"{domain.subject}: emulator: the host has no file {emulator}; correct it, or take it out")
    # What another one can do libvirt tells nobody who only reads.
    if emulator and emulator not in emulators:
        return
    arch = arch_of(domain, target)
    found = arch_on(domain, arch)
    if os_type != found.getparent().findtext("os_type"):
        raise Refused(f"{domain.subject}: <os><type> is {os_type}, and QEMU runs only hvm; correct it")
    types_on(domain, found, virt_type)
    if machine:
        machines_on(domain, arch, machine)


def check(domain, actual, target) -> None:
    """Refused where the host has no such machine, or the machine lacks what the guest has."""
    _emulated(domain, actual, target)
    if domain.xml is not None:
        return
    (arch, machine), most = _type(target), target.findtext("vcpu")
    before = ("", "") if actual is None else _type(actual.tree)
    if machine and ((arch, machine) != before or most != actual.tree.findtext("vcpu")):
        limit = int(machines_on(domain, arch, machine)[0].get("maxCpus", "0"))
        if limit and int(most or "1") > limit:
            raise Refused(
                f"{domain.subject}: machine {machine} takes {limit} processors at most, not {most}; give fewer, or"
                " another machine"
            )
    if (arch, machine) == before:
        return
    if family(machine) in _WITHOUT_PCI and family(before[1]) not in ("", *_WITHOUT_PCI):
        raise Refused(
            f"{domain.subject}: machine {machine} has no PCI, which the devices of machine {before[1]} are on;"
            " remove the guest and make it anew"
        )
    for place, words in _Q35_ONLY if family(machine) != "q35" else _NOT_Q35:
        if target.find(place) is not None:
            raise Refused(f"{domain.subject}: machine {machine} does not go with {words}; take one of them out")
