# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that are written as XML: everything that libvirt can describe, with the same exactness as the options."""

from __future__ import annotations

import pytest
from integration import guests
from integration._lab import paths, shape

DOCUMENTS = pytest.mark.parametrize("xml", guests.ALL.values(), ids=guests.ALL)


@pytest.fixture(autouse=True)
def network(lab):
    lab.ok("network", name="lab", state="active", ips=[{"address": "10.50.0.1", "prefix": 24}])


@DOCUMENTS
def test_a_document_is_made_kept_and_removed(lab, xml):
    made = lab.change("domain", xml=xml)
    assert made["domain"]["name"] == "guest"
    assert made["changes"][0]["path"] == ""
    lab.change("domain", xml=xml, state="absent")
    assert lab.state()["domain"] == {}


UUID = "5e0ddf4e-33b7-4a1f-9a4a-20cd2ef1e3a1"
HAS_UUID = {
    "of its own": f"<uuid>{UUID.upper()}</uuid>",
    "by its BIOS": f"<sysinfo type='smbios'><system><entry name='uuid'>{UUID}</entry></system></sysinfo>",
}


@pytest.mark.parametrize("more", HAS_UUID.values(), ids=HAS_UUID)
def test_a_document_that_was_copied_with_its_uuid_is_refused(lab, tiny, more):
    lab.ok("domain", xml=guests.tiny_guest(tiny, f"<uuid>{UUID}</uuid>"))
    other = guests.tiny_guest(tiny, more).replace("<name>guest<", "<name>copy<")
    assert f"uuid {UUID} is that of domain guest already" in lab.refused("domain", xml=other)


@DOCUMENTS
def test_options_change_what_they_name_and_nothing_else(lab, xml):
    lab.ok("domain", xml=xml)
    before = lab.xml("domain", "guest")
    changed = lab.change("domain", name="guest", title="by option", description="both")
    assert paths(changed) == ["title", "description"]
    assert without_texts(lab.xml("domain", "guest")) == without_texts(before)
    lab.unchanged("domain", name="guest", memory=changed["domain"]["memory"], vcpus=changed["domain"]["vcpus"])


def without_texts(xml: str) -> list:
    return [part for part in shape(xml) if part[0] not in ("title", "description")]


@DOCUMENTS
def test_what_libvirt_wrote_is_equal_to_what_the_user_wrote(lab, xml):
    """As a document that somebody got from virsh dumpxml and keeps from now on."""
    lab.ok("domain", xml=xml)
    written = lab.virsh("dumpxml", "--inactive", "--security-info", "guest")
    uuid = lab.tree("domain", "guest").findtext("uuid")
    lab.ok("domain", xml=written)
    assert lab.tree("domain", "guest").findtext("uuid") == uuid
    lab.unchanged("domain", xml=written)


@DOCUMENTS
def test_what_virsh_defined_is_adopted(lab, xml):
    lab.shell("cat >/root/guest.xml && virsh define /root/guest.xml", xml)
    before = lab.tree("domain", "guest")
    result = lab.run("domain", xml=xml)
    assert not result.get("failed"), result["msg"]
    assert result["changes"] == []
    lab.unchanged("domain", xml=xml)
    after = lab.tree("domain", "guest")
    for place in ("uuid", "devices"):
        assert len(before.find(place)) == len(after.find(place))
        assert before.findtext(place) == after.findtext(place)


EDITS = {
    "a NIC goes": ("nics", "<interface type='network'><source network='lab'/><model type='e1000'/></interface>", ""),
    "the middle one of three NICs goes": (
        "nics",
        "<interface type='network'><source network='lab'/></interface>\n    <interface type='network'>"
        "<source network='lab'/></interface>",
        "<interface type='network'><source network='lab'/></interface>",
    ),
    "a NIC of another kind": ("nics", "<model type='e1000'/>", "<model type='rtl8139'/>"),
    "one more NIC": ("nics", "<interface type='user'/>", "<interface type='user'/><interface type='user'/>"),
    "a sound card of two goes": ("nics", "<sound model='ac97'/>", ""),
    "a sound card becomes another": ("nics", "<sound model='ac97'/>", "<sound model='ich9'/>"),
    "a watchdog goes": ("nics", "<watchdog model='i6300esb'/>", ""),
    "a channel of three goes": ("nics", "<channel type='pty'><target type='virtio'/></channel>\n", ""),
    "a serial port of two goes": ("nics", "<serial type='null'/>", ""),
    "the rate of one of two": ("nics", "<rate bytes='1000'/>", "<rate bytes='2000'/>"),
    "a SCSI controller of two goes": ("nics", "<controller type='scsi' model='virtio-scsi'/>\n", ""),
    "the order of boot": ("nics", "<boot dev='network'/><boot dev='hd'/>", "<boot dev='hd'/><boot dev='network'/>"),
    "a device to boot from goes": ("nics", "<boot dev='network'/>", ""),
    "memory doubles": ("nics", "<memory unit='MiB'>64<", "<memory unit='MiB'>128<"),
    "memory in another unit": ("nics", "<memory unit='MiB'>64<", "<memory unit='GiB'>1<"),
    "a feature": ("nics", "<acpi/>", "<acpi/><apic/>"),
    "a feature goes": ("cpu", "<acpi/>", ""),
    "a feature of the CPU goes": ("cpu", "<feature policy='require' name='aes'/>", ""),
    "a feature of the CPU says another thing": ("cpu", "policy='disable' name='vme'", "policy='require' name='vme'"),
    "the current memory": ("cpu", ">512<", ">768<"),
    "current CPUs": ("cpu", " current='2'", " current='3'"),
    "a pin goes": ("cpu", "<vcpupin vcpu='1' cpuset='1'/>", ""),
    "another pin": ("cpu", "vcpu='1' cpuset='1'", "vcpu='1' cpuset='0'"),
    "a timer goes": ("cpu", "<timer name='hpet' present='no'/>", ""),
    "a text with markup": ("cpu", "A &lt;guest&gt; &amp; more", "A &lt;b&gt;"),
    "the text goes": ("cpu", "<title>A &lt;guest&gt; &amp; more</title>", ""),
    "tuning goes": ("cpu", "<shares>2048</shares>", ""),
    "iothreads go": ("cpu", "<iothreads>2</iothreads>", ""),
    "a disk goes": (
        "disks",
        """<disk type='file'>
      <source file='/var/lib/libvirt/images/b.img'/><target dev='sda' bus='scsi'/><serial>b</serial>
    </disk>""",
        "",
    ),
    "a medium comes": (
        "disks",
        "<target dev='hdc'/>",
        "<source file='/var/lib/libvirt/images/x.iso'/><target dev='hdc'/>",
    ),
    "a limit goes": ("disks", "<iotune><total_iops_sec>100</total_iops_sec></iotune>", ""),
    "another limit": ("disks", ">100<", ">200<"),
    "an attribute goes": ("disks", " discard='unmap'", ""),
    "the boot order swaps": ("disks", "<boot order='2'/>", ""),
    "a file system goes": (
        "disks",
        "<filesystem type='mount'><source dir='/opt'/><target dir='other'/><readonly/></filesystem>",
        "",
    ),
    "a disk on another file": ("disks", "images/none.qcow2", "images/other.qcow2"),
    "a server of a disk": ("disks", "port='10809'", "port='10810'"),
    "metadata of others": ("foreign", "debian/12", "debian/13"),
    "metadata of others goes": ("foreign", "<owner>you</owner>", ""),
    "an argument for QEMU": ("foreign", "0x402", "0x403"),
    "arguments for QEMU go": (
        "foreign",
        "<qemu:arg value='-global'/>\n    <qemu:arg value='isa-debugcon.iobase=0x402'/>",
        "",
    ),
    "a console of two goes": ("foreign", "<console type='pty'><target type='virtio'/></console>", ""),
    "a shared memory": ("foreign", "<size unit='M'>4</size>", "<size unit='M'>8</size>"),
    "a TPM goes": ("foreign", "<tpm model='tpm-tis'><backend type='emulator' version='2.0'/></tpm>", ""),
    "another address to listen on": ("foreign", "127.0.0.1", "127.0.0.2"),
    "a hub goes": ("foreign", "<hub type='usb'/>", ""),
    "a seclabel goes": ("foreign", "<seclabel type='none'/>", ""),
    "backing of memory goes": (
        "firmware",
        "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>",
        "",
    ),
    "one port fewer": ("firmware", "<controller type='pci' model='pcie-root-port'/>\n", ""),
    "a lease goes": (
        "firmware",
        "<lease><lockspace>a</lockspace><key>b</key><target path='/var/tmp/lease'/></lease>",
        "",
    ),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_of_the_document_is_made_and_is_the_only_one(lab, edit):
    name, old, new = edit
    xml = guests.ALL[name]
    assert old in xml
    lab.ok("domain", xml=xml)
    before = lab.tree("domain", "guest")
    changed = lab.change("domain", xml=xml.replace(old, new, 1))
    assert len(paths(changed)) <= 3, paths(changed)
    after = lab.tree("domain", "guest")
    assert after.findtext("uuid") == before.findtext("uuid")
    macs = [[mac.get("address") for mac in tree.iterfind("devices/interface/mac")] for tree in (before, after)]
    assert set(macs[1]) <= set(macs[0]) or len(macs[1]) > len(macs[0])


def test_smbios_and_fw_cfg_are_told_apart(lab):
    """Both stand in a <sysinfo>, and options and documents speak of one of them."""
    lab.ok("domain", xml=guests.CPU)
    entries = [{"name": "opt/a", "value": "two"}, {"name": "opt/b", "file": "/etc/hosts"}]
    changed = lab.change("domain", name="guest", smbios={"system": {"serial": "abcd"}}, fw_cfg=entries)
    assert paths(changed) == ["smbios.system", "fw_cfg[opt/a].value"]
    again = lab.change("domain", xml=guests.CPU.replace(">one<", ">three<"))
    assert paths(again) == ["smbios.system", "fw_cfg[opt/a].value"]
    gone = lab.change("domain", xml=guests.CPU.replace("<entry name='opt/a'>one</entry>", ""))
    assert paths(gone) == ["fw_cfg[opt/a]"]
