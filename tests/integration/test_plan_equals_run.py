# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan is the run: random tasks for a guest on a real libvirtd, checked and then applied, say the same."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule
from integration._random import Machine, lives, some

BASE = {"name": "guest", "virt_type": "qemu", "timeout": 1, "force": True}
TEXTS = st.text("a<&'\"]é字😀- ", max_size=6)
FILE = "/var/lib/libvirt/images/images"


DISK = st.fixed_dictionaries(
    {"target": st.sampled_from(["vda", "vdb", "sda", "sdb"])},
    optional={
        "cache": st.sampled_from(["none", "writeback"]),
        "discard": st.sampled_from(["unmap", "ignore"]),
        "serial": st.sampled_from(["one", "two", ""]),
        "iotune": some(total_iops_sec=st.sampled_from([0, 100, 200]), read_bytes_sec=st.sampled_from([0, 10**6])),
    },
)
NIC = st.fixed_dictionaries(
    {"mac": st.sampled_from(["52:54:00:aa:06:01", "52:54:00:aa:06:02"]), "network": st.sampled_from(["lab", "other"])},
    optional={
        "link": st.sampled_from(["up", "down"]),
        "mtu": st.sampled_from([1400, 1500]),
        "model": st.sampled_from(["virtio", "e1000e"]),
    },
)
RNG = st.fixed_dictionaries({"alias": st.sampled_from(["ua-a", "ua-b"])}, optional={"rate_bytes": st.integers(1, 3)})


def source(disk: dict) -> dict:
    """A disk with an image of its own."""
    return {**disk, "file": f"{FILE}/{disk['target']}.raw", "format": "raw"}


OPTIONS = some(
    title=TEXTS,
    description=TEXTS,
    labels=st.dictionaries(st.sampled_from("abc"), TEXTS, max_size=2),
    memory=st.sampled_from(["16 MiB", "24 MiB", "32 MiB"]),
    current_memory=st.sampled_from(["16 MiB", "24 MiB"]),
    vcpus=st.integers(1, 4),
    max_vcpus=st.integers(1, 4),
    iothreads=st.integers(0, 2),
    cpu=some(mode=st.sampled_from(["maximum", "host-model", "host-passthrough"])),
    cputune=some(shares=st.sampled_from([512, 1024]), emulator_pin=st.sampled_from(["0", "1", "0-1"])),
    memory_backing=st.sampled_from([{}, {"source": "memfd"}, {"source": "memfd", "access": "shared"}]),
    features=some(acpi=st.booleans(), vmport=st.booleans()),
    clock=some(offset=st.sampled_from(["utc", "localtime"])),
    boot=some(menu=st.booleans()),
    on_crash=st.sampled_from(["destroy", "restart", "preserve"]),
    disks=st.lists(DISK.map(source), max_size=3, unique_by=lambda disk: disk["target"]),
    interfaces=st.lists(NIC, max_size=2, unique_by=lambda nic: nic["mac"]),
    rngs=st.lists(RNG, max_size=2, unique_by=lambda rng: rng["alias"]),
    videos=st.sampled_from([[], [{"model": "virtio"}], [{"model": "vga"}]]),
    sounds=st.sampled_from([[], [{"model": "ich9"}]]),
    watchdogs=st.sampled_from([[], [{"model": "i6300esb", "action": "reset"}]]),
    tpm=st.sampled_from([{}, {"model": "tpm-crb", "version": "2.0"}]),
    autostart=st.booleans(),
    power_cycle=st.booleans(),
    purge=st.booleans(),
)
STATES = st.sampled_from(
    ["present", "present", "present", "running", "running", "stopped", "paused", "saved", "absent"]
)
# What a document of the user's may have in it, each in or out.
PARTS = (
    "<title>by document</title>",
    "<vcpu current='1'>2</vcpu>",
    "<on_crash>preserve</on_crash>",
    "<features><acpi/></features>",
    "<clock offset='localtime'><timer name='hpet' present='no'/></clock>",
)
DEVICES = (
    "<interface type='network'><source network='lab'/><model type='virtio'/></interface>",
    "<interface type='user'><model type='e1000e'/></interface>",
    "<input type='tablet' bus='usb'/>",
    "<sound model='ich9'/>",
    "<rng model='virtio'><backend model='random'>/dev/random</backend></rng>",
    "<channel type='unix'><target type='virtio' name='org.example.0'/></channel>",
    "<memballoon model='none'/>",
    f"<disk type='file'><driver name='qemu' type='raw'/><source file='{FILE}/sdz.raw'/><target dev='vdz'/></disk>",
)
DOCUMENTS = st.tuples(st.sets(st.sampled_from(PARTS)), st.sets(st.sampled_from(DEVICES))).map(
    lambda parts: (
        "<domain type='qemu'><name>guest</name><memory unit='MiB'>16</memory>"
        "<os><type machine='q35'>hvm</type></os>"
        f"{''.join(sorted(parts[0]))}<devices>{''.join(sorted(parts[1]))}</devices></domain>"
    )
)
BY_HAND = st.sampled_from(
    [
        "virsh desc guest --title 'by hand' --config",
        "virsh setvcpus guest 1 --config",
        "virsh dumpxml --inactive guest | sed 's/<on_crash>.*</<on_crash>restart</' >/root/x; virsh define /root/x",
        "virsh destroy guest",
        "virsh start guest",
        "virsh suspend guest",
    ]
)


class Guest(Machine):
    """A guest that gets one random task after another."""

    @initialize()
    def begin(self):
        self.lab.wipe_domains()

    @rule(options=OPTIONS, state=STATES)
    def by_options(self, options, state):
        self.task({"memory": "16 MiB", **options} if not self.lab.state()["domain"] else options, state)

    @rule(xml=DOCUMENTS, state=STATES)
    def by_document(self, xml, state):
        self.task({"xml": xml}, state)

    @rule(command=BY_HAND)
    def by_hand(self, command):
        self.by_virsh(command)

    def task(self, options, state):
        task = {**BASE, **options, "state": state}
        if "xml" in options:
            del task["virt_type"]
        told = self.same("domain", task)
        # libvirt completes devices: those of a document may get a name only then, and one more beside those that are
        # there, which nothing tells from them, the values of its own. It sorts disks when it reads a document.
        waiting = [[change["path"] for change in result["pending"]] for result in told or ()]
        known = "xml" not in options and options.get("purge") is not False
        assert not (told and known) or sorted(waiting[0]) == sorted(waiting[1]), (waiting, task)


@pytest.fixture
def estate(lab, pool):
    for number, name in enumerate(("lab", "other")):
        lab.ok("network", name=name, state="active", ips=[{"address": f"10.5{number}.0.1", "prefix": 24}])
    lab.shell(f"cd {FILE} && for disk in vda vdb sda sdb sdz; do truncate -s 1M $disk.raw; done")
    return lab


def test_the_plan_is_the_run(estate):
    lives(Guest, estate, usual=6)
