# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse what a network could not be. Private to this collection, imported only before a change."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._field import read
from ansible_collections.virtops.libvirt.plugins.module_utils._network import host
from ansible_collections.virtops.libvirt.plugins.module_utils._network.addresses import LENGTHS
from ansible_collections.virtops.libvirt.plugins.module_utils._network.given import check_given
from ansible_collections.virtops.libvirt.plugins.module_utils._network.modes import OWN_BRIDGE, check_mode
from ansible_collections.virtops.libvirt.plugins.module_utils._network.records import check_hosts, check_records
from ansible_collections.virtops.libvirt.plugins.module_utils._network.schema import FIELDS

# The kernel's IFNAMSIZ, without the byte that ends the name.
_LONGEST_DEVICE = 15
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}
# The least that dnsmasq lends an address for.
_SHORTEST_LEASE = 120
_SHORTEST_MTU, _LONGEST_MTU = {4: 68, 6: 1280}, 65535
# The shortest prefix of IPv6 with DHCP.
_SHORTEST_PREFIX6 = 64
# The bits of a prefix for which the domain of addresses, in-addr.arpa or ip6.arpa, has a name of its own.
_PTR_PARTS = {4: 8, 6: 4}


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
    if mode in ("nat", "route", "open") and not subnets:
        raise Refused(f"{network.subject}: forward mode {mode} needs an address of the host; give 'ips'")
    bridge = words.get("bridge", {}).get("name", "")
    if len(bridge) > _LONGEST_DEVICE:
        raise Refused(
            f"{network.subject}: bridge {bridge!r} is longer than the {_LONGEST_DEVICE} characters of a device"
        )
    _read_forward_device(words, target)
    check_mode(network.subject, words, network.conn)
    if network.xml is None:
        check_given(network.subject, network.wanted, mode)
    _check_averages(network, target)
    _check_functions(network, words)
    _check_parts(network, words, subnets)
    starts = network.state_after(actual) == "active"
    if starts and words.get("mtu") and subnets:
        _check_mtu(network, words["mtu"], subnets)
    if starts and words.get("dns", {}).get("enable") is not False:
        _check_reverse(network, words)
    for name, theirs, runs in _others(network):
        _apart(network, words, subnets, name, theirs, starts and runs)
    if starts and is_local(network.conn):
        _check_host(network, actual, words, subnets)


def _check_averages(network, target) -> None:
    """Refused for limits without an average, also one of 0, which is not written."""
    groups = [(f"portgroups[{group.get('name', '')}].", group) for group in target.findall("portgroup")]
    for where, owner in [("", target), *groups]:
        for limit in owner.findall("bandwidth/*"):
            if limit.get("average") is None:
                raise Refused(
                    f"{network.subject}: '{where}bandwidth.{limit.tag}' has no average, without which libvirt takes no"
                    " figure; give it"
                )


def _check_mtu(network, mtu: int, subnets: list) -> None:
    """Refused for one that the kernel does not take of a bridge, or for IPv6 (RFC 8200, 5)."""
    least = max(_SHORTEST_MTU[subnet.version] for subnet in subnets)
    if not least <= mtu <= _LONGEST_MTU:
        raise Refused(
            f"{network.subject}: mtu {mtu} is not between {least} and {_LONGEST_MTU}, as its addresses need it;"
            " give one that is"
        )


def _read_forward_device(words: dict, target) -> None:
    """A device that C(forward) names itself is its first interface (virNetworkForwardDefParseXML)."""
    forward = target.find("forward")
    if forward is not None and forward.get("dev"):
        words["forward"].setdefault("interfaces", [forward.get("dev")])


def _check_functions(network, words: dict) -> None:
    """Refused for what is no virtual function, for which libvirt looks as soon as there is the network."""
    addresses = words.get("forward", {}).get("addresses", [])
    for address in addresses if is_local(network.conn) else ():
        if not host.is_virtual_function(address):
            raise Refused(
                f"{network.subject}: forward.addresses: {address} is no virtual function of a NIC of this host; make it"
                " first, or correct the address"
            )


def _subnet(network, block: dict):
    """The subnet of one address of the host, once all in it is found good."""
    where = f"{network.subject}: ips[{block['address']}]"
    try:
        subnet = ip_interface(f"{block['address']}/{block['prefix']}").network
    except ValueError:
        raise Refused(f"{where}: prefix {block['prefix']} does not fit this address") from None
    dhcp = block.get("dhcp") or {}
    hosts, ranges = dhcp.get("hosts", []), dhcp.get("ranges", [])
    named = [(f"dhcp.hosts[{one.get('mac') or one.get('id') or one.get('name')}]", one.get("ip")) for one in hosts]
    for part in ranges:
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
    _check_dhcp(where, block, hosts, ranges, subnet.version)
    check_hosts(where, hosts)
    if subnet.version == 6 and ranges:
        _check_ranges6(where, subnet, ranges)
    return subnet


def _check_ranges6(where: str, subnet, ranges: list) -> None:
    """Refused for what libvirt counts not so far (virSocketAddrGetRange)."""
    if subnet.prefixlen < _SHORTEST_PREFIX6:
        raise Refused(
            f"{where}: prefix {subnet.prefixlen} is shorter than {_SHORTEST_PREFIX6}, and libvirt lends no addresses of"
            " such a network; make it longer, or take 'dhcp.ranges' out"
        )
    for part in ranges:
        if ip_address(part["start"]).packed[:-2] != ip_address(part["end"]).packed[:-2]:
            raise Refused(
                f"{where}.dhcp.ranges: {part['start']} to {part['end']} differ in more than the last four digits, and"
                " libvirt takes no such range; choose nearer ones"
            )


def _check_dhcp(where: str, block: dict, hosts: list, ranges: list, version: int) -> None:
    for key in ("mac", "id", "name", "ip"):
        _once(f"{where}.dhcp.hosts: {key}", [one[key] for one in hosts if one.get(key)])
    spans = sorted((ip_address(one["start"]).packed, ip_address(one["end"]).packed) for one in ranges)
    for (_start, end), (start, _end) in zip(spans, spans[1:]):
        if start <= end:
            raise Refused(
                f"{where}.dhcp.ranges: {ip_address(start)} is in two of them; write ranges that do not overlap"
            )
    tells = ("mac", "name") if version == 4 else ("id", "name")
    for one in hosts:
        if version == 6 and "mac" in one:
            raise Refused(
                f"{where}.dhcp.hosts[{one['mac']}]: DHCP of IPv6 knows no MAC; give 'id' (the DUID) or 'name'"
            )
        if not any(key in one for key in tells):
            raise Refused(f"{where}.dhcp.hosts: {one['ip']} is nobody's; give {' or '.join(map(repr, tells))}")
    for one in (*hosts, *ranges):
        lease = one.get("lease") or {}
        if 0 < lease.get("expiry", 0) * _SECONDS[lease.get("unit", "minutes")] < _SHORTEST_LEASE:
            raise Refused(f"{where}.dhcp: a lease of {lease['expiry']} is shorter than two minutes; give 0 for ever")
    bootp = (block.get("dhcp") or {}).get("bootp")
    if bootp and not (hosts or ranges):
        raise Refused(
            f"{where}.dhcp.bootp: nothing gets an address here that could start from it; give 'ranges' or 'hosts'"
        )
    if version == 6 and (bootp or block.get("tftp_root")):
        raise Refused(f"{where}: 'bootp' and 'tftp_root' are for IPv4; move them to an address of IPv4")


def _check_reverse(network, words: dict) -> None:
    """Refused for a subnet of which no domain tells the names of addresses (virSocketAddrPTRDomain)."""
    for block in words.get("ips", []):
        address = ip_address(block["address"])
        part = _PTR_PARTS[address.version]
        if block.get("local_ptr") and block["prefix"] not in range(part, address.max_prefixlen, part):
            raise Refused(
                f"{network.subject}: ips[{block['address']}]: 'local_ptr' needs a prefix that is a multiple of {part},"
                f" and {block['prefix']} is none; change the prefix, or take 'local_ptr' out"
            )


def _once(where: str, values: list) -> None:
    twice = next((one for number, one in enumerate(values) if one in values[:number]), None)
    if twice is not None:
        raise Refused(f"{where} {twice} is given twice; each item needs its own")


def _check_parts(network, words: dict, subnets: list) -> None:
    """Refused for parts that do not go together: several of one kind, and routes that lead out of the network."""
    subject = network.subject
    for version in (4, 6):
        blocks = [block["address"] for block in words.get("ips", []) if _serves(block, version)]
        if len(blocks) > 1:
            raise Refused(
                f"{subject}: {' and '.join(blocks)} both have DHCP, and libvirt serves one address of IPv{version};"
                " take 'dhcp' out of the others"
            )
    groups = words.get("portgroups", [])
    _once(f"{subject}: portgroups: name", [group.get("name") for group in groups])
    defaults = [group.get("name", "") for group in groups if group.get("default")]
    if len(defaults) > 1:
        raise Refused(f"{subject}: portgroups {' and '.join(defaults)} are both the default; there is one at most")
    for route in words.get("routes", []):
        where = f"{subject}: routes[{route['address']}/{route['prefix']}]"
        try:
            ip_network(f"{route['address']}/{route['prefix']}")
        except ValueError:
            raise Refused(f"{where}: this is no address of a network; write its first address and its prefix") from None
        if not any(ip_address(route["gateway"]) in subnet for subnet in subnets):
            raise Refused(
                f"{where}: gateway {route['gateway']} is in none of 'ips'; choose one that the host can reach"
            )
    domain = words.get("domain", {})
    if domain.get("register") and not domain.get("local_only"):
        raise Refused(f"{subject}: 'domain.register' is for a domain of the network's own; give 'local_only: true' too")
    dns = words.get("dns", {})
    left = [name for name in ("forwarders", "hosts", "txt", "srv") if dns.get(name)]
    if dns.get("enable") is False and left:
        raise Refused(f"{subject}: 'dns.{left[0]}' is for a DNS server, and 'dns.enable' is false; make it empty")
    check_records(subject, dns)


def _serves(block: dict, version: int) -> bool:
    dhcp = block.get("dhcp") or {}
    return ip_address(block["address"]).version == version and bool(dhcp.get("ranges") or dhcp.get("hosts"))


def _others(network):
    """(name, words, whether it is active) of the other networks, as earlier tasks of a check-mode run left them."""
    there = {one.name(): one for one in network.conn.listAllNetworks(0)}
    planned = network.planned.of("network")
    for name in sorted({*there, *planned} - {network.name}):
        if name in planned:
            words = planned[name]["words"]
            if words:
                yield name, words, words.get("state") == "active"
        else:
            text = there[name].XMLDesc(0)
            yield name, read(FIELDS, ET.fromstring(text)), there[name].isActive()  # noqa: S314 (libvirt's own)


def _apart(network, words: dict, subnets: list, name: str, theirs: dict, run: bool) -> None:
    """Refused where network C(name) has the same bridge, MAC or UUID, or where both C(run) in one subnet."""
    bridge, mac = words.get("bridge", {}).get("name", ""), words.get("mac")
    own = words.get("forward", {}).get("mode") in OWN_BRIDGE
    if own and bridge and theirs.get("bridge", {}).get("name") == bridge:
        raise Refused(f"{network.subject}: bridge {bridge} is that of network {name} already; choose another one")
    for what, value in (("mac", mac), ("uuid", words.get("uuid"))):
        if value and theirs.get(what) == value:
            raise Refused(f"{network.subject}: {what} {value} is that of network {name} already; choose another one")
    for subnet in subnets if run else ():
        for block in theirs.get("ips", []):
            running = ip_interface(f"{block['address']}/{block['prefix']}").network
            if running.version == subnet.version and running.overlaps(subnet):
                raise Refused(
                    f"{network.subject}: {subnet} overlaps with {running} of the active network {name};"
                    " choose another subnet"
                )


def _freed(network) -> set[str]:
    """Bridges of networks that run, and would not by now in a check-mode run."""
    planned = network.planned.of("network")
    off = [name for name, entry in planned.items() if entry["words"].get("state") != "active"]
    running = [one for one in network.conn.listAllNetworks(0) if one.name() in off and one.isActive()] if off else []
    documents = [ET.fromstring(one.XMLDesc(0)) for one in running]  # noqa: S314 (libvirt's own)
    return {element.get("name", "") for document in documents for element in document.findall("bridge")}


def _check_host(network, actual, words: dict, subnets: list) -> None:
    """Refused for what the host itself has or lacks; libvirt says so when the network starts."""
    forward, bridge = words.get("forward", {}), words.get("bridge", {}).get("name", "")
    now = (
        set()
        if actual is None or actual.live_tree is None
        else {element.get("name") for element in actual.live_tree.findall("bridge")}
    )
    named = {*forward.get("interfaces", []), forward.get("dev"), forward.get("pf")} - {None}
    if forward.get("mode") == "bridge" and bridge:
        named.add(bridge)
    for device in sorted(named):
        if not host.has_device(device, network.planned):
            raise Refused(f"{network.subject}: the host has no device {device}; make it first, or name another one")
    own = forward.get("mode") in OWN_BRIDGE and bridge and bridge not in now
    if own and host.has_device(bridge) and bridge not in _freed(network):
        raise Refused(f"{network.subject}: bridge {bridge} is a device of the host already; choose another name")
    for device, connected, theirs in host.subnets():
        for subnet in subnets if device not in {*now, bridge} else ():
            same = theirs.version == subnet.version
            # A way to much more than this is none to it.
            if same and (theirs.overlaps(subnet) if connected else theirs.subnet_of(subnet)):
                raise Refused(
                    f"{network.subject}: {subnet} overlaps with {theirs}, which the host has on {device};"
                    " choose another subnet"
                )
