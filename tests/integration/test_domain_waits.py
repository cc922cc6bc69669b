# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task waits for behind its changes, and what it says when that does not come."""

from __future__ import annotations

import json

from integration import guests
from integration._lab import wait_until

MAC = "52:54:00:aa:00:01"


def connections(lab) -> int:
    """How many the host has opened by TCP."""
    names, numbers = [line.split() for line in lab.shell("grep ^Tcp: /proc/net/snmp").splitlines()]
    return int(numbers[names.index("ActiveOpens")])


def test_a_task_waits_for_an_address_and_says_what_is_missing(lab, tiny, pool):
    ranges = [{"start": "10.50.0.10", "end": "10.50.0.20"}]
    subnet = {"address": "10.50.0.1", "prefix": 24, "dhcp": {"ranges": ranges}}
    lab.ok("network", name="lab", state="active", ips=[subnet])
    nic = f"<interface type='network'><mac address='{MAC}'/><source network='lab'/><model type='virtio'/></interface>"
    guest = {"name": "guest", "state": "running"}
    channel = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
    made = lab.ok("domain", **guest, xml=guests.tiny_guest(tiny, devices=nic + channel), wait_for=["ip"], timeout=60)
    assert [(one["mac"], one["source"]) for one in made["addresses"]] == [(MAC, "lease")]
    lab.unchanged("domain", **guest, wait_for=["ip"])
    told = lab.check("domain_info", addresses=True)["addresses"]
    assert [one["address"] for one in told["guest"]] == [one["address"] for one in made["addresses"]]
    failed = lab.run("domain", **guest, wait_for=["ssh"], timeout=1)
    words = ("after 1 s it has no SSH server that greets", "it is running", "its agent is not there", "10.50.0.")
    assert all(word in failed["msg"] for word in words), failed["msg"]
    failed = lab.run("domain", **guest, wait_for=["agent"], timeout=1)
    assert "no guest agent" in failed["msg"]
    failed = lab.run("domain", **guest, wait_for=["cloud_init"], timeout=1)
    assert "cloud-init is not done: its agent does not answer" in failed["msg"]
    for command, became in ("suspend", "paused (user)"), ("destroy", "stopped (destroyed)"):
        before = connections(lab)
        process = lab.start("domain", **guest, wait_for=["ip", "ssh"], timeout=60)
        # It asks the guest itself.
        wait_until(lambda before=before: connections(lab) > before, 60, "the wait for SSH")
        lab.virsh(command, "guest")
        failed = json.loads(process.communicate(timeout=20)[0].strip().splitlines()[-1])
        assert f"while it was waited for it became {became}, and it has no SSH server" in failed["msg"]
    lab.ok("domain", **{**guest, "state": "stopped"}, channels=[], force=True)
    failed = lab.run("domain", **guest, wait_for=["cloud_init"], timeout=60)
    assert "no channel for a guest agent" in failed["msg"]
