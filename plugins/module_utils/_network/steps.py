# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks: the libvirt calls. Private to this collection."""

from __future__ import annotations

from functools import partial

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._field import LIVE, read
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._network.schema import FIELDS, FILLED
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._resource import Actual
from ansible_collections.virtops.libvirt.plugins.module_utils._switched import SwitchedResource
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import pair, parse, printed

# (section of virNetworkUpdate, place of its items, whether it can modify). Measured on libvirt 9.0: "modify" of the
# others is answered with "can't update section ...".
_SECTIONS = (
    ("IP_DHCP_RANGE", "dhcp/range", False),
    ("IP_DHCP_HOST", "dhcp/host", True),
    ("DNS_HOST", "dns/host", False),
)


class Network(SwitchedResource):
    """One virtual network."""

    kind = root = schema = "network"
    fields = FIELDS
    filled = FILLED
    created_only = ("@connections",)

    def find(self):
        return lookup(self.conn.networkLookupByName, self.name, libvirt.VIR_ERR_NO_NETWORK)

    def read(self) -> Actual | None:
        handle = self.find()
        if handle is None:
            return None
        active = bool(handle.isActive())
        return Actual(
            handle,
            parse(handle.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)),
            active=active,
            state="active" if active else "inactive",
            autostart=bool(handle.autostart()) if handle.isPersistent() else False,
            live=parse(handle.XMLDesc(0)) if active else None,
        )

    def define(self, text: str):
        return self.conn.networkDefineXML(text)

    def check(self, actual, target):
        from ipaddress import ip_address, ip_interface

        for block in read(FIELDS, target).get("ips", []):
            where = f"{self.subject}: ips[{block['address']}]"
            if "prefix" not in block:
                raise Refused(f"{where}: it has no prefix; write for example 'prefix: 24'")
            try:
                subnet = ip_interface(f"{block['address']}/{block['prefix']}").network
            except ValueError:
                raise Refused(f"{where}: prefix {block['prefix']} does not fit this address") from None
            dhcp = block.get("dhcp") or {}
            named = [
                (f"dhcp.hosts[{host.get('mac') or host.get('name')}]", host.get("ip")) for host in dhcp.get("hosts", [])
            ]
            for part in dhcp.get("ranges", []):
                named += [("dhcp.ranges start", part["start"]), ("dhcp.ranges end", part["end"])]
                if ip_address(part["start"]).packed > ip_address(part["end"]).packed:
                    raise Refused(
                        f"{where}: dhcp.ranges: {part['start']} is behind {part['end']}; write the lower one first"
                    )
            for what, address in named:
                if address and ip_address(address) not in subnet:
                    raise Refused(
                        f"{where}: {what}: {address} is outside the network {subnet}; choose an address within it"
                    )
                if address == block["address"]:
                    raise Refused(f"{where}: {what}: {address} is the network's own address; choose another one")

    def live_steps(self, actual, target, changes):
        if not any(change.effect == LIVE for change in changes):
            return []
        return [
            Step(why, partial(self._update, *call), partial(self._update, *back))
            for why, call, back in self._updates(actual.live, target)
        ]

    def _update(self, command: int, section: int, index: int, text: str) -> None:
        self.find().update(command, section, index, text, libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE)

    def _updates(self, live, target):
        """(why, call, call that takes it back) for every item that virNetworkUpdate brings to the network."""
        add, delete, modify = (
            libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST,
            libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE,
            libvirt.VIR_NETWORK_UPDATE_COMMAND_MODIFY,
        )
        for name, place, can_modify in _SECTIONS:
            section = getattr(libvirt, "VIR_NETWORK_SECTION_" + name)
            for index, old, new in self._item_pairs(live, target, place):
                item = _short(new if new is not None else old)
                what = f"in the running network: {name.lower().replace('_', '-')} {item}"
                if old is None:
                    yield f"add {what}", (add, section, index, _short(new)), (delete, section, index, _short(new))
                elif new is None:
                    yield f"delete {what}", (delete, section, index, _short(old)), (add, section, index, _short(old))
                elif can_modify and old.get("mac") == new.get("mac"):
                    yield f"change {what}", (modify, section, index, _short(new)), (modify, section, index, _short(old))
                else:
                    yield (
                        f"delete old {what}",
                        (delete, section, index, _short(old)),
                        (add, section, index, _short(old)),
                    )
                    yield f"add {what}", (add, section, index, _short(new)), (delete, section, index, _short(new))

    @staticmethod
    def _item_pairs(live, target, place):
        """(index of the owning <ip>, live item or None, wanted item or None) where they differ; deletions first."""
        owners = [(-1, live, target)]
        if not place.startswith("dns"):
            new = {element.get("address"): element for element in target.findall("ip")}
            owners = [
                (n, e, new[e.get("address")]) for n, e in enumerate(live.findall("ip")) if e.get("address") in new
            ]
        found = []
        for index, old, wanted in owners:
            for one, other in pair(wanted.findall(place), old.findall(place)):
                if one is None or other is None or _canonical(one) != _canonical(other):
                    found.append((index, other, one))
        return sorted(found, key=lambda entry: entry[2] is not None)


def _short(element) -> str:
    return etree.tostring(element, encoding="unicode", with_tail=False)


def _canonical(element) -> str:
    return etree.tostring(parse(printed(element)), method="c14n").decode()
