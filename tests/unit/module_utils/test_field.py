# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields: what they read, write and compare, for the four shapes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ansible_collections.virtops.libvirt.plugins.module_utils import _change, _scalars
from ansible_collections.virtops.libvirt.plugins.module_utils import _diff as diff
from ansible_collections.virtops.libvirt.plugins.module_utils import _field as field
from ansible_collections.virtops.libvirt.plugins.module_utils import _values as values
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused

FIELDS = (
    field.Field("name", "name", values.NAME),
    field.Field("memory", "memory", values.Size("KiB"), effect=field.LIVE),
    field.Field("secret", "secret/@value", secret=True),
    field.Group("cpu", "cpu", (field.Field("mode", "@mode", choices=("a", "b")), field.Field("model", "model"))),
    field.Items(
        "disks",
        "devices/disk",
        (
            field.Field("target", "target/@dev", required=True),
            field.Field("cache", "driver/@cache"),
            field.Field("readonly", "readonly", values.Bool(), present=True),
        ),
        identity=("target",),
    ),
    _scalars.Scalars("tags", "tags/tag"),
)

options = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["a", "b c", "ä"]),
        "memory": st.sampled_from(["1 GiB", "512 MiB", "1.5 GiB"]),
        "cpu": st.fixed_dictionaries({}, optional={"mode": st.sampled_from("ab"), "model": st.text("xyz", min_size=1)}),
        "disks": st.lists(
            st.fixed_dictionaries(
                {"target": st.sampled_from(["vda", "vdb", "vdc", "sda"])},
                optional={"cache": st.sampled_from(["none", "unsafe"]), "readonly": st.booleans()},
            ),
            unique_by=lambda disk: disk["target"],
        ),
        "tags": st.lists(st.text("pq", min_size=1, max_size=3)),
    },
)


def document(text="<domain/>"):
    return etree.fromstring(text)


@given(options, options)
def test_what_was_written_agrees_and_is_read_back(before, after):
    owner = document()
    field.write(FIELDS, owner, field.parse(FIELDS, before))
    wanted = field.parse(FIELDS, after)
    field.write(FIELDS, owner, wanted)
    assert field.agree(FIELDS, owner, wanted)
    once = etree.tostring(owner)
    field.write(FIELDS, owner, wanted)
    assert etree.tostring(owner) == once


@given(options, options)
def test_changes_are_empty_exactly_where_the_words_are_equal(before, after):
    one, other = document(), document()
    field.write(FIELDS, one, field.parse(FIELDS, before))
    field.write(FIELDS, other, field.parse(FIELDS, after))
    changes = diff.compare(FIELDS, field.read(FIELDS, one), field.read(FIELDS, other))
    same_disks = sorted(map(str, field.read(FIELDS, one).get("disks", ()))) == sorted(
        map(str, field.read(FIELDS, other).get("disks", ()))
    )
    rest = [{k: v for k, v in field.read(FIELDS, owner).items() if k != "disks"} for owner in (one, other)]
    assert bool(changes) is not (same_disks and rest[0] == rest[1])


def test_unknown_xml_and_unnamed_options_stay():
    owner = document(
        "<domain><name>a</name><x y='1'/><devices><disk><target dev='vda'/><odd/></disk><sound/></devices></domain>"
    )
    field.write(FIELDS, owner, field.parse(FIELDS, {"disks": [{"target": "vda", "cache": "none"}]}))
    assert owner.find("devices/disk/odd") is not None
    assert owner.find("devices/sound") is not None
    assert owner.find("x").get("y") == "1"
    assert owner.findtext("name") == "a"


def test_items_are_matched_by_identity_and_a_list_is_whole():
    owner = document(
        "<domain><devices><disk><target dev='vda'/></disk><disk><target dev='vdb'/><odd/></disk></devices></domain>"
    )
    field.write(FIELDS, owner, field.parse(FIELDS, {"disks": [{"target": "vdb"}, {"target": "vdc"}]}))
    assert [e.get("dev") for e in owner.iterfind("devices/disk/target")] == ["vdb", "vdc"]
    assert owner.find("devices/disk/odd") is not None
    field.write(FIELDS, owner, field.parse(FIELDS, {"disks": []}))
    assert owner.findall("devices/disk") == []


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({"memory": "1 GiB"}, {"memory": "2 GiB"}, [("memory", "1 GiB", "2 GiB", "live")]),
        ({}, {"cpu": {"mode": "a"}}, [("cpu.mode", None, "a", "next_boot")]),
        ({"cpu": {"mode": "a"}}, {"cpu": {"mode": "b"}}, [("cpu.mode", "a", "b", "next_boot")]),
        (
            {"disks": [{"target": "vda"}]},
            {"disks": [{"target": "vda", "cache": "none"}, {"target": "vdb"}]},
            [("disks[vda].cache", None, "none", "next_boot"), ("disks[vdb]", None, {"target": "vdb"}, "next_boot")],
        ),
        ({"disks": [{"target": "vda"}]}, {"disks": []}, [("disks[vda]", {"target": "vda"}, None, "next_boot")]),
        ({"tags": ["a", "b"]}, {"tags": ["b", "a"]}, [("tags", ["a", "b"], ["b", "a"], "next_boot")]),
        ({"secret": "x"}, {"secret": "y"}, [("secret", "********", "********", "next_boot")]),
        ({"name": "a"}, {"name": "a"}, []),
    ],
)
def test_changes_name_path_before_after_and_effect(before, after, changes):
    found = diff.compare(FIELDS, field.parse(FIELDS, before), field.parse(FIELDS, after))
    assert [(c.path, c.before, c.after, c.effect) for c in found] == changes


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"memory": "5"}, "guest.memory: '5' has no unit"),
        ({"name": "a/b"}, "guest.name: 'a/b' is not a name"),
    ],
)
def test_a_refusal_names_the_option(raw, words):
    with pytest.raises(Refused) as error:
        field.parse(FIELDS, raw, "guest")
    assert words in str(error.value)


def test_two_items_of_one_identity_are_refused():
    canonical = field.parse(FIELDS, {"disks": [{"target": "vda"}, {"target": "vda"}]})
    with pytest.raises(Refused, match="target vda is given twice"):
        _change.refuse_duplicates(FIELDS, canonical, "guest")


def test_an_argument_spec_comes_from_the_declaration():
    spec = field.specs(FIELDS)
    assert spec["memory"] == {"type": "str"}
    assert spec["secret"] == {"type": "str", "no_log": True}
    assert spec["disks"]["options"]["target"] == {"type": "str", "required": True}
    assert spec["cpu"]["options"]["mode"]["choices"] == ["a", "b"]
