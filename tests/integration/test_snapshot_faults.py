# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots that are interrupted: a killed module, a daemon that is told to end or is killed; and the next run."""

from __future__ import annotations

import signal
import subprocess

import pytest
from integration._lab import paths, wait_until
from integration.test_interrupted import DIRECTORY, kill, names

MERGE = "urn:virtops:libvirt:merge"
GONE = {"domain": "guest", "state": "absent"}


def filled(lab, name: str, byte: str, mebibytes: int) -> None:
    lab.shell(f"qemu-io -f qcow2 -c 'write -q -P {byte} 0 {mebibytes}M' {DIRECTORY}/{name}")


def holds(lab, name: str, byte: str, mebibytes: int, start: int = 0) -> None:
    said = lab.shell(f"qemu-io -r -U -f qcow2 -c 'read -P {byte} {start}M {mebibytes}M' {DIRECTORY}/{name}")
    assert "failed" not in said, said


def state(lab) -> str:
    return lab.run("domain_info", name=["guest"])["domains"][0]["state"]


def send(lab, number: int, path: str) -> int:
    """Send a signal to the process whose id is in a file of the host."""
    process = int(lab.shell(f"cat {path}"))
    lab.shell(f"kill -{number} {process}")
    return process


def end_daemon(lab, number: int, between: str = "true") -> None:
    """End libvirtd, as it is told to or as the kernel does it, let QEMU go on, and start it anew.

    C(between): a command that is run before it starts.
    """
    daemon = send(lab, number, "/run/libvirtd.pid")
    send(lab, signal.SIGCONT, "/run/libvirt/qemu/guest.pid")
    wait_until(lambda: not lab.shell(f"ls -d /proc/{daemon} 2>/dev/null || true"), 30, "the end of libvirtd")
    lab.shell(f"{between} && libvirtd -d -l")


def still(lab, process: int) -> None:
    """Wait until a process that was told to stop stands still, and what it wrote has its place in the filesystem.

    A filesystem settles the blocks of a file when it writes them out, which is after the write has returned.
    """
    states = f"awk '/^State:/ {{ print $2 }}' /proc/{process}/task/*/status"
    wait_until(lambda: set(lab.shell(states).split()) == {"T"}, 20, "every thread of QEMU to stop")
    lab.shell(f"sync {DIRECTORY}/*")


@pytest.fixture
def merging(lab, blank):
    """Starts a task that merges much, and gives its process when QEMU stands still in the midst of it."""

    def start(state: str):
        blank()
        lab.shell(f"qemu-img resize -q {DIRECTORY}/d0.qcow2 1G")
        lab.ok("snapshot", domain="guest", name="s1", location="external")
        filled(lab, "d0.s1", "0x5a", 128)
        lab.ok("domain", name="guest", state=state)
        process = lab.start("snapshot", **GONE, name="s1")
        base = lab.file(f"{DIRECTORY}/d0.qcow2")
        wait_until(
            lambda: base.stat().st_blocks * 512 > 16 << 20 or process.poll() is not None, 20, "some of the merge"
        )
        assert process.poll() is None, process.stdout.read()
        still(lab, send(lab, signal.SIGSTOP, "/run/libvirt/qemu/guest.pid"))
        return process

    return start


def merged(lab, state_before: str) -> None:
    """All is as after a merge that nothing disturbed."""
    lab.unchanged("snapshot", **GONE, name="s1")
    assert names(lab) == {"d0.qcow2"}
    assert MERGE not in lab.xml("domain", "guest")
    assert state(lab) == state_before
    holds(lab, "d0.qcow2", "0x5a", 128)


def test_a_merge_whose_module_was_killed_is_waited_for(lab, merging):
    kill(lab, merging("running"))
    plan = lab.check("snapshot", **GONE, name="s1")
    assert plan["steps"] == [
        "delete snapshot guest/s1, merged into what it grew out of, as an interrupted run began it"
    ]
    assert "merge of its snapshot s1 was interrupted" in lab.refused("snapshot", domain="guest", name="s2")
    again = lab.start("snapshot", **GONE, name="s1")
    send(lab, signal.SIGCONT, "/run/libvirt/qemu/guest.pid")
    said, _errors = again.communicate(timeout=60)
    assert again.returncode == 0, said
    merged(lab, "running")


@pytest.mark.parametrize(
    ("before", "how"), [("running", signal.SIGTERM), ("running", signal.SIGKILL), ("stopped", signal.SIGKILL)]
)
def test_a_merge_outlives_its_daemon(lab, merging, before, how):
    process = merging(before)
    end_daemon(lab, how)
    process.communicate(timeout=60)
    result = lab.run("snapshot", **GONE, name="s1")
    assert not result.get("failed"), result["msg"]
    merged(lab, before)


def begun(lab, name: str, before: str) -> None:
    """What the guest notes before a merge."""
    note = f"<merge snapshot='{name}' state='{before}'/>"
    lab.virsh("metadata", "guest", "--config", "--uri", MERGE, "--key", "merging", "--set", note)


@pytest.fixture
def layers(lab, blank):
    """A guest with two disks and two snapshots, each layer of which has written its own."""
    blank("qcow2", "qcow2")
    for number, name in enumerate(("s1", "s2"), 1):
        lab.ok("snapshot", domain="guest", name=name, location="external", labels={"layer": name})
        for disk in ("d0", "d1"):
            filled(lab, f"{disk}.{name}", f"0x{number}{number}", 3 - number)
    return "guest"


# The state of the guest, which snapshot goes, which disk a daemon had merged when it ended, and whether it had written
# that into the guest's definition.
HALF = [
    ("running", "s2", "vda", True),
    ("running", "s1", "vdb", True),
    ("stopped", "s1", "vdb", True),
    ("stopped", "s2", "vda", False),
]


@pytest.mark.parametrize(("before", "name", "disk", "knows"), HALF)
def test_a_merge_of_some_of_the_disks_is_gone_on_with(lab, layers, before, name, disk, knows):
    file = f"{DIRECTORY}/d{'ab'.index(disk[-1])}"
    lab.ok("domain", name="guest", state="running")
    begun(lab, name, before)
    chain = ["--top", f"{file}.{name}", "--base", f"{file}.{'s1' if name == 's2' else 'qcow2'}", "--delete"]
    lab.virsh("blockcommit", "guest", disk, *chain, *(["--active", "--pivot"] if name == "s2" else ["--wait"]))
    if before == "stopped":
        lab.ok("domain", name="guest", state="stopped", force=True, timeout=1)
    if not knows:
        document = lab.virsh("dumpxml", "guest").replace(f"{file}.s1'", f"{file}.s2'")
        lab.shell(f"cat >{DIRECTORY}/xml && virsh -q define {DIRECTORY}/xml && rm {DIRECTORY}/xml", document)

    assert "delete that one again first" in lab.refused("snapshot", domain="guest", name="new")
    lab.change("snapshot", **GONE, name=name)
    assert state(lab) == before
    other = {"s1": "s2", "s2": "s1"}[name]
    assert lab.run("snapshot_info", domain=["guest"])["snapshots"][0]["labels"] == {"layer": other}
    lab.change("snapshot", **GONE, name=other)
    assert names(lab) == {"d0.qcow2", "d1.qcow2"}
    for image in names(lab):
        holds(lab, image, "0x22", 1)
        holds(lab, image, "0x11", 1, start=1)


def test_what_a_killed_module_left_behind_a_whole_merge_goes(lab, blank):
    blank()
    lab.ok("snapshot", domain="guest", name="s1", location="external")
    lab.ok("snapshot", **GONE, name="s1")
    lab.ok("domain", name="guest", state="paused")
    begun(lab, "s1", "stopped")
    lab.change("snapshot", **GONE, name="s1")
    assert state(lab) == "stopped"
    # What ran since is left as it is.
    lab.ok("domain", name="guest", state="running")
    wait_until(lambda: int(lab.virsh("domblkstat", "guest", "vda").split()[2]), 20, "the guest to read its disk")
    lab.ok("domain", name="guest", state="paused")
    begun(lab, "s1", "stopped")
    lab.change("snapshot", **GONE, name="s1")
    assert state(lab) == "paused"


HELD = "/var/lib/libvirt/held"
HELPER = "/usr/lib/libvirt/libvirt_iohelper"


@pytest.fixture
def held(lab):
    """A function that lets the program go on which writes the memory of a guest into a file; until then it waits."""
    waits = f'#!/bin/sh\ntouch {HELD}/reached; cat {HELD}/gate; exec {HELD}/helper "$@"\n'
    lab.shell(f"mkdir {HELD} && cp {HELPER} {HELD}/helper && mkfifo {HELD}/gate && cat >{HELD}/waits", waits)
    lab.shell(f"chmod +x {HELD}/waits && mount --bind {HELD}/waits {HELPER}")
    yield lambda: lab.shell(f"umount -l {HELPER} && timeout 20 sh -c ': >{HELD}/gate'")
    lab.shell(f"umount -l {HELPER} 2>/dev/null; rm -r {HELD}")


def take(lab, task: dict):
    """Start a task that takes a snapshot, and give its process when the memory is about to be written."""
    process = lab.start("snapshot", **task)
    wait_until(lambda: lab.file(f"{HELD}/reached").exists() or process.poll() is not None, 20, "the memory's helper")
    assert process.poll() is None, process.stdout.read()
    return process


def test_a_snapshot_whose_module_was_killed_is_waited_for(lab, blank, held):
    blank("raw", state="running")
    task = {"domain": "guest", "name": "s1"}
    kill(lab, take(lab, task))
    # libvirt lists it already.
    again = lab.start("snapshot", **task)
    with pytest.raises(subprocess.TimeoutExpired):
        again.wait(2)
    held()
    said, _errors = again.communicate(timeout=60)
    assert again.returncode == 0, said
    lab.unchanged("snapshot", **task)
    lab.ok("snapshot", **GONE, name="s1")
    assert names(lab) == {"d0.raw"}


def test_what_a_killed_daemon_left_of_a_snapshot_goes(lab, blank, held):
    blank("raw", "raw", state="running")
    task = {"domain": "guest", "name": "s1"}
    process = take(lab, task)
    end_daemon(lab, signal.SIGKILL)
    held()
    process.communicate(timeout=60)
    assert names(lab) == {"d0.raw", "d1.raw", "guest.s1.mem"}
    # libvirt sees to it while it connects with QEMU again.
    wait_until(lambda: state(lab) == "running", 20, "the guest to go on")
    # As it is where the daemon ends a moment later, which no test can hit: before and behind QEMU made an overlay.
    overlay = f"{DIRECTORY}/d1.s1"
    lab.shell(f"touch {DIRECTORY}/d0.s1 && qemu-img create -q -f qcow2 -b {DIRECTORY}/d1.raw -F raw {overlay}")
    plan = lab.check("snapshot", **task)
    assert plan["steps"][0] == (
        f"remove what an interrupted snapshot left: {DIRECTORY}/guest.s1.mem, {DIRECTORY}/d0.s1, {overlay}"
    )
    # What libvirt lost sight of is never taken for empty: QEMU may be at it, and what it wrote is there.
    daemon = f"-machine none -nodefaults -display none -daemonize -pidfile {HELD}/pid"
    lab.shell(f"qemu-system-x86_64 {daemon} -drive if=none,format=qcow2,file={overlay}")
    assert "a QEMU writes to it" in lab.refused("snapshot", **task)
    send(lab, signal.SIGKILL, f"{HELD}/pid")
    filled(lab, "d1.s1", "0x5a", 1)
    wait_until(lambda: "has data that its base lacks" in lab.check("snapshot", **task)["msg"], 20, "the end of QEMU")
    lab.shell(f"rm {overlay}")
    lab.change("snapshot", **task)
    lab.ok("snapshot", **GONE, name="s1")
    assert names(lab) == {"d0.raw", "d1.raw"}


def test_a_guest_that_a_killed_daemon_left_paused_goes_on(lab, blank):
    """Where the memory goes into a disk, QEMU stands still for it, and libvirt leaves it so when it is back.

    QEMU 7.2 itself may crash where its monitor is closed in the midst of that, so the state is written by hand here.
    """
    blank(state="paused")
    left = "sed -i \"s/state='paused' reason='user'/state='paused' reason='save'/\" /run/libvirt/qemu/guest.xml"
    end_daemon(lab, signal.SIGKILL, left)
    wait_until(lambda: lab.virsh("domstate", "guest", "--reason") == "paused (saving)", 20, "libvirt to know the guest")
    made = lab.change("snapshot", domain="guest", name="s1")
    assert made["steps"][0] == "resume domain guest, which an interrupted snapshot left paused"
    assert paths(made) == ["", "domain_state"]
    assert (made["snapshot"]["domain_state"], state(lab)) == ("running", "running")
    # Somebody who pauses it means it.
    lab.ok("domain", name="guest", state="paused")
    assert lab.ok("snapshot", domain="guest", name="s2")["snapshot"]["domain_state"] == "paused"
