# SPDX-License-Identifier: GPL-3.0-or-later
"""How often libvirt is asked: a task with nothing to do asks little, and however many guests there are."""

from __future__ import annotations

import json
import subprocess

import pytest
from integration._lab import HERE, PYTHON

GUEST = {"virt_type": "qemu", "memory": "16 MiB", "vcpus": 1, "disks": [], "interfaces": []}


@pytest.fixture
def guests(lab):
    for number in range(5):
        lab.ok("domain", name=f"guest{number}", **GUEST)
    lab.virsh("start", "guest1")
    lab.virsh("managedsave", "guest1")
    lab.virsh("start", "guest2")


def planned(lab, kind: str, **options) -> dict:
    """What a task with nothing to do asks of libvirt (C(calls)), and needs of the collection (C(imported))."""
    done = subprocess.run(
        lab.host.command([PYTHON, f"{HERE}/_calls_inside.py", kind]),
        input=json.dumps(options),
        capture_output=True,
        text=True,
        env=lab.writer.environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert not answer["changed"]
    return answer


def calls(lab, kind: str, **options) -> list[str]:
    return planned(lab, kind, **options)["calls"]


@pytest.mark.usefixtures("guests")
@pytest.mark.parametrize("name", ["guest0", "guest1", "guest2"])
def test_nothing_to_do_takes_four_calls_at_most(lab, name):
    assert len(calls(lab, "domain", name=name, **GUEST)) <= 4
    for autostart in (False, True):
        lab.ok("domain", name=name, autostart=autostart)
        assert len(calls(lab, "domain", name=name, **GUEST, autostart=autostart)) <= 4


@pytest.mark.usefixtures("guests")
def test_all_guests_are_read_with_one_call_each_and_a_few_for_all(lab):
    made = calls(lab, "domain_info")
    assert made.count("XMLDesc") == 5
    assert len(made) - 5 <= 4


NEEDED = {
    "domain": ("_domain.", "_nwfilter.parameters"),
    "volume": ("_volume.schema", "_volume.asked", "_volume.pooled", "_volume.steps"),
}


def test_nothing_to_do_needs_little_of_the_collection(lab):
    """Ansible ships sources, which are compiled anew for every task."""
    lab.ok("pool", name="images", path="/var/lib/libvirt/images/images", state="active")
    volume = {"pool": "images", "name": "base.qcow2", "capacity": "1 MiB", "format": "qcow2"}
    clone = {"pool": "images", "name": "a.qcow2", "capacity": "2 MiB", "backing": {"volume": "base.qcow2"}}
    guest = {**GUEST, "name": "a", "disks": [{"target": "vda", "pool": "images", "volume": "a.qcow2"}]}
    for kind, options in (("volume", volume), ("volume", clone), ("domain", guest)):
        lab.ok(kind, **options)
        imported = planned(lab, kind, **options)["imported"]
        assert [name for name in imported if "." in name and not name.startswith(NEEDED[kind])] == []
        assert not {"_change", "_merge", "_schema", "_wait"} & set(imported)
