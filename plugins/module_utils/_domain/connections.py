# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse what a NIC cannot have with the connection that it gets. Private to this collection, imported only where a
guest has a NIC with some of it.

libvirt says it when a guest starts (virDomainActualNetDefValidate, qemuDomainValidateActualNetDef), as only then it
asks the network what it is.
"""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._links import tags_on_bridges

# What NICs are by a network of these forward modes; by one of mode bridge that has no bridge, too.
_DIRECT = ("private", "vepa", "passthrough")
_WITH_QUEUES = ("network", "bridge", "direct", "ethernet", "vhostuser", "vdpa")


def is_choosy(nic) -> bool:
    """Whether a NIC, an element, has something that not every connection can give it."""
    return nic.find("vlan/tag") is not None or nic.find("driver[@queues]") is not None


def check_networks(domain, nics) -> None:
    """Refused where the network of one of C(nics) is not active: a guest neither starts on it nor gets a NIC of it."""
    for nic in nics:
        source, mac = nic.find("source"), nic.find("mac")
        name = source.get("network") if source is not None and nic.get("type") == "network" else None
        if name and not _is_active(domain, name):
            raise Refused(
                f"{domain.subject}: interfaces[{'' if mac is None else mac.get('address')}]: network {name} is not"
                " active; start it with virtops.libvirt.network, 'state: active'"
            )


def _is_active(domain, name: str) -> bool:
    """Whether a network is active, or would be; that there is one is checked elsewhere."""
    planned = domain.planned.get("network", name)
    if planned:
        return planned.get("state", "active") == "active"
    found = lookup(domain.conn.networkLookupByName, name, libvirt.VIR_ERR_NO_NETWORK)
    return found is None or bool(found.isActive())


def check(domain, nics) -> None:
    """Refused where one of C(nics) that are choosy has a connection that cannot give it what it has."""
    for nic in nics:
        mac = nic.find("mac")
        where = f"{domain.subject}: interfaces[{'' if mac is None else mac.get('address')}]"
        kind, mode, port = _connection(domain, nic)
        if nic.find("driver[@queues]") is not None and kind not in _WITH_QUEUES:
            raise Refused(
                f"{where}: a NIC of type {kind} has one queue; take 'queues' out, or choose another connection"
            )
        tags = {
            "hostdev": True,
            "direct": mode == "passthrough",
            "bridge": port == "openvswitch" or (not port and tags_on_bridges(domain.conn)),
        }
        if nic.find("vlan/tag") is not None and not tags.get(kind, False):
            more = ", or by a bridge of the host" if tags_on_bridges(domain.conn) else ""
            raise Refused(
                f"{where}.vlan: libvirt tags nothing on such a connection; take it out, or connect the NIC by"
                f" Open vSwitch, mode passthrough or mode hostdev{more}"
            )


def _connection(domain, nic) -> tuple[str, str | None, str | None]:
    """(kind, mode of macvtap, type of port) that a NIC has once its guest runs."""
    source, port = nic.find("source"), nic.find("virtualport")
    own = None if port is None else port.get("type")
    kind = nic.get("type", "")
    if kind == "direct":
        return kind, None if source is None else source.get("mode"), own
    if kind != "network":
        return kind, None, own
    from ansible_collections.virtops.libvirt.plugins.module_utils._network.steps import Network

    # Whether there is such a network is checked elsewhere.
    words = Network(domain.conn, {"name": source.get("network")}, domain.planned).existing() or {}
    groups = [group for group in words.get("portgroups", []) if group["name"] == source.get("portgroup")]
    ports = [one.get("virtualport", {}).get("type") for one in (*groups, words)]
    port = own or next((one for one in ports if one), None)
    mode = words.get("forward", {}).get("mode")
    if mode == "hostdev":
        return "hostdev", None, port
    if mode in _DIRECT:
        return "direct", mode, port
    if mode == "bridge":
        return ("bridge" if words.get("bridge", {}).get("name") else "direct"), mode, port
    return "network", mode, port
