# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of whole plays: what the info modules tell is what they tell in the run."""

from __future__ import annotations

import pytest
from integration.plays import play_of

# The options of an object of each kind, and of one that is there before.
OBJECTS = {
    "pool": ({"name": "lab", "path": "/var/lib/libvirt/images/lab"}, {"name": "old", "path": "/srv/old"}),
    "network": (
        {"name": "lab", "ips": [{"address": "10.70.0.1", "prefix": 24}]},
        {"name": "old", "bridge": {"name": "virbr77"}},
    ),
    "nwfilter": ({"name": "lab"}, {"name": "old"}),
    "secret": ({"type": "ceph", "usage": "lab"}, {"type": "iscsi", "usage": "old"}),
    "domain": (
        {"name": "lab", "virt_type": "qemu", "memory": "16 MiB", "state": "running", "autostart": True},
        {"name": "old", "virt_type": "qemu", "memory": "16 MiB"},
    ),
}
# What libvirt chooses in the run, beside words of its own that it adds.
UNTOLD = {"uuid", "mac", "bridge", "machine"}


@pytest.mark.parametrize("kind", OBJECTS)
def test_what_is_told_of_objects_of_the_play(lab, here, kind):
    new, old = OBJECTS[kind]
    lab.ok(kind, **old)
    about = {f"{kind}_info": {}}
    tasks = [
        about,
        {kind: new},
        about,
        {kind: {**old, "state": "absent"}},
        about,
        {kind: {**new, "state": "absent"}},
        about,
    ]
    planned, done = (in_turn(result, f"{kind}s") for result in check_and_run(lab, here, *tasks))
    known = len(done[0]) - 1
    assert [len(found) - known for found in done] == [1, 2, 1, 0]
    assert planned == [
        [{name: word for name, word in one.items() if name in before} for before, one in zip(found_before, found)]
        for found_before, found in zip(planned, done)
    ]
    assert [len(found) for found in planned] == [len(found) for found in done]


def test_what_is_told_of_snapshots_of_the_play(lab, here):
    lab.ok("pool", name="lab", path="/srv/lab", state="active")
    lab.ok("volume", pool="lab", name="lab.qcow2", capacity="1 MiB", format="qcow2")
    disks = [{"target": "vda", "pool": "lab", "volume": "lab.qcow2"}]
    guest = {"name": "lab", "virt_type": "qemu", "memory": "16 MiB", "disks": disks}
    about = {"snapshot_info": {}}
    of_guest = {"snapshot_info": {"domain": ["lab", "none"]}}
    first, second = ({"domain": "lab", "name": name, "description": name} for name in ("one", "two"))
    gone = {"snapshot": {**first, "state": "absent"}}
    tasks = [
        about,
        {"domain": guest},
        of_guest,
        {"snapshot": first},
        about,
        {"snapshot": second},
        of_guest,
        gone,
        about,
    ]
    planned, done = (
        [
            [[one[key] for key in ("name", "description", "current", "children", "revert", "delete")] for one in found]
            for found in in_turn(result, "snapshots")
        ]
        for result in check_and_run(lab, here, *tasks, {"domain": {"name": "lab", "state": "absent"}}, about)
    )
    assert [[one[0] for one in found] for found in done] == [[], [], ["one"], ["one", "two"], ["two"], []]
    assert planned == done


def test_what_is_told_of_stacks_of_the_play(lab, here):
    lab.ok("pool", name="old", path="/srv/old", state="active")
    lab.ok("stack", name="web", nwfilters=[{"name": "before"}])
    guest = {"name": "web1", "virt_type": "qemu", "memory": "16 MiB"}
    volume = {"pool": "web", "name": "web1.raw", "capacity": "1 MiB", "format": "raw"}
    declared = {
        "name": "web",
        "pools": [{"name": "old", "autostart": True}, {"name": "web", "path": "/srv/web", "state": "active"}],
        "networks": [{"name": "web"}],
        "volumes": [volume],
        "domains": [guest],
    }
    about = {"stack_info": {"pools": ["old", "web"], "volumes": ["web"], "domains": ["web1"], "networks": ["web"]}}
    tasks = [
        about,
        {"stack": declared},
        about,
        {"domain": {**guest, "description": "changed"}},
        {"volume": {**volume, "state": "absent"}},
        about,
        {"stack": {**declared, "volumes": [], "networks": [], "prune": True}},
        about,
    ]
    results = check_and_run(lab, here, *tasks)
    planned, done = (in_turn(result, "stacks") for result in results)
    assert planned == done
    web = {"name": "web", "nwfilters": ["before"], "pools": [], "networks": [], "volumes": [], "domains": []}
    made = {**web, "pools": ["web"], "networks": ["web"], "domains": ["web1"]}
    whole = {**made, "volumes": [{"pool": "web", "name": "web1.raw"}]}
    assert done == [[web], [whole], [made], [{**made, "networks": [], "nwfilters": []}]]
    for plural in ("pools", "volumes", "domains", "networks"):
        names = [[[one["name"] for one in found] for found in in_turn(result, plural)] for result in results]
        assert names[0] == names[1]


def check_and_run(lab, here, *tasks) -> tuple:
    text, before = play_of(*tasks), lab.state()
    planned = here(text, "--check")
    assert lab.state() == before
    done = here(text)
    assert planned.code == done.code == 0, planned.text + done.text
    return planned, done


def in_turn(result, plural: str) -> list[list[dict]]:
    """What the tasks that ask told of these objects, in turn; without what libvirt chooses."""
    asked = [task[plural] for task in result.tasks if "stacks" in task or not task["changed"]]
    return [[{key: value for key, value in one.items() if key not in UNTOLD} for one in found] for found in asked]
