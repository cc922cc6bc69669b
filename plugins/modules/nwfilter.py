#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: nwfilter
short_description: Manage network filters of libvirt
version_added: 0.1.0
description:
  - Defines, changes and removes a filter of packets, to which NICs of guests refer
    (O(virtops.libvirt.domain#module:interfaces[].filter)).
  - A filter that is changed counts at once for every guest that runs with it, also by way of another filter, and no NIC
    is touched. Then the effect in RV(changes) is V(live).
  - A filter to which a guest or another filter refers is not removed; nor is one made or changed that refers to a
    filter which is not there, or to itself.
options:
  state:
    description:
      - V(present) defines it.
      - V(absent) removes it.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: Name of the filter; taken from O(xml) where it is not given.
    type: str
  uuid:
    description: UUID, chosen by libvirt where it is not given. It cannot be changed.
    type: str
  chain:
    description:
      - The chain in which its rules stand, V(root), or one through which only packets of a protocol go.
      - A name that begins with V(mac), V(vlan), V(stp), V(arp), V(rarp), V(ipv4) or V(ipv6) is a chain of that
        protocol, for example C(arp-xyz), of up to 12 characters.
      - A new filter without it is one of V(root).
    type: str
  priority:
    description: From -1000 to 1000, which chains come first. Libvirt has one for each protocol where it is not given,
      for example -700 of V(ipv4).
    type: int
  filters:
    description:
      - Other filters whose rules count, too, in their order. The list is whole.
      - In a new filter they come before the O(rules). Which rules are made first O(rules[].priority) says.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the filter.
        type: str
        required: true
      parameters:
        description: Values of its variables, for example C(IP). A variable may have a list of them.
        type: dict
  rules:
    description:
      - The rules. The list is whole, their order counts, and what a rule does not say is not in it.
      - Every value may be a variable that the guest's NIC gives, for example V($IP), or one of several values with
        V($IP[2]) or V($IP[@1]). Libvirt itself knows C(MAC), and finds C(IP) out.
      - A number may be decimal or hexadecimal.
    type: list
    elements: dict
    suboptions:
      action:
        description: What becomes of the packet. V(continue) goes on with the next rule, V(return) with the filter
          before.
        type: str
        choices: [accept, drop, reject, return, continue]
        required: true
      direction:
        description: The packets that the guest gets, those that it sends, or both.
        type: str
        choices: [in, out, inout]
        required: true
      priority:
        description: From -1000 to 1000, which rules come first. 500 where it is not given.
        type: int
      statematch:
        description: Whether an answer passes where the question did. It does unless this is V(false).
        type: bool
      protocol:
        description: What packets it is about; all where it is not given. V(ip), V(ipv6), V(arp) and those before them
          are looked at as frames, the others as what IP carries.
        type: str
        choices: [mac, vlan, stp, arp, rarp, ip, ipv6, tcp, udp, udplite, esp, ah, sctp, icmp, igmp, all, tcp-ipv6,
          udp-ipv6, udplite-ipv6, esp-ipv6, ah-ipv6, sctp-ipv6, icmpv6, all-ipv6]
      match:
        description: V(false) means the packets that are otherwise in all that the rule says.
        type: bool
      mismatch:
        description: Options of the rule in which the packets are otherwise, while the rest matches.
        type: list
        elements: str
      src_mac:
        description: MAC address of the sender; for frames also with a mask, V(52:54:00:00:00:00/ff:ff:ff:00:00:00).
        type: str
      dst_mac:
        description: MAC address to which a frame goes, also with a mask.
        type: str
      mac_protocol:
        description: For V(mac), the protocol in the frame, V(arp), V(rarp), V(ipv4), V(ipv6), V(vlan) or a number.
        type: str
      vlan_id:
        description: For V(vlan), its number.
        type: str
      vlan_protocol:
        description: For V(vlan), the protocol in the frame, as in O(rules[].mac_protocol).
        type: str
      src_ip:
        description: Address of the sender, or a network, V(10.0.0.0/8).
        type: str
      dst_ip:
        description: Address to which it goes, or a network.
        type: str
      src_ip_range:
        description: First and last address of the sender, V(10.0.0.5-10.0.0.9).
        type: str
      dst_ip_range:
        description: First and last address to which it goes. Libvirt has it for IPv4 only.
        type: str
      ip_protocol:
        description: For V(ip) and V(ipv6), what IP carries, V(tcp), V(udp), V(udplite), V(esp), V(ah), V(icmp),
          V(igmp), V(sctp), V(icmpv6) or a number.
        type: str
      src_port:
        description: Port of the sender, or the first and last, V(1024-65535).
        type: str
      dst_port:
        description: Port to which it goes, or the first and last.
        type: str
      dscp:
        description: Differentiated services code point of IP.
        type: str
      connlimit_above:
        description: Only when there are more connections than this. The rule is one that drops or rejects.
        type: str
      state:
        description: States of the connection in which it counts.
        type: list
        elements: str
        choices: [NEW, ESTABLISHED, RELATED, INVALID, NONE]
      ipset:
        description: For V(all), name of a set of addresses that the host keeps with C(ipset). It needs
          O(rules[].ipset_flags).
        type: str
      ipset_flags:
        description: Which of the addresses of a packet are looked for in the set, one for each part of its entries.
        type: list
        elements: str
        choices: [src, dst]
      tcp_flags:
        description: For V(tcp), the flags that are looked at, and those of them that have to be set, V(SYN,ACK/SYN).
          V(ALL) and V(NONE) are lists, too.
        type: str
      tcp_option:
        description: For V(tcp), number of an option of the header.
        type: str
      icmp_type:
        description: For V(icmp), V(icmpv6) and V(ipv6), type of the message; for V(ipv6) also a range.
        type: str
      icmp_code:
        description: Code of that message.
        type: str
      arp_hw_type:
        description: For V(arp) and V(rarp), type of the hardware.
        type: str
      arp_protocol_type:
        description: For V(arp) and V(rarp), type of the protocol.
        type: str
      arp_opcode:
        description: For V(arp) and V(rarp), the operation, V(Request), V(Reply), V(Request_Reverse),
          V(Reply_Reverse), V(DRARP_Request), V(DRARP_Reply), V(DRARP_Error), V(InARP_Request), V(ARP_NAK) or a
          number.
        type: str
      arp_src_mac:
        description: For V(arp) and V(rarp), MAC address of the sender within the message.
        type: str
      arp_dst_mac:
        description: For V(arp) and V(rarp), MAC address that is asked or answered.
        type: str
      arp_src_ip:
        description: For V(arp) and V(rarp), IP address of the sender within the message, or a network.
        type: str
      arp_dst_ip:
        description: For V(arp) and V(rarp), IP address that is asked or answered, or a network.
        type: str
      arp_gratuitous:
        description: For V(arp) and V(rarp), whether it is an answer to nobody.
        type: bool
      stp_type:
        description: For V(stp), type of the message of a bridge.
        type: str
      stp_flags:
        description: For V(stp), its flags.
        type: str
      stp_root_priority:
        description: For V(stp), priority of the root, or the first and last, as all numbers below.
        type: str
      stp_root_address:
        description: For V(stp), MAC address of the root, also with a mask.
        type: str
      stp_root_cost:
        description: For V(stp), cost of the path to the root.
        type: str
      stp_sender_priority:
        description: For V(stp), priority of the sender.
        type: str
      stp_sender_address:
        description: For V(stp), MAC address of the sender, also with a mask.
        type: str
      stp_port:
        description: For V(stp), the port.
        type: str
      stp_age:
        description: For V(stp), age of the message.
        type: str
      stp_max_age:
        description: For V(stp), the greatest age.
        type: str
      stp_hello_time:
        description: For V(stp), the hello time.
        type: str
      stp_forward_delay:
        description: For V(stp), the forward delay.
        type: str
      comment:
        description: Words for people, of up to 256 bytes. Those of rules for what IP carries are seen with C(iptables
          -S), too.
        type: str
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.changing
  - virtops.libvirt.common.planned
  - virtops.libvirt.common.document
notes:
  - A rule for what IP carries is about connections. One that accepts lets the answers pass, too; one that drops V(in)
    also drops what the guest sends, but for what an earlier rule let pass.
  - The host needs C(iptables), C(ip6tables) and C(ebtables).
seealso:
  - module: virtops.libvirt.nwfilter_info
  - module: virtops.libvirt.domain
  - module: virtops.libvirt.network
"""

EXAMPLES = r"""
- name: Guests that answer SSH, HTTP and pings, and nothing else that was not asked for
  virtops.libvirt.nwfilter:
    name: web
    filters:
      - {name: clean-traffic}
    rules:
      - {action: accept, direction: in, protocol: tcp, dst_port: 22, src_ip: 192.168.160.0/24}
      - {action: accept, direction: in, protocol: tcp, dst_port: 80}
      - {action: accept, direction: in, protocol: icmp}
      - {action: accept, direction: out, protocol: all}
      - {action: drop, direction: inout, protocol: all}

- name: A NIC that goes through it
  virtops.libvirt.domain:
    name: web1
    interfaces:
      - network: default
        filter: {name: web, parameters: {IP: 192.168.160.11}}

- name: Drop frames that have another sender's address than the NIC
  virtops.libvirt.nwfilter:
    name: own-mac
    chain: mac-own
    priority: -790
    rules:
      - {action: return, direction: out, protocol: mac, src_mac: $MAC}
      - {action: drop, direction: out, protocol: mac, comment: somebody else's}

- name: No more than ten connections to a service, but for those of the office
  virtops.libvirt.nwfilter:
    name: few
    rules:
      - action: drop
        direction: in
        protocol: tcp
        dst_port: 8000-8080
        src_ip: 10.20.0.0/16
        mismatch: [src_ip]
        connlimit_above: 10

- name: A filter as libvirt writes it
  virtops.libvirt.nwfilter:
    xml: "{{ lookup('ansible.builtin.file', 'no-smtp.xml') }}"

- name: Gone
  virtops.libvirt.nwfilter:
    name: few
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
      description: V(live) counts at once for guests that run, V(config) where none runs with the filter.
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
power_cycled:
  description: Whether the object was switched off and on again for a change.
  returned: always
  type: bool
unchecked:
  description: What a read-only connection could not see in check mode.
  returned: always
  type: list
  elements: str
nwfilter:
  description: The filter in the words of the options, as it is after the task (in check mode, as it would be); empty
    when it is gone.
  returned: always
  type: dict
  sample:
    name: web
    uuid: 0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f
    chain: root
    priority: 0
    filters: [{name: clean-traffic}]
    rules: [{action: accept, direction: in, priority: 500, protocol: tcp, dst_port: 22}]
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.steps import NWFilter


def main():
    run(NWFilter)


if __name__ == "__main__":
    main()
