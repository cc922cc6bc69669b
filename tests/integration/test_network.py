# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules network and network_info, on a real libvirtd."""

from __future__ import annotations

import copy

import pytest
from integration._lab import effects, paths
from lxml import etree

MAC = "52:54:00:aa:00:01"
OPTIONS = {
    "name": "lab",
    "forward": {"mode": "nat"},
    "domain": {"name": "lab.test", "local_only": True},
    "dns": {"hosts": [{"ip": "192.168.150.2", "hostnames": ["gate", "router"]}]},
    "ips": [
        {
            "address": "192.168.150.1",
            "prefix": 24,
            "dhcp": {
                "ranges": [{"start": "192.168.150.100", "end": "192.168.150.199"}],
                "hosts": [{"mac": MAC, "name": "web1", "ip": "192.168.150.11"}],
            },
        }
    ],
}
XML = f"""<network ipv6='yes'>
  <name><![CDATA[lab]]></name>
  <!-- netmask in place of prefix, as older documents have it -->
  <forward mode='nat'/>
  <domain name='lab.test' localOnly='yes'/>
  <dns><host ip='192.168.150.2'><hostname>gate</hostname><hostname>router</hostname></host></dns>
  <ip address='192.168.150.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='192.168.150.100' end='192.168.150.199'/>
      <host mac='{MAC.upper()}' name='web1' ip='192.168.150.11'/>
    </dhcp>
  </ip>
</network>"""
BOTH_WAYS = pytest.mark.parametrize("options", [OPTIONS, {"xml": XML}], ids=["options", "xml"])


@BOTH_WAYS
def test_a_network_is_made_switched_changed_and_removed(lab, options):
    made = lab.change("network", **options)
    assert made["changes"] == [{"path": "", "before": None, "after": made["diff"][0]["after"], "effect": "config"}]
    assert made["network"]["state"] == "inactive"
    tree = lab.tree("network", "lab")
    assert (tree.find("forward").get("mode"), tree.find("ip").get("address")) == ("nat", "192.168.150.1")

    started = lab.change("network", **options, state="active", autostart=True)
    assert paths(started) == ["autostart", "state"]
    uuid, bridge = tree.findtext("uuid"), tree.find("bridge").get("name")
    assert bridge in lab.shell("ls /sys/class/net")

    titled = lab.change("network", **{**options, "domain": {"name": "other.test"}})
    assert titled["changes"] == [
        {"path": "domain.name", "before": "lab.test", "after": "other.test", "effect": "next_boot"}
    ]
    assert "-  <domain name" not in titled["diff"][0]["after"]
    assert 'name="other.test"' in titled["diff"][1]["after"]
    tree = lab.tree("network", "lab")
    assert (tree.findtext("uuid"), tree.find("bridge").get("name")) == (uuid, bridge)
    assert tree.find("domain").get("name") == "other.test"
    assert "lab.test" in lab.virsh("net-dumpxml", "lab"), "the running network changes at its next start only"

    lab.change("network", name="lab", state="inactive")
    gone = lab.change("network", name="lab", state="absent")
    assert (gone["network"], paths(gone)) == ({}, ["state"])
    assert lab.state()["network"] == {}


@BOTH_WAYS
def test_a_new_network_is_made_active_at_once_and_removed_while_it_is(lab, options):
    lab.change("network", **options, state="active", autostart=True)
    gone = lab.change("network", **options, state="absent")
    assert [change["effect"] for change in gone["changes"]] == ["live"]


def test_what_the_document_says_and_what_the_options_say_is_the_same(lab):
    lab.ok("network", xml=XML)
    lab.unchanged("network", **OPTIONS)
    lab.ok("network", name="lab", state="absent")
    lab.ok("network", **OPTIONS)
    lab.unchanged("network", xml=XML.replace(" ipv6='yes'", ""))


def test_a_list_that_is_given_is_whole(lab):
    lab.ok("network", **OPTIONS)
    options = copy.deepcopy(OPTIONS)
    options["ips"][0]["dhcp"] = {"ranges": [{"start": "192.168.150.50", "end": "192.168.150.60"}], "hosts": []}
    changed = lab.change("network", **options)
    assert [(c["path"], bool(c["after"])) for c in changed["changes"]] == [
        ("ips[192.168.150.1].dhcp.ranges[192.168.150.50]", True),
        ("ips[192.168.150.1].dhcp.ranges[192.168.150.100]", False),
        (f"ips[192.168.150.1].dhcp.hosts[{MAC}]", False),
    ]
    assert len(lab.tree("network", "lab").findall("ip/dhcp/*")) == 1
    options["ips"][0]["dhcp"] = {"ranges": []}
    lab.change("network", **options)
    assert lab.tree("network", "lab").findall("ip/dhcp/*") == []
    # What the task does not speak of stays.
    assert lab.tree("network", "lab").find("dns/host").get("ip") == "192.168.150.2"


def test_a_task_adds_to_lists_within_lists(lab):
    lab.ok("network", **OPTIONS, state="active")
    dhcp = {
        "hosts": [
            {"mac": "52:54:00:aa:00:02", "ip": "192.168.150.12"},
            {"mac": MAC, "name": "www", "ip": "192.168.150.11"},
        ]
    }
    more = {"ips": [{"address": "192.168.150.1", "dhcp": dhcp}], "dns": {"hosts": [{"ip": "192.168.150.3"}]}}
    more["dns"]["hosts"][0]["hostnames"] = ["new"]
    changed = lab.change("network", name="lab", **more, purge=False)
    assert set(effects(changed).values()) == {"live"}
    after = changed["network"]
    (address,) = after["ips"]
    assert [(one["ip"], one.get("name")) for one in address["dhcp"]["hosts"]] == [
        ("192.168.150.11", "www"),
        ("192.168.150.12", None),
    ]
    assert address["dhcp"]["ranges"] == OPTIONS["ips"][0]["dhcp"]["ranges"]
    assert [one["ip"] for one in after["dns"]["hosts"]] == ["192.168.150.2", "192.168.150.3"]
    # libvirt writes no weight of 0.
    record = {"service": "ldap", "protocol": "tcp", "target": "www.lab.test", "port": 389, "priority": 0, "weight": 0}
    lab.change("network", name="lab", dns={"srv": [record]}, purge=False)


def test_ipv6_beside_ipv4(lab):
    options = {
        "name": "lab",
        "forward": {"mode": "route"},
        "bridge": {"name": "virbr77", "stp": False, "delay": 3},
        "mtu": 1400,
        "ips": [
            {"address": "10.20.0.1", "prefix": 16},
            {
                "address": "fd00:20::1",
                "prefix": 64,
                "dhcp": {
                    "ranges": [{"start": "fd00:20::100", "end": "fd00:20::1ff"}],
                    "hosts": [{"name": "web1", "ip": "fd00:20::11"}],
                },
            },
        ],
    }
    made = lab.change("network", **options, state="active")
    assert made["network"]["ips"] == options["ips"]
    assert lab.tree("network", "lab").findall("ip")[1].get("family") == "ipv6"
    options["ips"].reverse()
    lab.unchanged("network", **options)
    # One that is written another way is the same address.
    options["ips"][0]["address"] = "FD00:20:0::1"
    lab.unchanged("network", **options)


def test_a_change_by_hand_is_told_and_put_right(lab):
    lab.ok("network", **OPTIONS)
    lab.shell(
        "virsh net-dumpxml --inactive lab | sed -e s/lab.test/mine.test/ -e s,/router,/router, >/root/n.xml;"
        " virsh net-define /root/n.xml"
    )
    put_right = lab.change("network", **OPTIONS)
    assert put_right["changes"] == [
        {"path": "domain.name", "before": "mine.test", "after": "lab.test", "effect": "config"}
    ]


WHOLE = """<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>
  <name>whole</name>
  <forward mode='nat'>
    <nat ipv6='yes'><address start='10.30.0.50' end='10.30.0.51'/><port start='2000' end='3000'/></nat>
  </forward>
  <bridge stp='on' delay='0' zone='libvirt' macTableManager='libvirt'/>
  <mac address='52:54:00:AA:BB:CC'/>
  <dns forwardPlainNames='no'>
    <forwarder addr='10.99.0.1'/>
    <forwarder domain='example.test' addr='10.99.0.1'/>
    <txt name='example' value='example value'/>
    <srv service='name' protocol='tcp' domain='test-domain.test' target='.' port='1024' priority='10' weight='10'/>
  </dns>
  <bandwidth>
    <inbound average='1000' peak='5000' burst='5120'/><outbound average='128' peak='256' burst='256'/>
  </bandwidth>
  <portgroup name='engineering' default='yes'><bandwidth><inbound average='1000'/></bandwidth></portgroup>
  <portgroup name='sales'/>
  <ip address='10.30.0.1' netmask='255.255.0.0' localPtr='yes'>
    <tftp root='/var/lib/tftpboot'/>
    <dhcp>
      <range start='10.30.0.100' end='10.30.0.199'><lease expiry='1' unit='hours'/></range>
      <bootp file='pxelinux.0' server='10.30.0.2'/>
    </dhcp>
  </ip>
  <route address='10.40.0.0' prefix='16' gateway='10.30.0.2' metric='2'/>
  <route family='ipv6' address='fd00:40::' prefix='64' gateway='fd00:30::2'/>
  <ip family='ipv6' address='fd00:30::1' prefix='64'/>
  <dnsmasq:options><dnsmasq:option value='cache-size=77'/></dnsmasq:options>
</network>"""


def test_a_document_with_everything_is_kept_exactly(lab):
    lab.change("network", xml=WHOLE)
    tree = lab.tree("network", "whole")
    assert len(tree.findall("portgroup")) == 2
    assert tree.find(".//{*}option").get("value") == "cache-size=77"
    # Options leave alone what they do not speak of.
    before = etree.tostring(tree, method="c14n")
    lab.change("network", name="whole", domain={"name": "x.test"})
    tree = lab.tree("network", "whole")
    tree.remove(tree.find("domain"))
    parser = etree.XMLParser(remove_blank_text=True)
    assert etree.tostring(etree.fromstring(etree.tostring(tree), parser), method="c14n") == etree.tostring(
        etree.fromstring(before, parser), method="c14n"
    )


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("<portgroup name='sales'/>", "", "portgroup[@name='sales']"),
        ("<txt name='example' value='example value'/>", "", "dns/txt"),
        ("<forwarder domain='example.test' addr='10.99.0.1'/>", "", "dns/forwarder[@domain]"),
        (" zone='libvirt'", "", "bridge[@zone]"),
        ("<tftp root='/var/lib/tftpboot'/>", "", "ip/tftp"),
        ("<route address='10.40.0.0' prefix='16' gateway='10.30.0.2' metric='2'/>", "", "route[@metric]"),
        ("<dnsmasq:options><dnsmasq:option value='cache-size=77'/></dnsmasq:options>", "", "{*}options"),
        ("<inbound average='1000' peak='5000' burst='5120'/>", "", "bandwidth/inbound"),
        (" metric='2'", " metric='3'", "route[@metric='2']"),
        ("average='128'", "average='129'", "bandwidth/outbound[@average='128']"),
        ("<lease expiry='1' unit='hours'/>", "", "ip/dhcp/range/lease"),
    ],
)
def test_what_is_taken_out_of_the_document_is_taken_out_of_the_network(lab, old, new, place):
    lab.ok("network", xml=WHOLE)
    assert lab.tree("network", "whole").find(place) is not None
    lab.change("network", xml=WHOLE.replace(old, new))
    assert lab.tree("network", "whole").find(place) is None


LIMITS = {way: {"average": 1000, "peak": 2000, "burst": 512} for way in ("inbound", "outbound")}
PORT = {"type": "802.1Qbg", "managerid": 11, "typeid": 1193047, "typeidversion": 2}
INSTANCE, OTHER = "09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f", "19b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f"
# Networks with every option, and other values of all of them.
BRIDGED = {
    "name": "every",
    "forward": {
        "mode": "nat",
        "dev": "up0",
        "nat": {
            "ipv6": True,
            "addresses": {"start": "10.99.0.50", "end": "10.99.0.51"},
            "ports": {"start": 2000, "end": 3000},
        },
    },
    "bridge": {"name": "every0", "stp": False, "delay": 2, "zone": "libvirt", "mac_table_manager": "libvirt"},
    "mac": "52:54:00:aa:00:99",
    "mtu": 1400,
    "ipv6": True,
    "isolated_ports": True,
    "trust_guest_rx_filters": True,
    "domain": {"name": "every.test", "local_only": True},
    "dns": {
        "enable": True,
        "forward_plain_names": False,
        "forwarders": [{"address": "10.99.0.1"}, {"domain": "own.test"}, {"domain": "a.test", "address": "10.99.0.2"}],
        "hosts": [{"ip": "10.31.0.2", "hostnames": ["gate"]}],
        "txt": [{"name": "about", "value": "two words"}],
        "srv": [
            {
                "service": "ldap",
                "protocol": "tcp",
                "domain": "every.test",
                "target": "gate.every.test",
                "port": 389,
                "priority": 1,
                "weight": 2,
            }
        ],
    },
    "ips": [
        {
            "address": "10.31.0.1",
            "prefix": 24,
            "local_ptr": True,
            "tftp_root": "/srv/tftp",
            "dhcp": {
                "ranges": [{"start": "10.31.0.100", "end": "10.31.0.199", "lease": {"expiry": 2, "unit": "hours"}}],
                "hosts": [{"mac": MAC, "name": "web1", "ip": "10.31.0.11", "lease": {"expiry": 0}}],
                "bootp": {"file": "pxelinux.0", "server": "10.31.0.2"},
            },
        },
        {
            "address": "fd00:31::1",
            "prefix": 64,
            "dhcp": {
                "ranges": [{"start": "fd00:31::100", "end": "fd00:31::1ff"}],
                "hosts": [{"id": "0:4:7e:7d:f0:7d:a8:bc:c5:d2:13:32:11:ed:16:ea:84:63", "ip": "fd00:31::11"}],
            },
        },
    ],
    "routes": [
        {"address": "10.32.0.0", "prefix": 16, "gateway": "10.31.0.2", "metric": 2},
        {"address": "10.32.0.0", "prefix": 24, "gateway": "10.31.0.3"},
        {"address": "fd00:32::", "prefix": 64, "gateway": "fd00:31::2"},
    ],
    "bandwidth": LIMITS,
    "portgroups": [
        {"name": "slow", "default": True, "trust_guest_rx_filters": True, "bandwidth": LIMITS},
        {"name": "fast"},
    ],
    "dnsmasq_options": ["cache-size=77", "log-queries"],
}
BRIDGED_OTHERWISE = {
    **BRIDGED,
    "forward": {
        "mode": "nat",
        "dev": "lo",
        "nat": {"ipv6": False, "addresses": {}, "ports": {"start": 2001, "end": 3001}},
    },
    "bridge": {"name": "every1", "stp": True, "delay": 3, "zone": "public", "mac_table_manager": "kernel"},
    "mac": "52:54:00:aa:00:98",
    "mtu": 1300,
    "ipv6": False,
    "isolated_ports": False,
    "trust_guest_rx_filters": False,
    "domain": {},
    "dns": {
        "forward_plain_names": True,
        "forwarders": [{"address": "10.99.0.3"}],
        "hosts": [],
        "txt": [{"name": "about", "value": "another"}],
        "srv": [{"service": "ldap", "protocol": "udp", "target": "a.test"}],
    },
    "ips": [
        {
            "address": "10.31.0.1",
            "prefix": 16,
            "local_ptr": False,
            "tftp_root": "",
            "dhcp": {
                "ranges": [{"start": "10.31.0.100", "end": "10.31.0.200", "lease": {}}],
                "hosts": [{"mac": MAC, "name": "web2", "ip": "10.31.0.12", "lease": {"expiry": 5, "unit": "minutes"}}],
                "bootp": {},
            },
        },
    ],
    "routes": [{"address": "10.32.0.0", "prefix": 24, "gateway": "10.31.0.4", "metric": 3}],
    "bandwidth": {"inbound": {"average": 2000}, "outbound": {}},
    "portgroups": [{"name": "fast", "bandwidth": {"outbound": {"average": 9}}}],
    "dnsmasq_options": ["log-queries"],
}
POOL = {
    "name": "every",
    "forward": {"mode": "passthrough", "interfaces": ["up0", "lo"]},
    "vlan": {"tags": [42], "trunk": False},
}
POOL_OTHERWISE = {
    "name": "every",
    "forward": {"mode": "passthrough", "dev": "lo"},
    "vlan": {"tags": [43, 44], "trunk": True, "native_tagged": 44},
}
MACVTAP = {
    "name": "every",
    "forward": {"mode": "vepa", "interfaces": ["up0", "lo"]},
    "virtualport": {**PORT, "instanceid": INSTANCE},
    "portgroups": [{"name": "a", "virtualport": {**PORT, "instanceid": INSTANCE}}],
}
MACVTAP_OTHERWISE = {
    "name": "every",
    "forward": {"mode": "private", "interfaces": ["lo", "up0"]},
    "virtualport": {"type": "802.1Qbg", "managerid": 12, "typeid": 1193048, "typeidversion": 3, "instanceid": OTHER},
    "portgroups": [{"name": "a", "virtualport": {"type": "802.1Qbg", "managerid": 12, "typeid": 5}}],
}
SWITCH = {
    "name": "every",
    "forward": {"mode": "bridge"},
    "bridge": {"name": "ovs0"},
    "virtualport": {"type": "openvswitch", "profileid": "web", "interfaceid": INSTANCE},
    "vlan": {"trunk": True, "tags": [10, 20], "native_untagged": 10},
    "portgroups": [
        {
            "name": "a",
            "virtualport": {"type": "openvswitch", "profileid": "a", "interfaceid": OTHER},
            "vlan": {"trunk": True, "tags": [10, 20], "native_untagged": 10},
        }
    ],
}
SWITCH_OTHERWISE = {
    **SWITCH,
    "virtualport": {"type": "openvswitch", "profileid": "db", "interfaceid": OTHER},
    # The native one stays where its tag does.
    "vlan": {"tags": [20, 10, 30]},
    "portgroups": [{"name": "a", "virtualport": {}, "vlan": {"tags": [10], "trunk": True, "native_tagged": 10}}],
}
DEVICES = {"name": "every", "forward": {"mode": "hostdev", "pf": "up0", "managed": True, "driver": "vfio"}}
DEVICES_OTHERWISE = {"name": "every", "forward": {"mode": "hostdev", "pf": "lo", "managed": False, "driver": "vfio"}}


@pytest.mark.parametrize(
    ("options", "otherwise"),
    [
        (BRIDGED, BRIDGED_OTHERWISE),
        (POOL, POOL_OTHERWISE),
        (MACVTAP, MACVTAP_OTHERWISE),
        (SWITCH, SWITCH_OTHERWISE),
        (DEVICES, DEVICES_OTHERWISE),
    ],
    ids=["bridged", "pool", "macvtap", "switch", "devices"],
)
def test_every_option_is_made_changed_and_changed_back(lab, options, otherwise):
    made = lab.change("network", **options)
    assert made["network"] == {**made["network"], **_kept(options)}
    first = lab.xml("network", "every")
    lab.change("network", **otherwise)
    lab.change("network", **options)
    lab.change("network", name="every", state="absent")
    lab.change("network", xml=first)
    lab.unchanged("network", **options)


def _kept(options: dict) -> dict:
    """Options as libvirt keeps them: the first device of a pool in both places, and of a single VLAN no trunk."""
    if options.get("vlan", {}).get("trunk") is False:
        options = {**options, "vlan": {"tags": options["vlan"]["tags"]}}
    forward = options["forward"]
    devices = forward.get("interfaces") or ([forward["dev"]] if "dev" in forward else [])
    return {**options, "forward": {**forward, **({"dev": devices[0], "interfaces": devices} if devices else {})}}


NEWER = {
    "title": "A network",
    "description": "of two lines",
    "domain": {"name": "a.test", "register": True, "local_only": True},
}


def test_what_only_a_newer_libvirt_has_is_refused_by_an_older_one(lab):
    if lab.host.release != "bookworm":
        lab.change("network", name="newer", **NEWER)
        return
    for name, value in NEWER.items():
        assert "schema" in lab.refused("network", name="newer", **{name: value})


def test_dns_is_switched_off_and_on(lab):
    lab.ok("network", **OPTIONS)
    assert "'dns.hosts'" in lab.refused("network", name="lab", dns={"enable": False})
    lab.change("network", name="lab", dns={"enable": False, "hosts": []}, state="active")
    assert "port=0" in lab.shell("cat /var/lib/libvirt/dnsmasq/lab.conf")
    lab.change("network", name="lab", dns={"enable": True})


def test_a_network_is_isolated_again(lab):
    lab.ok("network", **OPTIONS)
    changed = lab.change("network", name="lab", forward={})
    assert paths(changed) == ["forward"]
    assert lab.tree("network", "lab").find("forward") is None


def test_info_can_be_fed_back(lab):
    lab.ok("network", **OPTIONS, state="active", autostart=True)
    lab.ok("network", xml=WHOLE)
    networks = lab.run("network_info")["networks"]
    assert [network["name"] for network in networks] == ["lab", "whole"]
    assert networks == lab.check("network_info", name=["whole", "lab", "none"])["networks"]
    for network in networks:
        lab.unchanged("network", **network)


def test_info_of_networks_without_dhcp(lab):
    lab.ok("network", name="macvtap", forward={"mode": "private", "dev": "up0"}, state="active")
    lab.ok("network", name="off", ips=OPTIONS["ips"])
    told = lab.run("network_info", leases=True, ports=True, guests=True)
    nothing = {"macvtap": [], "off": []}
    assert (told["leases"], told["ports"], told["guests"]) == (nothing, nothing, nothing)


def test_a_network_that_does_not_exist_is_absent_already(lab):
    lab.unchanged("network", name="none", state="absent")


def test_effects_of_a_network_that_is_off(lab):
    lab.ok("network", **OPTIONS)
    options = copy.deepcopy(OPTIONS)
    options["ips"][0]["dhcp"]["hosts"] = []
    assert set(effects(lab.change("network", **options)).values()) == {"config"}


TRANSIENT = "<network><name>passing</name><ip address='10.74.0.1' prefix='24'/></network>"


@pytest.mark.parametrize(
    "options", [{"state": "inactive"}, {"autostart": True}, {"state": "active", "autostart": True}]
)
def test_a_network_that_is_in_no_definition_gets_one_where_it_is_to_stay(lab, options):
    lab.shell("virsh -q net-create /dev/stdin", TRANSIENT)
    lab.change("network", name="passing", **options)
    assert "passing" in lab.virsh("net-list", "--all", "--persistent", "--name")


def test_another_record_of_a_service_waits_for_the_next_start(lab):
    """libvirt cannot tell two of them apart that say the same domain, or none."""
    options = {"name": "new", "state": "active", "ips": [{"address": "10.74.0.1", "prefix": 24}]}
    service = {"service": "ldap", "protocol": "tcp", "target": "a", "port": 1}
    lab.change("network", **options, dns={"srv": [service]})
    changed = lab.change("network", **options, dns={"srv": [{**service, "target": "b"}]})
    assert {change["effect"] for change in changed["changes"]} == {"next_boot"}


@pytest.mark.parametrize("way", ["options", "xml"])
def test_what_does_not_go_with_another_mode_goes(lab, way):
    def change(document: str, **options):
        if way == "options":
            return lab.change("network", name="lab", **options)
        return lab.change("network", xml=f"<network><name>lab</name>{document}</network>")

    lab.ok("network", **OPTIONS, autostart=False)
    changed = change("<forward mode='bridge'/><bridge name='br0'/>", forward={"mode": "bridge"}, bridge={"name": "br0"})
    assert {"forward.mode", "mac", "ips[192.168.150.1]"} <= set(paths(changed))
    change("<forward mode='private'><interface dev='up0'/></forward>", forward={"mode": "private", "dev": "up0"})
    assert lab.tree("network", "lab").find("bridge") is None
    # A bridge that libvirt makes, and names.
    address = "<ip address='10.5.5.1' prefix='24'/>"
    change(f"<forward mode='nat'/>{address}", forward={"mode": "nat"}, ips=[{"address": "10.5.5.1", "prefix": 24}])
    assert lab.tree("network", "lab").find("bridge").get("name").startswith("virbr")
    change(address, forward={})
    assert lab.tree("network", "lab").find("mac") is not None


def test_what_the_task_itself_asks_for_is_refused_in_another_mode(lab):
    lab.ok("network", **OPTIONS)
    bridge = {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}}
    assert "'ips'" in lab.refused("network", name="lab", **bridge, ips=OPTIONS["ips"])
    assert "'bridge.stp'" in lab.refused("network", name="lab", forward=bridge["forward"], bridge={"stp": True})
    limited = lab.ok("network", name="lab", forward={"mode": "nat", "dev": "up0"})["network"]["forward"]
    assert limited["dev"] == "up0"
    changed = lab.change("network", name="lab", forward={"mode": "open"})
    assert "forward.dev" in paths(changed)
