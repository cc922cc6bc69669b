# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian guest: it sees every VirtIO device, and the changes that are made while it runs."""

from __future__ import annotations

import json

import pytest
from integration._lab import effects, wait_until

MAC, SECOND = "52:54:00:aa:05:01", "52:54:00:aa:05:02"
# Device IDs of the VirtIO specification, section 5.
VIRTIO = {1: "net", 2: "blk", 3: "serial", 4: "rng", 5: "balloon", 8: "scsi", 16: "gpu", 26: "fs"}
KEY = "/root/debian_guest"
SSH = f"ssh -i {KEY} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
DISKS = [
    {"target": "vda", "pool": "images", "volume": "debian.qcow2", "boot": 1},
    {"target": "sdb", "pool": "images", "volume": "seed.iso", "bus": "scsi", "device": "cdrom"},
    {"target": "vdd", "pool": "images", "volume": "config.ign", "serial": "ignition", "readonly": True},
    {"target": "sda", "pool": "images", "volume": "data.qcow2", "bus": "scsi", "serial": "data"},
]
GUEST = {
    "name": "debian",
    "virt_type": "qemu",
    "memory": "512 MiB",
    "vcpus": 2,
    "max_vcpus": 3,
    "cpu": {"mode": "maximum", "nested": True},
    "memory_backing": {"source": "memfd", "access": "shared"},
    "disks": DISKS,
    "interfaces": [{"network": "lab", "mac": MAC}],
    "filesystems": [{"target": "share", "source": "/srv", "driver": "virtiofs"}],
    "graphics": [{"type": "vnc", "listen": "127.0.0.1"}],
    "videos": [{"model": "virtio"}],
    "fw_cfg": [{"name": "opt/com.coreos/config", "file": "/var/lib/libvirt/images/images/config.ign"}],
    "state": "running",
    "timeout": 180,
}


CONFIG = {"ignition": {"version": "3.4.0"}, "storage": {"files": [{"path": "/etc/hostname"}]}}


class Inside:
    """A shell in the guest."""

    def __init__(self, lab, address: str):
        self.lab, self.address = lab, address

    def __call__(self, command: str) -> str:
        return self.lab.shell(f"{SSH} root@{self.address} '{command}'").strip()

    def until(self, command: str, wanted: str) -> None:
        wait_until(lambda: self(command) == wanted, 30, f"{command} says {wanted}")


def user_data(lab, **more) -> dict:
    key = lab.shell(f"cat {KEY}.pub").strip()
    users = [{"name": "root", "ssh_authorized_keys": [key]}]
    return {"hostname": "debian", "disable_root": False, "users": users, **more}


@pytest.fixture
def address(lab, pool, debian):
    """Where the guest answers, once it does."""
    lab.ok("network", name="lab", state="active", ips=[{**SUBNET, "dhcp": {"ranges": [RANGE]}}])
    lab.shell(f"test -e {KEY} || ssh-keygen -q -t ed25519 -N '' -f {KEY}")
    lab.ok("volume", pool=pool, name="debian.qcow2", source={"path": str(debian)}, format="qcow2")
    lab.ok("volume", pool=pool, name="seed.iso", cloud_init={"user_data": user_data(lab)})
    lab.ok("volume", pool=pool, name="config.ign", ignition=CONFIG)
    lab.ok("volume", pool=pool, name="data.qcow2", capacity="8 MiB", format="qcow2")
    lab.ok("volume", pool=pool, name="more.qcow2", capacity="16 MiB", format="qcow2")
    lab.shell("echo hello >/srv/from-the-host")
    lab.writing = True
    made = lab.ok("domain", **GUEST, wait_for=["ip", "agent", "ssh", "cloud_init"])
    assert made["cloud_init"]["status"] == "done"
    assert "NoCloud" in made["cloud_init"]["datasource"]
    (found,) = [one["address"] for one in made["addresses"] if one["mac"] == MAC and "." in one["address"]]
    return found


SUBNET = {"address": "10.50.0.1", "prefix": 24}
RANGE = {"start": "10.50.0.10", "end": "10.50.0.99"}


def test_a_debian_guest_sees_its_devices_and_their_changes(lab, address):
    inside = Inside(lab, address)
    numbers = {int(line, 16) for line in inside("cat /sys/bus/virtio/devices/*/device").splitlines()}
    assert {name for number, name in VIRTIO.items() if number not in numbers} == set()
    assert inside("grep -cw svm /proc/cpuinfo") == "2"
    assert inside("mkdir /share; mount -t virtiofs share /share && cat /share/from-the-host") == "hello"
    assert inside("cat /sys/class/scsi_disk/*/device/model") == "QEMU HARDDISK"
    lab.unchanged("domain", **GUEST, wait_for=["ssh"])

    # A config for Ignition, in both ways.
    for file in ("/sys/firmware/qemu_fw_cfg/by_name/opt/com.coreos/config/raw", "/dev/disk/by-id/virtio-ignition"):
        assert json.loads(inside(f"modprobe qemu_fw_cfg; cat {file}")) == CONFIG

    # What is changed while it runs.
    disks = [*DISKS, {"target": "vdc", "pool": "images", "volume": "more.qcow2"}]
    nics = [*GUEST["interfaces"], {"network": "lab", "mac": SECOND}]
    changed = lab.change("domain", name="debian", disks=disks, interfaces=nics, vcpus=3, current_memory="384 MiB")
    assert set(effects(changed).values()) == {"live"}
    inside.until("cat /sys/block/vdc/size", str(16 * 1024 * 2))
    inside.until(f"grep -l {SECOND} /sys/class/net/*/address | wc -l", "1")
    inside.until("nproc --all", "3")
    wait_until(lambda: int(inside("grep MemTotal /proc/meminfo | tr -dc 0-9")) < 400 * 1024, 60, "the balloon")
    nics[1]["link"] = "down"
    lab.change("domain", name="debian", interfaces=nics)
    inside.until(f"cat $(dirname $(grep -l {SECOND} /sys/class/net/*/address))/carrier", "0")
    gone = lab.change("domain", name="debian", disks=DISKS, interfaces=GUEST["interfaces"])
    assert set(effects(gone).values()) == {"live"}
    assert inside("ls /sys/block | grep -c vdc; true") == "0"

    # Another seed is for its next start, also where it reads the disk itself and not what it remembers.
    failing = user_data(lab, runcmd=["echo told >/root/told", "no-such-command"])
    seed = {"pool": "images", "name": "seed.iso", "cloud_init": {"user_data": failing, "instance_id": "content"}}
    before = inside("dd if=/dev/sr0 iflag=direct bs=64k status=none | sha256sum")
    assert set(effects(lab.change("volume", **seed)).values()) == {"next_boot"}
    assert inside("dd if=/dev/sr0 iflag=direct bs=64k status=none | sha256sum") == before

    # What waits for the next start, and a power cycle by the agent.
    cycled = lab.change("domain", name="debian", memory="576 MiB", current_memory="576 MiB", power_cycle=True)
    assert cycled["power_cycled"]
    # It took the seed for that of another guest; a failure of cloud-init is told in its own words.
    failed = lab.run("domain", **{**GUEST, "memory": "576 MiB", "vcpus": 3}, wait_for=["ssh", "cloud_init"])
    assert "modules-final" in failed["msg"]
    assert "runcmd" in failed["msg"]
    assert inside("cat /root/told") == "told"
    assert int(inside("grep MemTotal /proc/meminfo | tr -dc 0-9")) > 500 * 1024
    outcome_without_files(lab, inside, failed["msg"])


def outcome_without_files(lab, inside, failure: str) -> None:
    """What is told of cloud-init where the agent may not do all, and where there is nothing to tell."""

    def told() -> str:
        return lab.run("domain", name="debian", state="running", timeout=20, wait_for=["cloud_init"])["msg"]

    def allow_all_but(*commands: str) -> None:
        words = f"[general]\\nblacklist={','.join(commands)}\\n"
        inside(f'mkdir -p /etc/qemu; printf "{words}" >/etc/qemu/qemu-ga.conf; systemctl restart qemu-guest-agent')

    allow_all_but("guest-file-open")
    assert told() == failure
    allow_all_but("guest-file-open", "guest-exec")
    assert "allow guest-file-close, guest-file-open, guest-file-read" in told()
    allow_all_but("guest-ping")
    inside("rm /run/cloud-init/result.json /run/cloud-init/status.json; touch /etc/cloud/cloud-init.disabled")
    assert "cloud-init is disabled" in told()
    inside("rm /etc/cloud/cloud-init.disabled; mv /usr/bin/cloud-init /root")
    assert "has no cloud-init" in told()
