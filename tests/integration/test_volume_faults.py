# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes whose making is interrupted: a killed module, a daemon that goes away, a pool that runs full."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from integration._lab import wait_until
from integration.test_interrupted import DIRECTORY, kill, names, restart, skip_if_it_hangs, small
from integration.test_volume_changes import run_guest
from integration.test_volume_source import server

__all__ = ["server", "small"]


@pytest.fixture
def large(server):
    """A file that takes a while: the server holds its end back."""
    path = server.directory / "large.raw"
    with path.open("wb") as stream:
        for _ in range(32):
            stream.write(os.urandom(1 << 20))
    return path


def same(lab, path, name: str, kind: str = "raw") -> bool:
    return "identical" in lab.shell(f"qemu-img compare -f raw -F {kind} {path} {DIRECTORY}/{name}")


def test_a_download_that_is_killed_is_gone_on_with(lab, pool, server, large):
    server.serve("large.raw", hold=8 << 20)
    task = {"pool": pool, "name": "new", "source": {"url": server.url("large.raw")}}
    process = lab.start("volume", **task)
    half = lab.file(f"{DIRECTORY}/.new.download")
    wait_until(lambda: half.exists() and half.stat().st_size >= 4 << 20, 20, "half of the file")
    kill(lab, process)
    assert "new" not in names(lab)
    server.serve("large.raw")
    there = half.stat().st_size
    lab.change("volume", **task)
    assert same(lab, large, "new")
    assert names(lab) == {"new"}
    assert f"GET large.raw bytes={there}-" in server.requests()


@pytest.fixture
def impatient(lab):
    """A libvirtd that hangs up on clients that do not answer for 6 s, not 30."""
    settings = "/etc/libvirt/libvirtd.conf"
    lab.shell(f"cp {settings} /root/patient.conf; printf 'keepalive_interval = 2\nkeepalive_count = 2\n' >>{settings}")
    restart(lab)
    yield
    lab.shell(f"cp /root/patient.conf {settings}")
    restart(lab)


def test_work_that_takes_long_does_not_cost_the_connection(lab, pool, impatient, server, large):
    """A client that asks nothing of libvirtd, because it fetches or converts an image, answers when it is asked."""
    server.serve("large.raw", hold=8 << 20, seconds=10)
    lab.change("volume", pool=pool, name="new", source={"url": server.url("large.raw")})
    assert same(lab, large, "new")


def test_a_download_into_a_full_pool_leaves_nothing(lab, server, large, small):
    packed = server.directory / "packed.gz"
    subprocess.run(f"head -c 64M /dev/zero | tr '\\0' x | gzip -1 >{packed}", shell=True, check=True)
    task = {"pool": "small", "name": "new", "capacity": "64 MiB", "source": {"url": server.url("packed.gz")}}
    assert "No space left" in lab.run("volume", **task)["msg"]
    assert lab.shell(f"ls -A {small}") == ""
    assert "pool small has" in lab.refused("volume", pool="small", name="new", source={"url": server.url("large.raw")})


@pytest.mark.parametrize("fault", ["module", "daemon"])
def test_an_upload_that_is_interrupted_is_made_anew(lab, pool, remote, tmp_path, fault):
    path = tmp_path / "image.raw"
    with path.open("wb") as stream:
        for _ in range(96):
            stream.write(os.urandom(1 << 20) * 4)
    task = {"uri": remote, "pool": pool, "name": "new", "source": {"path": str(path)}}
    mark = lab.file(f"{DIRECTORY}/new.unfinished")
    process = lab.start("volume", **task)
    wait_until(lambda: mark.exists() and mark.stat().st_blocks > 2048, 30, "the upload")
    if fault == "module":
        kill(lab, process)
        skip_if_it_hangs(lab)
        assert "new" not in names(lab) or "new.unfinished" in names(lab)
    else:
        restart(lab)
        result = json.loads(process.communicate(timeout=100)[0].strip().splitlines()[-1])
        # A daemon that is told to end may still finish what it is at.
        assert not result.get("failed") or "new" not in names(lab) or "new.unfinished" in names(lab)
    assert not lab.run("volume", **task).get("failed")
    lab.unchanged("volume", **task)
    assert same(lab, path, "new")
    assert names(lab) == {"new"}


def filled(lab, path: str, mebibytes: int) -> None:
    lab.shell(f"qemu-io -f qcow2 -c 'write -q -P 0x5a 0 {mebibytes}M' {path}")


@pytest.fixture
def clone(lab, pool):
    """A clone of a base with much in it."""
    lab.ok("volume", pool=pool, name="base", capacity="1 GiB", format="qcow2")
    filled(lab, f"{DIRECTORY}/base", 512)
    lab.ok("volume", pool=pool, name="clone", backing={"volume": "base"})
    filled(lab, f"{DIRECTORY}/clone", 1)
    return {"pool": pool, "name": "clone", "backing": {}}


def whole(lab) -> None:
    said = lab.shell(f"qemu-io -r -f qcow2 -c 'read -P 0x5a 0 512M' {DIRECTORY}/clone")
    assert "failed" not in said


def test_a_flattening_that_is_killed_loses_nothing(lab, clone):
    process = lab.start("volume", **clone)
    size = lab.file(f"{DIRECTORY}/clone")
    wait_until(lambda: size.stat().st_blocks * 512 > 32 << 20 or process.poll() is not None, 20, "some of the base")
    kill(lab, process)
    whole(lab)
    lab.change("volume", **clone)
    lab.ok("volume", pool=clone["pool"], name="base", state="absent")
    whole(lab)


def test_a_live_flattening_outlives_its_daemon(lab, clone):
    run_guest(lab, clone["pool"], "clone")
    process = lab.start("volume", **clone)
    size = lab.file(f"{DIRECTORY}/clone")
    wait_until(lambda: size.stat().st_blocks * 512 > 16 << 20 or process.poll() is not None, 20, "some of the base")
    restart(lab)
    process.communicate(timeout=100)
    assert not lab.run("volume", **clone).get("failed")
    lab.unchanged("volume", **clone)
    lab.ok("domain", name="guest", state="stopped", force=True, timeout=1)
    lab.ok("volume", pool=clone["pool"], name="base", state="absent")
    whole(lab)
