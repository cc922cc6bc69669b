# SPDX-License-Identifier: GPL-3.0-or-later
"""What is built on a volume keeps it as it is, and so do guests that will find it again."""

from __future__ import annotations

import json

import pytest
from integration.test_volume_changes import run_guest
from integration.test_volume_content import DIRECTORY

BASE = f"{DIRECTORY}/base"
NODE = {"driver": "qcow2", "file": {"driver": "file", "filename": BASE}}
FLAT = {"driver": "qcow2", "file.driver": "file", "file.filename": BASE}
CREATE = "qemu-img create -q -f qcow2"


@pytest.fixture
def base(lab, pool):
    lab.ok("volume", pool=pool, name="base", capacity="8 MiB", format="qcow2")
    return {"pool": pool, "name": "base"}


@pytest.mark.parametrize(
    "command",
    [
        f"{CREATE} -F qcow2 -b {BASE} {DIRECTORY}/clone",
        f"cd {DIRECTORY}; {CREATE} -F qcow2 -b ./base clone",
        f"{CREATE} -F qcow2 -b 'json:{json.dumps(NODE)}' {DIRECTORY}/clone",
        f"{CREATE} -F qcow2 -b 'json:{json.dumps(FLAT)}' {DIRECTORY}/clone",
        f"{CREATE} -F qcow2 -b file:{BASE} {DIRECTORY}/clone",
        f"ln -sfn {DIRECTORY} /root/link; {CREATE} -F qcow2 -b /root/link/base {DIRECTORY}/clone",
        f"{CREATE} -F qcow2 -b {BASE} /root/middle; {CREATE} -F qcow2 -b /root/middle {DIRECTORY}/clone",
        f"{CREATE} -o data_file={BASE},data_file_raw=on {DIRECTORY}/clone 8M",
    ],
    ids=["path", "relative", "json", "flat json", "file", "link", "between", "data file"],
)
@pytest.mark.parametrize("listed", [True, False])
def test_a_base_stays_however_an_image_names_it(lab, pool, base, command, listed):
    if "data_file" in command:
        lab.shell(f"rm {BASE}; truncate -s 8M {BASE}; virsh -q pool-refresh {pool}")
    lab.shell(command)
    if listed:
        lab.shell(f"virsh -q pool-refresh {pool}")
    # Whoever looks at all there is has libvirt look at it, too.
    for run in (lab.check, lab.run):
        assert "it is the base of images/clone" in run("volume", **base, state="absent")["msg"]


def test_an_image_with_internal_snapshots_keeps_its_base(lab, pool, base):
    clone = {"pool": pool, "name": "clone"}
    lab.ok("volume", **clone, backing={"volume": "base"})
    lab.ok("volume", pool=pool, name="other", capacity="8 MiB", format="qcow2")
    lab.shell(f"qemu-img snapshot -c before {DIRECTORY}/clone")
    other = {"volume": "other"}
    for task in ({"backing": {}}, {"backing": other, "rebase": "safe"}):
        assert "internal snapshots (before), which need its base" in lab.refused("volume", **clone, **task)
    lab.change("volume", **clone, backing=other, rebase="unsafe")
    run_guest(lab, pool, "clone")
    assert "internal snapshots (before)" in lab.refused("volume", **clone, backing={})


def test_nothing_is_built_on_what_a_guest_writes_into(lab, pool, base):
    run_guest(lab, pool, "base")
    clone = {"pool": pool, "name": "clone"}
    for backing in ({"volume": "base"}, {"path": BASE, "format": "qcow2"}):
        assert "a disk of domain guest, which writes into it" in lab.refused("volume", **clone, backing=backing)
    lab.ok("domain", name="guest", state="saved")
    assert "is saved with it" in lab.refused("volume", **clone, backing={"volume": "base"})
    lab.ok("domain", name="guest", state="stopped", force=True, timeout=1)
    lab.change("volume", **clone, backing={"volume": "base"})


def test_a_saved_guest_finds_its_disks_again(lab, pool, base):
    lab.ok("volume", pool=pool, name="below", capacity="8 MiB", format="qcow2")
    lab.ok("volume", pool=pool, name="above", backing={"volume": "below"})
    run_guest(lab, pool, "base", "above")
    lab.ok("domain", name="guest", state="saved")
    for task in ({"capacity": "4 MiB", "allow_shrink": True}, {"capacity": "16 MiB"}):
        assert "the memory of domain guest is saved" in lab.refused("volume", **base, **task)
    assert "the memory of domain guest is saved" in lab.refused("volume", pool=pool, name="above", backing={})
    assert "domain guest is saved with it" in lab.refused("volume", **base, state="absent")
    # It is as it was, and a copy may be made of it.
    lab.change("volume", pool=pool, name="copy", source={"volume": "base"})
    lab.change("domain", name="guest", state="running")


def test_a_base_that_is_gone_is_needed(lab, pool, base):
    clone = {"pool": pool, "name": "clone"}
    lab.ok("volume", **clone, backing={"volume": "base"})
    lab.shell(f"mv {BASE} /root/moved; virsh -q pool-refresh {pool}")
    for task in ({"backing": {}}, {"capacity": "16 MiB"}):
        assert f"its base {BASE} is not there" in lab.refused("volume", **clone, **task)
    lab.change("volume", **clone, backing={"path": "/root/moved", "format": "qcow2"}, rebase="unsafe")


STARTED = {"name": "guest", "virt_type": "qemu", "memory": "16 MiB", "state": "running"}


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ({"capacity": "16 MiB"}, ""),
        ({"capacity": "4 MiB", "allow_shrink": True}, "domain guest runs on it"),
        ({"state": "absent"}, "domain guest runs on it"),
        ({"name": "copy", "source": {"volume": "base"}}, "domain guest writes into it"),
        ({"name": "clone", "backing": {"volume": "base"}}, "which writes into it"),
    ],
)
def test_a_check_knows_the_guests_that_the_play_starts(lab, here, pool, base, task, words):
    guest = {**STARTED, "disks": [{"target": "vda", "pool": pool, "volume": "base"}]}
    said = _checked_and_done(here, {"domain": guest}, {"volume": {**base, **task}})
    assert words in said[-1].get("msg", "")
    assert bool(words) == bool(said[-1].get("msg"))


def test_a_check_knows_the_guests_that_the_play_stops(lab, here, pool, base):
    run_guest(lab, pool, "base")
    said = _checked_and_done(
        here,
        {"domain": {"name": "guest", "state": "stopped", "force": True, "timeout": 1}},
        {"volume": {**base, "capacity": "4 MiB", "allow_shrink": True}},
        {"volume": {**base, "state": "absent"}},
    )
    assert not any(task.get("msg") for task in said)


def test_a_check_knows_what_the_play_builds_on_a_volume(lab, here, pool, base):
    clone = {"pool": pool, "name": "clone"}
    said = _checked_and_done(
        here, {"volume": {**clone, "backing": {"volume": "base"}}}, {"volume": {**base, "state": "absent"}}
    )
    assert "it is the base of images/clone" in said[-1]["msg"]
    said = _checked_and_done(here, {"volume": {**clone, "backing": {}}}, {"volume": {**base, "state": "absent"}})
    assert not said[-1].get("msg")


def _checked_and_done(here, *tasks: dict) -> list:
    """What the tasks of a play said, checked and done alike."""
    tasks = [{f"virtops.libvirt.{kind}": options} for task in tasks for kind, options in task.items()]
    text = json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}])
    planned, real = here(text, "--check").tasks, here(text).tasks
    for key in ("changed", "changes", "msg"):
        assert [task.get(key) for task in planned] == [task.get(key) for task in real]
    return real
