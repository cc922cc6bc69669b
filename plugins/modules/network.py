#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: network
short_description: Manage virtual networks of libvirt
version_added: 0.1.0
description:
  - Defines, changes, starts, stops and removes a virtual network.
  - DHCP leases and ranges and DNS hosts of an active network are changed at once and without a restart. Other changes
    wait for its next start; RV(pending) says so.
  - A list that is given is whole, so that what it does not name goes.
options:
  name:
    description:
      - Name of the network; may be left out where O(xml) has it.
    type: str
  state:
    description:
      - V(present) defines the network and leaves it active or not, as it is.
      - V(active) also starts it.
      - V(inactive) also stops it.
      - V(absent) stops the network and removes its definition.
    type: str
    choices: [present, active, inactive, absent]
    default: present
  uuid:
    description:
      - UUID, chosen by libvirt where it is not given. It cannot be changed.
    type: str
  forward:
    description: How its guests reach the world. A new network without it is isolated.
    type: dict
    suboptions:
      mode:
        description: Way of forwarding.
        type: str
        choices: [nat, route, open, bridge, private, vepa, passthrough, hostdev]
        required: true
      dev:
        description: Device of the host that it is limited to.
        type: str
  bridge:
    description: The bridge device that libvirt makes for it.
    type: dict
    suboptions:
      name:
        description: Its name, chosen by libvirt where it is not given.
        type: str
      stp:
        description: Whether it takes part in the spanning tree protocol.
        type: bool
      delay:
        description: Forward delay in seconds.
        type: int
  mtu:
    description: MTU of the bridge in bytes.
    type: int
  domain:
    description: DNS domain of the guests.
    type: dict
    suboptions:
      name:
        description: The domain, such as V(lab.test).
        type: str
      local_only:
        description: Whether questions about this domain are never passed on to other servers.
        type: bool
  dns:
    description: The DNS server of the network.
    type: dict
    suboptions:
      hosts:
        description: Names that it answers for, beside those of the leases.
        type: list
        elements: dict
        suboptions:
          ip:
            description: Address.
            type: str
            required: true
          hostnames:
            description: Names of this address.
            type: list
            elements: str
            required: true
  ips:
    description: Addresses of the host in this network, IPv4 or IPv6.
    type: list
    elements: dict
    suboptions:
      address:
        description: Address of the host, which tells one entry from another.
        type: str
        required: true
      prefix:
        description: Prefix length, such as V(24).
        type: int
      dhcp:
        description: The DHCP server on this address.
        type: dict
        suboptions:
          ranges:
            description: Addresses to give out.
            type: list
            elements: dict
            suboptions:
              start:
                description: First address.
                type: str
                required: true
              end:
                description: Last address.
                type: str
                required: true
          hosts:
            description: Fixed leases; a MAC address, a name and an address may each stand in one of them only.
            type: list
            elements: dict
            suboptions:
              mac:
                description: MAC address of the guest's NIC.
                type: str
              name:
                description: Host name that the guest gets, and that DNS answers to.
                type: str
              ip:
                description: Address that the guest gets; it must lie in the network.
                type: str
                required: true
  autostart:
    description: Whether it starts with libvirt's daemon.
    type: bool
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.changing
  - virtops.libvirt.common.document
seealso:
  - module: virtops.libvirt.network_info
"""

EXAMPLES = r"""
- name: A NAT network with a fixed lease
  virtops.libvirt.network:
    name: lab
    state: active
    autostart: true
    forward:
      mode: nat
    domain:
      name: lab.test
      local_only: true
    ips:
      - address: 192.168.150.1
        prefix: 24
        dhcp:
          ranges:
            - start: 192.168.150.100
              end: 192.168.150.199
          hosts:
            - mac: "52:54:00:aa:00:01"
              name: web1
              ip: 192.168.150.11

- name: A host-only network
  virtops.libvirt.network:
    name: private
    state: active
    ips:
      - address: 10.20.0.1
        prefix: 24

- name: Gone
  virtops.libvirt.network:
    name: private
    state: absent
"""

RETURN = r"""
changes:
  description: What becomes different, one entry each; the same in check mode.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: Where, in the words of the options; for what only O(xml) can say, in the words of the XML.
      type: str
    before:
      description: What it was, none where it was not there.
      type: raw
    after:
      description: What it becomes, none where it goes.
      type: raw
    effect:
      description: V(live) is applied at once, V(config) to an object that is off, V(next_boot) waits for its next
        start.
      type: str
pending:
  description: Changes that are written and wait for the next start, also those of earlier runs; entries as in
    RV(changes).
  returned: always
  type: list
  elements: dict
steps:
  description: What is done for it, in order, in words.
  returned: always
  type: list
  elements: str
power_cycled:
  description: Whether the object was switched off and on again for a change.
  returned: always
  type: bool
unchecked:
  description: What a read-only connection could not see in check mode.
  returned: always
  type: list
  elements: str
network:
  description: The network in the words of the options, as it is after the task (in check mode, as it would be);
    empty when it is gone.
  returned: always
  type: dict
  sample:
    name: lab
    state: active
    autostart: true
    forward:
      mode: nat
    ips:
      - address: 192.168.150.1
        prefix: 24
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run
from ansible_collections.virtops.libvirt.plugins.module_utils._network.steps import Network


def main():
    run(Network)


if __name__ == "__main__":
    main()
