# SPDX-License-Identifier: GPL-3.0-or-later
"""The module stack, on a real libvirtd: many objects as one plan."""

from __future__ import annotations

import pytest

PATH = "/var/lib/libvirt/images/lab"
NETWORK = {
    "name": "lab",
    "ips": [{"address": "10.71.0.1", "prefix": 24, "dhcp": {"ranges": [{"start": "10.71.0.100", "end": "10.71.0.199"}]}}],
}
CLONES = {"name": "web{n}.qcow2", "count": 3, "pool": "lab", "backing": {"volume": "base.qcow2"}, "capacity": "16 MiB"}
GUESTS = {"name": "web{n}", "count": 3, "profile": "small"}
STACK = {
    "name": "lab",
    # Guests before what they need: the order says nothing.
    "domains": [GUESTS],
    "volumes": [CLONES, {"name": "base.qcow2", "pool": "lab", "format": "qcow2", "capacity": "8 MiB"}],
    "networks": [NETWORK],
    "pools": [{"name": "lab", "path": PATH}],
    "defaults": {
        "domains": {
            "virt_type": "qemu",
            "disks": [{"target": "vda", "pool": "lab", "volume": "{name}.qcow2"}],
            "interfaces": [{"network": "lab"}],
        }
    },
    "profiles": {"small": {"memory": "16 MiB", "vcpus": 1}},
}


@pytest.fixture
def stack(lab):
    lab.ok("stack", **STACK)
    return lab


def names(found: dict) -> dict[str, list[str]]:
    return {kind: sorted(found[kind]) for kind in ("pool", "network", "domain")}


def test_a_stack_is_made_run_stopped_and_removed(lab):
    made = lab.change("stack", **STACK)
    assert names(lab.state()) == {"pool": ["lab"], "network": ["lab"], "domain": ["web1", "web2", "web3"]}
    assert [disk["volume"] for guest in made["stack"]["domains"] for disk in guest["disks"]] == [
        "web1.qcow2",
        "web2.qcow2",
        "web3.qcow2",
    ]
    assert made["changes"][0]["path"] == "pools[lab]"
    assert {change["effect"] for change in made["changes"]} == {"config"}

    run = lab.change("stack", **STACK, state="running")
    assert [change["path"] for change in run["changes"]] == [f"domains[web{n}].state" for n in (1, 2, 3)]
    assert sorted(lab.virsh("list", "--name").split()) == ["web1", "web2", "web3"]
    lab.change("stack", **{**STACK, "defaults": {"domains": {**STACK["defaults"]["domains"], "force": True, "timeout": 1}}}, state="stopped")

    gone = lab.change("stack", **STACK, state="absent")
    assert names(lab.state()) == {"pool": [], "network": [], "domain": []}
    assert gone["stack"]["domains"] == []
    assert lab.shell(f"ls {PATH}") == ""
    assert lab.virsh("secret-list") == ""
