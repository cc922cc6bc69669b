# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of paused guests whose QEMU stands as behind a migration, until they have run."""

from __future__ import annotations

import pytest


def test_a_guest_that_sleeps_since_its_memory_was_taken_leaves_its_old_disks_alone(lab, blank):
    domain = blank("qcow2", "qcow2", state="paused")
    lab.ok("snapshot", domain=domain, name="s1", location="external", memory=True, disks=[{"target": "vda"}])
    assert "since it gave its memory to s1" in lab.refused("snapshot", domain=domain, name="s2", location="internal")
    lab.ok("domain", name=domain, state="running")
    lab.change("snapshot", domain=domain, name="s2", location="internal")


def test_a_guest_that_went_back_and_is_paused_has_not_opened_its_disks_for_writing(lab, blank):
    domain = blank(state="paused")
    lab.ok("snapshot", domain=domain, name="s1", location="external", memory=True)
    if "<externalSnapshot/>" not in lab.virsh("capabilities"):
        pytest.skip("this libvirt does not go back to external snapshots")
    lab.ok("snapshot", domain=domain, name="s1", state="reverted")
    for options in ({"name": "s1", "state": "absent"}, {"name": "s2", "location": "internal"}):
        message = lab.refused("snapshot", domain=domain, **options)
        assert "paused since it went back to s1, and QEMU" in message, message
    # Without being told it is an external one.
    assert lab.change("snapshot", domain=domain, name="s2")["snapshot"]["memory"]
    assert "since it gave its memory to s2" in lab.refused("snapshot", domain=domain, name="s3")
    lab.ok("domain", name=domain, state="running")
    lab.ok("domain", name=domain, state="paused")
    lab.ok("snapshot", domain=domain, name="s2", state="reverted")
    lab.ok("domain", name=domain, state="running")
    lab.ok("domain", name=domain, state="paused")
    lab.change("snapshot", domain=domain, name="s3", memory=True)
    lab.ok("domain", name=domain, state="running")
    for name in ("s3", "s2", "s1"):
        lab.change("snapshot", domain=domain, name=name, state="absent")
