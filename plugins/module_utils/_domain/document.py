# SPDX-License-Identifier: GPL-3.0-or-later
"""Places of a domain that libvirt ties together: where one is changed, the other has to follow.

Private to this collection, imported only where something may change.
"""

from __future__ import annotations

import copy

from ansible_collections.virtops.libvirt.plugins.module_utils._merge import Edit, pair
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import printed

# Devices that libvirt adds where others need them.
_IMPLIED = ("controller", "audio", "hub", "emulator")


def settle_quirks(domain, base, target) -> list[Edit]:
    """Let tied places of C(target) follow; the edits that a user should see."""
    _balloon(domain, base, target)
    _listen(target)
    _serial_ports(target)
    return _boot(domain, target)


def _balloon(domain, base, target) -> None:
    """The current memory follows the memory where the two were equal and nobody asked for another."""
    if base is None or (domain.xml is not None and domain.xml.find("currentMemory") is not None):
        return
    old, new, current = base.find("memory"), target.find("memory"), target.find("currentMemory")
    if current is not None and old is not None and current.text == old.text and new.text != old.text:
        current.text = new.text
        current.set("unit", new.get("unit", "KiB"))


def _listen(target) -> None:
    """libvirt repeats the first listen address at its owner, and refuses another one there (formatdomain)."""
    for graphics in target.iterfind("devices/graphics[@listen]"):
        listen = graphics.find("listen")
        if listen is None or (listen.get("type") == "address" and listen.get("address") == graphics.get("listen")):
            continue
        graphics.attrib.pop("listen")
        if listen.get("address"):
            graphics.set("listen", listen.get("address"))


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


def attempts(domain, base, target):
    """Documents for the same task, the next one for where libvirt refuses the one before.

    What libvirt filled in (an address, a controller, the details of a model) may not go with what is wanted now. So the
    elements that change are taken as the user writes them, and at last all of them, with addresses given anew.
    """
    yield target
    if domain.xml is not None:
        wanted = domain.declared()
        domain.adapt(wanted, base)
        yield _as_written(wanted, target, {printed(element) for element in base.iter()})
        yield _as_written(wanted, target, set())


def _as_written(wanted, target, kept: set):
    """C(target) with the elements of C(wanted) in place of those that are not C(kept)."""
    document = copy.deepcopy(target)
    _take(document, wanted, kept, ("name", "uuid", "metadata", "devices"))
    devices, asked = document.find("devices"), wanted.find("devices")
    if devices is not None and asked is not None:
        for element in _take(devices, asked, kept):
            if kept:
                continue
            if element.tag in _IMPLIED:
                devices.remove(element)
            for address in element.findall("address"):
                element.remove(address)
    return document


def _take(owner, wanted, kept: set, others=()) -> list:
    """Take over the children of C(wanted) but for C(others); those of C(owner) that nobody wrote."""
    left = []
    for tag in dict.fromkeys(child.tag for child in owner if child.tag not in others):
        for element, twin in pair(wanted.findall(tag), owner.findall(tag)):
            if element is None:
                left.append(twin)
            elif printed(twin) not in kept:
                owner.replace(twin, _written(element, twin))
    return left


def _written(element, twin):
    """The user's element with what only libvirt knows of it: the address of a NIC, and a password."""
    element = copy.deepcopy(element)
    mac, password = twin.find("mac"), twin.get("passwd")
    if mac is not None and element.find("mac") is None:
        element.append(copy.deepcopy(mac))
    if password and not element.get("passwd"):
        element.set("passwd", password)
    return element
