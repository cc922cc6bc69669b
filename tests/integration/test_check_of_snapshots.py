# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of plays that take snapshots, go back to them and remove them: each task says what it then does."""

from __future__ import annotations

import pytest
from integration.plays import checked_and_done


@pytest.mark.parametrize("state", ["stopped", "paused", "running"])
@pytest.mark.parametrize("location", ["internal", "external"])
def test_a_snapshot_that_the_play_takes_can_go_again(lab, here, pool, state, location):
    lab.ok("volume", pool=pool, name="a.qcow2", format="qcow2", capacity="1 MiB")
    disks = [{"target": "vda", "pool": pool, "volume": "a.qcow2"}]
    lab.ok("domain", name="web1", virt_type="qemu", memory="16 MiB", disks=disks, state=state)
    named = {"domain": "web1", "memory": location == "internal" and state != "stopped", "location": location}
    done = checked_and_done(
        *(lab, here),
        {"snapshot": {**named, "name": "s1", "labels": {"by": "test"}}},
        {"snapshot": {**named, "name": "s2"}},
        {"snapshot": {"domain": "web1", "name": "s1", "state": "absent"}},
        {"snapshot": {**named, "name": "s3", "labels": {"by": "test"}, "retention": {"last": 1}}},
        {"snapshot": {"domain": "web1", "name": "s2", "state": "absent", "children": True}},
        {"snapshot": {"domain": "web1", "name": "s3", "state": "absent"}},
        {"domain": {"name": "web1", "state": "absent", "force": True, "timeout": 1}},
        {"snapshot": {"domain": "web1", "name": "s2", "state": "absent"}},
    )
    assert [task["changed"] for task in done] == [*[True] * 5, False, True, False]


@pytest.mark.parametrize(("state", "then"), [("stopped", "running"), ("paused", "paused"), ("running", "stopped")])
@pytest.mark.parametrize("location", ["internal", "external"])
def test_a_guest_goes_back_to_a_snapshot_that_the_play_takes(lab, here, pool, state, then, location):
    lab.ok("volume", pool=pool, name="a.qcow2", format="qcow2", capacity="1 MiB")
    disks = [{"target": "vda", "pool": pool, "volume": "a.qcow2"}]
    guest = {"name": "web1", "virt_type": "qemu", "memory": "16 MiB", "disks": disks}
    lab.ok("domain", **guest, state=state)
    back = {"snapshot": {"domain": "web1", "name": "s1", "state": "reverted"}}
    tasks = [
        {"snapshot": {"domain": "web1", "name": "s1", "location": location}},
        {"domain": {"name": "web1", "description": "later", "state": then, "force": True, "timeout": 1}},
        back,
    ]
    if location == "external" and lab.host.release == "bookworm":
        done = checked_and_done(lab, here, *tasks)
        assert "libvirt goes back to those from 9.9 on" in done[-1]["msg"]
        return
    # It is as it was, and what is taken then grew out of what it is back at.
    more = [
        {"domain": {"name": "web1", "description": "", "state": state}},
        {"domain": {"name": "web1", "state": then, "force": True, "timeout": 1}},
        {"snapshot": {"domain": "web1", "name": "s2"}},
        back,
    ]
    done = checked_and_done(lab, here, *tasks, *more)
    paths = ["state"] if state == then else ["domain_state", "state"]
    assert [change["path"] for change in done[2]["changes"]] == paths
    assert [task["changed"] for task in done[3:6]] == [False, state != then, True]


@pytest.mark.parametrize("state", ["stopped", "running"])
def test_a_disk_is_an_overlay_behind_an_external_snapshot_of_the_play(lab, here, pool, state):
    """Which is qcow2, and can hold internal ones, as the disk itself could not."""
    lab.ok("volume", pool=pool, name="a.raw", format="raw", capacity="1 MiB")
    disks = [{"target": "vda", "pool": pool, "volume": "a.raw"}]
    lab.ok("domain", name="web1", virt_type="qemu", memory="16 MiB", disks=disks, state=state)
    taken = [{"snapshot": {"domain": "web1", "name": name, "memory": False}} for name in ("s1", "s2")]
    taken.append({"snapshot": {"domain": "web1", "name": "s3"}})
    done = checked_and_done(lab, here, *taken, {"snapshot": {"domain": "web1", "name": "s3", "state": "absent"}})
    assert [task["changed"] for task in done] == [True] * 4
    assert done[0]["snapshot"]["location"] == "external"
