# SPDX-License-Identifier: GPL-3.0-or-later
"""Places of a domain that libvirt ties together: where one is changed, the other has to follow.

Private to this collection, imported only where something may change.
"""

from __future__ import annotations

import copy

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.machine import on_another
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.nics import give_mac
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.resources import KIB, NESTED, settle_cpu
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.skeleton import capabilities
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.storage import has_controller
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._merge import Edit
from ansible_collections.virtops.libvirt.plugins.module_utils._place import append, ensure, remove

# Devices that may take a PCIe port each; and how many those take that libvirt adds (USB, VirtIO serial, balloon).
_ON_PORTS = ("disk", "interface", "controller", "filesystem", "hostdev", "video", "input", "rng", "vsock", "iommu")
_OWN_PORTS = 3
_SPARE_PORTS = 8


# What libvirt writes where a document says nothing (formatdomain, "Events configuration" and "CPU Allocation").
_DEFAULTS = {"vcpu": "1", "on_poweroff": "destroy", "on_reboot": "restart", "on_crash": "destroy"}


def settle_quirks(domain, base, target) -> list[Edit]:
    """Let tied places of C(target) follow; the edits that a user should see."""
    _written_again(base, target)
    _sum_of_cells(domain, target)
    _balloon(domain, base, target)
    _vcpus(domain, base, target)
    _cpu(domain, base, target)
    _nested(domain, base, target)
    if domain.xml is None:
        _io_apic(target)
    _listen(target)
    _scsi(domain, base, target)
    # Before the ports, which are those of the new machine.
    if on_another(domain, base, target) or (base is None and domain.xml is None):
        _spare_ports(target)
    for nic in target.iterfind("devices/interface"):
        give_mac(nic)
    _serial_ports(target)
    _watchdog_of_q35(domain, target)
    _audio(domain, base, target)
    if domain.xml is None:
        if domain.wanted.get("serials") == []:
            _no_serial_console(target)
        _console_ports(target)
    if domain.xml is None and domain.wanted.get("videos"):
        _primary_video(domain, target)
    return _boot(domain, target)


def _written_again(base, target) -> None:
    """What is taken out and libvirt writes again, with its default: a running guest is to be brought to that."""
    for name, default in _DEFAULTS.items():
        if base is not None and base.find(name) is not None and target.find(name) is None:
            append(target, name).text = default


def _sum_of_cells(domain, target) -> None:
    """With NUMA cells the memory is what they and the modules have; libvirt believes no other number (formatdomain)."""
    cells = target.findall("cpu/numa/cell")
    if not cells or domain.xml is not None:
        return
    size = sum(KIB.read(cell.get("memory"), cell.get("unit")) for cell in cells)
    size += sum(KIB.read(one.text, one.get("unit")) for one in target.iterfind("devices/memory/target/size"))
    asked = domain.wanted.get("memory", size)
    if asked != size:
        raise Refused(
            f"{domain.subject}: memory {KIB.show(asked)} is not what its NUMA cells and memory devices have together,"
            f" {KIB.show(size)}; correct it, or take it out"
        )
    memory = target.find("memory")
    memory.text, memory.attrib["unit"] = KIB.text(size), "KiB"


def _balloon(domain, base, target) -> None:
    """The current memory follows the memory where the two were equal and nobody asked for another."""
    asked = "current_memory" in domain.wanted or (
        domain.xml is not None and domain.xml.find("currentMemory") is not None
    )
    if base is None or asked:
        return
    old, new, current = base.find("memory"), target.find("memory"), target.find("currentMemory")
    if current is not None and old is not None and current.text == old.text and new.text != old.text:
        current.text = new.text
        current.set("unit", new.get("unit", "KiB"))


def _vcpus(domain, base, target) -> None:
    """The list of single processors, which libvirt writes and would believe, is of the numbers before."""
    if base is None or (domain.xml is not None and domain.xml.find("vcpus") is not None):
        return
    old, new = base.find("vcpu"), target.find("vcpu")
    if old is not None and new is not None and (old.text, old.get("current")) != (new.text, new.get("current")):
        remove(target, "vcpus")


def _cpu(domain, base, target) -> None:
    """What libvirt filled in for another mode of the processor does not go with that of the document."""
    asked = None if domain.xml is None else domain.xml.find("cpu")
    old, new = (None if tree is None else tree.find("cpu") for tree in (base, target))
    if asked is not None and old is not None and new is not None and old.get("mode") != new.get("mode"):
        model = {} if asked.find("model") is None else {"model": asked.find("model")}
        settle_cpu(new, {"mode": new.get("mode", "custom"), **asked.attrib, **model, **domain.wanted.get("cpu", {})})


def _nested(domain, base, target) -> None:
    """AMD's and Intel's processors have another name each for what lets guests have guests; TCG knows AMD's."""
    asked = domain.wanted.get("cpu", {}).get("nested") is not None
    if not asked or target.get("type") != "kvm" or (base is not None and NESTED.read_in(base) is not None):
        return
    if capabilities(domain).findtext("host/cpu/vendor") == "Intel":
        target.find("cpu/feature[@name='svm']").set("name", "vmx")


def _scsi(domain, base, target) -> None:
    """A disk on SCSI gets a controller of VirtIO: libvirt's own choice is older and cannot be plugged into PCIe."""
    if domain.xml is not None and base is None:
        return
    if target.find("devices/disk/target[@bus='scsi']") is None or has_controller(target, "scsi"):
        return
    controller = append(target, "devices/controller")
    controller.attrib.update({"type": "scsi", "index": "0", "model": "virtio-scsi"})


def _spare_ports(target) -> None:
    """Empty PCIe ports for a new guest: libvirt makes one for each device that it is defined with, and one more.

    Only into an empty port can a device be plugged later ("PCI topology and hotplug"). Those that the guest is defined
    with take the ports that are there first.
    """
    machine = (target.find("os/type").get("machine") or "").removeprefix("pc-")
    if not machine.startswith(("q35", "virt")):
        return
    taken = sum(len(target.findall(f"devices/{tag}")) for tag in _ON_PORTS) + _OWN_PORTS
    append(target, "devices/controller").attrib.update({"type": "pci", "index": "0", "model": "pcie-root"})
    for _port in range(taken + _SPARE_PORTS):
        append(target, "devices/controller").attrib.update({"type": "pci", "model": "pcie-root-port"})


def _io_apic(target) -> None:
    """What remaps interrupts needs the I/O APIC of QEMU, which libvirt chooses itself from 10.10 on (its news)."""
    intremap = target.find("devices/iommu/driver[@intremap='on']")
    if intremap is not None and target.find("features/ioapic") is None:
        append(target, "features/ioapic").set("driver", "qemu")


def _listen(target) -> None:
    """libvirt repeats the first listen address at its owner, and refuses another one there (formatdomain)."""
    for graphics in target.iterfind("devices/graphics[@listen]"):
        listen = graphics.find("listen")
        if listen is None or (listen.get("type") == "address" and listen.get("address") == graphics.get("listen")):
            continue
        graphics.attrib.pop("listen")
        if listen.get("address"):
            graphics.set("listen", listen.get("address"))


def _primary_video(domain, target) -> None:
    """The primary one stands before the others; where none is, the first that may becomes it
    (virDomainDefPostParseVideo).
    """
    first, *others = target.findall("devices/video")
    primary = target.find("devices/video/model[@primary='yes']/..")
    if primary is None and target.find("devices/video/model[@type='none']") is None:
        # Guests that have others already have a primary one.
        pairs = zip((first, *others), domain.wanted["videos"])
        primary = next((video for video, item in pairs if item.get("primary") is not False), None)
    if primary is not None:
        primary.find("model").set("primary", "yes")
    if primary in others:
        first.addprevious(primary)


def _no_serial_console(target) -> None:
    """A console that is a serial port under another name would bring one back (virDomainDefAddConsoleCompat)."""
    for console in target.findall("devices/console"):
        if console.find("target[@type='virtio']") is None and target.find("devices/serial") is None:
            console.getparent().remove(console)


def settle_consoles(document) -> None:
    """Bring the consoles of a user's document into the form that libvirt gives them: they are numbered, and the first
    one is the first serial port under another name, whatever else stands there (virDomainDefAddConsoleCompat).
    """
    _console_ports(document)
    serial, console = document.find("devices/serial"), document.find("devices/console")
    if serial is None or console is None or console.find("target[@type][@type!='serial']") is not None:
        return
    twin = copy.deepcopy(serial)
    twin.tag, twin.tail = "console", console.tail
    for element in twin.findall("alias") + twin.findall("address"):
        twin.remove(element)
    port = serial.find("target")
    remove(twin, "target")
    append(twin, "target").attrib.update({"type": "serial", "port": "0" if port is None else port.get("port", "0")})
    console.getparent().replace(console, twin)


def _serial_ports(target) -> None:
    """libvirt takes more than four ISA serial ports while their type is not written, and then writes it itself, so that
    it would refuse its own document (virDomainChrIsaSerialDefPostParse).
    """
    for number, port in enumerate(target.findall("devices/serial/target[@type='isa-serial']")):
        if number < 4 and int(port.get("port", "0")) < 4:
            continue
        del port.attrib["type"]
        for model in port.findall("model"):
            port.remove(model)


def _watchdog_of_q35(domain, target) -> None:
    """All watchdogs of a guest do the same, and libvirt 9.1 and later write the chip of every q35 among them
    (qemuDomainDefAddDefaultDevices, qemuValidateDomainDefWatchdogs).
    """
    asked = domain.xml is not None and domain.xml.find("devices/watchdog[@model='itco']") is not None
    for watchdog in () if asked else target.findall("devices/watchdog[@model='itco']"):
        other = next((one for one in target.iterfind("devices/watchdog") if one is not watchdog), None)
        if other is not None:
            watchdog.set("action", other.get("action", "reset"))


def _audio(domain, base, target) -> None:
    """libvirt writes a way for sound that goes with the graphics, and anew where there is none
    (qemuDomainDefAddDefaultAudioBackend); that of SPICE cannot be without it (qemuValidateDomainDeviceDefAudio).
    """
    asked = domain.xml is not None and domain.xml.find("devices/audio") is not None
    before, after = (
        tree is not None and tree.find("devices/graphics[@type='spice']") is not None for tree in (base, target)
    )
    if base is not None and not asked and before != after:
        for audio in target.findall(f"devices/audio[@type='{'spice' if before else 'none'}']"):
            audio.getparent().remove(audio)


def _console_ports(target) -> None:
    """libvirt numbers consoles by their places, whatever they say (virDomainDefParseXML)."""
    for number, console in enumerate(target.findall("devices/console")):
        ensure(console, "target").set("port", str(number))


def _boot(domain, target) -> list[Edit]:
    """The boot order stands at the devices or in <os>, never in both (formatdomain, "BIOS bootloader")."""
    orders, in_os = target.findall("devices/*/boot"), target.findall("os/boot")
    if not orders or not in_os:
        return []
    asked = any("boot" in item for name in ("disks", "interfaces") for item in domain.wanted.get(name, ()))
    asked = asked or (domain.xml is not None and domain.xml.find("devices/*/boot") is not None)
    gone = in_os if asked else orders
    for element in gone:
        element.getparent().remove(element)
    where = "os/boot" if asked else "devices/*/boot"
    return [Edit(where, where, ", ".join(e.get("dev") or e.get("order") for e in gone), None)]
