# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a network filter: their values, their order, and what they refer to."""

from __future__ import annotations

import pytest
from lxml import etree

from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.details import DETAILS
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.references import (
    Reference,
    described,
    lacking,
)
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.rules import RULES
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.values import variable

BY_NAME = {one.name: one for one in DETAILS}


@pytest.mark.parametrize(
    ("option", "given", "shown"),
    [
        ("dst_port", "22", 22),
        ("dst_port", "0x16", 22),
        ("dst_port", "8000-$END", "8000-$END"),
        ("dst_port", "-80", "-80"),
        ("src_ip", "10.0.0.0/255.255.0.0", "10.0.0.0/16"),
        ("src_ip", "FD00:0:0::1/ffff::", "fd00::1/16"),
        ("src_ip", "$IP[@0]/$MASK", "$IP/$MASK"),
        ("src_mac", "1:2:3:A:b:C/ff:ff:ff:0:0:0", "01:02:03:0a:0b:0c/ff:ff:ff:00:00:00"),
        ("mac_protocol", "2048", "ipv4"),
        ("mac_protocol", 0x88A2, "0x88a2"),
        ("ip_protocol", "TCP", "tcp"),
        ("arp_opcode", "1", "Request"),
        ("state", ["RELATED", "NEW"], ["NEW", "RELATED"]),
        ("state", ["NEW", "NONE"], ["NONE"]),
        ("ipset_flags", ["dst", "src", "dst"], ["dst", "src", "dst"]),
        ("tcp_flags", "urg,psh,ack,rst,syn,fin/none", "ALL/NONE"),
        ("arp_gratuitous", True, True),
        ("comment", " a ", " a "),
    ],
)
def test_a_value_has_one_form(option, given, shown):
    detail = BY_NAME[option]
    canonical = detail.parse(given, option)
    assert detail.show(canonical) == shown
    assert detail.parse(detail.show(canonical), option) == canonical
    for part, value in detail.values(canonical):
        assert part.value.read(part.value.text(value)) == value


@pytest.mark.parametrize(
    ("given", "expected"),
    [("$IP", "$IP"), ("$ IP [ @ 0 ] ", "$IP"), ("$IP[@01]", "$IP[@1]"), ("$IP[0]", "$IP[0]")],
)
def test_a_variable_is_written_as_libvirt_writes_it(given, expected):
    assert variable(given) == expected


@pytest.mark.parametrize("given", ["$", "$a-b", "$a[", "$a[@]", "$a[@1001]", "$a b"])
def test_what_is_no_variable(given):
    with pytest.raises(ValueError, match=r"\$"):
        variable(given)


ACCEPT, DROP, PING = (
    {"action": action, "direction": "in", "protocol": protocol}
    for action, protocol in (("accept", "tcp"), ("drop", "all"), ("accept", "icmp"))
)


@pytest.mark.parametrize(
    ("before", "after", "pairs"),
    [
        ([ACCEPT, DROP], [ACCEPT, PING, DROP], [(0, 0), (1, None), (2, 1)]),
        ([ACCEPT, PING, DROP], [ACCEPT, DROP], [(0, 0), (1, 2), (None, 1)]),
        ([ACCEPT, DROP], [PING, DROP], [(0, 0), (1, 1)]),
        ([ACCEPT, ACCEPT], [ACCEPT], [(0, 0), (None, 1)]),
        ([], [DROP], [(0, None)]),
    ],
)
def test_rules_are_paired_in_their_order(before, after, pairs):
    assert RULES.pairs(after, before) == pairs


def test_rules_keep_their_place_among_the_references():
    document = etree.fromstring(
        "<filter><filterref filter='a'/><rule action='drop' direction='in'/><filterref filter='b'/></filter>"
    )
    (drop,) = RULES.read(document)
    accept = {**drop, "action": "accept"}
    RULES.write(document, [accept, drop, accept])
    assert [one.get("action") or one.get("filter") for one in document] == ["a", "accept", "drop", "accept", "b"]
    RULES.write(document, [drop])
    assert [one.get("action") or one.get("filter") for one in document] == ["a", "drop", "b"]
    RULES.write(document, [])
    assert [one.tag for one in document] == ["filterref"] * 2


def rules(*values: str, needs: str = ""):
    told = "".join(f"<rule><tcp srcipaddr='{value}'/></rule>" for value in values)
    return described(etree.fromstring(f"<filter>{needs}{told}</filter>"))


@pytest.mark.parametrize(
    ("values", "given", "lacks"),
    [
        (["$MAC", "10.0.0.1"], {}, ""),
        (["$IP"], {}, ""),
        (["$IP", "$PORT"], {}, "IP, PORT"),
        (["$IP[1]"], {"IP": 1}, "IP[1]"),
        (["$IP[1]", "$IP[@3]"], {"IP": 2}, ""),
    ],
)
def test_every_variable_needs_a_value_but_for_what_libvirt_finds_out(values, given, lacks):
    told = lacking(Reference("web", given), {"web": rules(*values)})
    assert told == (f"nwfilter web needs a value of {lacks}; give it in 'parameters'" if lacks else "")


def test_a_reference_hands_values_on():
    needs = "<filterref filter='base'><parameter name='PORT' value='1'/></filterref>"
    known = {"web": rules(needs=needs), "base": rules("$PORT", "$OFFICE")}
    assert "a value of OFFICE;" in lacking(Reference("web", {}), known)
    assert lacking(Reference("web", {"OFFICE": 1}), known) == ""
