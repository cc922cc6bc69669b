# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan is the run: random tasks for the snapshots of a guest say the same checked and applied."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule
from integration._random import Machine, lives, some

DIRECTORY = "/var/lib/libvirt/images/images"
NAMES = st.sampled_from(["s1", "s2", "s3"])
DISK = st.fixed_dictionaries(
    {"target": st.sampled_from(["vda", "vdb", "vdz"])},
    optional={"location": st.sampled_from(["internal", "external", "no"])},
)
TAKEN = {
    "description": st.sampled_from(["", "x", "größer"]),
    "labels": st.sampled_from([{}, {"a": "b"}, {"a": "c"}]),
    "location": st.sampled_from(["internal", "external"]),
    "memory": st.booleans(),
    "disks": st.lists(DISK, max_size=2, unique_by=lambda disk: disk["target"]),
    "quiesce": st.booleans(),
    "retention": some(last=st.sampled_from([1, 2])),
}
REVERTED = {"power_state": st.sampled_from(["running", "paused"]), "force": st.booleans()}
ABSENT = {"children": st.booleans(), "metadata_only": st.booleans()}


def few(choices: dict):
    """Some of the options, most of the time not all of them."""
    return st.sets(st.sampled_from(sorted(choices)), max_size=3).flatmap(
        lambda names: st.fixed_dictionaries({name: choices[name] for name in sorted(names)})
    )


TASKS = st.one_of(
    *(
        few(choices).map(lambda options, state=state: {**options, "state": state})
        for state, choices in (("present", TAKEN), ("present", TAKEN), ("reverted", REVERTED), ("absent", ABSENT))
    )
)
BY_HAND = st.sampled_from(
    [
        "virsh start g",
        "virsh destroy g",
        "virsh suspend g",
        "virsh resume g",
        "virsh snapshot-create-as g s2",
        "virsh snapshot-create-as g s3 --disk-only",
        "virsh snapshot-delete g s1 --metadata",
        "virsh snapshot-revert g s1",
    ]
)
GUEST = (
    "<domain type='qemu'><name>g</name><memory unit='MiB'>16</memory><os><type>hvm</type></os><devices>{}"
    "</devices></domain>"
)
FILE = (
    f"<disk type='file' device='disk'><source file='{DIRECTORY}/{{}}.{{}}'/><driver name='qemu' type='{{}}'/>"
    "<target dev='vd{}' bus='virtio'/></disk>"
)


class Snapshots(Machine):
    """A guest with a disk and, with C(raw), another that has no room for snapshots; it gets one task after another."""

    @initialize(raw=st.booleans())
    def begin(self, raw):
        self.lab.wipe_domains()
        self.lab.shell(f"cd {DIRECTORY}; rm -f *; qemu-img create -q -f qcow2 a.qcow2 4M; truncate -s 2M b.raw")
        self.lab.shell(f"virsh pool-refresh images; virsh define /root/{'two' if raw else 'one'}.xml")

    @rule(name=NAMES, options=TASKS)
    def by_options(self, name, options):
        self.same("snapshot", {"domain": "g", "name": name, **options}, repeats=options["state"] != "reverted")

    @rule(command=BY_HAND)
    def by_hand(self, command):
        self.by_virsh(command)


@pytest.fixture
def estate(lab, pool):
    disks = [FILE.format("a", "qcow2", "qcow2", "a"), FILE.format("b", "raw", "raw", "b")]
    for name, number in (("one", 1), ("two", 2)):
        lab.shell(f"cat >/root/{name}.xml", GUEST.format("".join(disks[:number])))
    return lab


def test_the_plan_is_the_run(estate):
    lives(Snapshots, estate)
