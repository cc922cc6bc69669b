# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a running guest: made at once where QEMU can, kept for the next start where it cannot."""

from __future__ import annotations

import pytest
from integration import guests
from integration._lab import effects, paths, wait_until
from lxml import etree

MODEL = "<model type='virtio'/>"
MAC = "52:54:00:aa:03:01"
PORTS = "<controller type='pci' index='0' model='pcie-root'/>" + "<controller type='pci' model='pcie-root-port'/>" * 6
DRIVES = (
    "<controller type='virtio-serial'/><controller type='scsi' model='virtio-scsi'/>"
    "<disk type='file' device='cdrom'><target dev='sda'/></disk>"
)
UUID = "5e0ddf4e-33b7-4a1f-9a4a-20cd2ef1e3a1"


@pytest.fixture(scope="module")
def memory(_session_lab):
    """Where the guest's memory is kept once its system is up: it boots once for all tests of this file."""
    place = "/root/booted"
    yield place
    _session_lab.shell(f"rm -f {place}")


@pytest.fixture
def running(lab, tiny, pool, memory):
    """A running guest whose system is up, with a network and volumes to plug."""
    lab.ok("network", name="lab", state="active", ips=[{"address": "10.50.0.1", "prefix": 24}])
    lab.ok("network", name="other", state="active", ips=[{"address": "10.51.0.1", "prefix": 24}])
    for name in ("a", "b"):
        lab.ok("volume", pool=pool, name=f"{name}.qcow2", capacity="1 MiB", format="qcow2")
    nic = f"<interface type='network'><mac address='{MAC}'/><source network='lab'/><model type='virtio'/></interface>"
    lab.ok("domain", xml=guests.tiny_guest(tiny, f"<uuid>{UUID}</uuid>", PORTS + DRIVES + nic))
    if not lab.shell(f"ls {memory} 2>/dev/null || true"):
        lab.ok("domain", name="guest", state="running")
        guests.boot(lab)
        lab.virsh("save", "guest", memory)
    lab.virsh("restore", memory)
    return "guest"


def live(lab):
    return etree.fromstring(lab.virsh("dumpxml", "guest"))


def volume(target, name, **more):
    return {"target": target, "pool": "images", "volume": f"{name}.qcow2", **more}


CDROM = {"target": "sda", "device": "cdrom"}


def test_disks_are_plugged_and_taken_out(lab, running):
    changed = lab.change("domain", name=running, disks=[CDROM, volume("vda", "a"), volume("sdb", "b")])
    assert effects(changed) == {"disks[vda]": "live", "disks[sdb]": "live"}
    assert changed["pending"] == []
    assert {e.get("dev") for e in live(lab).iterfind("devices/disk/target")} == {"sda", "vda", "sdb"}
    # The next start finds it at the same place.
    place = "string(devices/disk[target/@dev='vda']/address/@bus)"
    assert live(lab).xpath(place) == lab.tree("domain", "guest").xpath(place) != ""
    changed = lab.change("domain", name=running, disks=[CDROM])
    assert effects(changed) == {"disks[vda]": "live", "disks[sdb]": "live"}
    for tree in (live(lab), lab.tree("domain", "guest")):
        assert [e.get("dev") for e in tree.iterfind("devices/disk/target")] == ["sda"]


def test_nics_are_plugged_changed_and_taken_out(lab, running):
    nic = {"mac": MAC, "network": "lab"}
    changed = lab.change("domain", name=running, interfaces=[nic, {"network": "other"}])
    assert set(effects(changed).values()) == {"live"}
    nic["link"] = "down"
    changed = lab.change("domain", name=running, interfaces=[nic, {"network": "other"}])
    assert effects(changed) == {f"interfaces[{MAC}].link": "live"}
    assert live(lab).find("devices/interface/link").get("state") == "down"
    nic.update(network="other", link="up")
    changed = lab.change("domain", name=running, interfaces=[nic, {"network": "other"}])
    assert set(effects(changed).values()) == {"live"}
    assert {e.get("network") for e in live(lab).iterfind("devices/interface/source")} == {"other"}
    changed = lab.change("domain", name=running, interfaces=[nic])
    assert list(effects(changed).values()) == ["live"]
    assert len(live(lab).findall("devices/interface")) == 1


def test_a_task_adds_to_what_others_plugged_in(lab, running):
    """With C(purge) off; what the running guest lacks of theirs is told, and not brought to it by this task."""
    lab.change("domain", name=running, disks=[CDROM, volume("sdb", "b", serial="theirs")])
    lab.virsh("detach-disk", "guest", "sdb", "--live")
    wait_until(lambda: live(lab).find("devices/disk/target[@dev='sdb']") is None, 30, "sdb is out")
    changed = lab.change("domain", name=running, disks=[volume("vda", "a")], purge=False)
    assert effects(changed) == {"disks[vda]": "live"}
    assert waits(changed) == ["disks[sdb]"]
    kept = lab.tree("domain", "guest")
    assert {e.get("dev") for e in kept.iterfind("devices/disk/target")} == {"sda", "sdb", "vda"}
    assert kept.findtext("devices/disk/serial") == "theirs"
    # What it names of theirs becomes as it says.
    changed = lab.change("domain", name=running, disks=[volume("sdb", "b")], purge=False)
    assert effects(changed) == {"disks[sdb]": "live"}
    lab.unchanged("domain", name=running, disks=[], purge=False)


def test_a_nic_for_conventional_pci_waits(lab, running):
    nics = [{"mac": MAC, "network": "lab"}, {"network": "lab", "model": "rtl8139"}]
    changed = lab.change("domain", name=running, interfaces=nics)
    assert list(effects(changed).values()) == ["next_boot"]
    assert len(live(lab).findall("devices/interface")) == 1


def test_media_are_changed(lab, running):
    lab.shell("head -c 2M /dev/zero | tee /var/lib/libvirt/images/1.iso >/var/lib/libvirt/images/2.iso")
    for number in (1, 2):
        medium = f"/var/lib/libvirt/images/{number}.iso"
        changed = lab.change("domain", name=running, disks=[{**CDROM, "file": medium}])
        assert effects(changed) == {"disks[sda].file": "live"}
        assert live(lab).find("devices/disk/source").get("file") == medium


def test_what_cannot_be_changed_at_once_waits(lab, running):
    lab.ok("domain", name=running, disks=[CDROM, volume("vda", "a")])
    disks = [CDROM, volume("vda", "a", cache="none"), volume("sdc", "b", bus="sata")]
    changed = lab.change("domain", name=running, disks=disks, memory="128 MiB")
    waiting = ("memory", "current_memory", "disks[vda].cache", "disks[sdc]")
    assert effects(changed) == dict.fromkeys(waiting, "next_boot")
    assert sorted(paths({"changes": changed["pending"]})) == ["disks[sdc]", "disks[vda].cache", "memory"]
    assert lab.run("domain", name=running, disks=disks)["pending"] == [
        change for change in changed["pending"] if change["path"] != "memory"
    ]
    before = lab.virsh("domid", running)
    cycled = lab.change("domain", name=running, disks=disks, memory="128 MiB", power_cycle=True, timeout=60)
    assert effects(cycled) == {"memory": "power_cycle", "disks[vda].cache": "power_cycle", "disks[sdc]": "power_cycle"}
    assert cycled["power_cycled"]
    assert cycled["pending"] == []
    assert lab.virsh("domid", running) != before
    assert live(lab).findtext("memory") == str(128 * 1024)


def test_what_was_changed_in_the_running_guest_only_is_put_right(lab, running):
    lab.virsh("domif-setlink", running, MAC, "down")
    nic = {"mac": MAC, "network": "lab", "link": "up"}
    changed = lab.change("domain", name=running, interfaces=[nic])
    assert effects(changed) == {f"interfaces[{MAC}].link": "live"}
    lab.virsh("detach-interface", running, "network", MAC, "--live")
    wait_until(lambda: live(lab).find("devices/interface") is None, 20, "the end of the NIC")
    changed = lab.change("domain", name=running, interfaces=[nic])
    assert effects(changed) == {f"interfaces[{MAC}]": "live"}
    assert live(lab).find("devices/interface/mac").get("address") == MAC


def test_a_password_changes_where_the_guest_was_started_with_one(lab):
    """Check mode cannot compare passwords, so what it said is not what is asserted here."""
    guest = {"name": "guest", "virt_type": "qemu", "memory": "16 MiB", "state": "running"}
    lab.ok("domain", **guest, graphics=[{"type": "vnc", "listen": "127.0.0.1", "password": "first"}])
    done = lab.ok("domain", name="guest", graphics=[{"type": "vnc", "password": "second"}])
    assert effects(done) == {"graphics[vnc].password": "live"}
    assert "second" in lab.virsh("dumpxml", "--security-info", "guest")
    assert "second" not in str(done)
    plan = lab.check("domain", name="guest", graphics=[{"type": "vnc", "password": "second"}])
    assert (plan["changed"], plan["unchecked"]) == (
        False,
        ["passwords: a read-only connection does not tell them"],
    )
    assert not lab.ok("domain", name="guest", graphics=[{"type": "vnc", "password": "second"}])["changed"]


def test_small_devices_are_plugged_and_taken_out(lab, running):
    devices = {
        "rngs": [{"alias": "ua-rng"}],
        "channels": [{"name": "org.example.0"}],
        "inputs": [{"type": "tablet", "bus": "usb", "alias": "ua-tablet"}],
    }
    changed = lab.change("domain", name=running, **devices)
    assert set(effects(changed).values()) == {"live"}
    changed = lab.change("domain", name=running, rngs=[], channels=[], inputs=[])
    assert set(effects(changed).values()) == {"live"}
    assert live(lab).find("devices/rng") is None


def test_a_hot_change_that_fails_leaves_the_guest_as_it_was(lab, running):
    before, number = lab.documents(), lab.virsh("domid", running)
    lab.shell("truncate -s 1M /var/lib/libvirt/images/no-image")
    no_image = {"target": "vdb", "file": "/var/lib/libvirt/images/no-image", "format": "qcow2"}
    failed = lab.run("domain", name=running, title="new", disks=[CDROM, no_image])
    assert failed["failed"]
    assert "could not plug disks[vdb] into the running guest" in failed["msg"]
    assert "What was done before that was taken back" in failed["msg"]
    assert lab.documents() == before
    assert [e.get("dev") for e in live(lab).iterfind("devices/disk/target")] == ["sda"]
    assert live(lab).find("title") is None
    assert lab.virsh("domid", running) == number


def test_a_power_cycle_that_fails_brings_the_old_guest_back(lab, running):
    before, number = lab.documents(), lab.virsh("domid", running)
    lab.shell("truncate -s 1M /var/lib/libvirt/images/no-kernel")
    kernel = "/var/lib/libvirt/images/no-kernel"
    failed = lab.run("domain", name=running, kernel=kernel, power_cycle=True, timeout=60)
    assert failed["failed"]
    assert "could not start domain guest" in failed["msg"]
    assert failed["msg"].endswith("What was done before that was taken back")
    assert lab.documents() == before
    assert lab.virsh("domstate", running) == "running"
    assert lab.virsh("domid", running) != number


def test_a_guest_whose_definition_does_not_start_comes_back_as_it_ran(lab, running):
    """What waits was written by an earlier task, so that there is no older definition to go back to."""
    lab.shell("truncate -s 1M /var/lib/libvirt/images/no-kernel")
    waiting = {"name": running, "kernel": "/var/lib/libvirt/images/no-kernel"}
    assert lab.ok("domain", **waiting)["pending"]
    before, ran, number = lab.documents(), live(lab), lab.virsh("domid", running)
    failed = lab.run("domain", **waiting, title="new", power_cycle=True, timeout=60)
    assert "could not start domain guest" in failed["msg"]
    assert failed["msg"].endswith("What was done before that was taken back")
    assert lab.documents() == before
    assert (lab.virsh("domstate", running), lab.virsh("domid", running) == number) == ("running", False)
    assert [live(lab).findtext(place) for place in ("os/kernel", "title")] == [ran.findtext("os/kernel"), None]


def test_what_others_plugged_in_stays_beside_a_document(lab, tiny, running):
    xml = guests.tiny_guest(tiny, devices=PORTS + DRIVES)
    lab.ok("domain", xml=xml)
    lab.shell("cat >/root/nic.xml", f"<interface type='user'>{MODEL}<mac address='52:54:00:aa:03:09'/></interface>")
    lab.virsh("attach-device", running, "/root/nic.xml", "--live")
    lab.unchanged("domain", xml=xml)
    assert live(lab).find("devices/interface/mac[@address='52:54:00:aa:03:09']") is not None
    # A list of options is whole.
    assert list(effects(lab.change("domain", name=running, interfaces=[])).values())[-1] == "live"


# What libvirt fills in otherwise at a start: sizes, ports, names, the CPU, the clock's basis, the firmware's files.
OWN = """<graphics type='vnc' port='-1' websocket='-1' passwd='geheim'/>
  <channel type='unix'><target type='virtio' name='org.example.0'/></channel><redirdev bus='usb' type='pty'/>
  <interface type='user'><model type='virtio'/></interface>"""


def bare(devices: str = "", more: str = "") -> str:
    """A guest that runs without a system."""
    return f"""<domain type='qemu'><name>guest</name><memory unit='KiB'>20001</memory>
      <os firmware='efi'><type machine='q35'>hvm</type></os>
      <features><acpi/></features><cpu mode='host-model'><model fallback='allow'/></cpu>
      <clock offset='variable' basis='localtime' adjustment='7'/>{more}
      <devices>{OWN}{devices}</devices></domain>"""


def waits(result: dict) -> list[str]:
    return sorted(paths({"changes": result["pending"]}))


def test_what_no_option_knows_waits_with_its_path(lab):
    """Elements and attributes, told by each run until the next boot; what libvirt fills in at the start never waits."""
    one, two, hub = "<parallel type='null'/>", "<redirdev bus='usb' type='pty'/>", "<hub type='usb'/>"
    sleep = "<pm><suspend-to-mem enabled='yes'/></pm>"
    lab.ok("domain", xml=bare(one), state="running")
    assert lab.unchanged("domain", xml=bare(one))["pending"] == []
    changed = lab.change("domain", xml=bare(one + two + hub, sleep))
    assert waits(changed) == sorted(paths(changed)) == ["devices/hub", "devices/redirdev[1]", "pm"]
    assert lab.unchanged("domain", xml=bare(one + two + hub, sleep))["pending"] == changed["pending"]
    # What goes waits in the run that takes it out, where the running guest has it at all.
    other = one.replace("null", "pty") + hub
    changed = lab.change("domain", xml=bare(other))
    assert sorted(paths(changed)) == ["devices/parallel/@type", "devices/redirdev[1]", "pm"]
    assert waits(changed) == ["devices/hub", "devices/parallel/@type"]
    plan = lab.check("domain", xml=bare(other), power_cycle=True, force=True, timeout=1)
    assert effects(plan) == dict.fromkeys(["devices/hub", "devices/parallel/@type"], "power_cycle")
    cycled = lab.ok("domain", xml=bare(other), power_cycle=True, force=True, timeout=1)
    assert (cycled["changes"], cycled["pending"]) == (plan["changes"], [])
    assert live(lab).find("devices/parallel").get("type") == "pty"
    assert lab.unchanged("domain", xml=bare(other), power_cycle=True)["pending"] == []
    assert waits(lab.change("domain", xml=bare(hub))) == ["devices/parallel"]


def test_a_start_leaves_nothing_that_waits(lab):
    """What libvirt makes of a definition at its start is no reason for another one."""
    guest = {
        "name": "guest",
        "virt_type": "qemu",
        "machine": "q35",
        "memory": "20001 KiB",
        "firmware": {"type": "efi"},
        "clock": {"offset": "variable", "basis": "localtime"},
        "cpu": {"mode": "custom", "model": "Nehalem", "features": [{"name": "aes", "policy": "optional"}]},
        "graphics": [{"type": "vnc"}],
    }
    lab.ok("domain", **guest, state="running")
    assert lab.unchanged("domain", **guest, power_cycle=True)["pending"] == []
    # What QEMU cannot give is told once, when it is asked for.
    lacking = {"cpu": {**guest["cpu"], "features": [{"name": "avx512f", "policy": "disable"}]}}
    lab.ok("domain", name="guest", **lacking, power_cycle=True, force=True, timeout=1)
    lacking["cpu"]["features"][0]["policy"] = "require"
    assert waits(lab.change("domain", name="guest", **lacking)) == ["cpu.features[avx512f].policy"]
    lab.ok("domain", name="guest", state="restarted", force=True, timeout=1)
    policy = "string(cpu/feature[@name='avx512f']/@policy)"
    assert (live(lab).xpath(policy), lab.tree("domain", "guest").xpath(policy)) == ("disable", "require")
    assert lab.unchanged("domain", name="guest", **lacking, power_cycle=True)["pending"] == []
    # libvirt 11 notes the features of the firmware that it chose.
    assert "firmware.type" in waits(lab.change("domain", name="guest", firmware={"type": "bios"}))


def test_the_model_of_the_host_waits_until_the_guest_runs_with_it(lab):
    """libvirt says "custom" of a running guest that has it, and of one that has not."""
    lab.ok("domain", name="guest", virt_type="qemu", memory="16 MiB", state="running")
    model = {"name": "guest", "cpu": {"mode": "host-model"}}
    changed = lab.change("domain", **model)
    assert waits(changed) == ["cpu.mode"]
    assert lab.unchanged("domain", **model)["pending"] == changed["pending"]
    started = lab.change("domain", **model, power_cycle=True, force=True, timeout=1)
    assert "cpu.mode" in paths(started)
    assert started["pending"] == []
    assert lab.unchanged("domain", **model, power_cycle=True)["pending"] == []


@pytest.mark.parametrize(("before", "after"), [("user", "network"), ("network", "user")])
def test_what_changes_at_once_of_a_device_takes_nothing_along_that_waits(lab, before, after):
    """A NIC on another kind of network from the next start on, and without a link now."""
    lab.ok("network", name="lab", state="active", ips=[{"address": "10.50.0.1", "prefix": 24}])
    places = {"network": {"network": "lab"}, "user": {"type": "user"}}
    guest = {"name": "guest", "virt_type": "qemu", "memory": "16 MiB"}
    lab.ok("domain", **guest, interfaces=[{"mac": MAC, **places[before]}], state="running")
    changed = lab.change("domain", **guest, interfaces=[{"mac": MAC, "link": "down", **places[after]}])
    assert effects(changed)["interfaces[52:54:00:aa:03:01].link"] == "live"
    assert "interfaces[52:54:00:aa:03:01].type" in waits(changed)
    (nic,) = live(lab).iterfind("devices/interface")
    assert (nic.get("type"), nic.find("link").get("state")) == (before, "down")


def test_the_primary_video_device_need_not_be_the_first_that_is_named(lab):
    guest = {"name": "guest", "virt_type": "qemu", "memory": "16 MiB"}
    lab.change("domain", **guest, videos=[{"model": "virtio"}, {"model": "qxl", "primary": True, "alias": "ua-main"}])
    models = [(model.get("type"), model.get("primary")) for model in lab.tree("domain", "guest").iter("model")]
    assert [one for one in models if one[0] in ("virtio", "qxl")][:2] == [("qxl", "yes"), ("virtio", None)]


@pytest.mark.parametrize("after", ["vga", "qxl", "bochs", "virtio"])
@pytest.mark.parametrize("before", ["vga", "qxl", "virtio"])
def test_what_libvirt_gives_a_device_of_another_kind_is_foreseen(lab, before, after):
    """Such as its video memory, which stands in the definition only once libvirt has it."""
    guest = {"name": "guest", "virt_type": "qemu", "memory": "16 MiB"}
    lab.ok("domain", **guest, state="running", videos=[{"model": before}])
    changed = lab.run("domain", **guest, videos=[{"model": after}])
    assert bool(changed["pending"]) == (before != after)
    assert lab.unchanged("domain", **guest, videos=[{"model": after}])["pending"] == changed["pending"]
    named = lab.change("domain", **guest, videos=[{"model": "vga", "vram": 32768}])
    assert "videos[0].vram" in waits(named)
    # Also of one that the definition does not have by then.
    lab.ok("domain", **guest, videos=[])
    changed = lab.run("domain", **guest, videos=[{"model": after}])
    assert lab.unchanged("domain", **guest, videos=[{"model": after}])["pending"] == changed["pending"]


def test_an_optional_medium_that_is_not_there_is_not_missed(lab, pool):
    """A guest that libvirt started without it has all that it can have; once there, a medium comes into its drive, and
    a disk with the next start.
    """
    images = "/var/lib/libvirt/images"
    cd = f"file='{images}/cd.iso' startupPolicy='optional'"
    lost = f"pool='{pool}' volume='lost.raw' startupPolicy='optional'"
    disks = (
        f"<disk type='file' device='cdrom'><source {cd}/><target dev='sda' bus='sata'/></disk>"
        f"<disk type='file' device='disk'><source file='{images}/data.raw' startupPolicy='optional'/>"
        "<target dev='vdb' bus='virtio'/></disk>"
        f"<disk type='volume' device='cdrom'><source {lost}/><target dev='sdb' bus='sata'/></disk>"
    )
    lab.ok("domain", xml=bare(""), state="running")
    added = lab.change("domain", xml=bare(disks))
    assert waits(added) == ["disks[sda]", "disks[sdb]"]
    lab.ok("domain", name="guest", state="restarted", force=True, timeout=1)
    assert live(lab).find("devices/disk/target[@dev='vdb']") is None
    assert lab.unchanged("domain", xml=bare(disks))["pending"] == []
    named = [{"target": "sda", "file": f"{images}/cd.iso"}, {"target": "vdb", "file": f"{images}/data.raw"}]
    named.append({"target": "sdb", "pool": pool, "volume": "lost.raw"})
    assert lab.unchanged("domain", name="guest", disks=named)["pending"] == []
    lab.shell(f"truncate -s 1M {images}/data.raw {images}/cd.iso")
    changed = lab.change("domain", xml=bare(disks))
    assert set(effects(changed).values()) == {"live"}
    assert waits(changed) == ["disks[vdb]"]
    assert live(lab).find(f"devices/disk/source[@file='{images}/cd.iso']") is not None
