# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: server_layout
short_description: Lay out a server that is on the physical network
version_added: 0.1.0
author:
  - The virtops authors (@virtops)
description:
  - Makes of what is said of a server on a bridge of its host the one guest that P(virtops.libvirt.lab_guests#filter)
    takes, with its network configuration for cloud-init, and says what is wrong with it.
options:
  _input:
    description:
      - The server, with its V(name), its V(bridge), and where they are wanted V(mac), V(addresses), V(gateway),
        V(gateway6), V(nameservers), V(domain), V(autostart), V(snapshots_kept).
      - With V(wait), a number of seconds, a server without V(addresses) is waited for until it has one.
    type: dict
    required: true
  host:
    description: Name of the host, of which the MAC is made together with the server's name.
    type: str
    required: true
  there:
    description:
      - The server as it is, as M(virtops.libvirt.domain_info) gives it, empty where it is not. Its MAC is kept.
    type: dict
    default: {}
  found:
    description:
      - The addresses that somebody has, as M(virtops.libvirt.domain_info) or C(ip -json neighbour) gives them. Those of
        the server's MAC count.
    type: list
    elements: dict
    default: []
  noted:
    description: The address that it had when somebody looked before.
    type: str
    default: ""
seealso:
  - plugin: virtops.libvirt.bridged_server
    plugin_type: role
"""

EXAMPLES = r"""
- name: Lay out a server
  ansible.builtin.debug:
    msg: "{{ {'name': 'web1', 'bridge': 'br0', 'addresses': ['192.0.2.10/24'], 'gateway': '192.0.2.1'}
      | virtops.libvirt.server_layout(host='kvm1') }}"
"""

RETURN = r"""
_value:
  description: The layout.
  type: dict
  contains:
    problems:
      description: >-
        A sentence for each thing that is wrong. Where there is any, the rest may be incomplete.
      type: list
      elements: str
    guests:
      description: The server. Its V(address) is empty where none is known.
      type: list
      elements: dict
      sample:
        - name: web1
          mac: "52:54:00:3b:0a:f1"
          address: 192.0.2.10
          domain:
            autostart: true
            interfaces: [{bridge: br0, mac: "52:54:00:3b:0a:f1"}]
"""

import re
from ipaddress import ip_address, ip_interface

from ansible_collections.virtops.libvirt.plugins.filter.lab_layout import MAC, NAME
from ansible_collections.virtops.libvirt.plugins.module_utils._values import derived_mac

# What the kernel takes as the name of a device.
_DEVICE = re.compile(r"[^\s/:]{1,15}")
# With a prefix, as not all of cloud-init's renderers know the word "default".
_EVERYWHERE = {4: "0.0.0.0/0", 6: "::/0"}
_EXAMPLES = {4: "192.0.2.10/24", 6: "2001:db8::10/64"}


def _interfaces(server: dict, problems: list[str]) -> list:
    found: list = []
    for text in server.get("addresses") or ():
        try:
            one = ip_interface(text)
        except ValueError:
            problems.append(f"{text!r} is no address; write it as {_EXAMPLES[4]} or {_EXAMPLES[6]}")
            continue
        network = one.network
        if "/" not in str(text) or network.num_addresses == 1:
            problems.append(f"address {one.ip} says nothing of its subnet; write it as {_EXAMPLES[one.version]}")
        # A subnet of two addresses has neither (RFC 3021; RFC 6164).
        elif network.num_addresses > 2 and one.ip in (network[0], *([network[-1]] if one.version == 4 else [])):
            problems.append(f"address {one.ip} belongs to the network {network} itself; choose another one")
        if one.ip in [other.ip for other in found]:
            problems.append(f"address {one.ip} is given twice; take one of them out")
        found.append(one)
    return found


def _gateway(text: str | None, version: int, interfaces: list, problems: list[str]) -> str | None:
    if not text:
        return None
    try:
        gateway = ip_address(text)
    except ValueError:
        gateway = None
    if gateway is None or gateway.version != version:
        problems.append(f"gateway {text!r} is no IPv{version} address")
        return None
    subnets = [one.network for one in interfaces if one.version == version]
    if not subnets:
        problems.append(f"gateway {gateway} is of no use without an IPv{version} address of the server's own; give one")
    elif not gateway.is_link_local and not any(gateway in subnet for subnet in subnets):
        problems.append(f"gateway {gateway} is outside of {' and '.join(map(str, subnets))}; choose one that is within")
    if gateway in [one.ip for one in interfaces]:
        problems.append(f"gateway {gateway} is the server's own address; choose another one")
    return str(gateway)


def _nameservers(server: dict, problems: list[str]) -> list[str]:
    found = []
    for text in server.get("nameservers") or ():
        try:
            found.append(str(ip_address(text)))
        except ValueError:
            problems.append(f"nameserver {text!r} is no address")
    return found


def _network(server: dict, mac: str, interfaces: list, problems: list[str]) -> dict:
    """What cloud-init is told of the NIC."""
    nic: dict = {"match": {"macaddress": mac}, "dhcp4": not interfaces}
    if interfaces:
        nic["addresses"] = [str(one) for one in interfaces]
    gateways = {version: server.get(key) for version, key in ((4, "gateway"), (6, "gateway6"))}
    routes = [
        {"to": _EVERYWHERE[version], "via": gateway}
        for version, gateway in ((v, _gateway(text, v, interfaces, problems)) for v, text in gateways.items())
        if gateway
    ]
    if routes:
        nic["routes"] = routes
    # Without addresses of servers cloud-init 22.4 skips the whole NIC.
    if nameservers := _nameservers(server, problems):
        search = [server["domain"]] if server.get("domain") else []
        nic["nameservers"] = {"addresses": nameservers, **({"search": search} if search else {})}
    return {"version": 2, "ethernets": {"lan": nic}}


def _address(seen: dict, mac: str) -> str:
    """Where the NIC is, by what libvirt (C(mac), C(address)) or C(ip neighbour) (C(lladdr), C(dst)) tells of one."""
    if str(seen.get("mac") or seen.get("lladdr")).lower() != mac:
        return ""
    address = str(seen.get("address") or seen.get("dst"))
    return "" if ip_address(address).is_link_local else address


def _known(mac: str, interfaces: list, found: list[dict], noted: str) -> str:
    """The address by which the server is reached, as far as it is known: one of IPv4 if it has any."""
    if interfaces:
        told = [str(one.ip) for one in interfaces]
    else:
        told = [address for one in found for address in [_address(one, mac)] if address]
    if noted in told and not interfaces:
        return noted
    return next(iter(sorted(told, key=lambda text: ":" in text)), "" if interfaces else noted)


def server_layout(
    server: dict, host: str, there: dict | None = None, found: list[dict] | None = None, noted: str = ""
) -> dict:
    """See DOCUMENTATION."""
    problems: list[str] = []
    name, bridge = str(server["name"]), str(server.get("bridge") or "")
    if not NAME.fullmatch(name):
        problems.append(
            f"the name {name!r} will not do; use up to 63 lower case letters, digits and hyphens, no hyphen first or"
            " last"
        )
    if not _DEVICE.fullmatch(bridge):
        problems.append(f"the bridge {bridge!r} will not do; name one of the host" if bridge else "no bridge is named")
    kept = next((nic.get("mac") for nic in (there or {}).get("interfaces") or ()), None)
    mac = str(server.get("mac") or kept or derived_mac("bridged_server", host, name)).lower().replace("-", ":")
    if not MAC.fullmatch(mac):
        problems.append(f"MAC {mac} is none that a guest can have; write it as 52:54:00:12:34:56")
    if int(server.get("snapshots_kept", 1)) < 1:
        problems.append("of the snapshots before changes at least the newest stays; set snapshots_kept to 1 or more")
    interfaces = _interfaces(server, problems)
    network = _network(server, mac, interfaces, problems)
    domain = {"autostart": bool(server.get("autostart", True)), "interfaces": [{"bridge": bridge, "mac": mac}]}
    if server.get("wait") and not interfaces:
        domain.update(wait_for=["ip"], timeout=server["wait"])
    guest = {"name": name, "mac": mac, "address": _known(mac, interfaces, found or [], noted)}
    return {"problems": problems, "guests": [{**guest, "network_config": network, "domain": domain}]}


class FilterModule:
    """Ansible's door to the filter."""

    def filters(self):
        return {"server_layout": server_layout}
