# SPDX-License-Identifier: GPL-3.0-or-later
"""How the role hypervisor takes a NIC out of files of the host's owner, and what it refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[3] / "roles/hypervisor/files"))

import bridges_apply as apply
import bridges_look as look
import host_systems as systems

INTERFACES = """\
source /etc/network/interfaces.d/*
auto lo eth0
iface lo inet loopback
iface eth0 inet static
    address 192.0.2.10/24

    # the office
    autoconf 0
iface eth0 inet6 auto
iface eth01 inet dhcp
"""
NETPLAN = """\
network:
  version: 2
  ethernets:
    eth0:
      dhcp4: true

      # the office
      nameservers:
        addresses: [192.0.2.1]
    eth01: {dhcp4: true}
  bonds:
    "bond0":
      interfaces: [eth2, eth3]
      addresses: [192.0.2.11/24]
"""


def test_stanzas_of_a_nic_become_comments_and_come_back():
    marked = systems.marked(INTERFACES, systems.stanzas(INTERFACES, "eth0"), "br0")
    kept = [line for line in marked.splitlines() if not line.startswith("#hypervisor:br0# ")]
    assert kept == [
        "source /etc/network/interfaces.d/*",
        "auto lo eth0",
        "iface lo inet loopback",
        "",
        "    # the office",
        "iface eth01 inet dhcp",
    ]
    assert systems.stanzas(marked, "eth0") == []
    assert systems.unmarked(marked, "br0") == INTERFACES
    assert systems.unmarked(marked, "br1") == marked


@pytest.mark.parametrize(("nic", "kind"), [("eth0", "ethernets"), ("bond0", "bonds")])
def test_a_nic_goes_out_of_a_netplan_file_and_comes_back(nic, kind):
    marked, wrong = systems.without_nic(Path("50.yaml"), NETPLAN, nic, "br0")
    assert wrong == ""
    assert nic not in yaml.safe_load(marked)["network"].get(kind, {})
    assert systems.without_nic(Path("50.yaml"), marked, nic, "br0") == (marked, "")
    assert systems.unmarked(marked, "br0") == NETPLAN


def test_a_netplan_file_in_another_form_is_refused():
    text = "network: {ethernets: {eth0: {dhcp4: true}}}\n"
    assert "line by line" in systems.without_nic(Path("50.yaml"), text, "eth0", "br0")[1]


@pytest.mark.parametrize(
    ("bridge", "words"),
    [
        ({"name": "a-name-of-16-char"}, "the kernel takes no such name"),
        ({"name": "br/0"}, "the kernel takes no such name"),
        ({"name": "br0", "interface": None}, "say in 'interface'"),
        ({"name": "br0", "interface": "none0"}, "the host has no none0"),
        ({"name": "lo", "interface": "lo"}, "there is a lo that this role did not make"),
        ({"name": "br0", "interface": "lo", "addresses": ["192.0.2.1"]}, "needs the length of its prefix"),
        ({"name": "br0", "interface": "lo", "addresses": ["192.0.2.300/24"]}, "is no address"),
        (
            {"name": "br0", "interface": "lo", "addresses": ["192.0.2.1/24"], "gateway": "198.51.100.1"},
            "is in no subnet of 192.0.2.1/24",
        ),
        ({"name": "br0", "interface": "lo", "stp": True, "forward_delay": 1}, "a forward_delay of 2 to 30 s"),
        ({"name": "br0", "interface": "lo", "vlan": 5}, "networkd makes a VLAN"),
        ({"name": "lo", "state": "absent"}, "this role did not make"),
    ],
)
def test_what_cannot_be_is_refused(bridge, words):
    answer = look.look([{"interface": "lo", **bridge}], "networkd")[0]
    assert any(words in one for one in answer["problems"]), answer["problems"]


def test_a_nic_is_in_one_bridge():
    answers = look.look([{"name": name, "interface": "lo"} for name in ("br0", "br1")], "networkd")
    assert ["in two bridges" in " ".join(one["problems"]) for one in answers] == [True, True]


def test_what_is_not_given_is_taken_over():
    took = {**look.NOTHING, "dhcp": True, "dns": ["192.0.2.1"], "mac": "52:54:00:00:00:01"}
    bridge = look.resolved({"name": "br0", "mtu": 9000}, took)
    assert (bridge["dhcp"], bridge["dns"], bridge["mac"], bridge["mtu"]) == (True, took["dns"], took["mac"], 9000)
    bridge = look.resolved({"name": "br0", "addresses": ["192.0.2.2/24"], "dns": []}, took)
    assert (bridge["dhcp"], bridge["addresses"], bridge["dns"]) == (False, ["192.0.2.2/24"], [])


@pytest.mark.parametrize(
    ("given", "taken", "ways"),
    [
        ({"addresses": ["192.0.2.20/24"]}, {}, ("192.0.2.1", "")),
        # A route that was left over.
        ({}, {"addresses": ["192.0.2.10/24"]}, ("192.0.2.1", "")),
        ({}, {"addresses": ["192.0.2.10/24"], "accept_ra": True}, ("192.0.2.1", "2001:db8::1")),
        ({}, {}, ("192.0.2.1", "2001:db8::1")),
    ],
)
def test_there_is_no_way_out_by_a_family_without_an_address(given, taken, ways):
    took = {**look.NOTHING, "addresses": ["192.0.2.10/24", "2001:db8::10/64"]}
    took.update(gateway="192.0.2.1", gateway6="2001:db8::1", **taken)
    bridge = look.resolved({"name": "br0", **given}, took)
    assert (bridge["gateway"], bridge["gateway6"]) == ways


@pytest.mark.parametrize(("goes", "why"), [(True, "not up"), (False, "not deleted")])
def test_a_bridge_that_went_by_itself_is_no_failure(monkeypatch, goes, why):
    """NetworkManager deletes its own when its profile is gone, also while the command for it starts."""
    ran = []
    monkeypatch.setattr(apply.snapshot, "run", lambda words: ran.append(words) or f"not {words[-1]}")
    monkeypatch.setattr(apply.links, "is_link", lambda name: not (goes and ran))
    enter = [["ip", "link", "delete", "{bridge}"], ["ip", "link", "set", "{interface}", "up"]]
    commands = {"nic": {"enter": enter}}
    assert apply.run_all({"name": "deleted", "interface": "eth0", "commands": commands}, "enter", "nic") == [why]


def test_a_network_that_is_right_before_the_change_is_made_is_looked_at_again(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(apply, "PLAN", tmp_path / "plan.json")
    monkeypatch.setattr(apply, "MADE", tmp_path / "made")
    monkeypatch.setattr(apply.time, "sleep", lambda seconds: apply.MADE.touch())
    monkeypatch.setattr(apply, "running", lambda: 1)
    monkeypatch.setattr(apply, "wrong", lambda plan: seen.append(apply.MADE.exists()))
    apply.PLAN.write_text('{"until": Infinity}')
    assert (apply.check(), seen) == ([], [True])
