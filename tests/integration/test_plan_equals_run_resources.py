# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan is the run: random tasks for what a guest has of its host, its memory, its processors, its clock."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule
from integration._random import few, lives, some
from integration.test_plan_equals_run import FILE, STATES, Guest
from integration.test_plan_equals_run_devices import YES, items, of

SIZES = ("16 MiB", "32 MiB", "48 MiB", "1 GiB")
PERIODS, QUOTAS = of(10000, 100000), of(-1, 0, 20000, 50000)
CELLS = of(
    [],
    [{"id": 0, "memory": "16 MiB", "cpus": "0"}],
    [{"id": 0, "memory": "32 MiB", "access": "shared"}],
    [{"id": 0, "memory": "16 MiB", "cpus": "0"}, {"id": 1, "memory": "32 MiB", "cpus": "1"}],
)
MEMORY = st.one_of(
    st.fixed_dictionaries(
        {"model": of("dimm"), "size": of("128 MiB", "130 MiB"), "node": of(0, 1)},
        optional={"alias": of("ua-ram", "ua-r")},
    ),
    st.fixed_dictionaries(
        {"model": of("virtio-mem"), "size": of("128 MiB", "64 MiB"), "node": of(0), "block": of("2 MiB", "3 MiB")},
        optional={"requested": of("0", "64 MiB", "128 MiB"), "alias": of("ua-mem")},
    ),
    st.fixed_dictionaries(
        {"model": of("nvdimm", "virtio-pmem"), "size": of("128 MiB"), "path": of("/var/tmp/nvdimm")},
        optional={"node": of(0)},
    ),
)
CPU = some(
    mode=of("maximum", "host-model", "host-passthrough", "custom"),
    model=of("qemu64", "Nehalem"),
    check=of("none", "partial", "full"),
    migratable=YES,
    nested=YES,
    features=items(
        some(policy=of("require", "disable", "forbid", "optional", "force")), name=of("aes", "svm", "x2apic")
    ),
    topology=some(sockets=of(1, 2), dies=of(1), cores=of(1, 2), threads=of(1, 2)),
    cells=CELLS,
)
TIMER = some(
    present=YES,
    tickpolicy=of("delay", "catchup", "merge", "discard"),
    track=of("boot", "guest", "wall", "realtime"),
)
CLOCK = some(
    offset=of("utc", "localtime", "timezone", "variable", "absolute"),
    timezone=of("Europe/Berlin", "UTC"),
    adjustment=of("0", "3600", "reset"),
    basis=of("utc", "localtime"),
    start=of("1700000000"),
    timers=items(TIMER, name=of("rtc", "pit", "hpet", "tsc", "kvmclock", "hypervclock")),
)
CPUTUNE = some(
    shares=of(512, 1024),
    period=PERIODS,
    quota=QUOTAS,
    global_period=PERIODS,
    global_quota=QUOTAS,
    emulator_period=PERIODS,
    emulator_quota=QUOTAS,
    emulator_pin=of("0", "1", "0-1", "0-7", "7"),
    vcpu_pins=items(st.just({}), vcpu=of(0, 1, 3), cpuset=of("0", "1", "0-1", "7")),
    iothread_pins=items(st.just({}), iothread=of(1, 2), cpuset=of("0", "0-1")),
)
LOG = some(log_file=of("/var/tmp/log", "/var/tmp/other"), log_append=YES)
OPTIONS = few(
    8,
    name=of("guest"),
    machine=of("pc", "q35"),
    emulator=of("/usr/bin/qemu-system-x86_64"),
    memory=of(*SIZES),
    current_memory=of(*SIZES),
    max_memory=of({}, {"size": "1 GiB", "slots": 4}, {"size": "2 GiB", "slots": 1}, {"size": "2 GiB"}),
    memory_devices=st.lists(MEMORY, max_size=2),
    memory_backing=some(
        source=of("memfd", "file", "anonymous"),
        access=of("shared", "private"),
        allocation=of("immediate", "ondemand"),
        discard=YES,
        nosharepages=YES,
    ),
    memtune=some(soft_limit=of("1 GiB", "2 GiB")),
    numatune=some(mode=of("strict", "preferred", "interleave", "restrictive"), nodeset=of("0", "0-1")),
    blkiotune=some(weight=of(0, 100, 500)),
    vcpus=of(1, 2, 3, 4),
    max_vcpus=of(1, 2, 4),
    cpuset=of("0", "0-1", "7"),
    iothreads=of(0, 1, 2),
    cpu=CPU,
    cputune=CPUTUNE,
    clock=CLOCK,
    on_poweroff=of("destroy", "restart"),
    on_reboot=of("destroy", "restart"),
    on_crash=of("destroy", "restart", "preserve", "coredump-destroy"),
    boot=some(menu=YES, menu_timeout=of(1000, 3000), reboot_timeout=of(-1, 0, 500)),
    firmware=of({}, {"type": "bios"}, {"type": "efi"}, {"type": "efi", "secure_boot": True}),
    kernel=of("/var/tmp/vmlinuz"),
    initrd=of("/var/tmp/initrd.img"),
    cmdline=of("quiet", "console=ttyS0"),
    features=some(acpi=YES, apic=YES, pae=YES, smm=YES, kvm_hidden=YES, vmport=YES),
    tpm=some(model=of("tpm-crb", "tpm-tis"), version=of("1.2", "2.0"), persistent_state=YES),
    vsock=some(auto=YES, cid=of(3, 4), model=of("virtio", "virtio-non-transitional")),
    sounds=items(some(alias=of("ua-sound")), model=of("ich9", "ac97", "usb")),
    serials=items(LOG, port=of(0, 1)),
    fw_cfg=items(some(value=of("one", "two", "")), name=of("opt/a", "opt/b")),
    graphics=of([], [{"type": "vnc"}], [{"type": "vnc", "autoport": True, "listen": "127.0.0.1"}]),
    interfaces=st.lists(
        st.builds(
            lambda mac, more: {"mac": mac, "network": "lab", **more},
            of("52:54:00:aa:06:01", "52:54:00:aa:06:02"),
            some(
                bandwidth=some(
                    inbound=some(average=of(100, 200), peak=of(400), burst=of(64), floor=of(50)),
                    outbound=some(average=of(100, 200), peak=of(400), burst=of(64)),
                ),
                acpi_index=of(1, 2),
                vlan=some(tags=of([], [5], [5, 6]), trunk=YES, native_tagged=of(5)),
            ),
        ),
        max_size=2,
        unique_by=lambda nic: nic["mac"],
    ),
    disks=items(
        some(
            iotune=some(
                total_bytes_sec=of(0, 10**6),
                read_bytes_sec=of(0, 10**6),
                read_bytes_sec_max=of(0, 2 * 10**6),
                total_iops_sec=of(0, 100),
                total_iops_sec_max=of(0, 200),
                size_iops_sec=of(0, 4096),
            )
        ),
        target=of("vda", "vdb"),
    ).map(lambda disks: [{**disk, "file": f"{FILE}/{disk['target']}.raw", "format": "raw"} for disk in disks]),
    protected=YES,
    autostart=YES,
    purge=YES,
    power_cycle=YES,
)


class Resources(Guest):
    @rule(options=OPTIONS, state=STATES)
    def by_options(self, options, state):
        self.task({"memory": "16 MiB", **options} if not self.lab.state()["domain"] else options, state)


@pytest.fixture
def estate(lab, pool, tiny):
    lab.ok("network", name="lab", state="active", ips=[{"address": "10.50.0.1", "prefix": 24}])
    lab.shell(f"cd {FILE} && for disk in vda vdb sdz; do truncate -s 1M $disk.raw; done")
    lab.shell(f"cp {tiny['vmlinuz']} {tiny['initrd.img']} /var/tmp; truncate -s 128M /var/tmp/nvdimm")
    yield lab
    lab.wipe_domains()


def test_the_plan_is_the_run(estate):
    lives(Resources, estate)
