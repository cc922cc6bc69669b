# SPDX-License-Identifier: GPL-3.0-or-later
"""Power states, on a real guest: every way from one to another."""

from __future__ import annotations

import json
import subprocess

import pytest
from integration._lab import PLANNED, paths, wait_until
from integration.guests import boot

LIBVIRT = {1: "running", 3: "paused", 5: "stopped"}


def state(lab) -> str:
    found = lab.state()["domain"]["guest"]
    return "saved" if found["saved"] else LIBVIRT[found["state"]]


def go(lab, wanted: str) -> None:
    """Bring the guest into a state, with all that C(change) asserts, and look whether it got there."""
    now = state(lab)
    switched = lab.change("domain", name="guest", state=wanted, timeout=60)
    assert switched["changes"] == [{"path": "state", "before": now, "after": wanted, "effect": "live"}]
    assert state(lab) == wanted == switched["domain"]["state"]


def restart(lab) -> None:
    """The state "restarted" is never there already, so every run says that it changes something."""
    before = lab.state()
    plan = lab.check("domain", name="guest", state="restarted", timeout=60)
    assert lab.state() == before
    done = lab.ok("domain", name="guest", state="restarted", timeout=60)
    for key in ("changed", "changes", "steps", "diff"):
        assert done[key] == plan[key]
    assert paths(done) == ["state"]
    assert state(lab) == "running"


def test_every_way_from_state_to_state(lab, guest):
    assert state(lab) == "stopped"
    lab.unchanged("domain", name=guest, state="stopped")
    go(lab, "running")
    boot(lab)
    console = (lab.host.directory / "log" / "guest.log").read_text(errors="replace")
    for wanted in ("paused", "running", "saved", "running"):
        go(lab, wanted)
    # What it had in memory came back: it has not booted again.
    assert (lab.host.directory / "log" / "guest.log").read_text(errors="replace") in ("", console)
    for wanted in ("stopped", "paused", "running"):
        go(lab, wanted)
    boot(lab)
    for wanted in ("paused", "saved", "paused", "stopped", "saved", "running"):
        go(lab, wanted)
    boot(lab)
    for wanted in ("saved", "stopped"):
        go(lab, wanted)
    lab.unchanged("domain", name=guest)


def test_a_guest_is_restarted_from_every_state(lab, guest):
    restart(lab)
    boot(lab)
    first = lab.virsh("domid", guest)
    restart(lab)
    assert lab.virsh("domid", guest) != first
    for before in ("paused", "saved"):
        boot(lab)
        go(lab, before)
        restart(lab)


def test_the_password_that_a_saved_guest_wakes_up_with_does_not_wait(lab, guest):
    vnc = {"name": guest, "graphics": [{"type": "vnc", "password": "abc"}]}
    lab.ok("domain", **vnc)
    lab.ok("domain", name=guest, state="running")
    lab.ok("domain", name=guest, state="saved")
    for state in ("saved", "running"):
        results = [run("domain", **vnc, state=state) for run in (lab.check, lab.run)]
        assert [result["pending"] for result in results] == [[], []]


def test_a_saved_guest_is_removed_with_its_memory(lab, guest):
    lab.ok("domain", name=guest, state="saved")
    lab.change("domain", name=guest, state="absent")
    assert lab.shell("ls /var/lib/libvirt/qemu/save") == ""


# --- a guest without an operating system ------------------------------------------------------------------------------


@pytest.fixture
def deaf(lab):
    """A running guest that does not hear its power button."""
    lab.ok("domain", name="guest", virt_type="qemu", memory="16 MiB", state="running")
    return "guest"


def test_a_shutdown_that_is_not_heard_says_so_and_leaves_the_guest_running(lab, deaf):
    failed = lab.run("domain", name=deaf, state="stopped", timeout=1)
    assert failed["failed"]
    assert "after 1 s the guest is still running" in failed["msg"]
    assert "'force: true'" in failed["msg"]
    assert "'timeout'" in failed["msg"]
    assert state(lab) == "running"


@pytest.mark.parametrize("wanted", ["stopped", "restarted"])
def test_with_force_it_is_switched_off(lab, deaf, wanted):
    before = lab.virsh("domid", deaf)
    plan = lab.check("domain", name=deaf, state=wanted, timeout=1, force=True)
    forced = lab.ok("domain", name=deaf, state=wanted, timeout=1, force=True)
    assert forced["changes"] == plan["changes"]
    assert state(lab) == ("stopped" if wanted == "stopped" else "running")
    assert wanted == "stopped" or lab.virsh("domid", deaf) != before


def test_a_guest_that_goes_off_meanwhile_ends_the_waiting(lab, deaf):
    command = ["virsh", "qemu-monitor-event", "--event", "POWERDOWN", "--timeout", "30", deaf]
    with subprocess.Popen(lab.host.command(command), stdout=subprocess.PIPE, text=True) as pressed:
        process = lab.start("domain", name=deaf, state="stopped", timeout=60)
        assert "event POWERDOWN" in pressed.communicate(timeout=40)[0]
    lab.virsh("destroy", deaf)
    said, _ = process.communicate(timeout=20)
    assert json.loads(said.strip().splitlines()[-1])["domain"]["state"] == "stopped"


def test_a_crashed_guest_is_recovered(lab):
    xml = """<domain type='qemu'><name>guest</name><memory unit='MiB'>16</memory>
      <os><type machine='q35'>hvm</type></os><on_crash>preserve</on_crash>
      <devices><panic model='isa'/></devices></domain>"""
    lab.ok("domain", xml=xml, state="running")
    # What a crashing kernel tells the panic device, by QEMU's monitor.
    lab.virsh("qemu-monitor-command", "guest", "--hmp", "o/b 0x505 1")
    wait_until(lambda: lab.run("domain_info")["domains"][0]["state"] == "crashed", 20, "the crash")
    crashed = lab.virsh("domid", "guest")
    recovered = lab.change("domain", name="guest", state="running")
    assert recovered["changes"] == [{"path": "state", "before": "crashed", "after": "running", "effect": "live"}]
    assert lab.virsh("domid", "guest") != crashed


FROM = ("stopped", "running", "paused", "saved", "crashed")
TO = ("present", "running", "stopped", "paused", "saved", "restarted", "absent")


def bring(lab, start: str) -> None:
    """A guest without a system, by virsh into a state; its kernel's panic is told by QEMU's monitor."""
    lab.ok(
        "domain",
        name="guest",
        virt_type="qemu",
        memory="16 MiB",
        on_crash="preserve",
        panics=[{"model": "isa"}],
        state="present",
    )
    if start != "stopped":
        lab.virsh("start", "guest")
    if start == "paused":
        lab.virsh("suspend", "guest")
    if start == "saved":
        lab.virsh("managedsave", "guest")
    if start == "crashed":
        lab.virsh("qemu-monitor-command", "guest", "--hmp", "o/b 0x505 1")
        wait_until(lambda: lab.virsh("domstate", "guest") == "crashed", 20, "the crash")


@pytest.mark.parametrize("start", FROM)
@pytest.mark.parametrize("wanted", TO)
def test_every_pair_of_states(lab, start, wanted):
    """The guest hears no power button, so it is switched off by force where it has to go off."""
    bring(lab, start)
    task = {"name": "guest", "state": wanted, "timeout": 1, "force": True}
    if wanted in ("present", start):
        lab.unchanged("domain", **task)
        return
    if wanted == "restarted":
        plan = lab.check("domain", **task)
        done = lab.ok("domain", **task)
        assert (done["changes"], done["steps"]) == (plan["changes"], plan["steps"])
    else:
        done = lab.change("domain", **task)
    after = {"restarted": "running"}.get(wanted, wanted)
    assert done["changes"] == [
        {"path": "state", "before": start, "after": after, "effect": done["changes"][0]["effect"]}
    ]
    if wanted == "absent":
        assert lab.state()["domain"] == {}
        assert lab.shell("ls /var/lib/libvirt/qemu/save") == ""
    else:
        assert state(lab) == after == done["domain"]["state"]


@pytest.mark.parametrize("wanted", ["running", "paused", "saved", "stopped"])
def test_a_new_guest_is_made_in_the_state_that_is_asked_for(lab, wanted):
    made = lab.change("domain", name="guest", virt_type="qemu", memory="16 MiB", state=wanted)
    assert made["domain"]["state"] == state(lab) == wanted


def test_definition_and_state_change_in_one_task(lab):
    lab.ok("domain", name="guest", virt_type="qemu", memory="16 MiB")
    changed = lab.change("domain", name="guest", memory="32 MiB", vcpus=2, state="running")
    assert paths(changed) == ["memory", "current_memory", "vcpus", "max_vcpus", "state"]
    assert changed["pending"] == []
    assert "memory unit='KiB'>32768<" in lab.virsh("dumpxml", "guest")


def test_a_start_waits_for_nothing_that_libvirt_or_another_task_makes(lab, pool):
    """A medium that is optional, variables of UEFI, logs, planned files and bridges; without a start nothing counts."""
    images = "/var/lib/libvirt/images"
    devices = (
        "<disk type='file' device='cdrom'><source file='/none' startupPolicy='optional'/>"
        "<target dev='sda' bus='sata'/></disk>"
        f"<serial type='file'><source path='{images}/serial.log'/></serial>"
    )
    xml = (
        "<domain type='qemu'><name>guest</name><memory unit='MiB'>16</memory><os firmware='efi'>"
        f"<type machine='q35'>hvm</type><nvram>{images}/vars.fd</nvram></os><features><acpi/></features>"
        f"<devices>{devices}</devices></domain>"
    )
    plan = lab.check("domain", xml=xml, state="running")
    assert lab.ok("domain", xml=xml, state="running")["changes"] == plan["changes"]
    disk = {"target": "vda", "file": f"{images}/images/new.raw", "format": "raw"}
    other = {"name": "other", "virt_type": "qemu", "memory": "16 MiB", "disks": [disk]}
    other["interfaces"] = [{"bridge": "new0", "mac": "52:54:00:aa:07:01"}]
    lab.change("domain", **other)
    assert "has no file" in lab.refused("domain", **other, state="running")
    volume = lab.check("volume", pool=pool, name="new.raw", capacity="1 MiB")["volume"]
    network = {"name": "new", "bridge": {"name": "new0"}, "state": "active"}
    planned = [
        {"kind": "volume", "pool": pool, "name": "new.raw", "words": volume, "xml": None},
        {"kind": "network", "pool": None, "name": "new", "words": network, "xml": None},
    ]
    plan = lab.check("domain", **other, state="running", _planned=planned)
    assert paths(plan) == ["state"], plan
    plan = lab.check("domain", **other, state="running", _planned=planned[:1])
    assert "has no device new0" in plan["msg"]


@pytest.mark.parametrize("state", ["stopped", "saved", "restarted"])
def test_a_guest_that_is_in_no_definition_gets_one_before_it_goes_off(lab, state):
    document = "<domain type='qemu'><name>guest</name><memory unit='MiB'>16</memory><os><type>hvm</type></os></domain>"
    lab.shell("virsh -q create /dev/stdin", document)
    task = {"name": "guest", "state": state, "force": True, "timeout": 1}
    plan, real = lab.check("domain", **task), lab.run("domain", **task)
    assert not real.get("failed"), real["msg"]
    for key in PLANNED:
        assert plan[key] == real[key], key
    assert real["steps"][0] == "define domain guest"
    assert lab.virsh("list", "--all", "--persistent", "--name") == "guest"


def test_a_saved_guest_that_does_not_shut_down_is_saved_again(lab):
    lab.ok("domain", name="guest", virt_type="qemu", memory="16 MiB", state="saved")
    failed = lab.run("domain", name="guest", state="stopped", timeout=1)
    assert "set 'force: true'" in failed["msg"]
    assert lab.virsh("list", "--all", "--with-managed-save", "--name") == "guest"
    lab.unchanged("domain", name="guest", state="saved")
