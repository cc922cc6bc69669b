# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of graphics: two guests that run cannot have one, which check mode knows."""

from __future__ import annotations

import json

GUEST = {"virt_type": "qemu", "memory": "16 MiB", "state": "running"}
TAKEN = "graphics: port 5990 is that of domain one; give another one"


def vnc(port: int, **more) -> list[dict]:
    return [{"type": "vnc", "port": port, **more}]


def test_a_port_that_a_running_guest_has_is_taken(lab):
    lab.ok("domain", name="one", **GUEST, graphics=vnc(5990))
    # Also at another address: libvirt gives each number once.
    for listen in ({}, {"listen": "127.0.0.2"}):
        assert TAKEN in lab.refused("domain", name="two", **GUEST, graphics=vnc(5990, **listen))
    # Nobody minds as long as it is off.
    lab.change("domain", name="two", **{**GUEST, "state": "present"}, graphics=vnc(5990))
    assert TAKEN in lab.refused("domain", name="two", state="running")
    lab.ok("domain", name="one", state="stopped", force=True, timeout=1)
    lab.change("domain", name="two", state="running")


def test_a_port_that_libvirt_chose_is_taken_too(lab):
    lab.ok("domain", name="one", **GUEST, graphics=[{"type": "vnc"}])
    refused = lab.refused("domain", name="two", **GUEST, graphics=vnc(5900))
    assert "port 5900 is that of domain one" in refused
    lab.change("domain", name="two", **GUEST, graphics=vnc(5901))
    twice = [*vnc(5903), {"type": "spice", "port": 5903}]
    assert "port 5903 is given twice" in lab.refused("domain", name="three", **GUEST, graphics=twice)


def test_guests_that_start_beside_each_other_have_ports_of_their_own(lab, here):
    domains = [{"name": name, **GUEST, "graphics": vnc(5990)} for name in ("one", "two")]
    assert TAKEN in lab.refused("stack", name="lab", domains=domains)
    tasks = [{"virtops.libvirt.domain": domain} for domain in domains]
    play = json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}])
    assert TAKEN in here(play, "--check").tasks[-1]["msg"]
