# SPDX-License-Identifier: GPL-3.0-or-later
"""The module pool and pool_info, on a real libvirtd."""

from __future__ import annotations

import pytest
from integration._lab import effects, paths

PATH = "/var/lib/libvirt/images/lab"
XML = f"""
<!-- as somebody writes it, with neither UUID nor figures -->
<pool type="dir">
  <name>lab</name>
  <target>
    <path>{PATH}</path>
  </target>
</pool>"""
BOTH_WAYS = pytest.mark.parametrize("options", [{"name": "lab", "type": "dir", "path": PATH}, {"xml": XML}])


@BOTH_WAYS
def test_a_pool_is_made_switched_and_removed(lab, options):
    made = lab.change("pool", **options)
    assert made["changes"] == [{"path": "", "before": None, "after": made["diff"][0]["after"], "effect": "config"}]
    assert made["diff"][0]["before"] == {}
    assert made["pool"]["state"] == "inactive"
    assert lab.tree("pool", "lab").findtext("target/path") == PATH
    assert lab.file(PATH).is_dir()

    started = lab.change("pool", **options, state="active", autostart=True)
    assert [(c["path"], c["before"], c["after"]) for c in started["changes"]] == [
        ("autostart", False, True),
        ("state", "inactive", "active"),
    ]
    assert started["steps"] == ["switch autostart on", "start pool lab"]
    assert lab.state()["pool"]["lab"]["active"]

    stopped = lab.change("pool", **options, state="inactive", autostart=False)
    assert paths(stopped) == ["autostart", "state"]

    lab.change("pool", **options, state="active")
    gone = lab.change("pool", **options, state="absent")
    assert (gone["pool"], paths(gone)) == ({}, ["state"])
    assert lab.state()["pool"] == {}
    assert lab.file(PATH).is_dir()


@BOTH_WAYS
def test_a_new_pool_is_made_active_at_once(lab, options):
    made = lab.change("pool", **options, state="active", autostart=True)
    assert contains_words(made["steps"], ("define", "make the directory", "autostart", "start"))
    assert (made["pool"]["state"], made["pool"]["autostart"]) == ("active", True)


def contains_words(steps, words) -> bool:
    return len(steps) == len(words) and all(word in step for step, word in zip(steps, words))


def test_a_change_of_an_active_pool_waits_for_its_next_start(lab):
    uuid = lab.ok("pool", name="lab", path=PATH, state="active")["pool"]["uuid"]
    moved = lab.change("pool", name="lab", path=PATH + "2")
    assert effects(moved) == {"path": "next_boot"}
    assert lab.tree("pool", "lab").findtext("uuid") == uuid
    assert lab.tree("pool", "lab").findtext("target/path") == PATH + "2"
    assert PATH + "2<" not in lab.virsh("pool-dumpxml", "lab")


def test_the_pending_change_of_an_active_pool_is_told(lab):
    lab.ok("pool", name="lab", path=PATH, state="active")
    told = lab.change("pool", name="lab", path=PATH + "2")
    expected = {"path": "path", "before": PATH, "after": PATH + "2", "effect": "next_boot"}
    assert told["pending"] == [expected]
    assert lab.run("pool", name="lab", path=PATH + "2")["pending"] == [expected]


def test_a_change_of_an_inactive_pool_is_one_of_its_definition(lab):
    lab.ok("pool", name="lab", path=PATH)
    moved = lab.change("pool", name="lab", path=PATH + "2", permissions={"mode": "0700", "owner": 0, "group": 0})
    assert effects(moved)["path"] == "config"
    assert lab.tree("pool", "lab").findtext("target/permissions/mode") == "0700"


def test_a_changed_document_changes_the_pool(lab):
    lab.ok("pool", xml=XML)
    moved = lab.change("pool", xml=XML.replace(PATH, PATH + "2"))
    assert moved["changes"] == [{"path": "path", "before": PATH, "after": PATH + "2", "effect": "config"}]


def test_options_are_laid_over_the_document(lab):
    lab.change("pool", xml=XML, path=PATH + "2")
    assert lab.tree("pool", "lab").findtext("target/path") == PATH + "2"


def test_the_directory_goes_only_where_the_task_says_so_and_it_is_empty(lab):
    lab.ok("pool", name="lab", path=PATH, state="active")
    lab.file(PATH + "/kept").write_text("x")
    before = lab.state()
    failed = lab.run("pool", name="lab", state="absent", remove_target=True)
    assert failed["failed"]
    assert "remove the empty directory" in failed["msg"]
    assert "kept" in lab.shell(f"ls {PATH}")
    assert lab.state()["pool"]["lab"]["xml"] == before["pool"]["lab"]["xml"]
    # Taken back, or told.
    assert lab.state()["pool"]["lab"]["active"] or "stop pool lab" in failed["msg"]

    lab.file(PATH + "/kept").unlink()
    removed = lab.change("pool", name="lab", state="absent", remove_target=True)
    assert f"remove the empty directory {PATH}" in removed["steps"]
    assert not lab.file(PATH).exists()


def test_what_virsh_made_is_adopted(lab):
    lab.virsh("pool-define-as", "lab", "dir", "--target", PATH)
    lab.virsh("pool-build", "lab")
    uuid = lab.tree("pool", "lab").findtext("uuid")
    lab.unchanged("pool", name="lab", type="dir", path=PATH)
    lab.unchanged("pool", xml=XML)
    lab.change("pool", name="lab", state="active")
    assert lab.tree("pool", "lab").findtext("uuid") == uuid


def test_info_can_be_fed_back(lab):
    lab.ok("pool", name="lab", path=PATH, state="active", autostart=True)
    lab.ok("pool", name="other", path=PATH + "2")
    pools = lab.run("pool_info")["pools"]
    assert [pool["name"] for pool in pools] == ["lab", "other"]
    assert pools == lab.check("pool_info", name=["other", "lab", "none"])["pools"]
    for pool in pools:
        lab.unchanged("pool", **pool)


def test_a_pool_that_does_not_exist_is_absent_already(lab):
    lab.unchanged("pool", name="none", state="absent")
    assert lab.run("pool_info", name=["none"])["pools"] == []
