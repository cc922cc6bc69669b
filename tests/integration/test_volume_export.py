# SPDX-License-Identifier: GPL-3.0-or-later
"""The module volume_export: files with the content of volumes."""

from __future__ import annotations

import json
import os

import pytest
from integration._lab import paths, wait_until
from integration.test_interrupted import kill, restart, small
from integration.test_pool_kinds import device
from integration.test_volume_changes import SECRET, run_guest
from integration.test_volume_content import DIRECTORY, make_image

__all__ = ["device", "small"]

# A directory of the host beside all pools, whose files the test's state of the host shows.
OUT = "/var/lib/libvirt/images/out"
FILE = f"{OUT}/disk.img"


def about(lab, path: str = FILE) -> dict:
    return json.loads(lab.shell(f"qemu-img info --output=json {path}"))


def same(lab, path: str = FILE, volume: str = "disk", kind: str = "") -> bool:
    """Whether a guest would see the same in both."""
    given = f"-f {kind}" if kind else ""
    return "identical" in lab.shell(f"qemu-img compare {given} {path} {DIRECTORY}/{volume}")


def written(lab, volume: str = "disk", kind: str = "qcow2") -> None:
    lab.shell(f"qemu-io -f {kind} -c 'write -q -P 0x77 1M 64k' {DIRECTORY}/{volume}")


@pytest.fixture
def out(lab):
    lab.shell(f"mkdir -p {OUT}")
    return OUT


@pytest.fixture
def disk(lab, pool, out, tmp_path):
    """The task for a volume of 8 MiB with a mebibyte of data."""
    lab.ok("volume", pool=pool, name="disk", source={"path": str(make_image(tmp_path / "image", "qcow2"))})
    return {"pool": pool, "name": "disk", "path": FILE}


def test_a_volume_is_exported_and_again_when_it_changed(lab, disk):
    made = lab.change("volume_export", **disk)
    assert made["steps"] == [f"write volume images/disk into {FILE} as qcow2"]
    told = made["export"]
    assert (told["format"], told["capacity"], told["permissions"]["mode"]) == ("qcow2", "8 MiB", "0600")
    assert lab.shell(f"cmp {FILE} {DIRECTORY}/disk && stat -c %a {FILE}") == "600\n"
    assert lab.shell(f"ls -A {OUT}") == "disk.img\n"
    lab.shell(f"chmod 640 {FILE}")
    written(lab)
    message = lab.refused("volume_export", **disk)
    assert "(written)" in message
    assert "replace: true" in message
    assert lab.shell(f"cmp -s {FILE} {DIRECTORY}/disk || echo other") == "other\n"
    again = lab.change("volume_export", **disk, replace=True)
    assert paths(again) == ["written"]
    assert again["changes"][0]["before"] == told["written"] < again["export"]["written"]
    assert lab.shell(f"cmp {FILE} {DIRECTORY}/disk && stat -c %a {FILE}") == "640\n"
    lab.unchanged("volume_export", **disk)


@pytest.mark.parametrize("kind", ["raw", "qcow2", "qcow", "vmdk", "vdi", "vpc", "qed"])
def test_every_format(lab, disk, kind):
    made = lab.change("volume_export", **disk, format=kind, permissions={"mode": "0644", "owner": 1, "group": 2})
    assert made["export"]["format"] == kind
    # qemu-img takes what is in the format vpc for raw where it was made with an exact size.
    assert same(lab, kind=kind)
    assert int(lab.shell(f"stat -c %b {FILE}")) * 512 < 3 << 20, "the holes have been filled"
    assert lab.shell(f"stat -c %a:%u:%g {FILE}") == "644:1:2\n"
    changed = lab.change("volume_export", **disk, format=kind, permissions={"mode": "0640"})
    assert (paths(changed), changed["steps"]) == (["permissions.mode"], [f"set the permissions of {FILE}"])


def test_another_format_takes_the_place_only_where_it_may(lab, disk):
    lab.ok("volume_export", **disk)
    assert "(format)" in lab.refused("volume_export", **disk, format="raw")
    assert paths(lab.change("volume_export", **disk, format="raw", replace=True)) == ["format"]
    assert same(lab)
    lab.ok("volume", pool=disk["pool"], name="disk", capacity="16 MiB")
    assert set(paths(lab.change("volume_export", **disk, replace=True))) == {"format", "capacity", "written"}


def test_an_image_is_compressed(lab, disk, tmp_path):
    lab.change("volume_export", **disk, compress=True)
    assert same(lab)
    assert int(lab.shell(f"stat -c %b {FILE}")) * 512 < 1 << 20


def test_a_clone_is_exported_whole_and_a_volume_of_any_kind_as_it_lies(lab, disk, pool):
    lab.ok("volume", pool=pool, name="clone", backing={"volume": "disk"}, capacity="16 MiB")
    written(lab, "clone")
    lab.change("volume_export", **{**disk, "name": "clone"})
    assert "backing-filename" not in about(lab)
    assert same(lab, volume="clone")
    for name, options in (
        ("odd.raw", {"capacity": "1000001 B"}),
        ("big.qcow2", {"capacity": "1 GiB", "format": "qcow2", "cluster_size": "128 KiB"}),
        ("seed.iso", {"cloud_init": {"user_data": {"hostname": "x"}}}),
    ):
        lab.ok("volume", pool=pool, name=name, **options)
        lab.change("volume_export", pool=pool, name=name, path=f"{OUT}/{name}")
        lab.shell(f"cmp -n $(stat -c %s {DIRECTORY}/{name}) {OUT}/{name} {DIRECTORY}/{name}")


def test_a_raw_disk_that_looks_like_another_format(lab, disk, pool):
    lab.ok("volume", pool=pool, name="raw", capacity="8 MiB")
    lab.shell(f"dd if={DIRECTORY}/disk of={DIRECTORY}/raw conv=notrunc status=none")
    lab.virsh("pool-refresh", pool)
    # libvirt itself takes it for what it looks like.
    made = lab.change("volume_export", **{**disk, "name": "raw"})
    assert lab.shell(f"cmp {FILE} {DIRECTORY}/raw") == ""
    assert made["export"]["capacity"] == "8 MiB"


def test_an_encrypted_volume_stays_encrypted(lab, disk, pool, tmp_path):
    (tmp_path / "secret.xml").write_text(SECRET)
    lab.virsh("secret-define", str(tmp_path / "secret.xml"))
    lab.shell("virsh -q secret-set-value 5f3a0d3e-6d1c-4b8b-8d0c-3f1d8f5a7b11 --file /dev/stdin", "c2VjcmV0")
    encryption = {"format": "luks", "secret": {"usage": "disk"}}
    lab.ok("volume", pool=pool, name="crypt", capacity="8 MiB", encryption=encryption)
    task = {**disk, "name": "crypt"}
    assert "is encrypted" in lab.refused("volume_export", **task, format="qcow2")
    made = lab.change("volume_export", **task)
    assert made["export"]["format"] == "luks"
    assert lab.shell(f"cmp {FILE} {DIRECTORY}/crypt") == ""


def test_a_volume_of_another_host(lab, disk, pool, remote):
    task = {**disk, "uri": remote}
    lab.change("volume_export", **task)
    assert lab.shell(f"cmp {FILE} {DIRECTORY}/disk") == ""
    lab.unchanged("volume_export", **disk)
    lab.change("volume_export", **task, format="raw", replace=True)
    assert same(lab)
    assert int(lab.shell(f"stat -c %b {FILE}")) * 512 < 3 << 20
    assert lab.shell(f"ls -A {OUT}") == "disk.img\n"
    lab.ok("volume", pool=pool, name="clone", backing={"volume": "disk"})
    message = lab.refused("volume_export", **{**task, "name": "clone", "replace": True})
    assert "is built on" in message


def test_the_disk_of_a_guest_that_runs_on(lab, disk, pool):
    lab.ok("volume", pool=pool, name="other", capacity="8 MiB")
    run_guest(lab, pool, "disk")
    assert "domain guest writes into it" in lab.refused("volume_export", **disk)
    lab.ok("snapshot", domain="guest", name="backup", location="external")
    lab.change("volume_export", **disk)
    assert lab.shell(f"cmp {FILE} {DIRECTORY}/disk") == ""
    # What a guest runs on, and any volume, is nothing to write over.
    target = {**disk, "name": "other", "replace": True}
    assert "it is volume images/disk;" in lab.refused("volume_export", **{**target, "path": f"{DIRECTORY}/disk"})
    lab.shell(f"ln -s {DIRECTORY} {OUT}/link")
    assert "it is volume images/disk;" in lab.refused("volume_export", **{**target, "path": f"{OUT}/link/disk"})
    lab.shell(f"truncate -s 8M {OUT}/plain")
    lab.ok("snapshot", domain="guest", name="backup", state="absent")
    lab.shell(f"virsh attach-disk guest {OUT}/plain vdb --live")
    assert "domain guest runs on it" in lab.refused("volume_export", **{**target, "path": f"{OUT}/plain"})
    lab.ok("domain", name="guest", state="stopped", force=True, timeout=1)


def test_what_is_there_and_something_else_stays(lab, disk):
    lab.shell(f"echo 'not an image' >{FILE}; ln -s disk.img {OUT}/link; mkdir {DIRECTORY}/folder")
    assert "replace: true" in lab.refused("volume_export", **disk)
    for path in (f"{OUT}/link", OUT):
        assert "no plain file" in lab.refused("volume_export", **{**disk, "path": path, "replace": True})
    assert lab.shell(f"cat {FILE}") == "not an image\n"
    lab.virsh("pool-refresh", disk["pool"])
    message = lab.refused("volume_export", **{**disk, "name": "folder", "path": f"{OUT}/new"})
    assert "images/folder is no file" in message


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def large(lab, pool, out):
    """The task for a volume that takes a while."""
    lab.ok("volume", pool=pool, name="disk", capacity="512 MiB")
    lab.shell(f"head -c 384M /dev/urandom | dd of={DIRECTORY}/disk conv=notrunc bs=1M iflag=fullblock status=none")
    return {"pool": pool, "name": "disk", "path": FILE, "format": "raw", "replace": True}


@pytest.mark.parametrize("way", ["here", "stream", "daemon"])
def test_an_export_that_is_interrupted_is_made_anew(lab, large, remote, way):
    lab.shell(f"echo old >{FILE}")
    task = large if way == "here" else {**large, "uri": remote}
    hidden = lab.file(f"{OUT}/.disk.img.part" if way == "here" else f"{OUT}/.disk.img.part.download")
    process = lab.start("volume_export", **task)
    wait_until(lambda: hidden.exists() and hidden.stat().st_size > 1 << 20, 20, "some of the file")
    if way == "daemon":
        restart(lab)
        result = json.loads(process.communicate(timeout=100)[0].strip().splitlines()[-1])
        assert result.get("failed"), "it had ended already; the test came too late"
        assert f"could not write volume images/disk into {FILE}" in result["msg"]
        assert lab.shell(f"ls -A {OUT}") == "disk.img\n"
    else:
        kill(lab, process)
    assert lab.shell(f"cat {FILE}") == "old\n"
    assert not lab.run("volume_export", **task).get("failed")
    lab.unchanged("volume_export", **task)
    assert lab.shell(f"cmp {FILE} {DIRECTORY}/disk; ls -A {OUT}") == "disk.img\n"


def test_what_does_not_fit_leaves_nothing(lab, large, small, remote):
    path = f"{small}/disk.img"
    # Check mode runs in namespaces of its own here, in which nothing is mounted.
    assert "free, and volume images/disk takes 384 MiB" in lab.run("volume_export", **{**large, "path": path})["msg"]
    for uri in ("qemu:///system", remote):
        failed = lab.run("volume_export", **{**large, "uri": uri, "path": path, "format": "qcow2"})
        assert "No space left" in failed["msg"]
        assert lab.shell(f"ls -A {small}") == ""


def test_a_volume_that_is_written_into_meanwhile_is_no_export(lab, large):
    process = lab.start("volume_export", **large)
    hidden = lab.file(f"{OUT}/.disk.img.part")
    wait_until(lambda: hidden.exists() and hidden.stat().st_size, 20, "the start of the file")
    os.utime(lab.file(f"{DIRECTORY}/disk"))
    result = json.loads(process.communicate(timeout=100)[0].strip().splitlines()[-1])
    assert "was written into meanwhile" in result["msg"]
    assert lab.shell(f"ls -A {OUT}") == ""


def test_a_file_system_that_keeps_no_exact_times(lab, disk, device):
    name = device()
    lab.shell(f"mkfs.ext2 -q -I 128 {name} && mkdir -p /root/mnt && mount {name} /root/mnt")
    failed = lab.run("volume_export", **{**disk, "path": "/root/mnt/disk"})
    left = lab.shell("ls -A /root/mnt; umount /root/mnt")
    assert "does not keep the time" in failed["msg"]
    assert left == "lost+found\n"
