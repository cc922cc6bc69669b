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


def test_a_difference_that_libvirt_made_is_none_until_either_side_moves():
    wanted = "<domain><devices><memballoon model='virtio-transitional'/><odd/></devices></domain>"
    echoes = {"devices/memballoon/@model": ("virtio-transitional", "virtio"), "devices/odd": ("<odd/>", None)}
    assert merged(wanted, echoes=echoes)[1] == []
    assert merged(wanted.replace("transitional", "x"), echoes=echoes)[1] != []
    assert (
        merged(wanted, echoes=echoes, actual=ACTUAL.replace("balloon model='virtio'", "balloon model='none'"))[1] != []
    )


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
