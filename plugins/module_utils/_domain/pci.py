# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of PCI that a document gives, against the buses that it has. Private to this collection, imported only
before a change.

The rules are those of libvirt for the machines of x86: virDomainPCIAddressBusSetModel, virDomainPCIAddressValidate,
virDomainPCIAddressFlagsCompatible, virDomainPCIAddressReserveAddr and qemuDomainValidateDevicePCISlots of its sources.
"""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.device_rules import I440FX

# The first and the last slot of a bus by the model of the controller that makes it.
_SLOTS = {
    "pci-root": (1, 31),
    "pcie-root": (1, 31),
    "pci-bridge": (1, 31),
    "pcie-to-pci-bridge": (1, 31),
    "pcie-root-port": (0, 0),
    "pcie-switch-downstream-port": (0, 0),
    "pci-expander-bus": (0, 31),
    "dmi-to-pci-bridge": (0, 31),
    "pcie-switch-upstream-port": (0, 31),
    "pcie-expander-bus": (0, 31),
}
_PORTS = ("pcie-root-port", "pcie-switch-downstream-port")
# Controllers that go on buses of these models only; other devices do not go on buses for ports alone.
_PARENTS = {
    "pcie-root-port": ("pcie-root", "pcie-expander-bus"),
    "dmi-to-pci-bridge": ("pcie-root", "pcie-expander-bus"),
    "pcie-switch-upstream-port": _PORTS,
    "pcie-to-pci-bridge": _PORTS,
    "pcie-switch-downstream-port": ("pcie-switch-upstream-port",),
    "pci-expander-bus": ("pci-root",),
    "pcie-expander-bus": ("pcie-root",),
}
_FOR_PORTS = ("pcie-switch-upstream-port", "pcie-expander-bus")
# What the chipset has by itself, by the model of its root: (slot, function) of bus 0.
_BUILT_IN = {"pci-root": ((1, 0), (1, 3)), "pcie-root": ((31, 0), (31, 3))}


def problem(document) -> str:
    """What is wrong with the first address that is, "" where all are right, or the machine is none of x86."""
    machine = document.find("os/type")
    if machine is None:
        return ""
    root = "pci-root" if machine.xpath(f"boolean(self::*[{I440FX}])") else "pcie-root"
    if root == "pcie-root" and "q35" not in machine.get("machine", ""):
        return ""
    buses = {}
    for controller in document.iterfind("devices/controller[@type='pci'][@index]"):
        number = int(controller.get("index"))
        if number in buses:
            return f"there are two controllers of PCI with index {number}; take one of them out"
        buses[number] = controller.get("model", root if number == 0 else "")
    if buses.setdefault(0, root) != root:
        return f"the controller of PCI with index 0 is a {root} with this machine, no {buses[0]}; correct its model"
    return _problem_of_addresses(document, buses)


def _problem_of_addresses(document, buses: dict[int, str]) -> str:
    taken = {(0, *place): "what the machine has by itself" for place in _BUILT_IN[buses[0]]}
    for address in document.iterfind("devices/*/address[@type='pci']"):
        device = address.getparent()
        domain, bus, slot, function = (_number(address, name) for name in ("domain", "bus", "slot", "function"))
        # One that is all zero asks for any (virPCIDeviceAddressIsEmpty, which looks at no function); a console of a
        # serial port is that port.
        if not (domain or bus or slot) or _is_a_port(device):
            continue
        shown = f"{domain:04x}:{bus:02x}:{slot:02x}.{function}"
        words = f"<{device.tag}> at PCI address {shown}"
        if domain:
            return f"{words}: there is only the domain 0; correct the address, or take it out"
        model = buses.get(bus, "")
        if not _fits(device, model):
            return f"{words}: it does not go on a {model}, which bus {bus} is; correct the address, or take it out"
        first, last = _SLOTS.get(model, (0, 31))
        if not first <= slot <= last:
            return f"{words}: a {model} has slots {first} to {last}; correct the address, or take it out"
        if (bus, slot, function) in taken:
            return f"{words}: {taken[bus, slot, function]} is there; correct the address, or take it out"
        taken[bus, slot, function] = f"<{device.tag}>"
    return ""


def _is_a_port(device) -> bool:
    target = device.find("target")
    return device.tag == "console" and (target is None or target.get("type", "serial") == "serial")


def _number(address, name: str) -> int:
    """A number as libvirt reads it, 0 where its parser will say what is wrong with it."""
    value = address.get(name) or "0"
    try:
        return int(value, 0 if value[:2].lower() == "0x" else 8 if value.startswith("0") else 10)
    except ValueError:
        return 0


def _fits(device, model: str) -> bool:
    """Whether a device goes on a bus; on one that nobody describes libvirt makes what the device needs."""
    if not model:
        return True
    kind = device.get("model", "") if device.tag == "controller" and device.get("type") == "pci" else ""
    return model in _PARENTS[kind] if kind in _PARENTS else model not in _FOR_PORTS
