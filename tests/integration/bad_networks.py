# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad networks, read by test_bad_input.py: (options, words of the message...)."""

from __future__ import annotations

from integration.bad_input import BAD_NAMES

MAC = "52:54:00:aa:03:09"


def network(*hosts, **dhcp):
    block = {"address": "10.60.0.1", "prefix": 24, "dhcp": {"hosts": list(hosts), **dhcp}}
    return {"name": "new", "ips": [block]}


def network_xml(inside="<ip address='10.60.0.1' prefix='24'/>"):
    return f"<network><name>new</name>{inside}</network>"


BLOCK = {"address": "10.60.0.1", "prefix": 24}
DHCP = {**BLOCK, "dhcp": {"ranges": [{"start": "10.60.0.100", "end": "10.60.0.199"}]}}
SPAN = {"start": "10.62.0.100", "end": "10.62.0.199"}
V6 = {"address": "fd00:60::1", "prefix": 64}
ROUTE = {"address": "10.65.0.0", "prefix": 24, "gateway": "10.60.0.2"}


def routed(*ips, **options):
    return {"name": "new", "state": "active", "ips": list(ips), **options}


NETWORK = [
    ({"name": "new", "forward": {"mode": "nat"}}, "network new", "give 'ips'"),
    *(({"name": name}, "name") for name in BAD_NAMES),
    (network({"mac": MAC, "ip": "10.61.0.5"}), "network new", "10.61.0.5 is outside the network 10.60.0.0/24"),
    (network({"mac": MAC, "ip": "10.60.0.1"}), "10.60.0.1 is the network's own address"),
    (network({"mac": MAC, "ip": "300.0.0.1"}), "ip", "not an IP address"),
    (network({"mac": "xx", "ip": "10.60.0.5"}), "mac", "not a MAC address"),
    (network({"mac": "01:00:5e:00:00:01", "ip": "10.60.0.5"}), "multicast"),
    (network({"mac": MAC}), "ip"),
    (network({"ip": "10.60.0.5"}), "network new", "10.60.0.5 is nobody's", "'mac' or 'name'"),
    (network({"mac": MAC, "ip": "10.60.0.5"}, {"mac": MAC, "ip": "10.60.0.6"}), "mac", "given twice"),
    (
        network({"mac": MAC, "ip": "10.60.0.5"}, {"mac": MAC[:-1] + "8", "ip": "10.60.0.5"}),
        "ip 10.60.0.5",
        "given twice",
    ),
    (
        network({"mac": MAC, "ip": "10.60.0.5", "name": "a"}, {"mac": MAC[:-1] + "8", "ip": "10.60.0.6", "name": "a"}),
        "name a",
        "given twice",
    ),
    (network(ranges=[{"start": "10.60.0.200", "end": "10.60.0.100"}]), "10.60.0.200", "lower one first"),
    (network(ranges=[{"start": "10.60.0.200", "end": "10.60.1.100"}]), "10.60.1.100 is outside"),
    (network(ranges=[{"start": "10.60.0.200", "end": "fd00::1"}]), "fd00::1"),
    (network(ranges=[{"start": "10.60.0.200"}]), "end"),
    (network(ranges=[{"start": "10.60.0.200", "end": "10.60.0.255"}]), "10.60.0.255"),
    (network(ranges=[{"start": "10.60.0.0", "end": "10.60.0.99"}]), "10.60.0.0"),
    ({"name": "new", "ips": [{"address": "10.60.0.1"}]}, "prefix"),
    ({"name": "new", "ips": [{"address": "10.60.0.1", "prefix": 33}]}, "prefix 33"),
    ({"name": "new", "ips": [{"address": "10.60.0.1/24"}]}, "not an IP address"),
    ({"name": "new", "ips": [{"address": "10.60.0.1", "prefix": 24}] * 2}, "address 10.60.0.1", "given twice"),
    # The running network "lab" has it.
    ({"name": "new", "ips": [{"address": "10.50.0.1", "prefix": 24}], "state": "active"}, "10.50.0", "lab"),
    ({"name": "new", "forward": {"mode": "teleport"}}, "mode", "nat"),
    ({"name": "new", "forward": {"dev": "up0"}}, "forward", "'mode'"),
    ({"name": "new", "bridge": {"name": "a/b"}}, "bridge.name"),
    ({"name": "new", "bridge": {"name": "a-name-too-long-for-linux"}}, "15 characters"),
    ({"name": "new", "bridge": {"name": "virbr0"}}, "virbr0", "lab"),
    ({"name": "new", "dns": {"hosts": [{"ip": "x", "hostnames": ["a"]}]}}, "not an IP address"),
    ({"name": "lab", "uuid": "0" * 32}, "uuid", "cannot be changed"),
    # What the host itself has on its own device, and what it has not.
    (routed({"address": "10.99.0.129", "prefix": 25}), "10.99.0.128/25 overlaps with 10.99.0.0/24", "up0"),
    (routed(BLOCK, forward={"mode": "nat", "dev": "eth77"}), "no device eth77", "name another one"),
    ({"name": "new", "forward": {"mode": "bridge"}, "bridge": {"name": "br77"}, "state": "active"}, "no device br77"),
    (routed(BLOCK, bridge={"name": "up0"}), "bridge up0", "a device of the host already"),
    (routed(BLOCK, mac="52:54:00:aa:09:01"), "mac 52:54:00:aa:09:01", "that of network lab"),
    # What does not go together.
    (
        network(ranges=[{"start": "10.60.0.9", "end": "10.60.0.20"}, {"start": "10.60.0.20", "end": "10.60.0.30"}]),
        "in two",
    ),
    (network({"mac": MAC, "ip": "10.60.0.5", "lease": {"expiry": 90, "unit": "seconds"}}), "two minutes"),
    (routed({**V6, "dhcp": {"hosts": [{"mac": MAC, "ip": "fd00:60::5"}]}}), "no MAC", "'id'"),
    (routed({**V6, "dhcp": {"hosts": [{"ip": "fd00:60::5"}]}}), "nobody's", "'name'"),
    (routed({**V6, "tftp_root": "/srv"}), "for IPv4"),
    (routed({**BLOCK, "prefix": 25, "local_ptr": True}), "ips[10.60.0.1]: 'local_ptr'", "multiple of 8"),
    (routed({**V6, "prefix": 126, "local_ptr": True}), "'local_ptr'", "multiple of 4"),
    (routed({**BLOCK, "dhcp": {"bootp": {"file": "a"}}}), "bootp", "'ranges'"),
    (routed(DHCP, {**DHCP, "address": "10.62.0.1", "dhcp": {"ranges": [SPAN]}}), "10.62.0.1 both have DHCP"),
    (routed(BLOCK, routes=[{**ROUTE, "gateway": "10.64.0.1"}]), "gateway 10.64.0.1", "'ips'"),
    (routed(BLOCK, routes=[{**ROUTE, "address": "10.65.0.1"}]), "no address of a network", "prefix"),
    (routed(BLOCK, routes=[ROUTE, ROUTE]), "address/prefix 10.65.0.0/24", "given twice"),
    (routed(BLOCK, portgroups=[{"name": "a"}, {"name": "a"}]), "name a", "given twice"),
    (routed(BLOCK, portgroups=[{"name": n, "default": True} for n in "ab"]), "a and b", "one at most"),
    (routed(BLOCK, portgroups=[{"name": "a", "vlan": {"tags": [5]}}]), "portgroups[a].vlan", "Open vSwitch"),
    (routed(BLOCK, vlan={"tags": [5]}), "'vlan'", "Open vSwitch"),
    (routed(BLOCK, bandwidth={"inbound": {"peak": 5}}), "bandwidth.inbound", "average"),
    (routed(BLOCK, dns={"srv": [{"service": "a", "protocol": "tcp", "port": 5}]}), "port of a", "'target'"),
    (routed(BLOCK, dns={"txt": [{"name": "a b", "value": "c"}]}), "a space"),
    (routed(BLOCK, forward={"mode": "route", "nat": {"ipv6": True}}), "'forward.nat'", "mode nat"),
    (routed(BLOCK, forward={"mode": "nat", "interfaces": ["up0", "lo"]}), "2 devices", "takes one"),
    (routed(BLOCK, forward={"mode": "open", "dev": "up0"}), "'forward.dev'", "mode open"),
    (routed(BLOCK, forward={"mode": "nat", "addresses": ["0000:01:00.1"]}), "mode hostdev"),
    (routed(forward={"mode": "hostdev", "interfaces": ["up0"]}), "PCI addresses"),
    (routed(forward={"mode": "private", "interfaces": ["up0"], "pf": "up0"}), "exclude each other"),
    (routed(forward={"mode": "bridge", "dev": "up0"}, bridge={"name": "br0"}), "'bridge.name'", "exclude each other"),
    (routed(forward={"mode": "vepa", "dev": "up0"}, bridge={"name": "br0"}), "'bridge.name'", "mode vepa"),
    (routed(BLOCK, forward={"mode": "bridge", "dev": "up0"}), "'ips'", "mode bridge"),
    (routed(forward={"mode": "bridge", "dev": "up0"}, mtu=1400), "'mtu'", "mode bridge"),
    (
        routed(forward={"mode": "private", "dev": "up0"}, bandwidth={"inbound": {"average": 5}}),
        "'bandwidth'",
        "private",
    ),
    (routed(forward={"mode": "open"}), "open", "give 'ips'"),
    (routed(forward={"mode": "hostdev", "addresses": ["eth0"]}), "not a PCI address"),
    ({"name": "other", "xml": network_xml()}, "<name>new</name>"),
    ({"xml": network_xml("<forwrd mode='nat'/>")}, "network new", "forwrd"),
    ({"xml": network_xml("<forward mod='nat'/>")}, "network new", "mod"),
    ({"xml": network_xml("<forward mode='teleport'/>")}, "network new", "teleport"),
    ({"xml": network_xml("<ip address='10.60.0.1' prefix='24'><dhcp><host mac='x' ip='10.60.0.5'/></dhcp></ip>")}, "x"),
    ({"xml": network_xml()[:-3]}, "network xml", "not well-formed"),
    ({"xml": "<!DOCTYPE n>" + network_xml()}, "DOCTYPE"),
    ({"xml": "<pool/>"}, "<network> is needed"),
]

HOST = {"mac": MAC, "ip": "10.60.0.5"}
SPAN6 = {"start": "fd00:60::5", "end": "fd00:60::9"}
SRV = {"service": "ldap", "protocol": "tcp", "target": "a", "port": 389}


def nat(**more):
    return routed(BLOCK, forward={"mode": "nat", "nat": more})


def dns(**records):
    return routed(BLOCK, dns=records)


def txt(value: str):
    return dns(txt=[{"name": "q", "value": value}])


# What libvirt would take, and dnsmasq, the kernel or the first guest would not.
NETWORK += [
    (txt('say "hi'), "dns.txt[q]", 'a quote (")', "pairs"),
    (txt("one\ntwo"), "dns.txt[0].value", "line break"),
    (txt("a #b"), "dns.txt[q]", "a comment"),
    (txt("x" * 256), "dns.txt[q]", "255"),
    (txt(",".join(["x" * 200] * 4)), "dns.txt[q]", "700 in all"),
    (dns(txt=[{"name": "", "value": "x"}]), "dns.txt[0].name", "it is empty"),
    (dns(srv=[{**SRV, "service": ""}]), "dns.srv[0].service: it is empty"),
    (dns(srv=[{**SRV, "service": "l d"}]), "dns.srv", "'l d'"),
    (dns(srv=[{**SRV, "target": "a b"}]), "dns.srv: target 'a b'", "a space"),
    (dns(srv=[SRV, SRV]), "dns.srv: ldap", "given twice"),
    (dns(forwarders=[{}]), "dns.forwarders", "'address', 'domain'"),
    ({"xml": network_xml("<dns><srv service='' protocol='tcp' port='1'/></dns>")}, "dns.srv"),
    (routed(BLOCK, portgroups=[{"name": "", "bandwidth": {"inbound": {"average": 1}}}]), "portgroups[0].name", "empty"),
    (
        routed(BLOCK, portgroups=[{"name": "a", "bandwidth": {"inbound": {"average": 0}}}]),
        "portgroups[a].bandwidth.inbound",
        "average",
    ),
    (
        routed(BLOCK, portgroups=[{"name": "a", "virtualport": {"type": "openvswitch"}}]),
        "'portgroups[a].virtualport'",
        "no guest could be connected",
    ),
    (
        {"name": "lab", "portgroups": [{"name": "a", "virtualport": {"type": "openvswitch"}}]},
        "'portgroups[a].virtualport'",
    ),
    (routed(BLOCK, virtualport={"type": "openvswitch"}), "'virtualport'", "isolated"),
    *(
        (network({"mac": MAC, "ip": "10.60.0.5", "name": name}), "no host name")
        for name in ("a,b", "a b", "1a", "\u00e4")
    ),
    (network({**HOST, "name": "a\tb"}), "hosts[0].name", "a tab"),
    (routed(BLOCK, mtu=0), "mtu 0"),
    (routed(BLOCK, mtu=30), "mtu 30", "68"),
    (routed(V6, mtu=1000), "mtu 1000", "1280"),
    (
        routed({**V6, "prefix": 48, "dhcp": {"ranges": [{"start": "fd00:60::5", "end": "fd00:60::9"}]}}),
        "prefix 48",
        "64",
    ),
    (routed({**V6, "dhcp": {"ranges": [{"start": "fd00:60::5", "end": "fd00:60::2:0"}]}}), "fd00:60::2:0", "nearer"),
    (nat(ports={"start": 2000, "end": 1000}), "nat.ports: 2000 is behind 1000"),
    (nat(addresses={"start": "10.99.0.200", "end": "10.99.0.100"}), "nat.addresses: 10.99.0.200 is behind"),
    (routed({"address": "fd00::1", "prefix": 0}), "prefix 0"),
    *(
        (routed({"address": address, "prefix": length}), f"ips[{address}]", words)
        for address, length, words in (
            ("::1", 128, "the host itself"),
            ("127.0.0.5", 24, "the host itself"),
            ("ff02::1", 64, "of many"),
            ("224.0.0.5", 24, "of many"),
            ("::", 64, "nobody"),
            ("0.0.0.0", 24, "nobody"),
            ("10.60.0.0", 24, "the network 10.60.0.0/24"),
            ("10.60.0.255", 24, "all of 10.60.0.0/24"),
        )
    ),
    (routed({**BLOCK, "tftp_root": "boot"}), "tftp_root 'boot'", "absolute"),
    (routed(BLOCK, dnsmasq_options=["a\nb"]), "dnsmasq_options", "line break"),
    ({"name": "lab", "uuid": "1" * 32, "state": "absent"}, "its UUID is", "correct 'uuid'"),
]
