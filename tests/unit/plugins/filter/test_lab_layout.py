# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter lab_layout: who gets which address, and what is refused."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtops.libvirt.plugins.filter.lab_layout import FilterModule, lab_layout

SUBNET = "192.168.150.0/24"
MAC = "52:54:00:00:00:01"


def layout(*guests, subnet=SUBNET, **options):
    return lab_layout(list(guests), lab="lab", subnet=subnet, **options)


def addresses(laid) -> dict:
    return {guest["name"]: guest["address"] for guest in laid["guests"]}


def test_the_usual_lab():
    laid = layout("web1", "web2", {"name": "db1", "memory": "2 GiB"})
    assert laid["problems"] == []
    assert (laid["address"], laid["prefix"]) == ("192.168.150.1", 24)
    assert laid["range"] == {"start": "192.168.150.100", "end": "192.168.150.199"}
    assert addresses(laid) == {"web1": "192.168.150.11", "web2": "192.168.150.12", "db1": "192.168.150.13"}
    assert laid["guests"][2]["memory"] == "2 GiB"
    assert laid["leases"] == [
        {"mac": guest["mac"], "name": guest["name"], "ip": guest["address"]} for guest in laid["guests"]
    ]


def test_a_mac_is_made_of_the_names():
    (one,) = layout("web1")["guests"]
    (other,) = lab_layout(["web1"], lab="other", subnet=SUBNET)["guests"]
    assert one["mac"].startswith("52:54:00:")
    assert one["mac"] == layout("a", "web1")["guests"][1]["mac"] != other["mac"]


def test_other_guests_keep_their_leases_where_that_is_asked_for():
    before = layout("a", "b")
    after = layout("c", leases=before["leases"], keep=True)
    assert addresses(after) == {"c": "192.168.150.13"}
    assert after["leases"] == [after["leases"][0], *before["leases"]]
    taken = layout({"name": "c", "address": "192.168.150.12"}, leases=before["leases"], keep=True)
    assert taken["problems"] == ["the address 192.168.150.12 is given to 2 guests; each needs its own"]


def test_leases_are_kept_whatever_comes_and_goes():
    before = layout("a", "b", "c")
    after = layout("new", "c", "b", leases=before["leases"])
    assert addresses(after) == {"new": "192.168.150.11", "c": "192.168.150.13", "b": "192.168.150.12"}


def test_a_given_address_goes_before_a_lease():
    before = layout("a", "b")
    after = layout("a", {"name": "new", "address": "192.168.150.11"}, leases=before["leases"])
    assert after["problems"] == []
    assert addresses(after) == {"a": "192.168.150.12", "new": "192.168.150.11"}


def test_a_lease_of_another_subnet_is_not_kept():
    assert addresses(layout("a", leases=[{"name": "a", "ip": "10.0.0.7"}])) == {"a": "192.168.150.11"}


@pytest.mark.parametrize(
    ("subnet", "dhcp", "first"),
    [
        ("10.0.0.0/16", ("10.0.0.100", "10.0.0.199"), "10.0.0.11"),
        ("10.0.0.0/25", ("10.0.0.64", "10.0.0.126"), "10.0.0.2"),
        ("10.0.0.16/28", ("10.0.0.24", "10.0.0.30"), "10.0.0.18"),
    ],
)
def test_subnets_of_other_sizes(subnet, dhcp, first):
    laid = layout("a", subnet=subnet)
    assert (laid["range"]["start"], laid["range"]["end"]) == dhcp
    assert addresses(laid) == {"a": first}


@pytest.mark.parametrize(
    ("guests", "words"),
    [
        (["a", "b", "a"], "the name a is given to 2 guests"),
        ([{"name": name, "address": "192.168.150.9"} for name in "ab"], "the address 192.168.150.9 is given to 2"),
        ([{"name": "a", "mac": MAC}, {"name": "b", "mac": MAC.replace(":", "-")}], f"the MAC {MAC} is given to 2"),
        ([{"name": "a", "address": "192.168.151.9"}], "192.168.151.9 is outside the subnet 192.168.150.0/24"),
        ([{"name": "a", "address": "192.168.150.1"}], "belongs to the network"),
        ([{"name": "a", "address": "192.168.150.255"}], "belongs to the network"),
        ([{"name": "a", "address": "fd00::1"}], "is no IPv4 address"),
        ([{"name": "a", "mac": "53:54:00:00:00:01"}], "is none that a guest can have"),
        (["../a"], "guest name '../a' will not do"),
        (["Web1"], "will not do"),
        (["-a"], "will not do"),
        ([{"memory": "1 GiB"}], "guest name '' will not do"),
    ],
)
def test_guests_that_cannot_be(guests, words):
    problems = layout(*guests)["problems"]
    assert len(problems) == 1
    assert words in problems[0]


@pytest.mark.parametrize("subnet", ["192.168.150.1/24", "192.168.150.0/29", "fd00::/64", "lab", ""])
def test_subnets_that_cannot_be(subnet):
    (problem,) = layout("a", subnet=subnet)["problems"]
    assert "subnet" in problem


def test_more_guests_than_addresses():
    (problem,) = layout(*(f"g{n}" for n in range(8)), subnet="10.0.0.0/28")["problems"]
    assert problem == "the subnet 10.0.0.0/28 has no address left for g6, g7; choose a larger one"
    (problem,) = layout(*(f"g{n}" for n in range(500)), subnet="10.0.0.0/28")["problems"]
    assert "left for g6, g7, g8 and 491 more; " in problem


@given(
    names=st.lists(st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True), unique=True, max_size=40),
    earlier=st.lists(st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True), unique=True, max_size=40),
    length=st.integers(min_value=16, max_value=24),
)
def test_addresses_are_different_and_stay(names, earlier, length):
    subnet = IPv4Network((int(IPv4Address("172.16.0.0")), length))
    before = layout(*earlier, subnet=str(subnet))
    laid = layout(*names, subnet=str(subnet), leases=before["leases"])
    assert laid["problems"] == []
    given_out = addresses(laid)
    assert len(set(given_out.values())) == len(names)
    assert all(IPv4Address(address) in subnet for address in given_out.values())
    assert all(given_out[name] == address for name, address in addresses(before).items() if name in given_out)
    assert layout(*names, subnet=str(subnet), leases=laid["leases"]) == laid


def test_ansible_finds_it():
    assert FilterModule().filters() == {"lab_layout": lab_layout}


def test_what_has_no_value_is_not_given():
    guest = {"name": "web1", "address": None, "memory": None}
    assert lab_layout([guest], "lab", "192.168.150.0/24") == lab_layout(["web1"], "lab", "192.168.150.0/24")


@pytest.mark.parametrize("guests", [None, "web1", {"name": "web1"}])
def test_no_list_of_guests(guests):
    with pytest.raises(AnsibleFilterError, match="is no list of guests"):
        lab_layout(guests, "lab", "192.168.150.0/24")


def test_guests_give_themselves_ipv6_addresses():
    # The example of RFC 4291, appendix A, in other digits.
    guest = {"name": "web1", "mac": "52:54:00:3b:0a:f1"}
    laid = lab_layout([guest], lab="lab", subnet="192.168.150.0/24", subnet6="fd00:150::/64")
    assert laid["problems"] == []
    assert (laid["address6"], laid["prefix6"]) == ("fd00:150::1", 64)
    assert laid["guests"][0]["address6"] == "fd00:150::5054:ff:fe3b:af1"
    assert laid["names6"] == [{"ip": "fd00:150::5054:ff:fe3b:af1", "hostnames": ["web1"]}]


def test_an_ipv6_subnet_that_will_not_do():
    for subnet6, words in (
        ("fd00::/56", "give one of /64"),
        ("fd00::1/64", "has host bits set"),
        ("10.0.0.0/8", "/64"),
    ):
        (problem,) = lab_layout(["web1"], lab="lab", subnet="192.168.150.0/24", subnet6=subnet6)["problems"]
        assert words in problem


def test_an_address_that_is_given_up_is_nobody_elses_yet():
    leases = [{"name": "web1", "mac": "52:54:00:00:00:01", "ip": "192.168.150.11"}]
    guests = [{"name": "web1", "address": "192.168.150.50"}, "web2"]
    laid = lab_layout(guests, lab="lab", subnet="192.168.150.0/24", leases=leases)["guests"]
    assert [guest["address"] for guest in laid] == ["192.168.150.50", "192.168.150.12"]
