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
  - DHCP leases and ranges, DNS records, port groups and forward devices of an active network are changed at once and
    without a restart. Other changes wait for its next start; RV(pending) says so, RV(attached) names the guests below,
    and O(allow_restart) ends the waiting.
  - No guest notices a change that is made at once. Only where the host's kernel hands bridged packets to its firewall
    (C(net.bridge.bridge-nf-call-iptables)) a packet may be lost while libvirt writes its rules anew for DHCP or a
    forward device.
  - What libvirt or the host would refuse is refused before anything is touched, such as a subnet or a bridge that is in
    use. For the host's own routes and devices that is so where the task runs on libvirt's host.
  - A list that is given is whole, so that what it does not name goes, unless O(purge) is off.
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
  autostart:
    description: Whether it starts with libvirt's daemon.
    type: bool
  allow_restart:
    description:
      - Stop an active network and start it again where a change that the task names waits for that, and put the NIC of
        every running guest back on it. No guest is restarted; they lose packets for some seconds.
      - NICs that lead nowhere, because somebody else restarted the network below them, are put back too.
      - It is refused below guests whose NICs libvirt connects only when they start (macvtap, devices of the host, Open
        vSwitch).
    type: bool
    default: false
  purge:
    description:
      - Whether a list that is given is whole. V(false) adds to the lists of an existing network, and changes what they
        name; what else they have stays. So also for lists within others, such as the O(ips[].dhcp.hosts) of an address.
    type: bool
    default: true
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.changing
  - virtops.libvirt.common.planned
  - virtops.libvirt.common.document
  - virtops.libvirt.network.options
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

- name: One more fixed lease, whatever else the network has
  virtops.libvirt.network:
    name: lab
    purge: false
    ips:
      - address: 192.168.150.1
        dhcp:
          hosts:
            - mac: "52:54:00:aa:00:02"
              name: web2
              ip: 192.168.150.12

- name: A host-only network
  virtops.libvirt.network:
    name: private
    state: active
    ips:
      - address: 10.20.0.1
        prefix: 24

- name: A network of routed addresses with both families, names and a guest that routes on
  virtops.libvirt.network:
    name: campus
    state: active
    forward:
      mode: route
    bridge: {name: virbr-campus}
    ips:
      - address: 10.21.0.1
        prefix: 24
        dhcp:
          ranges:
            - {start: 10.21.0.100, end: 10.21.0.199, lease: {expiry: 12, unit: hours}}
      - address: "fd00:21::1"
        prefix: 64
        dhcp:
          ranges:
            - {start: "fd00:21::100", end: "fd00:21::1ff"}
    routes:
      - {address: 10.22.0.0, prefix: 24, gateway: 10.21.0.2}
    dns:
      forwarders:
        - {domain: corp.example, address: 10.20.0.2}
      txt:
        - {name: about.campus, value: a lab}
      srv:
        - {service: ldap, protocol: tcp, target: ldap.campus, port: 389}
    portgroups:
      - {name: slow, bandwidth: {inbound: {average: 1000}}}

- name: NAT by a part of the host's ports, guests that do not see each other, at once also below running guests
  virtops.libvirt.network:
    name: lab
    state: active
    allow_restart: true
    isolated_ports: true
    forward:
      mode: nat
      nat:
        ports: {start: 20000, end: 29999}
    ips:
      - address: 192.168.150.1
        prefix: 24

- name: A bridge that the host has
  virtops.libvirt.network:
    name: office
    forward:
      mode: bridge
    bridge:
      name: br0

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
        start, V(restart) is by a restart below the guests.
      type: str
pending:
  description: Changes that are written and wait for the next start, also those of earlier runs of what the task names;
    entries as in RV(changes).
  returned: always
  type: list
  elements: dict
steps:
  description: What is done for it, in order, in words.
  returned: always
  type: list
  elements: str
attached:
  description:
    - The NICs of running guests that a change waits for or that lose packets by a restart, in the order of guests and
      NICs. Empty where nothing waits and nothing is stopped.
  returned: always
  type: list
  elements: dict
  contains:
    domain:
      description: Guest that has it.
      type: str
    mac:
      description: MAC address of the NIC.
      type: str
    target:
      description: Its device on the host.
      type: str
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
