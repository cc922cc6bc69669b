# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad network filters, read by test_bad_input.py: (options, words of the message...)."""

from __future__ import annotations

TCP = {"protocol": "tcp", "dst_port": 22}


def rule(**more):
    return {"name": "new", "rules": [{"action": "drop", "direction": "in", **more}]}


def xml(inside="", attributes="name='new'"):
    return {"xml": f"<filter {attributes}>{inside}</filter>"}


def drop(inside):
    return xml(f"<rule action='drop' direction='in'>{inside}</rule>")


NWFILTER = [
    ({}, "nwfilter: it has no name"),
    *(({"name": name}, "name") for name in ("a/b", "", " ", "..", "a\nb")),
    *(({"name": name}, f"nwfilter {name}", "'_'") for name in ("a b", "1st", "-a", "a$")),
    ({"name": "other", **xml()}, "nwfilter other", "<name>new</name>"),
    ({"name": "new", "uuid": "x"}, "uuid", "not a UUID"),
    ({"name": "new", "chain": "web"}, "chain", "'root'", "arp"),
    ({"name": "new", "chain": "root-web"}, "chain", "no chain"),
    ({"name": "new", "chain": "arp-much-too-long"}, "chain", "12"),
    ({"name": "new", "chain": "arp web"}, "chain", "letters"),
    ({"name": "new", "priority": 1001}, "priority", "more than 1000"),
    ({"name": "new", "chain": "arp", "priority": 0}, "libvirt keeps priority 0 of chain arp only until", "-500"),
    ({"name": "new", "filters": [{"name": "none"}]}, "refers to nwfilter none", "virtops.libvirt.nwfilter"),
    ({"name": "new", "filters": [{"name": "new"}]}, "refers to itself"),
    ({"name": "base", "filters": [{"name": "web"}]}, "nwfilter base", "itself by way of web"),
    ({"name": "base", "state": "absent"}, "nwfilter base: nwfilter web refers to it"),
    ({"name": "web", "state": "absent"}, "nwfilter web: domain two refers to it"),
    ({"name": "new", "filters": [{"name": "base", "parameters": {"a-b": "1"}}]}, "'a-b' is no name"),
    (
        {"name": "new", "filters": [{"name": "base", "parameters": {"IP": "10.0.0.0/8"}}]},
        "IP: '10.0.0.0/8' is no value",
    ),
    ({"name": "new", "filters": [{"name": "base", "parameters": {"IP": []}}]}, "an empty list"),
    ({"name": "new", "rules": [{"action": "drop"}]}, "direction"),
    (rule(action="forbid"), "action", "drop"),
    (rule(protocol="http"), "protocol", "tcp"),
    (rule(priority=-1001), "rules[0].priority", "less than -1000"),
    (rule(dst_port=22), "rules[0]: dst_port needs a 'protocol'", "tcp"),
    (rule(protocol="icmp", dst_port=22), "rules[0]: protocol icmp has no dst_port", "udp"),
    (rule(protocol="all", mac_protocol="arp"), "protocol all has no mac_protocol"),
    (rule(protocol="tcp", ipset="a", ipset_flags=["src"]), "protocol tcp has no ipset", "all"),
    (rule(protocol="all", ipset="a"), "ipset_flags go together"),
    (rule(protocol="all", ipset="a/b", ipset_flags=["src"]), "no name of an ipset"),
    (rule(protocol="tcp", dst_port=65536), "dst_port", "65535"),
    (rule(protocol="tcp", dst_port="ssh"), "dst_port", "'ssh' is no number"),
    (rule(protocol="tcp", dst_port=""), "dst_port", "empty"),
    (rule(protocol="tcp", dst_port="$a-b$"), "dst_port", "'b$'"),
    (rule(protocol="tcp", dst_port="$1 2"), "no variable"),
    (rule(protocol="tcp", src_ip="10.0.0.256"), "src_ip", "not an IP address"),
    (rule(protocol="tcp", src_ip="10.0.0.0/33"), "src_ip", "33 is not of IPv4"),
    (rule(protocol="tcp", src_ip="10.0.0.0/255.0.255.0"), "src_ip", "no mask"),
    (rule(protocol="tcp", src_ip="fd00::1"), "src_ip", "fd00::1 is not of IPv4"),
    (rule(protocol="tcp-ipv6", src_ip="10.0.0.1"), "10.0.0.1 is not of IPv6"),
    (rule(protocol="tcp-ipv6", dst_ip_range="fd00::1-fd00::9"), "no dst_ip_range of IPv6"),
    (rule(protocol="tcp", src_mac="x"), "src_mac", "not a MAC address"),
    (rule(protocol="tcp", src_mac="52:54:00:00:00:00/ff:ff:ff:00:00:00"), "takes no second part"),
    (rule(protocol="mac", src_mac="52:54:00:00:00:00/ff:00:ff:00:00:00"), "no mask"),
    (rule(protocol="mac", mac_protocol=5), "mac_protocol", "5 is not from 1536"),
    (rule(protocol="vlan", vlan_id=4096), "vlan_id", "4095"),
    (rule(protocol="ip", dst_port=22), "ports need ip_protocol"),
    (rule(protocol="ip", dst_port=22, ip_protocol="icmp"), "ports need ip_protocol"),
    (rule(protocol="tcp", state=["OLD"]), "state", "NEW"),
    (rule(protocol="tcp", tcp_flags="SYN"), "tcp_flags", "'SYN,ACK/SYN'"),
    (rule(protocol="tcp", tcp_flags="SIN/SYN"), "'SIN' is none of"),
    (rule(protocol="tcp", comment="x" * 257), "comment", "256"),
    (rule(protocol="tcp", match=False), "needs something that is not to match"),
    (rule(**TCP, mismatch=["src_ip"]), "mismatch", "no src_ip"),
    (rule(**TCP, match=False), "libvirt forgets whether dst_port", "src_port"),
    (rule(protocol="arp", arp_opcode="ask"), "arp_opcode", "Request"),
    (drop("<tcp dstport='22'/>"), "nwfilter new", "dstport"),
    (drop("<tcp dstportstart='99999'/>"), "nwfilter new", "99999"),
    (drop("<tcpp/>"), "nwfilter new", "tcpp"),
    (drop("<mac srcmacaddr='1:2:3:4:5:6' srcmacmask='ff:0:ff:0:0:0'/>"), "nwfilter new", "no mask"),
    (drop("<ip dstportstart='22'/>"), "rules[0]", "ports need"),
    (xml("<filterref filter='none'/>"), "refers to nwfilter none"),
    (xml("", "name='a b'"), "nwfilter a b"),
    (xml("", "name='new' chain='web'"), "nwfilter new", "web"),
    ({"xml": "<filter name='new'>"}, "nwfilter xml", "not well-formed"),
    ({"xml": "<!DOCTYPE f><filter name='new'/>"}, "DOCTYPE"),
    ({"xml": "<network/>"}, "<filter> is needed"),
    (rule(protocol="tcp", dst_port="22-10"), "22 is behind 10"),
    (rule(protocol="tcp", src_ip_range="10.0.0.9-10.0.0.5"), "10.0.0.9 is behind"),
    *(
        ({"name": "new", "filters": [{"name": "base", "parameters": {"IP": value}}]}, "no value")
        for value in (None, True)
    ),
]


def nic(**more):
    return {"network": "lab", "filter": more}


# NICs of a guest.
NICS = [
    (nic(name="none"), "interfaces[", "no nwfilter none", "virtops.libvirt.nwfilter"),
    (nic(name="web"), "nwfilter web needs a value of OFFICE", "'parameters'"),
    (nic(name="web", parameters={"OFFICE": "10.0.0.0/8"}), "no value of a variable"),
    (nic(parameters={"IP": "10.0.0.1"}), "filter"),
    (nic(name="broken"), "no nwfilter gone, to which broken refers"),
    ({"type": "user", "filter": {"name": "base"}}, "libvirt has no filter for a NIC of type user"),
]
