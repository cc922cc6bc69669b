# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan is the run: random tasks for the devices of a guest, and for what goes with few of them."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule
from integration._random import few, lives, some
from integration.test_plan_equals_run import FILE, STATES, Guest

TARGETS = ("vda", "vdb", "sda", "sdb", "hda", "fda")
MACS = ("52:54:00:aa:06:01", "52:54:00:aa:06:02", "52:54:00:aa:06:03")
YES = st.booleans()


def items(one, most: int = 2, **key):
    """A list of items of which no two share C(key), its values; one without it tells items by their place."""
    named = st.builds(lambda name, more: {**name, **more}, st.fixed_dictionaries(key), one) if key else one
    unique = {"unique_by": lambda item: tuple(item[name] for name in key)} if key else {}
    return st.lists(named, max_size=most, **unique)


def of(*values):
    return st.sampled_from(values)


MEDIUM = st.one_of(
    st.builds(lambda name: {"pool": "images", "volume": f"{name}.qcow2"}, of("one", "two")),
    st.builds(lambda name: {"file": f"{FILE}/{name}.raw", "format": "raw"}, of("vda", "vdb")),
    st.just({"device": "cdrom"}),
    st.just({"device": "cdrom", "file": f"{FILE}/sdz.raw"}),
    st.just({"device": "floppy"}),
)
DISK = few(
    3,
    bus=of("virtio", "scsi", "sata", "usb", "ide"),
    io=of("threads", "native"),
    cache=of("none", "writethrough", "unsafe"),
    detect_zeroes=of("off", "on", "unmap"),
    queues=of(1, 2),
    iothread=of(1, 2),
    readonly=YES,
    shareable=YES,
    wwn=of("5000c50015ea71aa"),
    boot=of(1, 2, 3),
    alias=of("ua-disk", "ua-drive"),
)
CONNECTION = st.one_of(
    st.builds(lambda name: {"network": name}, of("lab", "other")),
    st.just({"bridge": "br9"}),
    st.just({"type": "user"}),
)
NIC = few(
    4,
    alias=of("ua-nic", "ua-card"),
    portgroup=of("staff", "none"),
    filter=of({}, {"name": "own"}, {"name": "other", "parameters": {"IP": "10.50.0.9"}}),
    model=of("virtio", "e1000e", "rtl8139"),
    mtu=of(1400),
    queues=of(1, 2),
    link=of("up", "down"),
    isolated=YES,
    trust_guest_rx_filters=YES,
    target=of("tap7", "tap8"),
    rom=YES,
    guest_csum=YES,
    boot=of(1, 2, 3),
)
CHARACTERS = some(
    alias=of("ua-port", "ua-line"), type=of("pty", "unix", "null", "file"), path=of("/var/tmp/one", "/var/tmp/two")
)
GRAPHICS = some(port=of(5901, 5902, -1), autoport=YES, listen=of("127.0.0.1", "0.0.0.0"), keymap=of("de", "en-us"))
AGENTS = st.lists(st.just({"name": "com.redhat.spice.0", "type": "spicevmc"}), max_size=1)
OPTIONS = few(
    8,
    machine=of("pc", "q35"),
    iothreads=of(0, 1, 2),
    disks=st.lists(
        st.builds(lambda target, medium, more: {"target": target, **medium, **more}, of(*TARGETS), MEDIUM, DISK),
        max_size=3,
        unique_by=lambda disk: disk["target"],
    ),
    interfaces=st.lists(
        st.builds(lambda mac, place, more: {"mac": mac, **place, **more}, of(*MACS), CONNECTION, NIC),
        max_size=2,
        unique_by=lambda nic: nic["mac"],
    ),
    graphics=items(GRAPHICS, type=of("vnc", "spice")),
    sounds=items(some(alias=of("ua-sound")), model=of("ich6", "ich9", "ac97")),
    videos=items(some(heads=of(1, 2), primary=YES, accel3d=st.just(False)), model=of("virtio", "vga", "qxl", "bochs")),
    channels=st.builds(list.__add__, AGENTS, items(CHARACTERS, name=of("org.example.0", "org.example.1"))),
    serials=items(CHARACTERS, port=of(0, 1)),
    consoles=items(CHARACTERS, port=of(0, 1)),
    inputs=items(some(bus=of("usb", "virtio"), alias=of("ua-in")), 1, type=of("mouse", "tablet", "keyboard")),
    rngs=items(some(backend=of("random", "builtin"), rate_bytes=of(1, 2), rate_period=of(1000)), 1),
    watchdogs=items(some(action=of("reset", "pause")), 1, model=of("i6300esb", "ib700")),
    panics=items(some(model=of("isa", "pvpanic")), 1),
    memballoon=some(model=of("virtio", "none"), autodeflate=YES, stats_period=of(0, 5)),
    filesystems=items(
        some(driver=of("path", "virtiofs"), accessmode=of("passthrough", "mapped", "squash"), readonly=YES),
        1,
        target=of("a", "b"),
        source=of("/srv", "/var/tmp"),
    ),
    iommu=st.one_of(st.just({}), st.builds(lambda more: {"model": "intel", **more}, some(intremap=YES))),
    features=some(acpi=YES, apic=YES, ioapic=of("qemu", "kvm"), smm=YES),
    boot=some(devices=st.lists(of("hd", "cdrom", "network"), max_size=2, unique=True), menu=YES, serial_console=YES),
    smbios=of({}, {"mode": "emulate"}, {"system": {"serial": "1"}}, {"mode": "sysinfo", "bios": {"vendor": "v"}}),
    memory_backing=of({}, {"source": "memfd", "access": "shared"}),
    purge=YES,
    power_cycle=YES,
)


class Devices(Guest):
    @rule(options=OPTIONS, state=STATES)
    def by_options(self, options, state):
        self.task({"memory": "16 MiB", **options} if not self.lab.state()["domain"] else options, state)


@pytest.fixture
def estate(lab, pool):
    for number, name in enumerate(("lab", "other")):
        lab.ok("network", name=name, state="active", ips=[{"address": f"10.5{number}.0.1", "prefix": 24}])
    for name in ("own", "other"):
        lab.shell(f"virsh nwfilter-dumpxml {name} || virsh nwfilter-define /dev/stdin", f"<filter name='{name}'/>")
    for name in ("one", "two"):
        lab.ok("volume", pool=pool, name=f"{name}.qcow2", capacity="1 MiB", format="qcow2")
    lab.shell(f"cd {FILE} && for disk in vda vdb sdz; do truncate -s 1M $disk.raw; done; ip link add br9 type bridge")
    yield lab
    lab.wipe_domains()
    lab.shell("ip link delete br9")


def test_the_plan_is_the_run(estate):
    lives(Devices, estate)
