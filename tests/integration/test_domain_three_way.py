# SPDX-License-Identifier: GPL-3.0-or-later
"""What was applied last, what is there, what is wanted: drift, changes by hand, secrets, and updates that fail."""

from __future__ import annotations

import json

import pytest
from integration import guests
from integration._lab import paths, shape
from lxml import etree

SECRET = "geheim"
XML = f"""<domain type='qemu'>
  <name>guest</name>
  <memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <interface type='network'><source network='lab'/><model type='virtio'/></interface>
    <graphics type='vnc' autoport='yes' passwd='{SECRET}'/>
    <sound model='ich9'/>
  </devices>
</domain>"""


def not_an_image(lab) -> dict:
    """A disk with which no guest starts."""
    path = "/var/lib/libvirt/images/empty.qcow2"
    lab.shell(f"truncate -s 1M {path}")
    return {"target": "vda", "file": path, "format": "qcow2"}


@pytest.fixture(autouse=True)
def network(lab):
    lab.ok("network", name="lab", state="active", ips=[{"address": "10.50.0.1", "prefix": 24}])


def edit(lab, old: str, new: str) -> None:
    """Change a guest behind the collection's back, as C(virsh edit) does."""
    xml = lab.virsh("dumpxml", "--inactive", "--security-info", "guest")
    assert old in xml
    lab.shell("cat >/root/guest.xml && virsh define /root/guest.xml", xml.replace(old, new))


@pytest.mark.parametrize(
    "task",
    [{"name": "guest", "virt_type": "qemu", "memory": "32 MiB", "title": "t"}, {"xml": XML}],
    ids=["options", "xml"],
)
def test_a_change_by_hand_is_told_and_put_right(lab, task):
    lab.ok("domain", **task)
    edit(lab, ">32768</memory>", ">65536</memory>")
    put_right = lab.change("domain", **task)
    assert [(c["path"], c["before"], c["after"]) for c in put_right["changes"]] == [("memory", "64 MiB", "32 MiB")]
    assert lab.tree("domain", "guest").findtext("memory") == "32768"


def test_what_is_taken_out_of_the_document_goes_and_what_libvirt_added_stays(lab):
    lab.ok("domain", xml=XML)
    added = lab.tree("domain", "guest")
    assert added.find("devices/memballoon") is not None
    removed = lab.change("domain", xml=XML.replace("<sound model='ich9'/>", ""))
    assert len(removed["changes"]) == 1
    tree = lab.tree("domain", "guest")
    assert tree.find("devices/sound") is None
    for place in ("devices/memballoon", "devices/controller", "devices/audio", "devices/interface/mac", "uuid"):
        assert len(tree.findall(place)) == len(added.findall(place))
    assert tree.find("devices/interface/mac").get("address") == added.find("devices/interface/mac").get("address")


def test_a_document_that_leaves_its_uuid_and_macs_to_libvirt_now_keeps_them(lab):
    told = "<uuid>5e0ddf4e-33b7-4a1f-9a4a-20cd2ef1e3a1</uuid>", "<mac address='52:54:00:aa:03:09'/>"
    xml = XML.replace("<memory", f"{told[0]}<memory", 1).replace("<source network", f"{told[1]}<source network")
    lab.ok("domain", xml=xml)
    lab.unchanged("domain", xml=XML)
    lab.change("domain", xml=XML, title="more")
    lab.unchanged("domain", xml=XML, title="more")
    assert lab.tree("domain", "guest").find("devices/interface/mac").get("address") == "52:54:00:aa:03:09"


def test_what_was_attached_by_hand_survives_typed_options_and_documents(lab):
    lab.ok("domain", xml=XML)
    lab.shell("cat >/root/rng.xml", "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>")
    lab.virsh("attach-device", "guest", "/root/rng.xml", "--config")
    lab.virsh("desc", "guest", "--config", "by hand")
    lab.change("domain", name="guest", memory="48 MiB")
    assert lab.tree("domain", "guest").find("devices/rng") is not None
    lab.change("domain", xml=XML.replace("ich9", "ac97"))
    tree = lab.tree("domain", "guest")
    assert tree.find("devices/rng") is not None
    assert tree.findtext("description") == "by hand"


def test_metadata_of_others_survives(lab):
    lab.ok("domain", name="guest", virt_type="qemu", memory="32 MiB")
    uri = "http://libosinfo.org/xmlns/libvirt/domain/1.0"
    lab.virsh("metadata", "guest", uri, "libosinfo", "<libosinfo><os id='debian12'/></libosinfo>", "--config")
    lab.change("domain", name="guest", memory="48 MiB")
    lab.change("domain", xml=XML)
    lab.change("domain", xml=XML.replace("ich9", "ac97"))
    assert lab.tree("domain", "guest").find(f"metadata/{{{uri}}}libosinfo/*").get("id") == "debian12"


def test_a_secret_survives_and_is_nowhere_to_be_seen(lab):
    told = [lab.change("domain", xml=XML.replace(f" passwd='{SECRET}'", ""))]
    edit(lab, "autoport='yes'", f"autoport='yes' passwd='{SECRET}'")
    tasks = [
        {"name": "guest", "memory": "48 MiB"},
        {"name": "guest", "title": "t", "state": "running"},
        {"name": "guest", "vcpus": 2},
    ]
    for task in tasks:
        told += [lab.check("domain", **task), lab.run("domain", **task)]
        graphics = etree.fromstring(lab.state()["domain"]["guest"]["xml"]).find("devices/graphics")
        assert graphics.get("passwd") == SECRET
    told += [lab.run("domain_info"), lab.check("domain_info")]
    assert not any(result.get("failed") for result in told), told
    assert SECRET not in json.dumps(told)
    assert SECRET not in lab.shell("cat /var/log/libvirt/libvirtd.log")


def test_a_secret_in_the_document_is_kept_and_not_told(lab):
    made = lab.change("domain", xml=XML)
    changed = lab.change("domain", xml=XML.replace("ich9", "ac97"))
    for result in (made, changed):
        result.pop("invocation", None)
        assert SECRET not in json.dumps(result)
    tree = lab.tree("domain", "guest")
    assert tree.find("devices/graphics").get("passwd") == SECRET
    assert SECRET not in etree.tostring(tree.find("metadata"), encoding="unicode")


def test_a_changed_secret_is_noticed_where_libvirt_tells_it_and_named_as_unchecked_else(lab):
    lab.ok("domain", xml=XML)
    xml = XML.replace(SECRET, "another")
    plan = lab.check("domain", xml=xml)
    assert (plan["changed"], len(plan["unchecked"])) == (False, 1)
    assert "passwords" in plan["unchecked"][0]
    result = lab.run("domain", xml=xml)
    assert (paths(result), result["unchecked"]) == (["graphics[vnc].password"], [])
    assert "another" not in json.dumps([result["changes"], result["diff"], result["domain"]])
    assert lab.tree("domain", "guest").find("devices/graphics").get("passwd") == "another"
    lab.unchanged("domain", xml=xml)


def test_an_update_that_fails_leaves_the_old_definition(lab):
    lab.ok("domain", xml=XML, autostart=True)
    before = lab.state()
    # Within the schema, and refused by libvirt only once it is written: a port that another device has.
    tablet = "<input type='tablet' bus='usb'><address type='usb' bus='0' port='1'/></input>"
    wrong = XML.replace("<sound model='ich9'/>", f"<sound model='ich9'/>{tablet * 2}")
    failed = lab.run("domain", xml=wrong)
    assert failed["failed"]
    assert "domain guest: could not define domain guest anew; libvirt says:" in failed["msg"]
    assert failed["msg"].endswith("Nothing was changed")
    assert lab.state() == before
    lab.unchanged("domain", xml=XML, autostart=True)


def test_a_later_step_that_fails_takes_the_definition_back(lab):
    lab.ok("domain", name="guest", virt_type="qemu", memory="32 MiB", title="old")
    before = lab.xml("domain", "guest")
    disks = [not_an_image(lab)]
    failed = lab.run("domain", name="guest", title="new", disks=disks, state="running")
    assert failed["failed"]
    assert "could not start domain guest" in failed["msg"]
    assert "taken back" in failed["msg"]
    assert shape(lab.xml("domain", "guest")) == shape(before)


def test_a_new_guest_that_cannot_start_is_not_left_behind(lab):
    disks = [not_an_image(lab)]
    failed = lab.run("domain", name="guest", virt_type="qemu", memory="32 MiB", disks=disks, state="running")
    assert failed["failed"]
    assert lab.state()["domain"] == {}


def test_options_beside_a_document_are_laid_over_it(lab):
    made = lab.change("domain", xml=XML, memory="48 MiB", vcpus=2)
    assert (made["domain"]["memory"], made["domain"]["vcpus"]) == ("48 MiB", 2)
    lab.unchanged("domain", name="guest", memory="48 MiB")
    assert set(paths(lab.change("domain", xml=XML, memory="64 MiB", vcpus=2))) == {"memory", "current_memory"}


def test_two_documents_in_turn_leave_nothing_of_each_other(lab):
    """What only one of them has comes and goes."""
    other = XML.replace("<sound model='ich9'/>", "<watchdog model='i6300esb' action='none'/>")
    lab.ok("domain", xml=XML)
    lab.change("domain", xml=other)
    lab.change("domain", xml=XML)
    devices = lab.tree("domain", "guest").find("devices")
    # libvirt 11 notes the watchdog that every q35 has.
    watchdogs = [one for one in devices.findall("watchdog") if one.get("model") != "itco"]
    assert (len(devices.findall("sound")), watchdogs) == (1, [])


def test_a_document_takes_over_from_options_and_back(lab):
    lab.ok("domain", name="guest", virt_type="qemu", memory="32 MiB", title="t")
    uuid = lab.tree("domain", "guest").findtext("uuid")
    lab.change(
        "domain",
        xml=guests.DISKS.replace("'pc'", "'q35'")
        .replace("hdc", "sdc")
        .replace("fda", "sdd")
        .replace("device='floppy'", "device='cdrom'"),
    )
    assert lab.tree("domain", "guest").findtext("uuid") == uuid
    lab.change("domain", name="guest", title="u")
