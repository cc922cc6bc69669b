# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse what a network could not be. Private to this collection, imported only before a change."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._field import read
from ansible_collections.virtops.libvirt.plugins.module_utils._network.addresses import LENGTHS
from ansible_collections.virtops.libvirt.plugins.module_utils._network.schema import FIELDS

# The kernel's IFNAMSIZ, without the byte that ends the name.
_LONGEST_DEVICE = 15


def check(network, actual, target) -> None:
    """Refused for addresses outside their subnet, and for what another network of the host has already."""
    words = read(FIELDS, target)
    # What a document does not say libvirt knows by the address; an option that is missing is a mistake.
    there = [] if actual is None else [element.get("address") for element in actual.tree.findall("ip")]
    for element in target.findall("ip") if network.xml is None else ():
        if not LENGTHS & set(element.attrib) and element.get("address") not in there:
            raise Refused(
                f"{network.subject}: ips[{element.get('address')}]: it has no prefix; write for example 'prefix: 24'"
            )
    subnets = [_subnet(network, block) for block in words.get("ips", [])]
    mode = words.get("forward", {}).get("mode")
    if mode in ("nat", "route") and not subnets:
        raise Refused(f"{network.subject}: forward mode {mode} needs an address of the host; give 'ips'")
    bridge = words.get("bridge", {}).get("name", "")
    if len(bridge) > _LONGEST_DEVICE:
        raise Refused(
            f"{network.subject}: bridge {bridge!r} is longer than the {_LONGEST_DEVICE} characters of a device"
        )
    others = network.conn.listAllNetworks(0)
    for other in others:
        if other.name() != network.name:
            _apart(network, actual, bridge, subnets, other)


def _subnet(network, block: dict):
    """The subnet of one address of the host, once all in it is found good."""
    where = f"{network.subject}: ips[{block['address']}]"
    try:
        subnet = ip_interface(f"{block['address']}/{block['prefix']}").network
    except ValueError:
        raise Refused(f"{where}: prefix {block['prefix']} does not fit this address") from None
    dhcp = block.get("dhcp") or {}
    named = [(f"dhcp.hosts[{host.get('mac') or host.get('name')}]", host.get("ip")) for host in dhcp.get("hosts", [])]
    for part in dhcp.get("ranges", []):
        named += [("dhcp.ranges start", part["start"]), ("dhcp.ranges end", part["end"])]
        if ip_address(part["start"]).packed > ip_address(part["end"]).packed:
            raise Refused(f"{where}: dhcp.ranges: {part['start']} is behind {part['end']}; write the lower one first")
    for what, address in named:
        if address and ip_address(address) not in subnet:
            raise Refused(f"{where}: {what}: {address} is outside the network {subnet}; choose an address within it")
        if address and subnet.version == 4 and ip_address(address) in (subnet[0], subnet[-1]):
            raise Refused(
                f"{where}: {what}: {address} is the first or last address of {subnet}; choose one between them"
            )
        if address == block["address"]:
            raise Refused(f"{where}: {what}: {address} is the network's own address; choose another one")
    return subnet


def _apart(network, actual, bridge: str, subnets: list, other) -> None:
    """Refused where another network has the bridge, or runs in one of the subnets in which this one is to run."""
    words = read(FIELDS, ET.fromstring(other.XMLDesc(0)))  # noqa: S314 (the text is libvirt's own)
    if bridge and words.get("bridge", {}).get("name") == bridge:
        raise Refused(
            f"{network.subject}: bridge {bridge} is that of network {other.name()} already; choose another one"
        )
    if network.state_after(actual) != "active" or not other.isActive():
        return
    theirs = [ip_interface(f"{b['address']}/{b['prefix']}").network for b in words.get("ips", [])]
    for subnet in subnets:
        overlap = next((one for one in theirs if one.version == subnet.version and one.overlaps(subnet)), None)
        if overlap:
            raise Refused(
                f"{network.subject}: {subnet} overlaps with {overlap} of the active network {other.name()};"
                " choose another subnet"
            )
