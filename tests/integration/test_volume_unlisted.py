# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that came into a pool's directory, or left it, behind libvirt's back."""

from __future__ import annotations

import pytest
from integration._lab import PLANNED, paths
from integration.test_volume_content import DIRECTORY, make_image

QCOW2 = {"name": "disk", "capacity": "8 MiB", "format": "qcow2"}


@pytest.fixture
def disk(lab, pool):
    """An image with data of which libvirt does not know."""
    lab.shell(f"qemu-img create -q -f qcow2 {DIRECTORY}/disk 8M; qemu-io -c 'write -P 0x5a 0 1M' {DIRECTORY}/disk")
    return f"{DIRECTORY}/disk"


def change(lab, module: str = "volume", **task) -> dict:
    """Check, apply and repeat a task; the others' way to look at all there is would have libvirt look at it, too."""
    plan, real = lab.check(module, **task), lab.run(module, **task)
    assert not real.get("failed"), real["msg"]
    for key in PLANNED:
        assert plan[key] == real[key], key
    assert real["changed"]
    assert not lab.check(module, **task)["changed"]
    return real


def refused(lab, module: str = "volume", **task) -> str:
    plan, real = lab.check(module, **task), lab.run(module, **task)
    assert plan["msg"] == real["msg"]
    return plan["msg"]


def has_data(lab) -> bool:
    return "verification failed" not in lab.shell(f"qemu-io -r -c 'read -P 0x5a 0 1M' {DIRECTORY}/disk")


def test_what_is_there_is_taken_as_it_is(lab, pool, disk):
    changed = change(lab, pool=pool, **QCOW2)
    assert (paths(changed), changed["changes"][0]["after"]) == (["known"], True)
    assert has_data(lab)
    assert lab.shell(f"virsh vol-list {pool} | grep -c disk") == "1\n"


def test_it_is_changed_and_removed_as_any_other(lab, pool, disk):
    assert paths(change(lab, pool=pool, **{**QCOW2, "capacity": "16 MiB"})) == ["capacity", "known"]
    lab.shell(f"virsh vol-delete disk {pool}; qemu-img create -q -f qcow2 {disk} 8M")
    change(lab, pool=pool, name="disk", state="absent")
    assert lab.shell(f"ls {DIRECTORY}") == ""


def test_an_import_is_of_a_new_volume_only(lab, pool, disk, tmp_path):
    source = {"path": str(make_image(tmp_path / "image", "qcow2"))}
    assert paths(change(lab, pool=pool, name="disk", source=source)) == ["known"]
    assert has_data(lab)


@pytest.mark.parametrize(
    "content", [{"cloud_init": {"user_data": "#cloud-config\n"}}, {"ignition": {"ignition": {"version": "3.4.0"}}}]
)
def test_nothing_is_written_over_it(lab, pool, disk, content):
    assert "would be lost" in refused(lab, pool=pool, name="disk", **content)
    assert has_data(lab)


def test_no_export_is_written_over_it(lab, pool, disk):
    lab.ok("volume", pool=pool, name="other", capacity="1 MiB")
    message = refused(lab, "volume_export", pool=pool, name="other", path=disk, replace=True)
    assert "a file of pool images" in message
    assert has_data(lab)


def test_a_volume_whose_file_somebody_removed_is_made_anew(lab, pool):
    lab.ok("volume", pool=pool, **QCOW2)
    lab.shell(f"rm {DIRECTORY}/disk")
    assert paths(change(lab, pool=pool, **QCOW2)) == [""]


@pytest.mark.parametrize("made", ["mkdir", "mkfifo", "ln -s /nowhere"])
def test_what_is_no_file_is_in_the_way(lab, pool, made):
    lab.shell(f"{made} {DIRECTORY}/disk")
    assert "and no file" in refused(lab, pool=pool, **QCOW2)


def test_the_directory_of_the_pool_is_gone(lab, pool):
    lab.shell(f"mv {DIRECTORY} {DIRECTORY}.away")
    try:
        assert "the directory of pool images" in refused(lab, pool=pool, **QCOW2)
    finally:
        # Whoever looks at all there is needs it.
        lab.shell(f"mv {DIRECTORY}.away {DIRECTORY}")


def test_what_libvirt_leaves_of_a_volume_that_it_cannot_make_goes(lab, pool):
    task = {"pool": pool, "name": "disk", "format": "vdi", "capacity": "1024 TiB"}
    failed = [lab.run("volume", **task)["msg"] for _time in range(2)]
    assert "Nothing was changed" in failed[0]
    assert failed[0] == failed[1]
    assert lab.shell(f"ls {DIRECTORY}; virsh -q vol-list {pool}").strip() == ""
