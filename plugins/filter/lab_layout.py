# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: lab_layout
short_description: Give the guests of a lab their addresses in its network
version_added: 0.1.0
author:
  - The virtops authors (@virtops)
description:
  - Completes a list of guests with the address and the MAC that each of them shall have, and says where the network
    itself and its DHCP range lie in the subnet.
  - The subnet's first address is the network's own. In a subnet of 256 addresses or more the DHCP range is its
    addresses 100 to 199, and guests get those from 11 on; a smaller one is divided in two halves, guests first.
  - A guest that has a lease already keeps its address. So neither the order of the list nor a guest that comes or goes
    changes the address of another one. An address that a guest gives up is free from the next run on.
  - The MAC is made of the names of the lab and the guest, and so is always the same.
options:
  _input:
    description:
      - The guests, each a name or a mapping with a V(name), and with V(address) and V(mac) where they shall have
        certain ones. Other keys are handed on as they are.
    type: list
    elements: raw
    required: true
  lab:
    description: Name of the lab.
    type: str
    required: true
  subnet:
    description: The IPv4 subnet in CIDR notation, V(/28) or larger.
    type: str
    required: true
  leases:
    description: Fixed leases that the network has now, as O(virtops.libvirt.network#module:ips[].dhcp.hosts).
    type: list
    elements: dict
    default: []
  keep:
    description:
      - Whether the leases of other guests stay, with their addresses.
    type: bool
    default: false
  subnet6:
    description:
      - An IPv6 subnet beside it, a V(/64), empty for none. Guests give themselves the address that follows from
        their MAC.
    type: str
    default: ""
seealso:
  - plugin: virtops.libvirt.nat_lab
    plugin_type: role
"""

EXAMPLES = r"""
- name: Lay out two guests
  ansible.builtin.debug:
    msg: "{{ ['web1', {'name': 'db1', 'address': '192.168.150.50'}]
      | virtops.libvirt.lab_layout(lab='lab', subnet='192.168.150.0/24') }}"
"""

RETURN = r"""
_value:
  description: The layout.
  type: dict
  contains:
    problems:
      description: >-
        A sentence for each thing that is wrong with the guests or the subnet. Where there is any, the rest may be
        incomplete.
      type: list
      elements: str
    address:
      description: The network's own address.
      type: str
      sample: 192.168.150.1
    prefix:
      description: Length of the subnet's prefix.
      type: int
      sample: 24
    address6:
      description: The network's own IPv6 address, where there is an O(subnet6).
      type: str
      sample: fd00:150::1
    prefix6:
      description: Length of the IPv6 subnet's prefix, where there is an O(subnet6).
      type: int
      sample: 64
    names6:
      description: The guests' IPv6 addresses, for O(virtops.libvirt.network#module:dns.hosts).
      type: list
      elements: dict
      sample:
        - ip: fd00:150::5054:ff:fe3b:af1
          hostnames: [web1]
    range:
      description: V(start) and V(end) of the DHCP range.
      type: dict
      sample:
        start: 192.168.150.100
        end: 192.168.150.199
    guests:
      description: The guests, each with V(address) and V(mac), and with V(address6) where there is an O(subnet6).
      type: list
      elements: dict
      sample:
        - name: web1
          address: 192.168.150.11
          mac: "52:54:00:3b:0a:f1"
    leases:
      description: The guests' fixed leases, for O(virtops.libvirt.network#module:ips[].dhcp.hosts).
      type: list
      elements: dict
      sample:
        - mac: "52:54:00:3b:0a:f1"
          name: web1
          ip: 192.168.150.11
"""

import re
from collections import Counter
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from itertools import chain

from ansible.errors import AnsibleFilterError

from ansible_collections.virtops.libvirt.plugins.module_utils._values import derived_mac

# What DNS takes for one label (RFC 1123, 2.1), in lower case as dnsmasq answers it.
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
MAC = re.compile(r"[0-9a-f][02468ace](:[0-9a-f]{2}){5}")
_SMALLEST = 28
# The length at which hosts give themselves addresses (RFC 4862, 5.5.3).
_OWN_ADDRESSES = 64
# In a subnet that is as large as this the numbers are those that people know from home.
_LARGE = 256
_RANGE = (100, 199)
_FIRST_GUEST = 11


def _subnet(text: str, problems: list[str]) -> IPv4Network:
    try:
        network = ip_network(text)
    except ValueError as error:
        problems.append(f"the subnet is wrong: {error}; write it as 192.168.150.0/24")
    else:
        if isinstance(network, IPv4Network) and network.prefixlen <= _SMALLEST:
            return network
        problems.append(f"the subnet {text} will not do; give an IPv4 subnet of /{_SMALLEST} or larger")
    return IPv4Network("192.0.2.0/24")


def _subnet6(text: str, problems: list[str]) -> IPv6Network | None:
    if not text:
        return None
    try:
        network = ip_network(text)
    except ValueError as error:
        problems.append(f"the IPv6 subnet is wrong: {error}; write it as fd00:150::/64")
        return None
    if isinstance(network, IPv6Network) and network.prefixlen == _OWN_ADDRESSES:
        return network
    problems.append(
        f"the IPv6 subnet {text} will not do; give one of /{_OWN_ADDRESSES}, in which guests give themselves addresses"
    )
    return None


def _address6(network: IPv6Network, mac: str) -> IPv6Address:
    """What a guest with this MAC calls itself (RFC 4291, appendix A)."""
    octets = bytes.fromhex(mac.replace(":", ""))
    return network[int.from_bytes(bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:], "big")]


def _numbers(size: int) -> tuple[tuple[int, int], chain]:
    """The DHCP range, and the numbers for guests in the order in which they are given out."""
    if size >= _LARGE:
        return _RANGE, chain(range(_FIRST_GUEST, _RANGE[0]), range(_RANGE[1] + 1, size - 1))
    half = size // 2
    return (half, size - 2), chain(range(2, half))


def _given_address(guest: dict, network: IPv4Network, problems: list[str]) -> str | None:
    if not guest.get("address"):
        return None
    try:
        address = IPv4Address(guest["address"])
    except AddressValueError:
        problems.append(f"guest {guest['name']}: {guest['address']!r} is no IPv4 address")
        return None
    if address not in network:
        problems.append(f"guest {guest['name']}: address {address} is outside the subnet {network}")
    elif address in (network[0], network[1], network[-1]):
        problems.append(
            f"guest {guest['name']}: address {address} belongs to the network {network} itself; choose another one"
        )
    return str(address)


def _twice(what: str, values, problems: list[str]) -> None:
    for value, count in Counter(values).items():
        if count > 1:
            problems.append(f"{what} {value} is given to {count} guests; each needs its own")


def _names6(network: IPv6Network, guests: list[dict]) -> dict:
    named = [guest for guest in guests if "address6" in guest]
    return {
        "address6": str(network[1]),
        "prefix6": network.prefixlen,
        "names6": [{"ip": guest["address6"], "hostnames": [guest["name"]]} for guest in named],
    }


def _few(names: list[str]) -> str:
    """The first of them, and how many more."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def lab_layout(
    guests: list[dict | str],
    lab: str,
    subnet: str,
    leases: list[dict] | None = None,
    keep: bool = False,
    subnet6: str = "",
) -> dict:
    """See DOCUMENTATION."""
    if guests is None or isinstance(guests, (str, Mapping)):
        raise AnsibleFilterError(f"lab_layout: {guests!r} is no list of guests; give names or mappings in a list")
    problems: list[str] = []
    network = _subnet(subnet, problems)
    # A key without a value says nothing, as an option of a module without one.
    wanted = [
        {key: value for key, value in guest.items() if value is not None}
        if isinstance(guest, Mapping)
        else {"name": guest}
        for guest in guests
    ]
    names = [str(guest.get("name") or "") for guest in wanted]
    problems += [
        f"guest name {name!r} will not do; use up to 63 lower case letters, digits and hyphens, no hyphen first or last"
        for name in dict.fromkeys(names)
        if not NAME.fullmatch(name)
    ]
    _twice("the name", names, problems)

    given = [_given_address(guest, network, problems) for guest in wanted]
    _twice("the address", filter(None, given), problems)
    others = [lease for lease in leases or () if keep and lease.get("name") not in names]
    _twice("the address", [*filter(None, set(given)), *(lease["ip"] for lease in others)], problems)
    taken = {*filter(None, given), *(lease["ip"] for lease in others)}
    held = {lease.get("name"): lease.get("ip") for lease in leases or ()}
    kept = [address or held.get(name) for name, address in zip(names, given)]
    # A lease from another subnet, or one that another guest now asks for by its address, can't be kept.
    kept = [
        address if address and (given[n] or (address not in taken and IPv4Address(address) in network)) else None
        for n, address in enumerate(kept)
    ]
    # Who is given another address uses the old one until the guest asks again.
    taken.update(filter(None, [*kept, *(held.get(name) for name in names)]))
    (start, end), numbers = _numbers(network.num_addresses)
    free = (str(network[number]) for number in numbers)
    free = (address for address in free if address not in taken)

    laid = []
    for guest, name, address in zip(wanted, names, kept):
        # Also where another role asks: with another word guests that are there would get another MAC.
        mac = str(guest.get("mac") or derived_mac("nat_lab", lab, name)).lower().replace("-", ":")
        if not MAC.fullmatch(mac):
            problems.append(f"guest {name}: MAC {mac} is none that a guest can have; write it as 52:54:00:12:34:56")
        laid.append({**guest, "name": name, "address": address or next(free, None), "mac": mac})
    # One name twice is said already.
    _twice("the MAC", {guest["name"]: guest["mac"] for guest in laid}.values(), problems)
    homeless = [guest["name"] for guest in laid if guest["address"] is None]
    if homeless:
        problems.append(f"the subnet {network} has no address left for {_few(homeless)}; choose a larger one")
    network6 = _subnet6(subnet6, problems)
    if network6:
        laid = [
            {**guest, "address6": str(_address6(network6, guest["mac"]))} if MAC.fullmatch(guest["mac"]) else guest
            for guest in laid
        ]
    return {
        **(_names6(network6, laid) if network6 else {}),
        "problems": problems,
        "address": str(network[1]),
        "prefix": network.prefixlen,
        "range": {"start": str(network[start]), "end": str(network[end])},
        "guests": laid,
        "leases": [*({"mac": guest["mac"], "name": guest["name"], "ip": guest["address"]} for guest in laid), *others],
    }


class FilterModule:
    """Ansible's door to the filter."""

    def filters(self):
        return {"lab_layout": lab_layout}
