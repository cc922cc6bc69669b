# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools on real storage: file system, volume group and partition table on loop devices, an iSCSI target."""

from __future__ import annotations

import json
import subprocess

import pytest
from integration._lab import HERE, PYTHON, Agent, paths, wait_until

MOUNTED = "/var/lib/libvirt/images/mounted"
TARGET = "iqn.2026-01.test.lab:disks"
INITIATOR = "iqn.2026-01.test.lab:host"
# Without the kernel's device mapper, which only volumes need, and without any device but those of tests.
LVM = """devices { obtain_device_list_from_udev = 0 use_devicesfile = 0 filter = [ "a|^/dev/loop|", "r|.*|" ] }
activation { udev_sync = 0 udev_rules = 0 monitoring = 0 }
global { activation = 0 use_lvmpolld = 0 }
"""
UNSEEING = ("unshare", "--mount", "sh", "-c", 'mount --bind /dev/null $(command -v blkid) && exec "$@"', "-")
ATTACH = """
for _ in 1 2 3 4 5 6 7 8; do
  # Newer versions say "(lost)" behind a device without a node, as all are here.
  device=$(losetup --find | cut -d " " -f 1)
  [ -b $device ] || mknod $device b 7 ${device#/dev/loop}
  # Another one may have taken it meanwhile: loop devices are the kernel's.
  if losetup $device "$0"; then echo $device; exit; fi
  rm $device
done
exit 1
"""


@pytest.fixture
def device(lab, tmp_path):
    """An empty loop device of the host, 64 MiB large."""
    made = []
    if lab.host.exec(["test", "-c", "/dev/loop-control"]).returncode:
        pytest.skip("this kernel has no loop devices")

    def attach(number=0):
        image = tmp_path / f"disk{number}.img"
        image.touch()
        with image.open("r+b") as file:
            file.truncate(64 << 20)
        done = lab.host.exec(["bash", "-c", ATTACH, str(image)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        made.append(done.stdout.strip())
        return made[-1]

    yield attach
    # A device that is mounted stays with the kernel.
    lab.wipe()
    for name in made:
        lab.shell(f"losetup --detach {name}; rm {name}")


@pytest.fixture
def lvm(lab):
    """LVM in the host, which sees the devices of tests only."""
    lab.shell("cat >/etc/lvm/lvm.conf", LVM)


def held(lab, name: str) -> str:
    """What a device holds."""
    return lab.shell(f"blkid --probe --output value --match-tag TYPE --match-tag PTTYPE {name} || true").strip()


def mounted(name, **more):
    return {"name": "mounted", "type": "fs", "path": MOUNTED, "source": {"devices": [{"path": name}], **more}}


# --- fs -------------------------------------------------------------------------------------------------------------


def test_a_file_system_is_made_where_nothing_is(lab, device):
    name = device()
    options = {**mounted(name, format="ext4"), "build": "missing", "state": "active"}
    made = lab.change("pool", **options)
    assert made["steps"] == [
        "define pool mounted",
        f"make the directory {MOUNTED}",
        f"make a file system on {name}",
        "start pool mounted",
    ]
    assert held(lab, name) == "ext4"
    lab.shell(f"findmnt {MOUNTED} && touch {MOUNTED}/kept")

    lab.change("pool", name="mounted", state="inactive")
    # Whatever building the task allows: what is there is what it asks for.
    for build in ("overwrite", "missing", "never"):
        started = lab.change("pool", **{**options, "build": build})
        assert started["steps"] == ["start pool mounted"]
        assert "kept" in lab.shell(f"ls {MOUNTED}")
        lab.change("pool", name="mounted", state="inactive")
    gone = lab.change("pool", name="mounted", state="absent", remove_target=True)
    assert gone["steps"] == [f"remove the empty directory {MOUNTED}", "undefine pool mounted"]
    assert held(lab, name) == "ext4"


def test_nothing_is_made_over_what_a_device_holds(lab, device):
    name = device()
    lab.shell(f"mkfs.ext2 -q {name}")
    options = {**mounted(name, format="ext4"), "state": "active"}
    message = lab.refused("pool", **options, build="missing")
    assert f"{name} holds ext2" in message
    assert "'build: overwrite'" in message
    other = {**options, "source": {**options["source"], "format": "ocfs2"}}
    assert "no program mkfs.ocfs2" in lab.refused("pool", **other, build="overwrite")
    # Also where it is to be made over: not what the kernel uses, and not what is part of something else.
    lab.shell(f"mkdir -p /root/mnt && mount {name} /root/mnt")
    assert "in use" in lab.refused("pool", **options, build="overwrite")
    lab.shell("umount /root/mnt")
    assert held(lab, name) == "ext2"

    made = lab.change("pool", **options, build="overwrite")
    assert f"make a file system on {name} over what it holds" in made["steps"]
    assert held(lab, name) == "ext4"


def test_what_came_onto_a_device_after_the_plan_is_kept(lab, device):
    """The step looks again: the plan of this task is a moment old when it runs."""
    name = device()
    script = f"""
import json, sys
sys.argv = ["x"]
import _inside
from ansible_collections.virtops.libvirt.plugins.module_utils import _plan
run = _plan.Plan.run
def late(self):
    import subprocess
    subprocess.run(["mkfs.ext2", "-q", "{name}"], check=True)
    run(self)
_plan.Plan.run = late
_inside.run_module("pool", json.loads(sys.stdin.readline()))
"""
    options = {**mounted(name, format="ext4"), "build": "missing", "state": "active"}
    done = lab.host.exec(
        [PYTHON, "-c", script],
        input=json.dumps(options) + "\n",
        capture_output=True,
        text=True,
        env={**lab.writer.environment(), "PYTHONPATH": f"{lab.writer.environment()['PYTHONPATH']}:{HERE}"},
    )
    assert "holds ext2" in done.stdout, done.stderr
    assert held(lab, name) == "ext2"
    assert lab.state()["pool"] == {}


def test_mount_options_are_in_force(lab, device):
    name = device()
    options = {**mounted(name, format="ext4"), "build": "missing", "state": "active"}
    lab.change("pool", **options, mount_options=["noatime"])
    assert "noatime" in lab.shell(f"findmnt --noheadings --output OPTIONS {MOUNTED}")
    told = lab.change("pool", name="mounted", mount_options=["noatime", "sync"])
    assert [change["path"] for change in told["pending"]] == ["mount_options"]
    lab.change("pool", name="mounted", state="inactive")
    lab.change("pool", name="mounted", state="active")
    assert "sync" in lab.shell(f"findmnt --noheadings --output OPTIONS {MOUNTED}")
    lab.change("pool", name="mounted", mount_options=[])


def test_a_pool_that_a_guest_uses_is_not_taken_away(lab, device):
    name = device()
    lab.ok("pool", **mounted(name, format="ext4"), build="missing", state="active")
    lab.ok("volume", pool="mounted", name="data.raw", capacity="1 MiB")
    disk = {"target": "vda", "pool": "mounted", "volume": "data.raw"}
    lab.ok("domain", name="one", virt_type="qemu", memory="16 MiB", disks=[disk], state="running")
    for state in ("inactive", "absent"):
        message = lab.refused("pool", name="mounted", state=state)
        assert "domain one runs and uses" in message
        assert "data.raw" in message
    lab.virsh("destroy", "one")
    lab.change("pool", name="mounted", state="absent")


def test_stopping_a_pool_of_a_directory_harms_no_guest(lab, pool):
    lab.ok("volume", pool=pool, name="data.raw", capacity="1 MiB")
    disk = {"target": "vda", "pool": pool, "volume": "data.raw"}
    lab.ok("domain", name="one", virt_type="qemu", memory="16 MiB", disks=[disk], state="running")
    lab.change("pool", name=pool, state="absent")
    assert lab.virsh("domstate", "one") == "running"


# --- logical, disk --------------------------------------------------------------------------------------------------


def test_a_volume_group_is_made_and_kept(lab, lvm, device):
    name, other = device(), device(1)
    options = {"name": "group", "type": "logical", "source": {"name": "labvg", "devices": [{"path": name}]}}
    message = lab.refused("pool", **options, state="active")
    assert "no volume group labvg" in message
    assert held(lab, name) == ""

    made = lab.change("pool", **options, state="active", build="missing")
    assert made["steps"] == ["define pool group", f"make a volume group on {name}", "start pool group"]
    assert made["pool"]["path"] == "/dev/labvg"
    assert lab.virsh("pool-info", "group").count("running") == 1
    lab.unchanged("pool", **options, state="active", build="overwrite")

    # A device that is part of a group is no empty one, whatever the task allows.
    twin = {"name": "twin", "type": "logical", "source": {"name": "othervg", "devices": [{"path": name}]}}
    lab.change("pool", name="group", state="absent")
    for build in ("missing", "overwrite"):
        assert "a part of volume group labvg" in lab.refused("pool", **twin, build=build)
    both = {**options, "source": {"name": "labvg", "devices": [{"path": name}, {"path": other}]}}
    assert f"without {other}" in lab.refused("pool", **both, build="missing")
    assert "LVM2_member" in held(lab, name)
    assert held(lab, other) == ""

    lab.change("pool", **options, state="active", build="missing")
    # A logical volume is what nobody named.
    lab.shell("lvcreate --quiet --zero n --activate n --size 4M --name data labvg")
    assert "labvg is not empty, it has data" in lab.refused("pool", name="group", state="absent", remove_target=True)
    lab.shell("lvremove --quiet --yes labvg/data")
    gone = lab.change("pool", name="group", state="absent", remove_target=True)
    assert gone["steps"] == ["stop pool group", "remove the empty volume group labvg", "undefine pool group"]
    assert held(lab, name) == ""


def test_the_source_of_a_volume_group_has_the_pools_name(lab, lvm, device):
    name = device()
    lab.shell(f"vgcreate --quiet group {name}")
    lab.change("pool", name="group", type="logical", state="active")
    lab.unchanged("pool", xml="<pool type='logical'><name>group</name><source/></pool>")
    lab.unchanged("pool", name="group", path="/dev/group", source={"name": "group", "format": "lvm2"})


def test_a_partition_table_is_made_where_nothing_is(lab, device):
    name = device()
    options = {"name": "table", "type": "disk", "path": "/dev", "source": {"devices": [{"path": name}]}}
    failed = lab.run("pool", **options, state="active")
    assert failed["failed"]
    assert lab.state()["pool"] == {}

    options["source"]["format"] = "gpt"
    made = lab.change("pool", **options, state="active", build="missing")
    assert f"make a partition table on {name}" in made["steps"]
    assert held(lab, name) == "gpt"
    # What libvirt tells of free space is no part of the task.
    lab.unchanged("pool", xml=lab.xml("pool", "table"))
    lab.ok("pool", name="table", state="inactive")
    options["source"]["format"] = "dos"
    lab.change("pool", **options)
    assert f"{name} holds gpt" in lab.refused("pool", **options, state="active", build="missing")


def test_a_partition_is_made(lab, device):
    name = device()
    source = {"devices": [{"path": name}], "format": "gpt"}
    lab.ok("pool", name="table", type="disk", path="/dev", source=source, state="active", build="missing")
    task = {"pool": "table", "name": f"{name.rpartition('/')[2]}p1", "capacity": "8 MiB"}
    assert lab.check("volume", **task)["volume"]["format"] == "none"
    # Nobody makes a node for it here, without which libvirt does not find what it made.
    assert "no storage vol with matching path" in lab.run("volume", **task)["msg"]
    assert lab.shell(f"parted --script --machine {name} unit MiB print | tail -n 1").split(":")[3] == "8.00MiB"


def test_a_device_that_is_not_there(lab):
    for kind in ("fs", "disk"):
        options = {"name": "new", "type": kind, "path": MOUNTED, "source": {"devices": [{"path": "/dev/none"}]}}
        assert "no device /dev/none" in lab.refused("pool", **options, state="active")
        assert "no device /dev/none" in lab.refused("pool", **{**options, "build": "missing"})
        lab.change("pool", **options)
        lab.ok("pool", name="new", state="absent")


# --- over the network -----------------------------------------------------------------------------------------------


@pytest.fixture
def target(lab, tmp_path):
    """An iSCSI target in the host, with one disk of 32 MiB, for those who know the password."""
    disk = tmp_path / "lun.img"
    disk.touch()
    with disk.open("r+b") as file:
        file.truncate(32 << 20)
    server = subprocess.Popen(
        lab.host.command(["tgtd", "--foreground", "--iscsi", "portal=127.0.0.1:3260"]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    tell = "tgtadm --lld iscsi --mode"
    show = ["sh", "-c", f"{tell} target --op show"]
    wait_until(lambda: not lab.host.exec(show, capture_output=True).returncode, 20, "tgtd")
    lab.shell(
        f"{tell} target --op new --tid 1 --targetname {TARGET};"
        f"{tell} logicalunit --op new --tid 1 --lun 1 --backing-store {disk};"
        f"{tell} target --op bind --tid 1 --initiator-address ALL;"
        f"{tell} account --op new --user lab --password geheim123456;"
        f"{tell} account --op bind --tid 1 --user lab"
    )
    yield TARGET
    lab.wipe()
    # It ends by nothing else while it has a target.
    lab.shell("kill -KILL $(pidof tgtd)")
    server.wait(20)


def test_an_iscsi_target_asks_for_the_secret(lab, target):
    options = {
        "name": "far",
        "type": "iscsi-direct",
        "source": {
            "hosts": [{"name": "127.0.0.1", "port": 3260}],
            "devices": [{"path": target}],
            "initiator": INITIATOR,
            "auth": {"type": "chap", "username": "lab", "secret": {"usage": "far"}},
        },
    }
    assert "no secret of type iscsi with the usage far" in lab.refused("pool", **options)
    uuid = lab.ok("secret", type="iscsi", usage="far", value="geheim123456")["secret"]["uuid"]
    lab.change("pool", **options, state="active")
    assert "unit:0:0:1" in lab.virsh("vol-list", "far")
    figures = lab.run("pool_info", name=["far"])["figures"]["far"]
    # The controller of the target is a unit of its own, with nothing in it.
    assert 0 < figures["capacity"] <= 32 << 20
    options["source"]["auth"]["secret"] = {"uuid": uuid}
    changed = lab.change("pool", **options)
    assert [change["path"] for change in changed["pending"]] == paths(changed)
    assert lab.tree("pool", "far").find("source/auth/secret").attrib == {"uuid": uuid}


def test_a_share_that_cannot_be_mounted_leaves_nothing(lab):
    options = {
        "name": "share",
        "type": "netfs",
        "path": MOUNTED,
        "source": {"hosts": [{"name": "127.0.0.1"}], "dir": "/export", "format": "nfs"},
    }
    failed = lab.run("pool", **options, state="active")
    assert "could not start pool share" in failed["msg"]
    assert "was taken back" in failed["msg"]
    assert lab.state()["pool"] == {}
    assert not lab.file(MOUNTED).exists()


# --- what is not seen -----------------------------------------------------------------------------------------------


def test_of_another_host_nothing_is_looked_at(lab, device):
    """libvirt's own flag is what then keeps a device from being made over."""
    name, uri = device(), {"uri": lab.host.tcp_uri}
    lab.shell(f"mkfs.ext2 -q {name}")
    options = {**mounted(name, format="ext4"), **uri, "state": "active"}
    assert "cannot be seen from here" in lab.refused("pool", **options, build="overwrite")
    plan = lab.check("pool", **options, build="missing")
    assert plan["unchecked"] == [f"what {name} holds"]
    failed = lab.run("pool", **options, build="missing")
    assert "could not make a file system" in failed["msg"]
    assert lab.state()["pool"] == {}
    assert held(lab, name) == "ext2"


def test_who_may_not_look_at_a_device_is_told_so(lab, device):
    name = device()
    options = {**mounted(name, format="ext4"), "build": "missing", "state": "active"}
    # In a mount namespace of its own the program that looks cannot be run.
    auditor = Agent(lab.host, lab.writer.libraries, UNSEEING)
    try:
        plan = auditor.ask("module", name="pool", options=options, check=True)
        over = auditor.ask("module", name="pool", options={**options, "build": "overwrite"}, check=True)
    finally:
        auditor.close()
    assert "cannot be seen" in over["msg"]
    assert not plan.get("failed"), plan
    assert plan["unchecked"] == [f"what {name} holds"]
    assert f"make a file system on {name}" in plan["steps"]
