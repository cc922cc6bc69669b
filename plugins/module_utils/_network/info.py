# SPDX-License-Identifier: GPL-3.0-or-later
"""What network_info tells beside the networks: leases, ports and guests. Private to this collection."""

from __future__ import annotations

from operator import itemgetter
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._network.guests import attached
from ansible_collections.virtops.libvirt.plugins.module_utils._running import documents


def told(conn, names: list[str], params: dict) -> dict:
    """What the task asks for about the networks C(names), by network; one that is off has no leases or ports."""
    active = {one.name(): one for one in conn.listAllNetworks(libvirt.VIR_CONNECT_LIST_NETWORKS_ACTIVE)}
    found = {}
    for option, ask in (("leases", leases), ("ports", ports)):
        if params[option]:
            found[option] = {name: ask(active[name]) if name in active else [] for name in names}
    if params["guests"]:
        found["guests"] = guests(conn, names)
    return found


def leases(network) -> list[dict]:
    """What dnsmasq lent on an active network; C(expires) is in seconds since 1970, 0 for never."""
    families = {libvirt.VIR_IP_ADDR_TYPE_IPV4: "ipv4", libvirt.VIR_IP_ADDR_TYPE_IPV6: "ipv6"}
    found = [
        {
            "address": lease["ipaddr"],
            "prefix": lease["prefix"],
            "family": families.get(lease["type"]),
            "mac": lease["mac"],
            "name": lease["hostname"],
            "client_id": lease["clientid"],
            "expires": lease["expirytime"],
        }
        for lease in network.DHCPLeases()
    ]
    return sorted(found, key=lambda one: one["address"])


def ports(network) -> list[dict]:
    """The ports of an active network: a NIC of a running guest each."""
    found = []
    for port in network.listAllPorts(0):
        # Its guest may have ended meanwhile.
        text = lookup(lambda one: one.XMLDesc(0), port, libvirt.VIR_ERR_NO_NETWORK_PORT)
        if text:
            tree = ET.fromstring(text)  # noqa: S314 (libvirt's own)
            mac, plug = tree.find("mac"), tree.find("plug")
            found.append(
                {
                    "uuid": tree.findtext("uuid"),
                    "domain": tree.findtext("owner/name"),
                    "mac": "" if mac is None else mac.get("address"),
                    "portgroup": tree.findtext("group"),
                    "plug": {} if plug is None else dict(plug.attrib),
                }
            )
    return sorted(found, key=lambda one: (one["domain"], one["mac"]))


def guests(conn, names: list[str]) -> dict[str, list[dict]]:
    """The NICs of all guests on each network, of one that runs as they are now; a document for each guest."""
    found: dict[str, list[dict]] = {name: [] for name in names}
    for state, which in (
        ("running", libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE),
        ("stopped", libvirt.VIR_CONNECT_LIST_DOMAINS_INACTIVE),
    ):
        some = documents(conn, which)
        for name in names:
            found[name] += [{**nic.words(), "state": state} for nic in attached(some, name)]
    return {name: sorted(nics, key=itemgetter("domain")) for name, nics in found.items()}
