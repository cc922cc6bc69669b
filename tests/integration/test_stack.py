# SPDX-License-Identifier: GPL-3.0-or-later
"""The module stack, on a real libvirtd: many objects as one plan."""

from __future__ import annotations

import os
import re

import pytest
from integration._lab import paths, wait_until
from integration.guests import tiny_guest
from integration.test_interrupted import kill

PATH = "/var/lib/libvirt/images/lab"
NETWORK = {
    "name": "lab",
    "ips": [
        {"address": "10.71.0.1", "prefix": 24, "dhcp": {"ranges": [{"start": "10.71.0.100", "end": "10.71.0.199"}]}}
    ],
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
    lab.change(
        "stack",
        **{**STACK, "defaults": {"domains": {**STACK["defaults"]["domains"], "force": True, "timeout": 1}}},
        state="stopped",
    )

    gone = lab.change("stack", **STACK, state="absent")
    assert names(lab.state()) == {"pool": [], "network": [], "domain": []}
    assert gone["stack"]["domains"] == []
    assert lab.shell(f"ls {PATH}") == ""
    assert lab.virsh("secret-list") == ""


def test_filters_of_a_stack(lab):
    """Each after those that it refers to, and before the guests that do; pruned the other way round."""
    drop = {"action": "drop", "direction": "in", "protocol": "tcp", "dst_port": 25, "src_ip": "$OFFICE"}
    guest = {"name": "web", "virt_type": "qemu", "memory": "16 MiB", "state": "running"}
    reference = {"name": "web", "parameters": {"OFFICE": "10.0.0.1"}}
    declared = {
        "name": "lab",
        "domains": [{**guest, "interfaces": [{"network": "lab", "filter": reference}]}],
        "nwfilters": [
            {"name": "web", "filters": [{"name": "mail1"}, {"name": "mail2"}]},
            {"name": "mail{n}", "count": 2, "rules": [drop]},
        ],
        "networks": [NETWORK],
    }
    made = lab.change("stack", **declared)
    steps = [step for step in made["steps"] if "nwfilter" in step or "start domain" in step]
    assert [step.split()[-1] for step in steps] == ["mail1", "mail2", "web", "web"]
    assert "nwfilters[web]" in [change["path"] for change in made["changes"]]
    lab.change("stack", **declared, defaults={"nwfilters": {"chain": "ipv4"}})
    assert lab.check("stack_info")["stacks"][0]["nwfilters"] == ["mail1", "mail2", "web"]

    without = {**declared, "domains": [{**guest, "interfaces": [{"network": "lab", "filter": {}}]}], "nwfilters": []}
    pruned = lab.change("stack", **without, prune=True)
    assert [step.split()[-1] for step in pruned["steps"] if "undefine" in step] == ["web", "mail1", "mail2"]
    assert lab.state()["nwfilter"] == {}
    lab.change("stack", name="lab", prune=True)


def less(**more) -> dict:
    """The stack with two guests and their disks."""
    return {
        **STACK,
        "domains": [{**GUESTS, "count": 2}],
        "volumes": [{**CLONES, "count": 2}, STACK["volumes"][1]],
        **more,
    }


def test_what_is_declared_no_more_stays_until_it_is_pruned(stack):
    stack.unchanged("stack", **less())
    pruned = stack.change("stack", **less(), prune=True)
    assert [change["path"] for change in pruned["changes"]] == ["domains[web3].state"]
    assert "web3.qcow2" in stack.shell(f"ls {PATH}")
    gone = stack.change("stack", **less(), prune=True, prune_volumes=True)
    assert [change["path"] for change in gone["changes"]] == ["volumes[lab/web3.qcow2].state"]
    assert "web3.qcow2" not in stack.shell(f"ls {PATH}")


def test_a_base_is_pruned_after_what_is_built_on_it_and_a_pool_after_its_volumes(stack):
    gone = stack.change("stack", name="lab", prune=True, prune_volumes=True)
    assert len(gone["changes"]) == 3 + 3 + 1 + 2
    assert names(stack.state()) == {"pool": [], "network": [], "domain": []}
    assert stack.shell(f"ls {PATH}") == ""
    stack.unchanged("stack", name="lab", prune=True, prune_volumes=True)


def test_what_was_there_before_is_changed_and_never_pruned(lab):
    lab.ok("pool", name="lab", path=PATH, state="active")
    lab.ok("network", **NETWORK)
    lab.ok("volume", name="base.qcow2", pool="lab", format="qcow2", capacity="8 MiB")
    lab.ok("domain", name="web1", virt_type="qemu", memory="32 MiB")
    made = lab.change("stack", **STACK)
    assert {"networks[lab].state", "domains[web1].memory", "domains[web2]"} <= {c["path"] for c in made["changes"]}
    # Its disk is the stack's, and stays as long as the guest has it.
    assert "volume lab/web1.qcow2: domain web1 has it as a disk" in lab.refused(
        "stack", name="lab", prune=True, prune_volumes=True
    )
    lab.ok("domain", name="web1", disks=[])
    before = lab.state()
    lab.change("stack", name="lab", prune=True, prune_volumes=True)
    assert names(lab.state()) == {"pool": ["lab"], "network": ["lab"], "domain": ["web1"]}
    assert lab.shell(f"ls {PATH}").split() == ["base.qcow2"]
    assert lab.state()["domain"]["web1"] == before["domain"]["web1"]


def test_what_somebody_made_anew_is_not_the_stacks(stack):
    for command in ("net-undefine", "net-destroy"):
        stack.virsh(command, "lab")
    stack.ok("network", **NETWORK)
    stack.virsh("undefine", "web3")
    stack.ok("domain", name="web3", virt_type="qemu", memory="32 MiB")
    stack.change("stack", name="lab", prune=True, prune_volumes=True)
    assert names(stack.state()) == {"pool": [], "network": ["lab"], "domain": ["web3"]}


def test_two_stacks_side_by_side_prune_their_own(stack):
    other = {"name": "other", "domains": [{"name": "db", "virt_type": "qemu", "memory": "16 MiB"}]}
    stack.change("stack", **other)
    stack.unchanged("stack", **other, prune=True)
    stack.unchanged("stack", **STACK, prune=True, prune_volumes=True)
    found = stack.check("stack_info")["stacks"]
    assert [one["name"] for one in found] == ["lab", "other"]
    assert found[0]["volumes"][0] == {"pool": "lab", "name": "base.qcow2"}
    assert (found[0]["pools"], found[0]["networks"], found[1]["domains"]) == (["lab"], ["lab"], ["db"])
    assert [one["name"] for one in stack.check("stack_info", name=["other", "none"])["stacks"]] == ["other"]


def test_one_task_tells_of_objects_of_every_kind(stack):
    stack.ok("nwfilter", name="mail", rules=[])
    there = {"pools": ["lab", "none"], "nwfilters": ["mail"], "networks": ["lab"], "domains": ["web1", "web3"]}
    found = stack.check("stack_info", name=[], volumes=["none", "lab"], **there)
    assert found["stacks"] == []
    for kind, asked in there.items():
        assert found[kind] == stack.check(f"{kind[:-1]}_info", name=asked)[kind]
        assert [one["name"] for one in found[kind]] == [name for name in asked if name != "none"]
    assert found["volumes"] == stack.check("volume_info", pool="lab")["volumes"]
    assert len(found["volumes"]) == 4
    assert set(stack.check("stack_info", domains=[])) >= {"stacks", "domains"}
    assert "pools" not in stack.check("stack_info")


BROKEN = """<domain type='qemu'><name>web2</name><memory unit='MiB'>16</memory>
<os><type arch='x86_64'>hvm</type><kernel>/etc/hostname</kernel></os></domain>"""


def broken(**more) -> dict:
    """A stack of three running guests of which the second one cannot start, one at a time."""
    web1, web3 = ({"name": f"web{n}", "profile": "small"} for n in (1, 3))
    return {**STACK, "state": "running", "workers": 1, "domains": [web1, {"xml": BROKEN}, web3], **more}


@pytest.mark.parametrize(
    ("on_error", "left", "words"),
    [
        ("stop", {"web1"}, "Not begun for that: domain web3"),
        ("continue", {"web1", "web3"}, "domain web2"),
        ("roll_back", set(), "What had been done was taken back"),
    ],
)
def test_one_guest_that_cannot_start_leaves_the_others_whole(lab, on_error, left, words):
    check = lab.check("stack", **broken(on_error=on_error))
    assert not check.get("failed"), check["msg"]
    failed = lab.run("stack", **broken(on_error=on_error))
    assert failed["failed"]
    assert failed["msg"].startswith("stack lab: domain web2: could not start domain web2; libvirt says:")
    assert words in failed["msg"]
    found = lab.state()
    assert set(found["domain"]) == left
    assert set(lab.virsh("list", "--name").split()) == left
    assert (names(found)["pool"] == []) == (on_error == "roll_back")
    # With the reason gone, the next run makes the rest.
    lab.change("stack", **{**STACK, "state": "running"})


def test_an_object_by_xml_is_the_stacks_own_and_keeps_its_mark(lab):
    text = "<domain type='qemu'><name>db</name><memory unit='MiB'>16</memory><os><type>hvm</type></os></domain>"
    lab.change("stack", name="lab", domains=[{"xml": text}])
    mark = lab.tree("domain", "db").find("metadata/{*}stack")
    assert mark.get("name") == "lab"
    lab.change("stack", name="lab", domains=[{"xml": text.replace("16", "32")}])
    lab.change("domain", xml=text.replace("16", "24"))
    assert lab.tree("domain", "db").find("metadata/{*}stack").get("name") == "lab"
    lab.change("stack", name="lab", prune=True)
    assert lab.state()["domain"] == {}


def test_defaults_profiles_and_numbers_are_laid_over_each_other(lab):
    made = lab.change(
        "stack",
        name="lab",
        defaults={
            "domains": {"virt_type": "qemu", "memory": "16 MiB", "cpu": {"mode": "maximum"}, "title": "is {name}"}
        },
        profiles={"two": {"vcpus": 2}, "apart": {"cpu": {"topology": {"sockets": 1, "cores": 2, "threads": 1}}}},
        domains=[
            {
                "name": "a{n:03}",
                "count": 2,
                "start": 9,
                "profile": ["two", "apart"],
                "description": "number {n} ${name}",
            },
            {"name": "b{n}", "memory": "24 MiB"},
        ],
    )
    a, other, b = made["stack"]["domains"]
    assert [one["name"] for one in (a, other, b)] == ["a009", "a010", "b{n}"]
    assert (other["title"], other["description"], other["vcpus"]) == ("is a010", "number 10 ${name}", 2)
    assert other["cpu"]["mode"] == "maximum"
    assert other["cpu"]["topology"]["cores"] == 2
    assert (b["title"], b["memory"]) == ("is b{n}", "24 MiB")


def test_all_guests_are_waited_for_at_once(lab, tiny):
    text = re.sub("<name>guest</name>|<serial.*</serial>", "", tiny_guest(tiny))
    guest = {"name": "guest{n}", "count": 3, "xml": text}
    nic = {"interfaces": [{"network": "lab"}], "wait_for": ["ip"], "timeout": 60}
    made = lab.ok("stack", name="lab", state="running", networks=[NETWORK], domains=[{**guest, **nic}])
    assert sorted(made["addresses"]) == ["guest1", "guest2", "guest3"]
    assert {one["source"] for found in made["addresses"].values() for one in found} == {"lease"}
    failed = lab.run(
        "stack",
        name="lab",
        domains=[{"name": "guest{n}", "count": 3, "wait_for": ["ssh"], "timeout": 1, "state": "running"}],
    )
    assert failed["failed"]
    assert failed["msg"].count("after 1 s it has no SSH server that greets") == 3
    # The same declaration ends them.
    for state in ("stopped", "absent"):
        lab.ok("stack", name="lab", state=state, networks=[NETWORK], domains=[{**guest, **nic, "force": True}])
    assert names(lab.state()) == {"pool": [], "network": [], "domain": []}


def test_a_pool_of_a_stack_is_looked_through_again(stack):
    stack.shell(f"qemu-img create -q -f raw {PATH}/brought.raw 1M")
    stack.ok("stack", name="lab", pools=[{**STACK["pools"][0], "refresh": True}])
    assert "brought.raw" in stack.state()["pool"]["lab"]["volumes"]


def test_a_run_that_was_killed_is_gone_on_with_and_can_be_pruned(lab, tmp_path):
    image = tmp_path / "image.raw"
    with image.open("wb") as stream:
        for _ in range(96):
            stream.write(os.urandom(4 << 20))
    base = {"name": "base.qcow2", "pool": "lab", "format": "qcow2", "source": {"path": str(image)}}
    task = {**STACK, "volumes": [{**CLONES, "capacity": "400 MiB"}, base]}
    process = lab.start("stack", **task)
    wait_until(lambda: lab.shell(f"ls -A {PATH} || true"), 20, "the hidden file of the import")
    kill(lab, process)
    assert "base.qcow2" not in lab.shell(f"ls {PATH}").split()
    lab.ok("stack", **task)
    lab.unchanged("stack", **task)
    lab.ok("stack", name="lab", prune=True, prune_volumes=True)
    assert names(lab.state()) == {"pool": [], "network": [], "domain": []}
    assert lab.shell(f"ls -A {PATH}") == ""


def test_seeds_and_clones_are_made_in_one_pool_side_by_side(lab):
    """libvirt does not look a pool through while it makes a volume there."""
    seeds = {"name": "web{n}-seed.iso", "count": 30, "pool": "lab", "cloud_init": {"user_data": {"hostname": "{name}"}}}
    volumes = [{**CLONES, "count": 30}, seeds, STACK["volumes"][1]]
    lab.change("stack", name="lab", pools=STACK["pools"], volumes=volumes)
    assert len(lab.shell(f"ls {PATH}").split()) == 61


def test_what_is_still_referred_to_is_not_pruned(lab):
    lab.ok("stack", **STACK)
    for left, words in (("pools", "pool lab would be pruned"), ("networks", "network lab would be pruned")):
        told = lab.refused("stack", **{**STACK, left: []}, prune=True)
        assert words in told
        assert "refers to it" in told


LUKS = {"encryption": {"format": "luks", "secret": {"usage": "/lab"}}}
KINDS = ("raw", "qcow2")


def test_what_lies_in_a_pool_that_is_off_is_there_all_the_same(lab):
    """As behind a boot of the host, where the pool is not one that is started by itself."""
    task = {
        "name": "lab",
        "state": "running",
        "pools": [{"name": "lab", "path": PATH}],
        "volumes": [
            {"name": "base", "pool": "lab", "capacity": "2 MiB", "format": "qcow2"},
            {"name": "clone", "pool": "lab", "capacity": "3 MiB", "backing": {"volume": "base"}},
            {"name": "raw", "pool": "lab", "capacity": "1 MiB", "permissions": {"mode": "0640"}},
            {"name": "seed", "pool": "lab", "cloud_init": {"user_data": {"hostname": "one"}}},
            {"name": "vm.vmdk", "pool": "lab", "capacity": "1 MiB", "format": "vmdk"},
            {"name": "old", "pool": "lab", "capacity": "1 MiB", "format": "qcow2", "compat": "0.10"},
            *({"name": f"luks.{kind}", "pool": "lab", "capacity": "1 MiB", "format": kind, **LUKS} for kind in KINDS),
        ],
        "secrets": [{"type": "volume", "usage": "/lab", "value": "geheim"}],
        "domains": [{"name": "web1", "disks": [{"target": "vda", "pool": "lab", "volume": "clone"}]}],
        "defaults": {"domains": {"virt_type": "qemu", "memory": "16 MiB"}},
    }
    lab.change("stack", **task)
    off = "virsh destroy web1; virsh pool-destroy lab"
    lab.shell(off)
    assert lab.change("stack", **task)["steps"] == ["start pool lab", "start domain web1"]
    lab.shell(off)
    # Also to a stack that only uses it.
    user = {"name": "user", "pools": task["pools"], "domains": [{**task["domains"][0], "name": "web2"}]}
    used = lab.change("stack", **user, defaults=task["defaults"], state="running")
    assert used["steps"] == ["start pool lab", "define domain web2", "start domain web2"]
    lab.virsh("destroy", "web2")
    lab.virsh("undefine", "web2")
    lab.shell(off)
    task["volumes"][0]["capacity"] = "4 MiB"
    task["volumes"][2]["permissions"]["mode"] = "0600"
    task["volumes"][3]["cloud_init"]["user_data"]["hostname"] = "two"
    changed = paths(lab.change("stack", **task))
    assert {"volumes[lab/base].capacity", "volumes[lab/raw].permissions.mode"} <= set(changed)
    assert not [path for path in changed if path.startswith(("volumes[lab/clone]", "volumes[lab/vm.vmdk]"))]
    lab.shell(off)
    told = lab.refused("stack", **{**task, "state": "absent"})
    assert told.startswith("stack lab: volume lab/base: pool lab is not active")
    assert "pool lab is not active" in lab.refused("volume", pool="lab", name="raw", state="absent")
    lab.unchanged("volume", pool="lab", name="other", state="absent")
    lab.ok("pool", name="lab", state="active")
    lab.change("stack", **{**task, "state": "absent"})
    assert lab.shell(f"ls {PATH}") == ""
