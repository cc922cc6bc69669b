# SPDX-License-Identifier: GPL-3.0-or-later
"""Plug devices into a running guest, take them out, change them. Private to this collection.

What QEMU can do is from libvirt's QEMU driver: virDomainAttachDeviceFlags, virDomainDetachDeviceFlags and
virDomainUpdateDeviceFlags, tried on libvirt 9.0.
"""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.reading import WITH_SECRETS
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.storage import default_bus, has_controller
from ansible_collections.virtops.libvirt.plugins.module_utils._field import Group, Items
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._wait import wait_for_device
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import parse

# virDomainXMLFlags SECURE.
_LIVE_WITH_SECRETS = 1
_HOT_BUSES = ("virtio", "scsi", "usb")
_REMOVABLE = ("cdrom", "floppy")
# A NIC is moved to another bridge only; a macvtap device, for example, is QEMU's for as long as it runs.
_CONNECTION = ("type", "network", "portgroup", "bridge")
# Since when libvirt keeps a NIC in its port group (qemuDomainChangeNet).
_KEEPS_PORTGROUP = 10006000


def _disk(item: dict, guest, comes: bool) -> bool:
    bus = item.get("bus") or default_bus(item["target"])
    if item.get("device") in _REMOVABLE or bus not in _HOT_BUSES:
        return False
    if not comes:
        return True
    if bus == "usb":
        return has_controller(guest.tree, "usb")
    return (bus == "scsi" and has_controller(guest.tree, "scsi")) or guest.take_port()


def _on_port(_item: dict, guest, comes: bool) -> bool:
    return not comes or guest.take_port()


def _nic(item: dict, guest, comes: bool) -> bool:
    """Others than these are for conventional PCI; so is libvirt's choice where a document names none."""
    on_pcie = (item.get("model") or "").startswith(("virtio", "e1000e", "igb", "vmxnet3"))
    return not comes or ((on_pcie or guest.free_ports is None) and guest.take_port())


def _memory(item: dict, guest, comes: bool) -> bool:
    slots = guest.tree.find("maxMemory")
    if slots is None or item["model"] == "nvdimm":
        return False
    if item["model"] != "dimm":
        return comes and guest.take_port()
    return not comes or len(guest.tree.findall("devices/memory[@model='dimm']")) < int(slots.get("slots", "0"))


def _filesystem(item: dict, guest, comes: bool) -> bool:
    return item.get("driver") == "virtiofs" and _on_port(item, guest, comes)


def _channel(_item: dict, guest, _comes: bool) -> bool:
    return has_controller(guest.tree, "virtio-serial")


def _on_bus(item: dict, guest, comes: bool) -> bool:
    """Of an input or a device of the host: on USB where there is any, else on a port."""
    if "usb" in (item.get("bus"), item.get("type")):
        return has_controller(guest.tree, "usb")
    return _on_port(item, guest, comes)


# For each kind of device that can come or go: whether this one can.
_PLUGGED = {
    "devices/disk": _disk,
    "devices/interface": _nic,
    "devices/memory": _memory,
    "devices/filesystem": _filesystem,
    "devices/channel": _channel,
    "devices/input": _on_bus,
    "devices/hostdev": _on_bus,
    "devices/rng": _on_port,
    "devices/vsock": _on_port,
}


class _Plug:
    """A device comes or goes as a whole."""

    @staticmethod
    def able(change, guest) -> bool:
        before, after = change.item
        if not after and not guest.awake:
            return False
        return _PLUGGED[change.trail[0].path](after or before, guest, bool(after))

    @staticmethod
    def calls(changes):
        going = [change for change in changes if not change.item[1]]
        for change in going:
            device = _Device(change)
            yield f"take {change.path} out of the running guest", device.detach, device.attach_again
        for change in [change for change in changes if change not in going]:
            device = _Device(change)
            yield f"plug {change.path} into the running guest", device.attach, device.detach


class _Device:
    """One device that is plugged into a guest or taken out of it."""

    def __init__(self, change):
        self.path, self.field, (self.before, self.after) = change.path, change.trail[0], change.item
        self.text = ""

    def attach(self, domain) -> None:
        """Plug it in as the definition has it, with the address that it has there if that is free."""
        handle = domain.handle_now()
        definition, live = parse(handle.XMLDesc(WITH_SECRETS)), parse(handle.XMLDesc(0))
        element = _element(self.field, definition, self.after)
        if element.find("target[@bus='scsi']") is not None and not has_controller(live, "scsi"):
            self._plug(handle, definition.find("devices/controller[@type='scsi']"), live)
        self.text = self._plug(handle, element, live)

    @staticmethod
    def _plug(handle, element, live) -> str:
        address = element.find("address")
        if address is not None and not _is_free(address, live):
            element.remove(address)
        handle.attachDeviceFlags(_text(element), libvirt.VIR_DOMAIN_AFFECT_LIVE)
        return _text(element)

    def detach(self, domain) -> None:
        """Ask the guest to give it up, and wait until it has."""
        handle = domain.handle_now()
        # QEMU may have died of what was done before.
        if not handle.isActive():
            return
        element = _element(self.field, parse(handle.XMLDesc(_LIVE_WITH_SECRETS)), self.before or self.after)
        alias = element.find("alias").get("name")
        self.text = _text(element)
        timeout = domain.options["timeout"]
        wait_for_device(
            domain.conn,
            handle,
            alias,
            lambda: handle.detachDeviceFlags(self.text, libvirt.VIR_DOMAIN_AFFECT_LIVE),
            timeout,
            f"the guest did not give it up within {timeout} s; it may have no system that is up and hears the request",
        )

    def attach_again(self, domain) -> None:
        domain.handle_now().attachDeviceFlags(self.text, libvirt.VIR_DOMAIN_AFFECT_LIVE)


def _moves(before: dict, after: dict, guest) -> bool:
    """Whether a NIC can be connected to something else."""
    types = {before.get("type"), after.get("type")}
    if types != {"network"} or before.get("portgroup") == after.get("portgroup"):
        return types <= {"network", "bridge"}
    return guest.version() < _KEEPS_PORTGROUP


class _Update:
    """Some of what a device says becomes different while it stays plugged in."""

    @staticmethod
    def able(change, guest) -> bool:
        if change.trail[0].path == "devices/disk":
            return {item.get("device") for item in change.item} <= {*_REMOVABLE}
        if change.trail[0].path == "devices/interface" and change.trail[-1].name in _CONNECTION:
            before, after = change.item
            return _moves(before, after, guest)
        if change.trail[-1].secret:
            # QEMU takes a new password only where it was started with one.
            return change.before is not None
        return True

    @staticmethod
    def calls(changes):
        by_device: dict = {}
        for change in changes:
            by_device.setdefault((change.trail[0].name, change.label), []).append(change)
        for (name, label), mine in by_device.items():
            update = _Updated(mine)
            yield f"change {name}[{label}] of the running guest", update.run, update.undo


class _Updated:
    """One device of which some changes are brought to the guest by a whole new document of it."""

    def __init__(self, changes):
        self.changes, self.field, self.text = changes, changes[0].trail[0], ""

    def run(self, domain) -> None:
        handle = domain.handle_now()
        before, after = self.changes[0].item
        element = _element(self.field, parse(handle.XMLDesc(_LIVE_WITH_SECRETS)), before)
        self.text = _text(element)
        for change in self.changes:
            _write(element, change.trail[1:], after)
        if self.field.finish:
            # What else changes of it waits for the next start.
            named = {change.trail[1].name: after.get(change.trail[1].name) for change in self.changes}
            values = {name: value for name, value in {**before, **named}.items() if value is not None}
            self.field.finish(element, values)
        handle.updateDeviceFlags(_text(element), libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def undo(self, domain) -> None:
        domain.handle_now().updateDeviceFlags(self.text, libvirt.VIR_DOMAIN_AFFECT_LIVE)


WAYS = {"plug": _Plug, "update": _Update}


def _write(element, trail, values: dict) -> None:
    """Bring the value that C(values) has at the end of a trail of fields below an element."""
    *groups, leaf = trail
    for group in groups:
        element, values = group.made(element), values.get(group.name) or {}
    value = values.get(leaf.name)
    if value is None and None in leaf.runs_as:
        leaf.write(element, leaf.runs_as[None][0])
    elif value is None:
        leaf.remove(element)
    else:
        leaf.write(element, value)


def _element(field: Group, document, item: dict):
    """The element of a device in a document."""
    if not isinstance(field, Items):
        return field.owner(document)
    ((_wanted, number), *_rest) = field.pairs([item], field.read(document))
    return field.elements(document)[number]


def _is_free(address, live) -> bool:
    """Whether a running guest has the bus of an address, and nothing at its place there."""
    kind, place = address.get("type"), dict(address.attrib)
    if any(dict(other.attrib) == place for other in live.iterfind("devices/*/address")):
        return False
    if kind != "pci":
        return kind == "drive"
    bus = int(address.get("bus", "0"), 0)
    return bus > 0 and live.find(f"devices/controller[@type='pci'][@index='{bus}']") is not None


def _text(element) -> str:
    return etree.tostring(element, encoding="unicode", with_tail=False)
