# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of a Debian guest that runs: what it wrote comes back, and its file systems are thawed."""

from __future__ import annotations

import json

import pytest
from integration.test_debian_guest import KEY, MAC, RANGE, SUBNET, Inside, user_data

DISKS = [
    {"target": "vda", "pool": "images", "volume": "debian.qcow2"},
    {"target": "sdb", "pool": "images", "volume": "seed.iso", "bus": "scsi", "device": "cdrom"},
]
GUEST = {
    "name": "debian",
    "virt_type": "qemu",
    "memory": "384 MiB",
    "vcpus": 2,
    "cpu": {"mode": "maximum"},
    "disks": DISKS,
    "interfaces": [{"network": "lab", "mac": MAC}],
    "state": "running",
    "timeout": 180,
}


@pytest.fixture
def full(lab):
    """A directory that has no room for an overlay."""
    directory = "/var/lib/libvirt/full"
    lab.shell(f"mkdir {directory} && mount -t tmpfs -o size=64k none {directory}")
    yield directory
    lab.shell(f"umount -l {directory} && rmdir {directory}")


def frozen(lab) -> str:
    """What the guest's agent says of its file systems."""
    return json.loads(lab.virsh("qemu-agent-command", "debian", '{"execute": "guest-fsfreeze-status"}'))["return"]


def test_what_a_guest_wrote_comes_and_goes_with_its_snapshots(lab, pool, debian, full):
    lab.ok("network", name="lab", state="active", ips=[{**SUBNET, "dhcp": {"ranges": [RANGE]}}])
    lab.shell(f"test -e {KEY} || ssh-keygen -q -t ed25519 -N '' -f {KEY}")
    lab.ok("volume", pool=pool, name="debian.qcow2", source={"path": str(debian)}, format="qcow2")
    lab.ok("volume", pool=pool, name="seed.iso", cloud_init={"user_data": user_data(lab)})
    lab.writing = True
    found = lab.ok("domain", **GUEST, wait_for=["ip", "agent", "ssh"])["addresses"]
    inside = Inside(lab, next(one["address"] for one in found if one["mac"] == MAC and "." in one["address"]))

    # With its memory, within its disk: it goes on from there, with the file as it was.
    inside("echo before >/root/file; sync")
    made = lab.change("snapshot", domain="debian", name="before")
    assert (made["snapshot"]["location"], made["snapshot"]["memory"]) == ("internal", True)
    boot = inside("cat /proc/sys/kernel/random/boot_id")
    inside("echo after >/root/file; touch /root/new; sync")
    done = lab.ok("snapshot", domain="debian", name="before", state="reverted")
    assert done["power_cycled"]
    lab.ok("domain", **GUEST, wait_for=["ssh"])
    assert inside("cat /root/file; ls /root/new 2>/dev/null; true") == "before"
    assert inside("cat /proc/sys/kernel/random/boot_id") == boot
    lab.change("snapshot", domain="debian", name="before", state="absent")

    # At rest for a moment, beside its disk: it writes on, and what it wrote stays when the two are merged.
    lab.ok("domain", **GUEST, wait_for=["agent"])
    quiet = lab.change("snapshot", domain="debian", name="quiet", quiesce=True)
    assert (quiet["snapshot"]["location"], quiet["snapshot"]["memory"]) == ("external", False)
    assert inside("echo later >/root/file && sync && cat /root/file") == "later"
    lab.unchanged("domain", **GUEST)
    lab.change("snapshot", domain="debian", name="quiet", state="absent")
    assert inside("cat /root/file") == "later"

    # Frozen by somebody else, or by a daemon that ended: asked once more when it is thawed, and thawed in any case.
    lab.virsh("domfsfreeze", "debian")
    task = {"domain": "debian", "name": "none", "quiesce": True, "disks": [{"target": "vda", "file": f"{full}/over"}]}
    assert "No space left" in lab.run("snapshot", **task)["msg"]
    assert frozen(lab) == "thawed"
    lab.virsh("domfsfreeze", "debian")
    assert frozen(lab) == "frozen"
    lab.ok("snapshot", domain="debian", name="again", quiesce=True)
    assert inside("echo at-last >/root/file && sync && cat /root/file") == "at-last"
