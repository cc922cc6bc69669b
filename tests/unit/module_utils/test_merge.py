# SPDX-License-Identifier: GPL-3.0-or-later
"""Laying a document over another: identity, likeness, the third side, libvirt's own rewriting."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ansible_collections.virtops.libvirt.plugins.module_utils import _xml as xml
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._merge import Merge

ACTUAL = """<domain type='qemu'><name>a</name><uuid>u</uuid><memory unit='KiB'>1048576</memory>
<os><type machine='pc-q35-7.2'>hvm</type><boot dev='hd'/><boot dev='network'/></os>
<devices>
 <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/a'/><target dev='vda' bus='virtio'/>
 </disk>
 <disk type='file' device='disk'><source file='/b'/><target dev='vdb' bus='virtio'/></disk>
 <controller type='usb' index='0' model='qemu-xhci'/><controller type='sata' index='0'/>
 <interface type='network'><mac address='52:54:00:00:00:01'/><source network='a'/><model type='rtl8139'/></interface>
 <interface type='network'><mac address='52:54:00:00:00:02'/><source network='b'/><model type='e1000'/></interface>
 <memballoon model='virtio'/>
</devices><cpu><numa><cell id='0' memory='524288' unit='KiB'/></numa></cpu></domain>"""


def merged(wanted, applied=None, filled=None, echoes=None, actual=ACTUAL):
    target = xml.parse(actual)
    merge = Merge(target, xml.parse(wanted), xml.parse(applied) if applied else None, filled, echoes)
    return target, merge.edits


@pytest.mark.parametrize(
    "wanted",
    [
        "<domain type='qemu'><name>a</name></domain>",
        "<domain><memory unit='GiB'>1</memory></domain>",
        "<domain><memory>1048576</memory></domain>",
        "<domain><cpu><numa><cell id='0' memory='512' unit='MiB'/></numa></cpu></domain>",
        "<domain><devices><interface type='network'><source network='b'/></interface></devices></domain>",
        "<domain><devices><interface><mac address='52:54:00:00:00:02'/></interface></devices></domain>",
        "<domain><devices><controller type='usb'/><controller type='sata'/></devices></domain>",
        "<domain><devices><disk><target dev='vdb'/></disk><disk><target dev='vda'/></disk></devices></domain>",
        "<domain><os><boot dev='hd'/><boot dev='network'/></os></domain>",
    ],
)
def test_what_is_said_already_is_no_difference(wanted):
    target, edits = merged(wanted)
    assert edits == []
    assert etree.tostring(target) == etree.tostring(xml.parse(ACTUAL))


@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        ("<domain><memory unit='GiB'>2</memory></domain>", ["memory"]),
        (
            "<domain><cpu><numa><cell id='0' memory='1' unit='GiB'/></numa></cpu></domain>",
            ["cpu/numa/cell/@memory"],
        ),
        ("<domain><os><boot dev='network'/><boot dev='hd'/></os></domain>", ["os/boot[0]/@dev", "os/boot[1]/@dev"]),
        (
            "<domain><devices><disk><source file='/c'/><target dev='vdb'/></disk></devices></domain>",
            ["devices/disk[vdb]/source/@file"],
        ),
        ("<domain><devices><disk><target dev='vdc'/></disk></devices></domain>", ["devices/disk[vdc]"]),
        ("<domain><devices><sound model='ich6'/></devices></domain>", ["devices/sound"]),
        (
            "<domain><devices><interface type='network'><source network='a'/><model type='virtio'/></interface>"
            "</devices></domain>",
            ["devices/interface[0]/model/@type"],
        ),
        (
            "<domain><devices><interface><mac address='52:54:00:00:00:09'/></interface></devices></domain>",
            ["devices/interface[52:54:00:00:00:09]"],
        ),
        ("<domain><devices><controller type='scsi'/></devices></domain>", ["devices/controller[0]"]),
    ],
)
def test_differences_are_named_by_identity(wanted, paths):
    _target, edits = merged(wanted)
    assert sorted(edit.path for edit in edits) == sorted(paths)


def test_what_was_applied_and_is_not_wanted_any_more_goes():
    applied = (
        "<domain><devices><memballoon model='virtio'/><disk><target dev='vdb' bus='virtio'/></disk></devices></domain>"
    )
    target, edits = merged("<domain><devices><disk><target dev='vda'/></disk></devices></domain>", applied)
    assert {edit.path for edit in edits} == {"devices/memballoon", "devices/disk[vdb]"}
    assert target.find("devices/memballoon") is None
    assert [e.get("dev") for e in target.iterfind("devices/disk/target")] == ["vda"]


def test_an_attribute_that_was_applied_goes_with_the_wish():
    target, edits = merged(
        "<domain><devices><disk><driver type='raw'/><target dev='vda'/></disk></devices></domain>",
        "<domain><devices><disk><driver name='qemu' type='raw'/><target dev='vda'/></disk></devices></domain>",
    )
    assert [edit.path for edit in edits] == ["devices/disk[vda]/driver/@name"]
    assert target.find("devices/disk/driver").attrib == {"type": "raw"}


def test_without_an_applied_document_only_what_libvirt_fills_in_stays():
    network = "<network><name>n</name><uuid>u</uuid><ip address='10.0.0.1'/><dns/></network>"
    target, edits = merged("<network><name>n</name></network>", filled=frozenset({"uuid"}), actual=network)
    assert {edit.path for edit in edits} == {"ip", "dns"}
    assert target.findtext("uuid") == "u"


def devices(inside: str) -> str:
    return f"<domain><devices>{inside}</devices></domain>"


def test_a_difference_that_libvirt_made_is_none_until_either_side_moves():
    wanted = devices("<memballoon model='virtio-transitional'/><odd a='1' b='2'/>")
    echoes = {
        "devices/memballoon/@model": ("virtio-transitional", "virtio"),
        "devices/odd": ("<odd b='2' a='0x1'/>", None),
    }
    assert merged(wanted, wanted, echoes=echoes)[1] == []
    moved = wanted.replace("transitional", "x")
    assert [edit.path for edit in merged(moved, wanted, echoes=echoes)[1]] == ["devices/memballoon/@model"]
    by_hand = ACTUAL.replace("balloon model='virtio'", "balloon model='none'")
    assert [edit.path for edit in merged(wanted, wanted, echoes=echoes, actual=by_hand)[1]] == [
        "devices/memballoon/@model"
    ]


def test_an_echo_stays_with_its_element_while_others_go():
    applied = devices("<hub type='a' mode='x'/><hub type='b' mode='y'/><gone/><gone kind='c'/>")
    actual = devices("<hub type='a' mode='1'/><hub type='b' mode='2'/>")
    edits = merged(applied, applied, actual=actual)[1]
    echoes = {edit.key: (edit.after, edit.before) for edit in edits}
    assert len(echoes) == len(edits) == 4
    assert merged(applied, applied, echoes=echoes, actual=actual)[1] == []
    fewer = devices("<hub type='b' mode='y'/><gone kind='c'/>")
    assert [edit.path for edit in merged(fewer, applied, echoes=echoes, actual=actual)[1]] == ["devices/hub[1]"]


@pytest.mark.parametrize("unit", ["<memory unit='MiB'>512</memory>", "<memory unit='b'>536870912</memory>"])
def test_a_size_that_libvirt_made_another_one_is_no_difference(unit):
    applied = "<domain><memory unit='KiB'>524288</memory></domain>"
    echoes = {"memory": ("524288 KiB", "1 GiB")}
    assert merged(f"<domain>{unit}</domain>", applied, echoes=echoes)[1] == []
    assert merged("<domain><memory unit='MiB'>513</memory></domain>", applied, echoes=echoes)[1] != []


def test_what_shares_an_identity_is_told_apart_by_the_rest():
    """The companions of a USB controller have its index, and libvirt sorts them."""
    models = ("ich9-uhci1", "ich9-uhci2", "ich9-ehci1", "ich9-uhci3")
    parts = [f"<controller type='usb' index='0' model='{model}'/>" for model in models]
    _target, edits = merged(devices("".join(reversed(parts))), actual=devices("".join(parts)))
    assert edits == []
    wanted = devices("".join(reversed(parts)).replace("ehci1", "ehci2"))
    assert [edit.path for edit in merged(wanted, actual=devices("".join(parts)))[1]] == [
        "devices/controller[usb+0 #1]/@model"
    ]


def test_a_text_that_was_applied_goes_with_the_wish():
    target, edits = merged("<domain><name/></domain>", "<domain><name>a</name></domain>")
    assert [(edit.path, edit.before, edit.after) for edit in edits] == [("name", "a", None)]
    assert target.find("name").text is None


RUNS = ACTUAL.replace("'/b'", "'/z'").replace("<memballoon model='virtio'/>", "<hub type='usb'/>")


@pytest.mark.parametrize(
    ("inside", "applied", "paths"),
    [
        ("<disk><source file='/a'/><target dev='vda'/></disk>", "", []),
        ("<disk><source file='/b'/><target dev='vdb'/></disk>", "", ["devices/disk[vdb]/source/@file"]),
        ("<disk><target dev='vdb'/></disk>", "", []),
        ("<memballoon/>", "", ["devices/memballoon"]),
        ("<hub type='usb'/>", "", []),
        ("<hub type='x'/>", "", ["devices/hub/@type"]),
        ("<hub/>", "<hub type='usb'/>", []),
        ("", "<memballoon/><controller type='sata'/>", ["devices/controller[sata+0]"]),
        ("<graphics type='vnc' passwd='x'/>", "", ["devices/graphics"]),
    ],
)
def test_what_runs_lacks_what_is_asked_for_and_defined(inside, applied, paths):
    target = xml.parse(ACTUAL)
    merge = Merge(target, xml.parse(devices(inside)), xml.parse(devices(applied)), running=xml.parse(RUNS))
    assert sorted(edit.path for edit in merge.behind) == sorted(paths)


def test_what_does_not_go_with_a_new_value_goes_whoever_it_is_of():
    shapes = {"devices/disk": [("target/@bus", {"address": (), "driver/@queues": ("virtio",), "source/*": ()})]}
    disk = (
        "<disk><driver queues='2' name='qemu'/><source file='/a'><odd/></source><target dev='vda' bus='{}'/>"
        "<address type='pci'/></disk>"
    )
    actual = devices(disk.format("virtio") + disk.format("virtio").replace("vda", "vdb"))
    target = xml.parse(actual)
    Merge(target, xml.parse(devices("<disk><target dev='vda' bus='sata'/></disk>")), shapes=shapes)
    changed, other = target.findall("devices/disk")
    assert [element.tag for element in changed] == ["driver", "source", "target"]
    assert (dict(changed.find("driver").attrib), len(changed.find("source"))) == ({"name": "qemu"}, 0)
    assert changed.find("source").get("file") == "/a"
    assert len(other) == 4


def test_a_name_that_is_left_to_libvirt_now_is_kept():
    target = xml.parse(ACTUAL)
    wanted = devices("<interface><source network='a'/></interface>")
    applied = devices("<interface><mac address='52:54:00:00:00:01'/><source network='a'/></interface>")
    merge = Merge(target, xml.parse(wanted), xml.parse(applied), kept={"uuid", "devices/interface/mac"})
    assert merge.edits == []
    assert [edit.path for edit in Merge(target, xml.parse(wanted), xml.parse(applied)).edits] == [
        "devices/interface[0]/mac"
    ]


names = st.sampled_from(["name", "memory", "sound", "disk", "feature", "odd"])
attributes = st.dictionaries(st.sampled_from(["name", "x"]), st.text("ab", max_size=2))
trees = st.recursive(
    st.tuples(names, attributes, st.just([])),
    lambda children: st.tuples(names, attributes, st.lists(children, max_size=3)),
    max_leaves=8,
)


def built(tree):
    tag, attributes, children = tree
    element = etree.Element(tag, attributes)
    element.extend(built(child) for child in children)
    return element


def rooted(children):
    return built(("domain", {}, children))


@given(st.lists(trees, max_size=4), st.lists(trees, max_size=4), st.lists(trees, max_size=4))
def test_a_merge_is_done_after_one_run(actual, wanted, applied):
    target = rooted(actual)
    Merge(target, rooted(wanted), rooted(applied))
    again = Merge(copy.deepcopy(target), rooted(wanted), rooted(wanted))
    assert [edit.path for edit in again.edits if edit.after is not None] == []


@given(st.lists(trees, max_size=4))
def test_a_document_laid_over_itself_changes_nothing(tree):
    target = rooted(tree)
    assert Merge(target, rooted(tree), rooted(tree)).edits == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<domain>", "not well-formed XML"),
        ("<network/>", "the document is <network>, but <domain> is needed"),
        ("<!DOCTYPE domain [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><domain>&a;</domain>", "DOCTYPE"),
        ("<!DOCTYPE domain SYSTEM 'http://127.0.0.1/x'><domain/>", "DOCTYPE"),
    ],
)
def test_documents_that_are_refused(text, words):
    with pytest.raises(Refused) as error:
        xml.parse(text, "domain xml", "domain")
    assert words in str(error.value)


@given(st.lists(trees, max_size=4))
def test_printing_and_parsing_gives_the_same_document(tree):
    element = rooted(tree)
    assert etree.tostring(xml.parse(xml.printed(element)), method="c14n") == etree.tostring(element, method="c14n")
