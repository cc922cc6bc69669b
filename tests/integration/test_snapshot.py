# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules snapshot and snapshot_info, on a real libvirtd with guests that have no operating system."""

from __future__ import annotations

import json

import pytest
from integration._lab import PLANNED, paths

DIRECTORY = "/var/lib/libvirt/images/images"
STATES = ("stopped", "paused", "running")


def both(lab, **options) -> dict:
    """Check and run a task that is done anew each time: the plan is what is done."""
    before = lab.state()
    plan = lab.check("snapshot", **options)
    assert not plan.get("failed"), plan["msg"]
    assert lab.state() == before
    real = lab.run("snapshot", **options)
    assert not real.get("failed"), real["msg"]
    for key in PLANNED:
        assert real[key] == plan[key], key
    return real


def image(lab, name: str) -> dict:
    return json.loads(lab.shell(f"qemu-img info --force-share --output=json {DIRECTORY}/{name}"))


def taken(lab) -> dict:
    """{name: what snapshot_info tells} of the guest's snapshots."""
    return {one["name"]: one for one in lab.run("snapshot_info", domain=["guest"])["snapshots"]}


@pytest.mark.parametrize("state", STATES)
def test_an_internal_snapshot_is_taken_described_and_deleted(lab, blank, state):
    domain = blank(state=state)
    task = {"domain": domain, "name": "s1", "description": "As it was", "labels": {"by": "test"}}
    made = lab.change("snapshot", **task)
    assert made["snapshot"]["location"] == "internal"
    assert made["snapshot"]["memory"] == (state != "stopped")
    assert made["snapshot"]["labels"] == {"by": "test"}
    assert [one["name"] for one in image(lab, "d0.qcow2")["snapshots"]] == ["s1"]

    told = lab.change("snapshot", **{**task, "description": "Another", "labels": {"by": "me", "for": "it"}})
    assert paths(told) == ["description", "labels"]
    assert taken(lab)["s1"]["current"]

    gone = lab.change("snapshot", domain=domain, name="s1", state="absent")
    assert gone["steps"] == ["delete snapshot guest/s1, out of its disks"]
    assert "snapshots" not in image(lab, "d0.qcow2")
    assert lab.run("domain_info", name=[domain])["domains"][0]["state"] == state


@pytest.mark.parametrize("state", STATES)
def test_an_external_snapshot_is_taken_and_merged(lab, blank, state):
    domain = blank("qcow2", "raw", state=state)
    made = lab.change("snapshot", domain=domain, name="s1", location="external", memory=False)
    assert [disk["file"] for disk in made["snapshot"]["disks"]] == [f"{DIRECTORY}/d0.s1", f"{DIRECTORY}/d1.s1"]
    assert image(lab, "d0.s1")["backing-filename"] == f"{DIRECTORY}/d0.qcow2"
    lab.change("snapshot", domain=domain, name="s2", location="external", memory=False)
    lab.change("snapshot", domain=domain, name="s1", state="absent")
    lab.change("snapshot", domain=domain, name="s2", state="absent")
    assert sorted(lab.shell(f"ls {DIRECTORY}").split()) == ["d0.qcow2", "d1.raw"]
    assert lab.run("domain_info", name=[domain])["domains"][0]["state"] == state


def pool_tells(lab, name: str = "images") -> list[str]:
    """The volumes of a pool as libvirt knows them now; what looks at the whole host looks the pool through, too."""
    return sorted(line.split()[0] for line in lab.virsh("vol-list", name).splitlines())


def test_the_pool_tells_which_files_there_are(lab, blank):
    domain = blank("raw", state="running")
    lab.ok("pool", name="other", path="/var/lib/libvirt/images/other", state="active")
    lab.shell(f"touch /var/lib/libvirt/images/other/new {DIRECTORY}/new")
    task = {"domain": domain, "name": "s1", "labels": {"a": "b"}}
    for options, found in (
        (task, ["d0.raw", "d0.s1", "guest.s1.mem", "new"]),
        ({"domain": domain, "name": "s2", "memory": False}, ["d0.raw", "d0.s1", "d0.s2", "guest.s1.mem", "new"]),
        ({"domain": domain, "name": "s1", "state": "absent", "children": True}, ["d0.raw", "new"]),
    ):
        before = pool_tells(lab)
        lab.check("snapshot", **options)
        assert pool_tells(lab) == before
        lab.ok("snapshot", **options)
        assert pool_tells(lab) == found
    # No file of the guest is in that one.
    assert pool_tells(lab, "other") == []
    # What lies in no pool, or in one that cannot be looked through, is no failure.
    lab.virsh("pool-destroy", "other")
    disk = {"target": "vda", "file": "/var/lib/libvirt/images/other/over"}
    lab.ok("snapshot", domain=domain, name="s1", memory=False, disks=[disk])


@pytest.mark.parametrize("state", ["paused", "running"])
def test_the_memory_lies_in_a_file_of_its_own(lab, blank, state):
    domain = blank("raw", state=state)
    made = lab.change("snapshot", domain=domain, name="s1")
    assert made["snapshot"]["location"] == "external"
    assert made["snapshot"]["memory_file"] == f"{DIRECTORY}/guest.s1.mem"
    assert lab.run("domain_info", name=[domain])["domains"][0]["state"] == state
    if state == "paused":
        # QEMU is as behind a migration.
        for options in ({"name": "s1", "state": "absent"}, {"name": "s2", "location": "external"}):
            assert "since it gave its memory to s1" in lab.refused("snapshot", domain=domain, **options)
        lab.change("snapshot", domain=domain, name="s2", memory=False)
        lab.ok("domain", name=domain, state="running")
        lab.change("snapshot", domain=domain, name="s2", state="absent")
    lab.change("snapshot", domain=domain, name="s1", state="absent")
    assert lab.shell(f"ls {DIRECTORY}").split() == ["d0.raw"]


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_a_guest_goes_back_to_an_internal_snapshot(lab, blank, before, after):
    domain = blank(state=before)
    lab.ok("snapshot", domain=domain, name="s1", labels={"by": "test"})
    lab.ok("domain", name=domain, state=after, force=True, timeout=1, description="Another")
    done = both(lab, domain=domain, name="s1", state="reverted")
    assert done["power_cycled"] == (after != "stopped")
    guest = lab.run("domain_info", name=[domain])["domains"][0]
    assert guest["state"] == before
    assert "description" not in guest
    assert "virtops:snapshot" not in lab.xml("domain", domain)


def test_a_guest_goes_back_and_runs(lab, blank):
    domain = blank()
    lab.ok("snapshot", domain=domain, name="s1")
    for state in ("running", "paused"):
        done = both(lab, domain=domain, name="s1", state="reverted", power_state=state)
        assert lab.run("domain_info", name=[domain])["domains"][0]["state"] == state
        assert "domain_state" in paths(done)


def test_deleting_a_snapshot_keeps_those_that_grew_out_of_it(lab, blank):
    domain = blank()
    for name in ("s1", "s2", "s3"):
        lab.ok("snapshot", domain=domain, name=name)
    lab.change("snapshot", domain=domain, name="s2", state="absent")
    found = taken(lab)
    assert (found["s1"]["children"], found["s3"]["parent"], found["s3"]["current"]) == (["s3"], "s1", True)
    gone = lab.change("snapshot", domain=domain, name="s1", state="absent", children=True)
    assert paths(gone) == ["state", "children[s3]"]
    assert taken(lab) == {}


def test_libvirt_forgets_a_snapshot_and_its_files_stay(lab, blank):
    domain = blank()
    lab.ok("snapshot", domain=domain, name="s1", location="external")
    gone = lab.change("snapshot", domain=domain, name="s1", state="absent", metadata_only=True)
    assert gone["steps"] == ["forget snapshot guest/s1"]
    assert sorted(lab.shell(f"ls {DIRECTORY}").split()) == ["d0.qcow2", "d0.s1"]


@pytest.mark.parametrize("state", ["stopped", "paused"])
def test_what_lies_in_a_disk_and_libvirt_forgot_is_not_taken_twice(lab, blank, state):
    domain = blank(state=state)
    task = {"domain": domain, "name": "s1", "location": "internal"}
    lab.change("snapshot", **task)
    lab.change("snapshot", domain=domain, name="s1", state="absent", metadata_only=True)
    if state == "paused" and lab.host.release == "bookworm":
        # It takes the place of the other one.
        lab.change("snapshot", **task)
        return
    assert "vda has an internal snapshot of that name already" in lab.refused("snapshot", **task)
    assert lab.change("snapshot", domain=domain, name="s1")["snapshot"]["location"] == "external"


def test_disks_are_chosen_one_by_one(lab, blank):
    domain = blank("qcow2", "raw", "qcow2")
    chosen = [{"target": "vdb", "file": f"{DIRECTORY}/here.qcow2"}]
    task = {"domain": domain, "name": "s1", "disks": chosen}
    made = lab.change("snapshot", **task)
    assert [disk["location"] for disk in made["snapshot"]["disks"]] == ["no", "external", "no"]
    assert sorted(lab.shell(f"ls {DIRECTORY}").split()) == ["d0.qcow2", "d1.raw", "d2.qcow2", "here.qcow2"]
    message = lab.refused("snapshot", **{**task, "disks": [{"target": "vda"}]})
    assert "disks[vdb].location is external and cannot be changed to no" in message


def test_a_snapshot_as_a_document(lab, blank):
    domain = blank("qcow2", "raw")
    text = """<domainsnapshot><name>s1</name><description>By hand</description>
    <disks><disk name='vda' snapshot='external'/><disk name='vdb' snapshot='no'/></disks></domainsnapshot>"""
    lab.change("snapshot", domain=domain, xml=text)
    changed = lab.change("snapshot", domain=domain, xml=text.replace("By hand", "By another"))
    assert paths(changed) == ["description"]
    assert taken(lab)["s1"]["disks"][0]["file"] == f"{DIRECTORY}/d0.s1"
    lab.change("snapshot", domain=domain, xml=text, state="absent")


def test_info_can_be_fed_back(lab, blank):
    domain = blank()
    lab.ok("snapshot", domain=domain, name="s1", labels={"a": "b"}, description="one")
    lab.ok("snapshot", domain=domain, name="s2", location="external")
    for words in lab.run("snapshot_info")["snapshots"]:
        for answer in ("domain_state", "created", "parent", "children", "current", "revert", "delete"):
            del words[answer]
        lab.unchanged("snapshot", **words)


def test_what_virsh_took_is_adopted(lab, blank):
    domain = blank()
    lab.virsh("snapshot-create-as", domain, "s1", "--description", "By hand")
    lab.unchanged("snapshot", domain=domain, name="s1", description="By hand")
    told = lab.change("snapshot", domain=domain, name="s1", labels={"by": "test"})
    assert paths(told) == ["labels"]
    assert taken(lab)["s1"]["description"] == "By hand"


def test_a_policy_keeps_the_newest_of_what_it_is_about(lab, blank):
    domain = blank()
    lab.virsh("snapshot-create-as", domain, "by-hand")
    lab.ok("snapshot", domain=domain, name="other")
    for number in range(3):
        task = {"domain": domain, "name": f"n{number}", "labels": {"policy": "nightly"}, "retention": {"last": 2}}
        made = lab.change("snapshot", **task)
    assert paths(made) == ["", "retention[n0]"]
    assert "retention[n0]" in made["diff"][-1]["before"]
    assert sorted(taken(lab)) == ["by-hand", "n1", "n2", "other"]
    # One that is named is not taken for too many.
    lab.unchanged("snapshot", domain=domain, name="n1", retention={"last": 1, "labels": {"policy": "nightly"}})
    pruned = lab.change("snapshot", domain=domain, retention={"last": 1, "labels": {"policy": "nightly"}})
    assert paths(pruned) == ["retention[n1]"]
    task = {"domain": domain, "name": "other", "labels": {"policy": "nightly"}, "retention": {"last": 1}}
    # With the label that it gets, one that is there already is one of them, and the named one stays.
    lab.change("snapshot", **task)
    lab.ok("snapshot", domain=domain, name="other", labels={})
    pruned = lab.change("snapshot", domain=domain, retention={"daily": 1})
    assert paths(pruned) == ["retention[other]"]
    assert sorted(taken(lab)) == ["by-hand", "n2"]


def test_a_snapshot_that_does_not_exist_is_absent_already(lab, blank):
    lab.unchanged("snapshot", domain="none", name="s1", state="absent")
    lab.unchanged("snapshot", domain=blank(), name="s1", state="absent")
    assert lab.run("snapshot_info", domain=["none"])["snapshots"] == []


def test_going_back_would_lose_what_grew_out_of_the_disk(lab, blank):
    domain = blank()
    lab.ok("snapshot", domain=domain, name="s1")
    lab.ok("snapshot", domain=domain, name="s2", location="external")
    assert "s2 grew out of the disks" in lab.refused("snapshot", domain=domain, name="s1", state="reverted")
    both(lab, domain=domain, name="s1", state="reverted", force=True)


@pytest.mark.parametrize("state", ["stopped", "running"])
def test_a_guest_that_writes_elsewhere_is_still_what_its_task_says(lab, blank, state):
    domain = blank("qcow2", "raw", state=state)
    disks = [
        {"target": f"vd{letter}", "pool": "images", "volume": f"d{number}.{kind}", "format": kind}
        for number, (letter, kind) in enumerate((("a", "qcow2"), ("b", "raw")))
    ]
    document = lab.virsh("dumpxml", "--inactive", domain)
    for name in ("s1", "s2"):
        lab.ok("snapshot", domain=domain, name=name, location="external", memory=False)
    lab.unchanged("domain", name=domain, disks=disks)
    lab.unchanged("domain", xml=document)
    # Where it is changed in another way, its disks stay with what was written to them.
    lab.change("domain", name=domain, disks=disks, description="Another")
    document = document.replace("<memory ", "<title>Another</title><memory ", 1)
    lab.change("domain", xml=document)
    assert f"file='{DIRECTORY}/d0.s2'" in lab.virsh("dumpxml", "--inactive", domain)
    lab.ok("snapshot", domain=domain, name="s1", state="absent", children=True)
    lab.unchanged("domain", name=domain, disks=disks)
    lab.unchanged("domain", xml=document)
    lab.refused("domain", name=domain, disks=[{"target": "vda", "pool": "images", "volume": "none"}])


@pytest.mark.parametrize("state", ["stopped", "running"])
def test_a_guest_on_an_overlay_without_a_snapshot_is_still_what_its_task_says(lab, blank, remote, state):
    """What backs up a guest leaves it so for a while: with files that nothing but they themselves tell of."""
    domain = blank("qcow2", "raw", "qcow2", state=state)
    by_file = {"target": "vdc", "file": f"{DIRECTORY}/d2.qcow2", "format": "qcow2"}
    disks = [
        {"target": "vda", "pool": "images", "volume": "d0.qcow2"},
        {"target": "vdb", "pool": "images", "volume": "d1.raw", "format": "raw"},
        by_file,
    ]
    lab.ok("domain", name=domain, disks=disks, state=state)
    document = lab.virsh("dumpxml", "--inactive", domain)
    for name in ("s1", "s2"):
        files = [f"--diskspec=vd{'abc'[number]},file={DIRECTORY}/d{number}.{name}" for number in range(3)]
        lab.virsh("snapshot-create-as", domain, name, "--no-metadata", "--disk-only", *files)
    # Its pool knows nothing of them yet, and then it does. From another host only the pool tells.
    assert pool_tells(lab) == ["d0.qcow2", "d1.raw", "d2.qcow2"]
    assert not lab.run("domain", name=domain, disks=disks)["changed"]
    if state == "stopped":
        said = lab.run("domain", uri=remote, name=domain, disks=disks)["msg"]
        assert f"no pool knows {DIRECTORY}/d0.s2" in said
    lab.unchanged("domain", name=domain, disks=disks)
    lab.unchanged("domain", uri=remote, name=domain, disks=disks)
    lab.unchanged("domain", xml=document)
    lab.change("domain", name=domain, disks=disks, description="Another")
    for number in range(3):
        assert f"file='{DIRECTORY}/d{number}.s2'" in lab.virsh("dumpxml", "--inactive", domain)
    # Another file is another file, and so is the old one to who asks for it in two tasks.
    lab.shell(f"qemu-img create -q -f qcow2 {DIRECTORY}/new 4M")
    moved = lab.check("domain", name=domain, disks=[*disks[:2], {**by_file, "file": f"{DIRECTORY}/new"}])
    assert "disks[vdc].file" in paths(moved)
    if state == "stopped":
        lab.change("domain", name=domain, disks=disks[:2])
        lab.change("domain", name=domain, disks=disks)
        assert f"file='{DIRECTORY}/d2.qcow2'" in lab.virsh("dumpxml", "--inactive", domain)


def test_a_volume_that_a_snapshot_is_built_on_does_not_go_with_its_guest(lab, blank):
    domain = blank()
    lab.ok("snapshot", domain=domain, name="s1", location="external")
    task = {"name": domain, "state": "absent", "remove_volumes": ["images/d0.qcow2"]}
    assert "it is the base of images/d0.s1" in lab.refused("domain", **task)


def test_files_and_formats_are_named(lab, blank):
    domain = blank("raw", state="running")
    disk = {"target": "vda", "file": f"{DIRECTORY}/over", "format": "qcow2", "location": "external"}
    task = {"domain": domain, "name": "s1", "memory": True, "memory_file": f"{DIRECTORY}/memory", "disks": [disk]}
    made = lab.change("snapshot", **task)
    assert made["snapshot"]["memory_file"] == f"{DIRECTORY}/memory"
    assert sorted(lab.shell(f"ls {DIRECTORY}").split()) == ["d0.raw", "memory", "over"]


def test_an_internal_snapshot_is_not_lost_with_the_file_that_it_lies_in(lab, blank):
    domain = blank("qcow2", "raw")
    lab.ok("snapshot", domain=domain, name="below")
    lab.ok("snapshot", domain=domain, name="above")
    assert taken(lab)["above"]["location"] == "internal"
    assert "its files also hold above" in lab.refused("snapshot", domain=domain, name="below", state="absent")
    assert [one["name"] for one in image(lab, "d1.below")["snapshots"]] == ["above"]
    lab.change("snapshot", domain=domain, name="below", state="absent", children=True)
    assert (taken(lab), sorted(lab.shell(f"ls {DIRECTORY}").split())) == ({}, ["d0.qcow2", "d1.raw"])


WRONG = [
    ({"name": "a/b"}, "name"),
    ({"name": ".a"}, "begins with a dot"),
    ({"name": "s1", "domain": "none"}, "domain none: there is none of this name"),
    ({"name": "s1", "memory": True}, "it is stopped and has no memory to take"),
    ({"name": "s1", "disks": [{"target": "vdz"}]}, "it has no disk vdz (it has: vda, vdb)"),
    ({"name": "s1", "disks": []}, "'disks' names none"),
    ({"name": "s1", "location": "internal"}, "its disk vdb is raw, and only qcow2 has room"),
    ({"name": "s1", "quiesce": True}, "it is stopped; take 'quiesce' out"),
    ({"name": "s1", "disks": [{"target": "vda", "file": f"{DIRECTORY}/d1.raw"}]}, "exists already"),
    ({"name": "s1", "disks": [{"target": "vda", "file": "over"}]}, "not an absolute path"),
    ({"name": "s1", "disks": [{"target": "vda", "file": "/none/over"}]}, "the directory of /none/over is not there"),
    ({"name": "s1", "children": True}, "'children' goes with 'state: absent'"),
    ({"name": "s1", "retention": {}}, "retention keeps nothing at all"),
    ({"name": "s1", "retention": {"last": -1}}, "retention cannot keep less than none"),
    ({"name": "s1", "state": "reverted"}, "there is none of this name, the guest has: none"),
    ({"xml": "<domainsnapshot><nme>s1</nme></domainsnapshot>"}, "it has no name"),
    ({"xml": "<domainsnapshot><name>s1</name><dscription/></domainsnapshot>"}, "dscription"),
]


def test_wrong_tasks_are_refused_and_touch_nothing(lab, blank):
    domain = blank("qcow2", "raw")
    for options, words in WRONG:
        message = lab.refused("snapshot", **{"domain": domain, **options})
        assert words in message, (options, message)


def test_the_saved_memory_of_a_guest_does_not_outlive_a_revert(lab, blank):
    domain = blank(state="running")
    lab.ok("snapshot", domain=domain, name="with")
    lab.ok("domain", name=domain, state="stopped", force=True, timeout=1)
    lab.ok("snapshot", domain=domain, name="without")
    lab.ok("domain", name=domain, state="saved")
    assert "its memory is saved" in lab.refused("snapshot", domain=domain, name="new")
    assert "memory of the guest is saved" in lab.refused("snapshot", domain=domain, name="without", state="reverted")
    both(lab, domain=domain, name="with", state="reverted")
    assert (lab.state()["domain"][domain]["saved"], lab.state()["domain"][domain]["state"]) == (0, 1)
    lab.ok("domain", name=domain, state="saved")
    both(lab, domain=domain, name="without", state="reverted", force=True)
    assert lab.state()["domain"][domain]["saved"] == 0


def pattern(lab, path: str, wrote: str = "", reads: str = "") -> None:
    """Write a byte into a disk of a guest that is off, or see that it is there."""
    does = f"write -q -P {wrote} 0 64k" if wrote else f"read -P {reads} 0 64k"
    said = lab.shell(f"qemu-io -f qcow2 -c '{does}' {path}")
    assert "failed" not in said, said


@pytest.mark.parametrize("location", ["internal", "external"])
def test_what_was_in_the_disks_comes_back(lab, blank, location):
    domain = blank()
    pattern(lab, f"{DIRECTORY}/d0.qcow2", wrote="0x11")
    lab.ok("snapshot", domain=domain, name="s1", location=location)
    now = f"{DIRECTORY}/d0.{'s1' if location == 'external' else 'qcow2'}"
    pattern(lab, now, wrote="0x22")
    if location == "external" and "<externalSnapshot/>" not in lab.virsh("capabilities"):
        assert "from 9.9 on" in lab.refused("snapshot", domain=domain, name="s1", state="reverted")
        assert not taken(lab)["s1"]["revert"]["possible"]
        pattern(lab, now, reads="0x22")
        return
    for _time in range(2):
        both(lab, domain=domain, name="s1", state="reverted")
        assert pool_tells(lab) == sorted(lab.shell(f"ls {DIRECTORY}").split())
        (disk,) = lab.tree("domain", domain).findall("devices/disk/source")
        pattern(lab, disk.get("file") or f"{DIRECTORY}/{disk.get('volume')}", reads="0x11")
    # The guest is still what its task says, and can go on in both directions.
    listed = [{"target": "vda", "pool": "images", "volume": "d0.qcow2"}]
    lab.unchanged("domain", name=domain, disks=listed)
    lab.change("snapshot", domain=domain, name="s2", location=location)
    lab.change("snapshot", domain=domain, name="s1", state="absent", children=True)
    lab.unchanged("domain", name=domain, disks=listed)


def test_the_names_that_a_running_guest_takes(lab, blank):
    domain = blank()
    lab.ok("snapshot", domain=domain, name="a b")
    lab.ok("domain", name=domain, state="paused")
    task = {"domain": domain, "name": "größer", "location": "internal"}
    if lab.host.release == "bookworm":
        lab.change("snapshot", **task)
        lab.change("snapshot", domain=domain, name="a b", state="absent")
        return
    assert "letters, digits" in lab.refused("snapshot", **task)
    assert "letters, digits" in lab.refused("snapshot", domain=domain, name="a b", state="absent")
    lab.ok("domain", name=domain, state="stopped", force=True, timeout=1)
    lab.change("snapshot", domain=domain, name="a b", state="absent")


def test_the_way_back_to_an_external_one_can_be_gone_again(lab, blank):
    domain = blank()
    if "<externalSnapshot/>" not in lab.virsh("capabilities"):
        pytest.skip("libvirt goes back to external snapshots from 9.9 on")
    for name in ("e1", "e2"):
        lab.ok("snapshot", domain=domain, name=name, location="external")
    for _time in range(2):
        both(lab, domain=domain, name="e1", state="reverted")
    assert "another description" in lab.refused("snapshot", domain=domain, name="e1", description="other")
