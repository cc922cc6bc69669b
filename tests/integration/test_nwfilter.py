# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules nwfilter and nwfilter_info, on a real libvirtd."""

from __future__ import annotations

import pytest
from integration._lab import effects, paths
from lxml import etree

UUID = "6f2ab1d0-5c3e-4a7b-9d10-0123456789ab"
WEB = {
    "name": "web",
    "rules": [
        {"action": "accept", "direction": "in", "protocol": "tcp", "dst_port": 80},
        {"action": "drop", "direction": "in", "protocol": "all"},
    ],
}
XML = """<filter name='web'>
  <!-- as somebody writes it -->
  <rule action='accept' direction='in'><tcp dstportstart='0x50'/></rule>
  <rule action='drop' direction='in'><all/></rule>
</filter>"""
BOTH_WAYS = pytest.mark.parametrize("options", [WEB, {"xml": XML}], ids=["options", "xml"])
ACCEPT = {"action": "accept", "direction": "in", "priority": 500}


def written(lab, name: str = "web") -> list[str]:
    """The rules and references of a filter as libvirt writes them, without its white space."""
    parser = etree.XMLParser(remove_blank_text=True)
    document = etree.fromstring(lab.xml("nwfilter", name), parser)
    return [etree.tostring(one).decode().replace('"', "'") for one in document if one.tag != "uuid"]


@BOTH_WAYS
def test_a_filter_is_made_changed_and_removed(lab, options):
    made = lab.change("nwfilter", **options)
    assert made["steps"] == ["define nwfilter web"]
    assert made["nwfilter"]["chain"] == "root"
    assert made["nwfilter"]["rules"][0] == {**ACCEPT, "protocol": "tcp", "dst_port": 80}
    uuid = made["nwfilter"]["uuid"]
    lab.unchanged("nwfilter", **WEB)
    lab.unchanged("nwfilter", xml=XML)
    lab.unchanged("nwfilter", xml=lab.xml("nwfilter", "web"))
    lab.unchanged("nwfilter", **made["nwfilter"])

    chained = lab.change("nwfilter", **options, chain="ipv4-web")
    assert effects(chained) == {"chain": "config", "priority": "config"}
    assert chained["nwfilter"]["priority"] == -700
    # Another chain has its own priority, but for one that somebody chose.
    assert lab.change("nwfilter", **options, chain="arp")["nwfilter"]["priority"] == -500
    lab.change("nwfilter", **options, chain="ipv4-web", priority=-650)
    assert uuid in lab.xml("nwfilter", "web")
    back = lab.change("nwfilter", **options, chain="arp")
    assert back["nwfilter"]["priority"] == (-650 if "xml" not in options else -500)

    gone = lab.change("nwfilter", name="web", state="absent")
    assert (gone["nwfilter"], gone["steps"]) == ({}, ["undefine nwfilter web"])
    lab.unchanged("nwfilter", name="web", state="absent")
    assert lab.state()["nwfilter"] == {}


def test_the_order_of_rules_counts_and_one_more_is_one_change(lab):
    lab.ok("nwfilter", **WEB)
    accept, drop = WEB["rules"]
    ping = {"action": "accept", "direction": "in", "protocol": "icmp", "icmp_type": 8}
    more = lab.change("nwfilter", name="web", rules=[accept, ping, drop])
    assert paths(more) == ["rules[1]"]
    assert more["changes"][0]["before"] is None
    assert [rule.split("<")[2] for rule in written(lab)] == ["tcp dstportstart='80'/>", "icmp type='8'/>", "all/>"]
    other = lab.change("nwfilter", name="web", rules=[{**accept, "dst_port": "8000-8080"}, ping, drop])
    assert paths(other) == ["rules[0].dst_port"]
    assert (other["changes"][0]["before"], other["changes"][0]["after"]) == (80, "8000-8080")
    turned = lab.change("nwfilter", name="web", rules=[ping, {**accept, "dst_port": "8000-8080"}, drop])
    assert len(turned["changes"]) == 2
    # What a rule does not say is not in it.
    lab.ok("nwfilter", name="web", rules=[{**accept, "src_ip": "10.0.0.0/8"}])
    assert paths(lab.change("nwfilter", name="web", rules=[accept])) == ["rules[0].src_ip"]
    lab.change("nwfilter", name="web", rules=[])
    assert written(lab) == []


# Every option of a rule, as libvirt writes it: (options, XML below the rule).
RULES = [
    ({"action": "drop"}, ""),
    (
        {"protocol": "mac", "src_mac": "52:54:0:0:0:1", "match": False},
        "<mac match='no' srcmacaddr='52:54:00:00:00:01'/>",
    ),
    (
        {"protocol": "mac", "src_mac": "52:54:00:00:00:00/ff:ff:ff:00:00:00", "mac_protocol": "IPv4"},
        "<mac srcmacaddr='52:54:00:00:00:00' srcmacmask='ff:ff:ff:00:00:00' protocolid='ipv4'/>",
    ),
    ({"protocol": "mac", "dst_mac": "$MAC", "mac_protocol": "0x88a2"}, "<mac dstmacaddr='$MAC' protocolid='34978'/>"),
    (
        {"protocol": "vlan", "vlan_id": "0x10", "vlan_protocol": "arp"},
        "<vlan vlanid='16' encap-protocol='arp'/>",
    ),
    (
        {"protocol": "arp", "arp_opcode": "reply", "arp_src_ip": "$IP", "arp_src_mac": "$MAC", "arp_hw_type": 1},
        "<arp hwtype='1' opcode='Reply' arpsrcmacaddr='$MAC' arpsrcipaddr='$IP'/>",
    ),
    (
        {
            "protocol": "rarp",
            "arp_protocol_type": "0x800",
            "arp_dst_mac": "$MAC",
            "arp_dst_ip": "10.0.0.1",
            "arp_gratuitous": True,
        },
        "<rarp protocoltype='2048' arpdstmacaddr='$MAC' arpdstipaddr='10.0.0.1' gratuitous='true'/>",
    ),
    (
        {"protocol": "ip", "ip_protocol": "udp", "src_ip": "10.0.0.0/255.0.0.0", "src_port": "$PORT", "dst_port": 53},
        "<ip srcipaddr='10.0.0.0' srcipmask='8' protocol='udp' srcportstart='$PORT' dstportstart='53'/>",
    ),
    (
        {"protocol": "ipv6", "ip_protocol": 58, "icmp_type": "133-134", "icmp_code": 0, "dst_ip": "FF02:0::1/128"},
        "<ipv6 dstipaddr='ff02::1' dstipmask='128' protocol='icmpv6' type='133' typeend='134' code='0'/>",
    ),
    (
        {
            "protocol": "tcp",
            "src_ip_range": "10.0.0.5-10.0.0.9",
            "dst_ip_range": "10.1.0.5-10.1.0.9",
            "state": ["ESTABLISHED", "NEW"],
            "tcp_flags": "ack,syn/SYN",
            "connlimit_above": 3,
            "dscp": "0x2",
        },
        "<tcp srcipfrom='10.0.0.5' srcipto='10.0.0.9' dstipfrom='10.1.0.5' dstipto='10.1.0.9' dscp='2'"
        " connlimit-above='3' state='NEW,ESTABLISHED' flags='SYN,ACK/SYN'/>",
    ),
    (
        {"protocol": "tcp", "dst_port": 22, "src_ip": "$IP[@0]", "dst_ip": "$ IP[ 2 ]", "mismatch": ["src_ip"]},
        "<tcp dstipaddr='$IP[2]' dstportstart='22'/><tcp match='no' srcipaddr='$IP'/>",
    ),
    ({"protocol": "all", "ipset": "good", "ipset_flags": ["src", "dst"]}, "<all ipset='good' ipsetflags='src,dst'/>"),
    (
        {"protocol": "icmpv6", "icmp_type": 8, "comment": "<a> & ping"},
        "<icmpv6 type='8' comment='&lt;a&gt; &amp; ping'/>",
    ),
    (
        {
            "protocol": "stp",
            "stp_type": 1,
            "stp_flags": 2,
            "stp_root_priority": "1-2",
            "stp_root_address": "01:80:c2:00:00:00/ff:ff:ff:00:00:00",
            "stp_root_cost": "3-70000",
            "stp_sender_priority": "5-6",
            "stp_sender_address": "01:80:c2:00:00:00",
            "stp_port": 7,
            "stp_age": "8-9",
            "stp_max_age": 10,
            "stp_hello_time": 11,
            "stp_forward_delay": 12,
            "match": False,
        },
        "<stp match='no' type='1' flags='2' root-priority='1' root-priority-hi='2' root-address='01:80:c2:00:00:00'"
        " root-address-mask='ff:ff:ff:00:00:00' root-cost='3' root-cost-hi='70000' sender-priority='5'"
        " sender-priority-hi='6' sender-address='01:80:c2:00:00:00' port='7' age='8' age-hi='9' max-age='10'"
        " hello-time='11' forward-delay='12'/>",
    ),
]


def said(element) -> tuple:
    """What an element says. Releases write numbers, and what is not to match, each in its own way."""
    values = {key: str(int(text, 16)) if text.startswith("0x") else text for key, text in element.attrib.items()}
    return element.tag, sorted(values.items())


def test_what_a_rule_can_say(lab):
    rules = [{"action": "accept", "direction": "inout", **options} for options, _xml in RULES]
    rules[0].update(statematch=False, priority=-1000)
    made = lab.change("nwfilter", name="web", rules=rules)
    found = [etree.fromstring(one) for one in written(lab)]
    assert dict(found[0].attrib) == {
        "action": "drop",
        "direction": "inout",
        "priority": "-1000",
        "statematch": "false",
    }
    for rule, (_options, xml) in zip(found, RULES):
        expected = etree.fromstring(f"<rule>{xml}</rule>")
        assert sorted(map(said, rule)) == sorted(map(said, expected))
    lab.unchanged("nwfilter", **made["nwfilter"])
    lab.unchanged("nwfilter", xml=lab.xml("nwfilter", "web"))


# What the schema does not know and the daemon takes: it can be there, and is kept.
BEYOND = """<filter name='web'>
  <rule action='accept' direction='in'><tcp-ipv6 state='NEW' option='3' dstportstart='80'/></rule>
  <rule action='accept' direction='in'><arp arpsrcipaddr='10.0.0.0' arpsrcipmask='255.0.0.0'/></rule>
</filter>"""


def test_what_only_the_daemon_takes_is_kept(lab):
    lab.shell("cat >/root/web.xml && virsh nwfilter-define /root/web.xml", BEYOND)
    words = lab.run("nwfilter_info")["nwfilters"][0]
    assert words["rules"][0] == {**ACCEPT, "protocol": "tcp-ipv6", "dst_port": 80, "state": ["NEW"], "tcp_option": 3}
    assert words["rules"][1]["arp_src_ip"] == "10.0.0.0/8"
    lab.unchanged("nwfilter", **words)
    lab.change("nwfilter", name="web", rules=[*words["rules"], WEB["rules"][0]])
    assert len(written(lab)) == 3
    assert "state='NEW'" in written(lab)[0]


def test_filters_refer_to_filters(lab):
    lab.ok("nwfilter", name="base", rules=[{"action": "drop", "direction": "in", "protocol": "tcp", "src_ip": "$IP"}])
    lab.ok("nwfilter", name="other")
    references = [{"name": "base", "parameters": {"IP": ["10.0.0.1", "10.0.0.2"], "A": "b"}}, {"name": "other"}]
    made = lab.change("nwfilter", **WEB, filters=references)
    assert made["nwfilter"]["filters"] == references
    first, *_others, last = written(lab)
    assert first.count("<parameter name='IP'") == 2
    assert "<all/>" in last
    lab.unchanged("nwfilter", **made["nwfilter"])
    fewer = lab.change("nwfilter", name="web", filters=references[1:])
    assert paths(fewer) == ["filters[base]"]
    lab.change("nwfilter", name="web", filters=references[::-1])
    assert "nwfilter web refers to it" in lab.refused("nwfilter", name="base", state="absent")
    assert "by way of web" in lab.refused("nwfilter", name="base", filters=[{"name": "web"}])
    assert "refers to itself" in lab.refused("nwfilter", name="base", filters=[{"name": "base"}])
    info = lab.check("nwfilter_info", name=["base"])
    assert info["used_by"] == {"base": {"domains": [], "running": [], "nwfilters": ["web"]}}


def test_a_document_orders_rules_and_references(lab):
    lab.ok("nwfilter", name="base")
    lab.ok("nwfilter", **WEB, filters=[{"name": "base"}])
    turned = XML.replace("</filter>", "<filterref filter='base'/></filter>")
    moved = lab.change("nwfilter", xml=turned)
    assert paths(moved) == ["order of rules and filters"]
    assert "filterref" in written(lab)[-1]
    # No option says it, and what they say stays where it is.
    lab.unchanged("nwfilter", **WEB, filters=[{"name": "base"}])
    lab.change("nwfilter", name="web", rules=WEB["rules"][:1])
    assert "filterref" in written(lab)[-1]


def test_a_filter_that_is_gone_is_missed_before_the_start(lab):
    lab.ok("nwfilter", **WEB)
    lab.ok("network", name="lab")
    nic = {"network": "lab", "filter": {"name": "web"}}
    lab.change("domain", name="guest", virt_type="qemu", memory="16 MiB", interfaces=[nic])
    assert "domain guest refers to it" in lab.refused("nwfilter", name="web", state="absent")
    # libvirt itself only minds guests that run.
    lab.virsh("nwfilter-undefine", "web")
    assert "no nwfilter web" in lab.refused("domain", name="guest", state="running")
    lab.unchanged("domain", name="guest", state="stopped")
    lab.ok("domain", name="guest", state="absent")


def test_a_uuid_is_kept_and_nobody_elses(lab):
    lab.change("nwfilter", **WEB, uuid=UUID)
    lab.unchanged("nwfilter", xml=XML)
    other = UUID.replace("6", "7")
    assert f"uuid is {UUID} and cannot be changed" in lab.refused("nwfilter", name="web", uuid=other)
    told = lab.refused("nwfilter", xml=XML.replace("<!--", f"<uuid>{other}</uuid><!--"))
    assert "cannot be changed" in told
    assert "is that of nwfilter web" in lab.refused("nwfilter", name="new", uuid=UUID)


# As options and as the XML that libvirt takes and keeps as the opposite, or not at all.
LOST = [
    ({"protocol": "tcp", "dst_port": 22, "match": False}, "<tcp match='no' dstportstart='22'/>", "src_port"),
    ({"protocol": "icmp", "icmp_code": 3, "match": False}, "<icmp match='no' code='3'/>", "icmp_type"),
    (None, "<tcp ipset='a' ipsetflags='src'/>", "protocol all"),
    ({"protocol": "tcp", "src_port": 1, "dst_port": 22, "mismatch": ["dst_port"]}, None, "two rules"),
]


@pytest.mark.parametrize(("options", "xml", "word"), LOST)
def test_what_libvirt_would_not_keep_is_refused(lab, options, xml, word):
    tasks = []
    if options:
        tasks.append({"name": "web", "rules": [{"action": "drop", "direction": "in", **options}]})
    if xml:
        tasks.append({"xml": f"<filter name='web'><rule action='drop' direction='in'>{xml}</rule></filter>"})
        lab.shell("cat >/root/web.xml && virsh nwfilter-define --validate /root/web.xml", tasks[-1]["xml"])
        lab.virsh("nwfilter-undefine", "web")
    for task in tasks:
        told = lab.refused("nwfilter", **task)
        assert "nwfilter web: rules[0]: libvirt" in told
        assert word in told


def test_what_virsh_made_is_adopted(lab):
    lab.shell("cat >/root/web.xml && virsh nwfilter-define /root/web.xml", XML)
    lab.unchanged("nwfilter", **WEB)
    lab.unchanged("nwfilter", xml=XML)
    found = lab.run("nwfilter_info")
    assert found["nwfilters"] == lab.check("nwfilter_info", name=["web", "none"])["nwfilters"]
    lab.unchanged("nwfilter", **found["nwfilters"][0])
