# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan is the run, for plays: random tasks in one check, of which nothing is made, say what they do in one run."""

from __future__ import annotations

import os
import random

from integration._random import SEED
from integration.plays import play_of

TASKS = 10
# What nobody can foresee: a guest without a system hears no button, and keeps its devices.
KEPT = ("did not give it up", "unplug request for not supported device type", "the guest is still")
POOLS = {"a": "/var/lib/libvirt/images/a", "b": "/var/lib/libvirt/images/b"}


def pool(draw) -> dict:
    name = draw.choice("aab")
    absent = {"state": "absent", **some(draw, remove_target=[True])}
    present = {"path": POOLS[name], "state": draw.choice(["active", "active", "inactive", "present"])}
    return {"name": name, **draw.choice([absent, present, present, {**present, "autostart": True}])}


def volume(draw) -> dict:
    name = {"pool": draw.choice("aab"), "name": draw.choice(["v", "v", "w", "clone"])}
    if draw.random() < 0.25:
        return {**name, "state": "absent"}
    more = (
        {"backing": {"volume": "v"}}
        if name["name"] == "clone"
        else {"format": "raw" if name["name"] == "w" else "qcow2"}
    )
    return {**name, "capacity": draw.choice(["1 MiB", "1 MiB", "2 MiB"]), **more}


def network(draw) -> dict:
    state = draw.choice(["active", "active", "inactive", "absent"])
    ips = [{"address": "10.70.0.1", "prefix": 24}]
    return {"name": "n", "state": state, **({} if state == "absent" else some(draw, ips=[ips], autostart=[True]))}


def domain(draw) -> dict:
    state = draw.choice(["present", "running", "running", "paused", "stopped", "saved", "absent"])
    name = {"name": "g", "state": state, "force": True, "timeout": 1}
    if state == "absent":
        return {**name, **some(draw, remove_volumes=[["a/v"], ["a/clone"]])}
    disks = [
        {"target": f"vd{letter}", "pool": "a", "volume": volume}
        for letter, volume in zip("abc", draw.sample(["v", "w", "clone"], draw.randint(0, 2)))
    ]
    guest = {"virt_type": "qemu", "memory": draw.choice(["16 MiB", "16 MiB", "24 MiB"]), "timeout": 1}
    told = some(draw, description=["", "one"], interfaces=[[{"network": "n"}], []], autostart=[True, False])
    return {**name, **guest, **({"disks": disks} if draw.random() < 0.6 else {}), **told}


def snapshot(draw) -> dict:
    name = {"domain": "g", "name": draw.choice(["s1", "s2", "s3"])}
    state = draw.choice(["present", "present", "reverted", "absent"])
    if state == "present":
        options = some(draw, location=["internal", "external"], memory=[True, False], description=["", "one"])
        return {**name, **options, **some(draw, labels=[{}, {"a": "b"}], retention=[{"last": 1}, {"last": 2}])}
    if state == "reverted":
        return {**name, "state": state, **some(draw, power_state=["running", "paused"], force=[True])}
    return {**name, "state": state, **some(draw, children=[True], metadata_only=[True])}


def export(draw) -> dict:
    return {"pool": "a", "name": draw.choice(["v", "w"]), "path": "/root/exported", **some(draw, replace=[True])}


def some(draw, **options) -> dict:
    """Any of the options, most of the time few of them."""
    return {name: draw.choice(choices) for name, choices in options.items() if draw.random() < 0.3}


KINDS = [
    (pool, "pool", 3),
    (volume, "volume", 5),
    (network, "network", 2),
    (domain, "domain", 6),
    (snapshot, "snapshot", 5),
    (export, "volume_export", 1),
]
ABOUT = [{"domain_info": {}}, {"snapshot_info": {}}, {"pool_info": {}}, {"network_info": {}}]


def tasks(draw) -> list[dict]:
    begin = [{"pool": {"name": "a", "path": POOLS["a"], "state": "active"}}] if draw.random() < 0.8 else []
    begin += [{"volume": {"pool": "a", "name": "v", "capacity": "1 MiB", "format": "qcow2"}}] if begin else []
    found = draw.choices(KINDS, [weight for _make, _name, weight in KINDS], k=TASKS)
    return begin + [{name: make(draw)} for make, name, _weight in found] + ABOUT


def test_a_check_of_a_play_is_its_run(lab, here):
    print(f"SEED={SEED}")
    for number in range(int(os.environ.get("SOAK", "4"))):
        draw = random.Random(f"{SEED}/{number}")
        chosen = tasks(draw)
        first = draw.randint(0, 4)
        # What is there before.
        here(text_of(chosen[:first]))
        text, before = text_of(chosen[first:]), lab.state()
        planned = here(text, "--check")
        assert lab.state() == before, text
        done = here(text)
        compare(chosen[first:], planned.tasks, done.tasks)
        lab.wipe()


def text_of(chosen: list[dict]) -> str:
    return (
        play_of(*chosen).replace("  tasks:", "  ignore_errors: true\n  tasks:")
        if chosen
        else play_of({"pool_info": {}})
    )


def compare(chosen: list[dict], planned: list[dict], done: list[dict]) -> None:
    assert len(planned) == len(done) == len(chosen)
    for number, (plan, real) in enumerate(zip(planned, done)):
        if any(words in real.get("msg", "") for words in KEPT):
            return
        shown = "\n".join(str(one) for one in chosen[: number + 1])
        for key in ("msg", "changed", "changes", "steps"):
            assert plan.get(key) == real.get(key), f"{key}\n{plan.get(key)}\n{real.get(key)}\n{shown}"
