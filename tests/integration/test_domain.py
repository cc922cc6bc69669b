# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules domain and domain_info by their options, on a real libvirtd."""

from __future__ import annotations

import copy

import pytest
from integration._lab import effects, paths, shape

MAC = "52:54:00:aa:02:01"
GUEST = {
    "name": "guest",
    "title": "A guest",
    "description": 'of <the> "tests" & more',
    "virt_type": "qemu",
    "machine": "q35",
    "memory": "32 MiB",
    "vcpus": 1,
    "cpu": {"mode": "maximum"},
    "disks": [
        {"target": "vda", "pool": "images", "volume": "a.qcow2", "format": "qcow2", "cache": "none", "boot": 1},
        {"target": "sda", "device": "cdrom", "bus": "sata", "readonly": True},
    ],
    "interfaces": [{"network": "lab", "mac": MAC}, {"network": "lab", "model": "e1000", "link": "down", "boot": 2}],
}


@pytest.fixture
def options(lab, pool):
    """The options of a guest that does not exist yet, to be changed; its volumes and its network do."""
    lab.ok("network", name="lab", state="active", ips=[{"address": "10.50.0.1", "prefix": 24}])
    for name in ("a", "b"):
        lab.ok("volume", pool=pool, name=f"{name}.qcow2", capacity="1 MiB", format="qcow2")
    return copy.deepcopy(GUEST)


def test_a_guest_is_made_changed_and_removed(lab, options):
    made = lab.change("domain", **options)
    assert made["changes"] == [{"path": "", "before": None, "after": made["diff"][0]["after"], "effect": "config"}]
    tree = lab.tree("domain", "guest")
    uuid, second = tree.findtext("uuid"), tree.findall("devices/interface/mac")[1].get("address")
    # The plan has named the MAC address that the task leaves out.
    assert second in str(made["changes"])
    assert tree.find("devices/disk/source").attrib == {"pool": "images", "volume": "a.qcow2"}
    assert tree.find("os/type").get("machine").startswith("pc-q35-")

    options.update(memory="48 MiB", vcpus=2, title="Another", autostart=True)
    changed = lab.change("domain", **options)
    # What follows from the options is told too.
    names = ("title", "memory", "current_memory", "vcpus", "max_vcpus", "autostart")
    assert effects(changed) == dict.fromkeys(names, "config")
    assert changed["domain"]["memory"] == "48 MiB"
    assert lab.tree("domain", "guest").findtext("currentMemory") == str(48 * 1024)
    assert lab.state()["domain"]["guest"]["autostart"]

    tree = lab.tree("domain", "guest")
    assert (tree.findtext("uuid"), tree.findall("devices/interface/mac")[1].get("address")) == (uuid, second)
    gone = lab.change("domain", name="guest", state="absent")
    assert (gone["domain"], paths(gone)) == ({}, ["state"])
    assert "a.qcow2" in lab.state()["pool"]["images"]["volumes"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"cpu": {"mode": "custom", "model": "Nehalem"}}, "cpu.mode"),
        ({"memory": "0.05 GiB"}, "memory"),
        ({"description": ""}, "description"),
        ({"title": "ünï € <&>"}, "title"),
        ({"virt_type": "kvm"}, "virt_type"),
    ],
)
def test_one_option_changes(lab, options, change, path):
    if change.get("virt_type") == "kvm" and "<domain type='kvm'" not in lab.virsh("capabilities"):
        pytest.skip("this host has no KVM")
    lab.ok("domain", **options)
    changed = lab.change("domain", **{**options, **change})
    assert path in paths(changed)


def test_a_machine_is_upgraded_where_the_task_names_its_version(lab):
    lab.ok("domain", name="guest", virt_type="qemu", memory="32 MiB", machine="pc-q35-6.0")
    assert paths(lab.change("domain", name="guest", machine="pc-q35-7.0")) == ["machine"]
    lab.unchanged("domain", name="guest", machine="q35")
    assert lab.tree("domain", "guest").find("os/type").get("machine") == "pc-q35-7.0"


def test_disks_come_change_and_go(lab, options):
    lab.ok("domain", **options)
    disks = options["disks"]
    disks.append(
        {"target": "vdb", "pool": "images", "volume": "b.qcow2", "format": "qcow2", "serial": "b", "discard": "unmap"}
    )
    assert paths(lab.change("domain", **options)) == ["disks[vdb]"]

    disks[2].update(serial="c", cache="writeback")
    assert paths(lab.change("domain", **options)) == ["disks[vdb].cache", "disks[vdb].serial"]

    disks[1]["file"] = "/var/lib/libvirt/images/x.iso"
    changed = lab.change("domain", **options)
    assert paths(changed) == ["disks[sda].file"]

    disks[1] = {"target": "sda", "device": "cdrom", "block": "/dev/null", "readonly": True}
    assert set(paths(lab.change("domain", **options))) == {"disks[sda].file", "disks[sda].block"}

    options["disks"] = disks[::-1]
    lab.unchanged("domain", **options)

    slot = "string(devices/disk[target/@dev='vdb']/address/@bus)"
    before = lab.tree("domain", "guest").xpath(slot)
    options["disks"] = [disks[2]]
    assert sorted(paths(lab.change("domain", **options))) == ["disks[sda]", "disks[vda]"]
    assert lab.tree("domain", "guest").xpath(slot) == before

    options["disks"] = []
    lab.change("domain", **options)
    assert lab.tree("domain", "guest").findall("devices/disk") == []
    assert len(lab.tree("domain", "guest").findall("devices/interface")) == 2


def test_nics_come_change_and_go(lab, options):
    lab.ok("domain", **options)
    nics = options["interfaces"]
    macs = [mac.get("address") for mac in lab.tree("domain", "guest").findall("devices/interface/mac")]
    nics.append({"network": "lab", "mtu": 1400})
    lab.change("domain", **options)
    nics[0].update(model="e1000e")
    assert paths(lab.change("domain", **options)) == [f"interfaces[{MAC}].model"]
    nics[1]["link"] = "up"
    changed = lab.change("domain", **options)
    assert paths(changed) == [f"interfaces[{macs[1]}].link"]
    nics[2] = {"bridge": "virbr0", "mtu": 1400}
    changed = lab.change("domain", **options)
    assert [path.rpartition(".")[2] for path in paths(changed)] == ["type", "network", "bridge"]
    assert [mac.get("address") for mac in lab.tree("domain", "guest").findall("devices/interface/mac")][:2] == macs
    options["interfaces"] = [nics[0]]
    lab.change("domain", **options)
    assert len(lab.tree("domain", "guest").findall("devices/interface")) == 1


def test_a_nic_is_added_without_its_address(lab, options):
    lab.ok("network", name="other", ips=[{"address": "10.51.0.1", "prefix": 24}])
    lab.ok("domain", **{**options, "interfaces": [{"network": "lab", "link": "down"}]})
    (before,) = lab.run("domain_info", name=["guest"])["domains"][0]["interfaces"]
    lab.unchanged("domain", name="guest", interfaces=[{"network": "lab"}], purge=False)
    changed = lab.change("domain", name="guest", interfaces=[{"network": "other"}], purge=False)
    assert [nic["network"] for nic in changed["domain"]["interfaces"]] == ["lab", "other"]
    assert changed["domain"]["interfaces"][0] == before


def test_a_disk_on_a_server(lab):
    hosts = [{"name": "10.99.0.1", "port": 10809}]
    disk = {"target": "vda", "format": "raw", "network": {"protocol": "nbd", "name": "export", "hosts": hosts}}
    guest = {"name": "guest", "virt_type": "qemu", "memory": "16 MiB"}
    lab.change("domain", **guest, disks=[disk])
    hosts[0]["port"] = 10810
    assert paths(lab.change("domain", **guest, disks=[disk])) == ["disks[vda].network.hosts[10.99.0.1].port"]
    hosts[0] = {"transport": "unix", "socket": "/run/nbd.sock"}
    lab.change("domain", **guest, disks=[disk])
    disk["network"] = {"protocol": "http", "name": "/image.raw", "hosts": [{"name": "example.com"}]}
    lab.change("domain", **guest, disks=[disk])
    lab.change("domain", **guest, disks=[{"target": "vda", "format": "raw", "file": "/image.raw"}])
    assert lab.tree("domain", "guest").find("devices/disk/source/host") is None


def test_devices_that_a_host_of_the_tests_lacks_are_defined(lab):
    """A guest with them cannot start here; it can be described all the same."""
    uuid = "6f2ab1d0-5c3e-4a7b-9d10-0123456789ab"
    lab.ok("network", name="lab")
    guest = {
        "name": "guest",
        "virt_type": "qemu",
        "panics": [{"model": "isa", "alias": "ua-panic"}],
        "watchdogs": [{"model": "i6300esb", "action": "none", "alias": "ua-dog"}],
        "max_vcpus": 2,
        "max_memory": {"size": "1 GiB", "slots": 2},
        "cpu": {"mode": "maximum", "cells": [{"id": 0, "cpus": "0-1", "memory": "64 MiB"}]},
        "memory": "320 MiB",
        "memory_devices": [
            {
                "model": "virtio-mem",
                "alias": "ua-mem",
                "size": "256 MiB",
                "node": 0,
                "block": "2 MiB",
                "requested": "64 MiB",
            }
        ],
        "numatune": {"mode": "preferred", "nodeset": "0"},
        "vsock": {"cid": 42, "model": "virtio"},
        "hostdevs": [
            {"type": "pci", "address": "0000:06:00.1", "managed": True, "boot": 1, "alias": "ua-pci"},
            {"type": "usb", "vendor": "0x1d6b", "product": "0x0002"},
            {"type": "mdev", "uuid": uuid, "model": "vfio-pci"},
        ],
        "tpm": {"type": "passthrough", "model": "tpm-tis", "device": "/dev/tpm0"},
        "inputs": [{"type": "passthrough", "bus": "virtio", "source": "/dev/input/event1"}],
        "interfaces": [
            {
                "network": "lab",
                "alias": "ua-nic",
                "bandwidth": {
                    "inbound": {"average": 100, "peak": 200, "burst": 50, "floor": 20},
                    "outbound": {"average": 100, "peak": 200, "burst": 50},
                },
            }
        ],
    }
    lab.change("domain", **guest)
    guest["hostdevs"] = [{"type": "pci", "address": "0000:06:00.2", "managed": True}]
    guest["memory_devices"][0]["requested"] = "128 MiB"
    guest["vsock"] = {"auto": True}
    changed = paths(lab.change("domain", **guest))
    assert {"memory_devices[ua-mem].requested", "vsock.auto"} <= set(changed)
    guest.update(hostdevs=[], vsock={}, tpm={}, memory_devices=[], memory="64 MiB", max_memory={}, numatune={})
    lab.change("domain", **guest)
    tree = lab.tree("domain", "guest")
    assert [tree.find(f"devices/{tag}") for tag in ("hostdev", "vsock", "tpm", "memory")] == [None] * 4


def test_usb_devices_of_two_vendors_may_have_one_product_number(lab):
    usb = [{"type": "usb", "vendor": vendor, "product": "0x1"} for vendor in ("0x1111", "0x2222")]
    guest = {"name": "guest", "virt_type": "qemu", "memory": "16 MiB"}
    lab.change("domain", **guest, hostdevs=usb)
    gone = lab.change("domain", **guest, hostdevs=usb[1:], purge=True)
    assert [one.get("id") for one in lab.tree("domain", "guest").iterfind("devices/hostdev/source/vendor")] == [
        "0x2222"
    ]
    assert len(gone["changes"]) == 1


def test_a_guest_is_renamed_by_its_uuid(lab):
    made = lab.change("domain", name="guest", virt_type="qemu", memory="16 MiB", state="running")["domain"]
    refused = lab.refused("domain", name="other", uuid=made["uuid"])
    assert "it is running under the name guest; stop it first" in refused
    lab.virsh("destroy", "guest")
    renamed = lab.change("domain", name="other", uuid=made["uuid"], title="Another name")
    assert paths(renamed) == ["name", "title"]
    assert lab.virsh("list", "--all", "--name") == "other"
    lab.unchanged("domain", name="guest", state="absent")


def test_a_protected_guest_stays_until_it_is_said_so(lab):
    lab.ok("domain", name="guest", virt_type="qemu", memory="16 MiB", protected=True, labels={"a": "b"})
    assert "it is protected" in lab.refused("domain", name="guest", state="absent")
    assert paths(lab.change("domain", name="guest", labels={"a": "c"})) == ["labels"]
    lab.change("domain", name="guest", state="absent", protected=False)


def test_volumes_that_are_named_go_with_the_guest(lab, options):
    lab.ok("domain", **options, state="running")
    lab.ok("domain", name="other", virt_type="qemu", memory="16 MiB", disks=[options["disks"][0]])
    gone = {"name": "guest", "state": "absent", "remove_volumes": ["images/a.qcow2"]}
    assert "domain other has images/a.qcow2 too" in lab.refused("domain", **gone)
    lab.ok("domain", name="other", state="absent")
    assert "no disk of it is on images/b.qcow2" in lab.refused(
        "domain", **{**gone, "remove_volumes": ["images/b.qcow2"]}
    )
    assert paths(lab.change("domain", **gone)) == ["state", "remove_volumes[images/a.qcow2]"]
    assert set(lab.state()["pool"]["images"]["volumes"]) == {"b.qcow2"}


def test_a_boot_order_comes_to_a_guest_that_had_none(lab, options):
    boot = options["disks"][0].pop("boot"), options["interfaces"][1].pop("boot")
    lab.ok("domain", **options)
    options["disks"][0]["boot"], options["interfaces"][1]["boot"] = boot
    changed = lab.change("domain", **options)
    assert "disks[vda].boot" in paths(changed)
    options["disks"][0]["boot"], options["interfaces"][1]["boot"] = boot[::-1]
    lab.change("domain", **options)
    assert lab.tree("domain", "guest").find("devices/disk/boot").get("order") == "2"


def test_mac_addresses_are_compared_as_such(lab, options):
    lab.ok("domain", **options)
    options["interfaces"][0]["mac"] = MAC.upper().replace(":", "-")
    lab.unchanged("domain", **options)


def test_what_a_task_does_not_name_stays(lab, options):
    lab.ok("domain", **options)
    before = lab.xml("domain", "guest")
    lab.change("domain", name="guest", vcpus=2)
    after = lab.xml("domain", "guest")
    assert after != before
    assert shape(after.replace(">2</vcpu>", ">1</vcpu>")) == shape(before)


def test_changes_of_a_running_guest_wait_for_its_next_start(lab, options):
    lab.ok("domain", **options, state="running")
    live = lab.virsh("dumpxml", "guest")
    options.update(memory="48 MiB")
    changed = lab.change("domain", **options)
    assert effects(changed) == {"memory": "next_boot", "current_memory": "next_boot"}
    # How much memory it has at a moment is the guest's own affair, where nobody asks for it.
    assert paths({"changes": changed["pending"]}) == ["memory"]
    assert lab.virsh("dumpxml", "guest") == live
    assert lab.run("domain", **options)["pending"] == changed["pending"]

    texts = lab.change("domain", **{**options, "title": "Live", "description": "at once"})
    assert effects(texts) == {"title": "live", "description": "live"}
    assert "<title>Live</title>" in lab.virsh("dumpxml", "guest")
    lab.virsh("destroy", "guest")
    lab.ok("domain", name="guest", state="running")
    assert lab.run("domain", **{**options, "title": "Live"})["pending"] == []


def test_info_can_be_fed_back(lab, options):
    lab.ok("domain", **options, state="running", autostart=True)
    lab.ok("domain", name="other", virt_type="qemu", memory="16 MiB")
    domains = lab.run("domain_info")["domains"]
    assert [domain["name"] for domain in domains] == ["guest", "other"]
    assert domains == lab.check("domain_info", name=["other", "guest", "none"])["domains"]
    for domain in domains:
        if domain["state"] not in ("running", "stopped"):
            pytest.fail(f"no word of the options: {domain['state']}")
        lab.unchanged("domain", **domain)
    texts = lab.check("domain_info", name=["guest", "none"], documents=True)["documents"]
    assert {name: shape(text) for name, text in texts.items()} == {"guest": shape(lab.xml("domain", "guest"))}
    lab.unchanged("domain", name="guest", xml=texts["guest"], state="running")


def test_a_guest_that_does_not_exist_is_absent_already(lab):
    lab.unchanged("domain", name="none", state="absent")


@pytest.mark.parametrize("name", ["a b", "ümlaut", "q'uo\"te&<x>", "-dash", "1", "..dots"])
def test_names_that_are_odd_and_allowed(lab, pool, name):
    guest = {"name": name, "virt_type": "qemu", "memory": "16 MiB"}
    lab.ok("network", name=name, state="active")
    volume = {"pool": pool, "volume": name + ".raw"}
    lab.ok("volume", pool=pool, name=volume["volume"], capacity="1 MiB")
    lab.change("domain", **guest, interfaces=[{"network": name}], disks=[{"target": "vda", **volume}], state="running")
    lab.change("domain", **guest, state="absent")
    lab.change("network", name=name, state="absent")


@pytest.mark.parametrize("kept", ["snapshot-create-as guest s1 --disk-only", "checkpoint-create-as guest c1"])
def test_nothing_of_a_guest_is_left_but_its_volumes(lab, options, kept):
    """With variables of UEFI, the state of a TPM, and what snapshots and checkpoints are noted in."""
    image = "/var/lib/libvirt/images/images/own.qcow2"
    lab.shell(f"qemu-img create -q -f qcow2 {image} 1M")
    options.update(
        firmware={"type": "efi"},
        tpm={"model": "tpm-crb", "version": "2.0"},
        disks=[{"target": "vda", "file": image, "format": "qcow2"}],
    )
    lab.ok("domain", **options, state="running")
    lab.virsh(*kept.split())
    left = "find /var/lib/libvirt/swtpm /var/lib/libvirt/qemu/nvram /var/lib/libvirt/qemu/snapshot -type f"
    assert len(lab.shell(left).splitlines()) >= 2
    gone = lab.change("domain", name="guest", state="absent", timeout=1, force=True)
    assert gone["domain"] == {}
    assert lab.shell(left) == ""
    assert lab.shell("find /var/lib/libvirt/qemu -path '*checkpoint*' -type f") == ""
    lab.shell(f"test -s {image}")


def test_the_memory_of_numa_cells_is_their_sum(lab):
    cells = [{"id": number, "memory": "16 MiB", "cpus": str(number)} for number in (0, 1)]
    made = lab.change("domain", name="guest", virt_type="qemu", vcpus=2, cpu={"mode": "maximum", "cells": cells})
    assert made["domain"]["memory"] == "32 MiB"
