#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: network_info
short_description: Read virtual networks of libvirt
version_added: 0.1.0
description:
  - Gives each network in the words of the options of M(virtops.libvirt.network), so that it can be fed back to it.
  - Tells also, where it is asked, who has a lease and which guests are on a network.
  - In check mode these are the networks that the play would have made by then, as far as tasks of this collection do.
options:
  leases:
    description: Whether to tell the leases of each network, in RV(leases).
    type: bool
    default: false
  ports:
    description: Whether to tell the ports of each active network as libvirt keeps them, in RV(ports).
    type: bool
    default: false
  guests:
    description:
      - Whether to tell the NICs on each network, also those of guests that are off, in RV(guests).
      - It takes a call of libvirt for each guest of the host.
    type: bool
    default: false
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.reading
  - virtops.libvirt.common.planned
  - virtops.libvirt.common.read_only
seealso:
  - module: virtops.libvirt.network
"""

EXAMPLES = r"""
- name: Two of them
  virtops.libvirt.network_info:
    name: [lab, other]
  register: found

- name: Who has which address, and who is on the network at all
  virtops.libvirt.network_info:
    name: [lab]
    leases: true
    guests: true

- name: All of them
  virtops.libvirt.network_info:
    uri: qemu:///system
"""

RETURN = r"""
leases:
  description: The leases of each network, by its name; none of one that is off or has no DHCP.
  returned: with O(leases)
  type: dict
  contains:
    address:
      description: Address that was lent.
      type: str
    prefix:
      description: Prefix length.
      type: int
    family:
      description: V(ipv4) or V(ipv6).
      type: str
    mac:
      description: MAC address of the NIC.
      type: str
    name:
      description: Host name that the guest told, or that it was given.
      type: str
    client_id:
      description: What else the guest told of itself; its DUID with IPv6.
      type: str
    expires:
      description: When it ends, in seconds since 1970; 0 is never.
      type: int
  sample:
    lab:
      - address: 192.168.150.11
        prefix: 24
        family: ipv4
        mac: 52:54:00:aa:00:01
        name: web1
        client_id: null
        expires: 1790000000
ports:
  description: The ports of each network, by its name; one for each NIC of a running guest.
  returned: with O(ports)
  type: dict
  contains:
    uuid:
      description: UUID of the port.
      type: str
    domain:
      description: Guest that has it.
      type: str
    mac:
      description: MAC address of the NIC.
      type: str
    portgroup:
      description: Port group that it is in.
      type: str
    plug:
      description: What libvirt connected the NIC with, in the words of its XML.
      type: dict
  sample:
    lab:
      - uuid: ee818985-76ee-4477-8e67-cfe0b12596a3
        domain: web1
        mac: 52:54:00:aa:00:01
        portgroup: null
        plug: {type: network, bridge: virbr1}
guests:
  description: The NICs on each network, by its name.
  returned: with O(guests)
  type: dict
  contains:
    domain:
      description: Guest that has it.
      type: str
    mac:
      description: MAC address of the NIC.
      type: str
    target:
      description: Its device on the host, none of a guest that is off.
      type: str
    state:
      description: V(running) for a guest that runs or is paused, else V(stopped).
      type: str
  sample:
    lab:
      - domain: web1
        mac: 52:54:00:aa:00:01
        target: vnet0
        state: running
networks:
  description: The networks in the words of the options of M(virtops.libvirt.network), ordered by name.
  returned: always
  type: list
  elements: dict
  sample:
    -
      name: lab
      state: active
      autostart: true
      forward:
        mode: nat
      ips:
        - address: 192.168.150.1
          prefix: 24
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run_info
from ansible_collections.virtops.libvirt.plugins.module_utils._network.steps import Network


def main():
    run_info(Network)


if __name__ == "__main__":
    main()
