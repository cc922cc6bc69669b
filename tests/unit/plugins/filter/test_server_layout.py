# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter server_layout: what a server on the physical network gets, and what is refused."""

from __future__ import annotations

import pytest

from ansible_collections.virtops.libvirt.plugins.filter.server_layout import FilterModule, server_layout

MAC = "52:54:00:00:00:01"
FIXED = {"addresses": ["192.0.2.10/24", "2001:db8::10/64"], "gateway": "192.0.2.1", "gateway6": "fe80::1"}


def layout(host="kvm1", there=None, found=(), noted="", **server):
    return server_layout({"name": "web1", "bridge": "br0", **server}, host, there, list(found), noted)


def one(*args, **options):
    laid = layout(*args, **options)
    assert laid["problems"] == []
    return laid["guests"][0]


def nic(**options):
    return one(**options)["network_config"]["ethernets"]["lan"]


def test_a_fixed_address_with_all_that_belongs_to_it():
    told = nic(mac=MAC, nameservers=["192.0.2.53"], domain="example.com", **FIXED)
    assert told == {
        "match": {"macaddress": MAC},
        "dhcp4": False,
        "addresses": ["192.0.2.10/24", "2001:db8::10/64"],
        "routes": [{"to": "0.0.0.0/0", "via": "192.0.2.1"}, {"to": "::/0", "via": "fe80::1"}],
        "nameservers": {"addresses": ["192.0.2.53"], "search": ["example.com"]},
    }
    assert one(**FIXED)["address"] == "192.0.2.10"
    assert one(addresses=["2001:db8::10/64"])["address"] == "2001:db8::10"


def test_dhcp_where_no_address_is_given():
    assert nic(mac=MAC) == {"match": {"macaddress": MAC}, "dhcp4": True}
    assert one()["domain"] == {"autostart": True, "interfaces": [{"bridge": "br0", "mac": one()["mac"]}]}
    assert one(wait=60)["domain"]["wait_for"] == ["ip"]
    assert "wait_for" not in one(wait=60, **FIXED)["domain"]


def test_the_address_is_the_one_that_is_found_and_else_the_one_before():
    found = [
        {"mac": MAC, "address": "2001:db8::9"},
        {"lladdr": MAC.upper(), "dst": "192.0.2.9", "state": ["STALE"]},
        {"lladdr": MAC, "dst": "fe80::9"},
        {"lladdr": "52:54:00:00:00:02", "dst": "192.0.2.8"},
        {"dst": "192.0.2.7", "state": ["FAILED"]},
    ]
    assert one(mac=MAC, found=found)["address"] == "192.0.2.9"
    assert one(mac=MAC, found=found, noted="2001:db8::9")["address"] == "2001:db8::9"
    assert one(mac=MAC, found=found, noted="192.0.2.77")["address"] == "192.0.2.9"
    assert one(mac=MAC, noted="192.0.2.77")["address"] == "192.0.2.77"
    assert one(mac=MAC)["address"] == ""
    assert one(noted="192.0.2.77", **FIXED)["address"] == "192.0.2.10"


def test_a_mac_is_of_host_and_name_and_stays():
    assert one()["mac"] == one()["mac"] != one(host="kvm2")["mac"]
    there = {"name": "web1", "interfaces": [{"bridge": "br0", "mac": MAC}]}
    assert one(there=there)["mac"] == MAC
    assert one(there=there, mac="52-54-00-00-00-02")["mac"] == "52:54:00:00:00:02"


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ({"name": "Web_1"}, "the name 'Web_1' will not do"),
        ({"bridge": ""}, "no bridge is named"),
        ({"bridge": "a/b"}, "the bridge 'a/b' will not do"),
        ({"mac": "53:54:00:00:00:01"}, "is none that a guest can have"),
        ({"addresses": ["web1"]}, "'web1' is no address"),
        ({"addresses": ["192.0.2.10"]}, "says nothing of its subnet"),
        ({"addresses": ["192.0.2.0/24"]}, "belongs to the network 192.0.2.0/24"),
        ({"addresses": ["192.0.2.255/24"]}, "belongs to the network"),
        ({"addresses": ["192.0.2.9/24", "192.0.2.9/25"]}, "is given twice"),
        ({"gateway": "192.0.2.1"}, "is of no use without an IPv4 address"),
        ({"gateway": "192.0.3.1", "addresses": ["192.0.2.10/24"]}, "is outside of 192.0.2.0/24"),
        ({"gateway": "192.0.2.10", "addresses": ["192.0.2.10/24"]}, "is the server's own address"),
        ({"gateway": "fe80::1", "addresses": ["192.0.2.10/24"]}, "is no IPv4 address"),
        ({"gateway6": "router", "addresses": ["2001:db8::1/64"]}, "is no IPv6 address"),
        ({"nameservers": ["dns"]}, "nameserver 'dns' is no address"),
        ({"snapshots_kept": 0}, "set snapshots_kept to 1 or more"),
    ],
)
def test_servers_that_cannot_be(server, words):
    (problem,) = layout(**server)["problems"]
    assert words in problem


def test_both_addresses_of_a_subnet_of_two_are_servers():
    assert layout(addresses=["192.0.2.0/31", "2001:db8::/127"])["problems"] == []


def test_ansible_finds_it():
    assert FilterModule().filters() == {"server_layout": server_layout}
