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
}
# What libvirt chooses in the run.
UNTOLD = {"uuid", "mac", "bridge"}


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
    text, before = play_of(*tasks), lab.state()
    planned = here(text, "--check")
    assert lab.state() == before
    done = here(text)
    assert planned.code == done.code == 0, planned.text + done.text
    told = [
        [
            [{key: value for key, value in one.items() if key not in UNTOLD} for one in task[f"{kind}s"]]
            for task in result.tasks
            if f"{kind}s" in task
        ]
        for result in (planned, done)
    ]
    known = len(told[1][0]) - 1
    assert [len(found) - known for found in told[1]] == [1, 2, 1, 0]
    assert told[0] == told[1]
