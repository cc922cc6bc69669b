# SPDX-License-Identifier: GPL-3.0-or-later
"""Who writes into which disk: QEMU's locks, foreseen."""

from __future__ import annotations

IMAGES = "/var/lib/libvirt/images"
EMPTY = {"virt_type": "qemu", "memory": "16 MiB"}


def test_two_guests_do_not_write_into_one_disk(lab, pool):
    lab.ok("volume", pool=pool, name="d", capacity="1 MiB", format="qcow2")
    empty = {"virt_type": "qemu", "memory": "16 MiB"}
    one = {**empty, "name": "one", "disks": [{"target": "vda", "pool": pool, "volume": "d"}]}
    two, third = {**one, "name": "two"}, {**empty, "name": "third", "state": "running"}
    lab.ok("domain", **one, state="running")
    lab.ok("domain", **third)
    lab.change("domain", **two)
    by_file = {"target": "vdb", "file": f"{IMAGES}/{pool}/d", "format": "qcow2"}
    for task in (
        {**two, "state": "running"},
        {"name": "two", "state": "paused"},
        {**third, "disks": one["disks"]},
        {**third, "disks": [by_file]},
        {**third, "disks": one["disks"], "vcpus": 2, "power_cycle": True, "force": True, "timeout": 1},
    ):
        assert "domain one writes into" in lab.refused("domain", **task)
    lab.ok("domain", name="one", state="stopped", force=True, timeout=1)
    lab.change("domain", name="two", state="running")
    # Nor does one by two of its disks, of which libvirt knows nothing before QEMU does not get its locks.
    for disks in ([*one["disks"], {**one["disks"][0], "target": "vdc"}], [by_file, *one["disks"]]):
        twice = {**empty, "name": "twice", "disks": disks}
        lab.ok("domain", **twice)
        assert "already; give each its own" in lab.refused("domain", **twice, state="running")
        assert "lock" in lab.shell("virsh start twice 2>&1; true")
        lab.ok("domain", name="twice", state="absent")
    # In one stack nobody knows which of them is stopped, or started, first.
    told = lab.refused("stack", name="s", domains=[{**one, "state": "running"}, {**two, "state": "stopped"}])
    assert "domain two writes into" in told
    lab.ok("domain", name="two", state="stopped", force=True, timeout=1)
    assert "writes into" in lab.refused("stack", name="s", state="running", domains=[one, two])
    both = [{**guest, "disks": [{**guest["disks"][0], "shareable": True, "format": "raw"}]} for guest in (one, two)]
    lab.ok("volume", pool=pool, name="d", state="absent")
    lab.ok("volume", pool=pool, name="d", capacity="1 MiB")
    lab.change("stack", name="s", state="running", domains=both)


def test_a_base_is_not_written_into_while_something_is_built_on_it(lab, pool):
    base, top = ({"target": "vda", "pool": pool, "volume": name} for name in ("base", "top"))
    lab.ok("volume", pool=pool, name="base", capacity="1 MiB", format="qcow2")
    lab.ok("volume", pool=pool, name="clone", capacity="1 MiB", backing={"volume": "base"})
    lab.ok("volume", pool=pool, name="top", capacity="1 MiB", backing={"path": f"/var/lib/libvirt/images/{pool}/clone"})
    disks = {"base": [base], "top": [top], "both": [base, {**top, "target": "vdb"}]}
    for name, listed in disks.items():
        lab.ok("domain", name=name, **EMPTY, disks=listed)
    read = {**base, "readonly": True}
    alone = "disks[vdb]: it is built on vda, which is written into"
    for first, second, words in (
        (None, "both", alone),
        ("base", "top", "domain base writes into base, on which it is built"),
        ("top", "base", "domain top runs on a disk that is built on it"),
    ):
        if first:
            lab.ok("domain", name=first, state="running")
        assert words in lab.refused("domain", name=second, state="running")
        # Which is so.
        assert "lock" in lab.shell(f"virsh start {second} 2>&1; true")
        if first:
            lab.ok("domain", name=first, state="stopped", force=True, timeout=1)
    # Many may read it.
    lab.ok("domain", name="top", state="running")
    lab.change("domain", name="base", **EMPTY, disks=[read], state="running")
    lab.ok("domain", name="top", state="stopped", force=True, timeout=1)
    lab.change("domain", name="both", **EMPTY, disks=[read, {**top, "target": "vdb"}], state="running")
