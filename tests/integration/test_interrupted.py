# SPDX-License-Identifier: GPL-3.0-or-later
"""Interrupted work: a module that is killed, a daemon that goes away, a pool that runs full; and the next run."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from integration._lab import wait_until

DIRECTORY = "/var/lib/libvirt/images/images"
# Holds the start of a guest up, and lets it fail in the end.
HOOK = """#!/bin/sh
[ "$2" = prepare ] && [ -p DIRECTORY/gate ] || exit 0
touch DIRECTORY/reached
cat DIRECTORY/gate
exit 1
"""


def kill(lab, process) -> None:
    """End a module, with everything that it has started, as the kernel does it where memory runs out."""
    module = lab.shell("pgrep -f '[_]inside.py once' || true").strip()
    assert module, "it has ended already; the test came too late"
    # The module first, which would start more; what it has started may end by itself meanwhile, and has its files open
    # until it is gone.
    lab.shell(f"kill -KILL {module}; while pkill -KILL -f '[q]emu-img'; do sleep 0.02; done")
    assert process.wait(20) != 0


def names(lab) -> set[str]:
    return set(lab.shell(f"ls -A {DIRECTORY}").split())


@pytest.fixture
def source(tmp_path):
    """An image that takes a while to be imported: full of data that nothing makes smaller."""
    path = tmp_path / "image.raw"
    with path.open("wb") as stream:
        for _ in range(96):
            stream.write(os.urandom(1 << 20) * 4)
    return path


@pytest.fixture
def task(pool, source):
    return {"pool": pool, "name": "base.qcow2", "format": "qcow2", "source": {"path": str(source)}}


def test_an_import_that_is_killed_leaves_no_half_volume_and_the_next_run_finishes(lab, task, source):
    process = lab.start("volume", **task)
    seen = wait_until(lambda: names(lab) or process.poll() is not None, 20, "the hidden file of the import")
    assert seen is not True, "the import has ended before it could be killed"
    kill(lab, process)
    assert "base.qcow2" not in names(lab)
    lab.virsh("pool-refresh", "images")
    assert "base.qcow2" not in lab.state()["pool"]["images"]["volumes"]
    # The half file is no base, under its own name neither.
    assert lab.run("volume", pool="images", name="clone", backing={"volume": "base.qcow2"})["failed"]

    lab.change("volume", **task)
    assert names(lab) == {"base.qcow2"}
    same = lab.shell(f"qemu-img compare -f raw -F qcow2 {source} {DIRECTORY}/base.qcow2")
    assert "identical" in same


def test_a_half_file_of_an_earlier_run_goes_even_where_it_cannot_be_opened_for_writing(lab, task):
    half = f"{DIRECTORY}/.base.qcow2.part"
    lab.shell(f"head -c 1M /dev/urandom >{half} && chmod 0 {half}")
    lab.change("volume", **task)
    assert names(lab) == {"base.qcow2"}


def test_two_imports_of_one_volume_at_once_leave_a_whole_one(lab, task, source):
    """As with two control nodes, or a run that was started again while the first was still at work."""
    both = [lab.start("volume", **task) for _ in range(2)]
    ended = [json.loads(process.communicate(timeout=100)[0].strip().splitlines()[-1]) for process in both]
    assert not all(result.get("failed") for result in ended), ended
    assert names(lab) == {"base.qcow2"}
    assert "identical" in lab.shell(f"qemu-img compare -f raw -F qcow2 {source} {DIRECTORY}/base.qcow2")
    lab.unchanged("volume", **task)


def test_a_guest_whose_module_was_killed_before_it_was_started_is_started_by_the_next_run(lab, tmp_path):
    """A hook of libvirt holds the start up, so that the module is killed after defining and before the guest runs."""
    task = {"name": "guest", "virt_type": "qemu", "memory": "16 MiB", "state": "running"}
    lab.shell(
        "mkdir -p /etc/libvirt/hooks && cat >/etc/libvirt/hooks/qemu && chmod +x /etc/libvirt/hooks/qemu",
        HOOK.replace("DIRECTORY", str(tmp_path)),
    )
    try:
        lab.shell(f"mkfifo {tmp_path}/gate")
        # The daemon looks for hooks when it starts.
        restart(lab)
        process = lab.start("domain", **task)
        wait_until((tmp_path / "reached").exists, 20, "the start of the guest")
        kill(lab, process)
        with (tmp_path / "gate").open("w"):
            pass
        (tmp_path / "gate").unlink()
        wait_until(lambda: lab.state()["domain"]["guest"]["state"] == 5, 20, "the end of the start")
        before = lab.tree("domain", "guest").findtext("uuid")
        repaired = lab.change("domain", **task)
        assert [change["path"] for change in repaired["changes"]] == ["state"]
        assert lab.tree("domain", "guest").findtext("uuid") == before
    finally:
        lab.shell("rm -f /etc/libvirt/hooks/qemu")
        restart(lab)


def stop(lab, signal: str = "TERM") -> None:
    """End the host's libvirtd, by its id."""
    daemon = int(lab.shell("cat /run/libvirtd.pid"))
    lab.shell(f"kill -{signal} {daemon}")
    wait_until(lambda: not lab.shell(f"ls -d /proc/{daemon} 2>/dev/null || true"), 60, "the end of libvirtd")


def restart(lab, signal: str = "TERM") -> None:
    stop(lab, signal)
    lab.shell("libvirtd -d -l")


def skip_if_it_hangs(lab) -> None:
    """libvirtd 11.3 may wait for a lock of its own: where a client is gone amid a stream, daemonStreamEvent closes it
    with its lock held, and remoteClientCloseFunc takes that lock.
    """
    asked = lab.host.exec(["timeout", "30", "virsh", "list"], capture_output=True)
    if asked.returncode == 124:
        restart(lab, "KILL")
        pytest.skip("this libvirtd hangs itself where the client of an upload is killed")


def test_a_daemon_that_is_gone_is_named(lab):
    stop(lab)
    try:
        for ask in (lab.check, lab.run):
            result = ask("pool", name="new", path=DIRECTORY)
            assert result["failed"]
            assert (
                "cannot connect to libvirt at qemu:///system: is its daemon (libvirtd, or virtqemud)" in result["msg"]
            )
    finally:
        lab.shell("libvirtd -d -l")


def test_a_guest_is_killed_while_the_module_waits_for_its_shutdown(lab):
    lab.ok("domain", name="guest", virt_type="qemu", memory="16 MiB", state="running")
    process = lab.start("domain", name="guest", state="stopped", timeout=60)
    wait_until(lambda: "inside.py once" in lab.shell("ps -eo args"), 20, "the module")
    kill(lab, process)
    assert lab.change("domain", name="guest", state="stopped", timeout=1, force=True)["domain"]["state"] == "stopped"


# --- a full pool ------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(lab):
    """A pool of 16 MiB, in memory; its mount is the host's own."""
    path = "/var/lib/libvirt/images/small"
    lab.shell(f"mkdir -p {path} && mount -t tmpfs -o size=16m small {path}")
    lab.ok("pool", name="small", path=path, state="active")
    yield path
    lab.ok("pool", name="small", state="absent")
    lab.shell(f"umount {path}")


def test_an_image_that_does_not_fit_is_refused(lab, small, source):
    message = lab.refused("volume", pool="small", name="base", source={"path": str(source)})
    assert "pool small has" in message
    assert "make room" in message


def test_a_pool_that_runs_full_meanwhile_keeps_no_half_volume(lab, small, tmp_path):
    """What is packed needs more room than its file has: the plan cannot know, and the import fails."""
    packed = tmp_path / "packed.qcow2"
    raw = tmp_path / "image.raw"
    raw.write_bytes((b"virtops " * 512) * (40 << 8))
    subprocess.run(["qemu-img", "convert", "-c", "-O", "qcow2", raw, packed], check=True)
    assert packed.stat().st_size < 8 << 20
    task = {"pool": "small", "name": "base", "format": "raw", "source": {"path": str(packed)}}
    failed = lab.run("volume", **task)
    assert failed["failed"]
    assert "volume small/base" in failed["msg"]
    assert lab.shell(f"ls -A {small}") == ""
    assert lab.state()["pool"]["small"]["volumes"] == {}
    # With more room the same task is done.
    lab.shell(f"mount -o remount,size=96m {small}")
    lab.change("volume", **task)


def test_a_seed_that_does_not_fit_is_refused(lab, small):
    lab.shell(f"head -c 15900K /dev/zero >{small}/full; head -c 1M /dev/zero >>{small}/full || true")
    lab.virsh("pool-refresh", "small")
    message = lab.refused("volume", pool="small", name="seed.iso", cloud_init={})
    assert "pool small has" in message


def test_the_host_stays_in_its_namespaces(lab, small):
    """What these tests mount is not to be seen on the machine."""
    assert "images/small" not in Path("/proc/self/mounts").read_text()
