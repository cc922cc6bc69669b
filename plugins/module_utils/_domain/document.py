# SPDX-License-Identifier: GPL-3.0-or-later
"""Places of a domain that libvirt ties together: where one is changed, the other has to follow.

Private to this collection, imported only where something may change.
"""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._merge import Edit


def settle_quirks(domain, base, target) -> list[Edit]:
    """Let tied places of C(target) follow; the edits that a user should see."""
    _balloon(domain, base, target)
    _listen(target)
    _serial_ports(target)
    return _audio(domain, target) + _boot(domain, target)


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
    for port in target.findall("devices/serial/target[@type='isa-serial']")[4:]:
        del port.attrib["type"]
        for model in port.findall("model"):
            port.remove(model)


def _audio(domain, target) -> list[Edit]:
    """The sound that libvirt lets SPICE carry goes with the display, if nobody asked for it."""
    asked = domain.xml is not None and domain.xml.find("devices/audio") is not None
    if asked or target.find("devices/graphics[@type='spice']") is not None:
        return []
    gone = target.findall("devices/audio[@type='spice']")
    for element in gone:
        element.getparent().remove(element)
    return [Edit("devices/audio", f"devices/audio[{element.get('id')}]", "spice", None) for element in gone]


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
