# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan is the run: random tasks for volumes, built on others or below a guest, say the same checked and applied."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule
from integration._random import Machine, lives, some

NAMES = st.sampled_from(["a", "b", "c"])
FORMATS = st.sampled_from(["raw", "qcow2", "qcow2", "vmdk"])
SOURCES = st.one_of(
    st.fixed_dictionaries(
        {
            "path": st.sampled_from(
                ["/root/one.raw", "/root/two.qcow2", "/root/three.vmdk", "/root/none", "/root/one.raw.gz"]
            )
        }
    ),
    st.fixed_dictionaries({"volume": NAMES}),
)
CHOICES = {
    "capacity": st.sampled_from(["1 MiB", "2 MiB", "3 MiB", "3000000 B", "64 KiB"]),
    "allow_shrink": st.booleans(),
    "allocation": st.sampled_from(["0 B", "1 MiB"]),
    "preallocation": st.sampled_from(["metadata", "falloc"]),
    "format": FORMATS,
    "compat": st.sampled_from(["0.10", "1.1"]),
    "cluster_size": st.sampled_from(["64 KiB", "128 KiB"]),
    "features": some(lazy_refcounts=st.booleans()),
    "permissions": some(mode=st.sampled_from(["0600", "0644"]), owner=st.sampled_from([0, 1000])),
    "backing": st.one_of(
        st.just({}), st.fixed_dictionaries({"volume": NAMES}), st.just({"path": "/root/two.qcow2", "format": "qcow2"})
    ),
    "rebase": st.sampled_from(["never", "safe", "unsafe"]),
    "source": SOURCES,
    "force": st.booleans(),
    "wipe": st.sampled_from(["zero", "trim"]),
}
OPTIONS = some(**CHOICES)
FEW = st.sets(st.sampled_from(sorted(CHOICES)), max_size=2)
WHAT = st.one_of(
    st.just({}),
    st.sampled_from(["1 MiB", "2 MiB", "3 MiB"]).map(lambda size: {"capacity": size, "format": "qcow2"}),
    st.sampled_from(["1 MiB", "2 MiB", "3 MiB"]).map(lambda size: {"capacity": size}),
    SOURCES.map(lambda source: {"source": source}),
    NAMES.map(lambda name: {"backing": {"volume": name}}),
)
STATES = st.sampled_from(["present"] * 5 + ["absent"])
GUEST = (
    "<domain type='qemu'><name>g</name><memory unit='MiB'>16</memory><os><type>hvm</type></os><devices>"
    "<disk type='volume' device='disk'><source pool='images' volume='a'/><driver name='qemu' type='qcow2'/>"
    "<target dev='vda' bus='virtio'/></disk></devices></domain>"
)
BY_HAND = st.sampled_from(
    [
        "virsh define /root/g.xml; virsh start g",
        "virsh destroy g",
        "virsh vol-delete b --pool images",
        "virsh vol-create-as images b 2M --format qcow2; virsh pool-refresh images",
        "virsh vol-resize b 4M --pool images",
        "virsh snapshot-create-as g s1 --disk-only --no-metadata",
        "virsh pool-refresh images",
    ]
)


class Volumes(Machine):
    """Volumes that get one random task after another."""

    @initialize()
    def begin(self):
        self.lab.shell("virsh destroy g; virsh undefine g; rm -f /var/lib/libvirt/images/images/*")
        self.lab.shell("virsh pool-refresh images")

    @rule(name=NAMES, options=OPTIONS, few=FEW, what=WHAT, state=STATES)
    def by_options(self, name, options, few, what, state):
        chosen = {key: value for key, value in options.items() if key in few}
        task = {"name": name, "pool": "images", **chosen, **what, "state": state}
        self.same("volume", task)

    @rule(command=BY_HAND)
    def by_hand(self, command):
        self.by_virsh(command)


@pytest.fixture
def estate(lab, pool):
    lab.shell(f'echo "{GUEST}" >/root/g.xml')
    lab.shell("head -c 1500000 /dev/urandom >/root/one.raw; gzip -k -f /root/one.raw")
    lab.shell("qemu-img create -q -f qcow2 /root/two.qcow2 2M; qemu-img convert -O vmdk /root/one.raw /root/three.vmdk")
    return lab


def test_the_plan_is_the_run(estate):
    lives(Volumes, estate)
