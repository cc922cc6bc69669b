# SPDX-License-Identifier: GPL-3.0-or-later
"""The module pool and pool_info, on a real libvirtd."""

from __future__ import annotations

import json

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
    assert f"make the directory {PATH}2" in moved["steps"]
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
    message = lab.refused("pool", name="lab", state="absent", remove_target=True)
    assert "is not empty, it has kept" in message
    # From elsewhere that is not seen, and the step is what fails.
    failed = lab.run("pool", name="lab", state="absent", remove_target=True, uri=lab.host.tcp_uri)
    assert "remove the empty directory" in failed["msg"]
    assert "kept" in lab.shell(f"ls {PATH}")
    # Taken back, or told.
    assert lab.state()["pool"]["lab"]["active"] or "stop pool lab" in failed["msg"]

    lab.file(PATH + "/kept").unlink()
    removed = lab.change("pool", name="lab", state="absent", remove_target=True)
    assert f"remove the empty directory {PATH}" in removed["steps"]
    assert not lab.file(PATH).exists()


def test_the_directory_of_a_transient_pool_goes_with_it(lab):
    lab.virsh("pool-create-as", "lab", "dir", "--target", PATH, "--build")
    lab.file(PATH + "/kept").write_text("x")
    assert "is not empty" in lab.refused("pool", name="lab", state="absent", remove_target=True)
    lab.file(PATH + "/kept").unlink()
    removed = lab.change("pool", name="lab", state="absent", remove_target=True)
    assert [step.partition(" ")[0] for step in removed["steps"]] == ["define", "stop", "remove", "undefine"]
    assert not lab.file(PATH).exists()


def test_a_link_to_nothing_is_no_place_for_a_directory(lab):
    lab.ok("pool", name="lab", path=PATH)
    lab.shell(f"rmdir {PATH}; ln -s none {PATH}")
    for path in (PATH, PATH + "/a/b"):
        message = lab.refused("pool", name="new", path=path)
        assert f"{PATH} is a symbolic link that leads nowhere; choose another path" in message
    assert "leads nowhere" in lab.refused("pool", name="lab", state="active")


def test_a_directory_is_that_of_one_pool_whichever_way_leads_to_it(lab, pool):
    lab.shell(f"mkdir {PATH}-real; ln -s {PATH}-real {PATH}")
    lab.change("pool", name="lab", path=PATH, state="active")
    for path in (f"{PATH}-real", PATH):
        assert f"path {PATH}-real is that of pool lab already" in lab.refused("pool", name="new", path=path)
    lab.shell(f"ln -s images {PATH}-link")
    assert "is that of pool images already" in lab.refused("pool", name="new", path=f"{PATH}-link")
    # libvirt would stop the pool and then remove no link.
    assert f"{PATH} is a symbolic link" in lab.refused("pool", name="lab", state="absent", remove_target=True)
    lab.change("pool", name="lab", state="absent")


def test_a_pool_is_not_looked_through_where_its_directory_is_gone(lab):
    lab.ok("pool", name="lab", path=PATH, state="active")
    lab.file(PATH).rmdir()
    task = {"name": "lab", "path": PATH, "state": "active", "refresh": True}
    plan, real = lab.check("pool", **task), lab.run("pool", **task)
    assert plan["msg"] == real["msg"]
    assert f"its directory {PATH} is gone, so that 'refresh' would stop it" in real["msg"]
    assert "running" in lab.virsh("pool-info", "lab")
    # What it says is what helps.
    lab.ok("pool", name="lab", state="inactive")
    lab.change("pool", **task)
    assert lab.file(PATH).is_dir()


@pytest.fixture
def read_only(lab):
    """A file system that nothing can be made on, with a directory."""
    lab.shell(f"mkdir {PATH}; mount -t tmpfs none {PATH}; mkdir {PATH}/there; mount -o remount,ro {PATH}")
    yield
    lab.shell(f"umount {PATH}")


def test_nothing_is_made_where_nothing_can_be_written(lab, here, read_only):
    pools = [
        {"name": "new", "path": f"{PATH}/a/b", "state": "active"},
        {"name": "there", "path": f"{PATH}/there", "state": "active"},
        {"name": "there", "permissions": {"mode": "0700"}, "state": "inactive"},
    ]
    tasks = "".join(f"    - virtops.libvirt.pool: {json.dumps(options)}\n" for options in pools)
    text = "- hosts: all\n  gather_facts: false\n  ignore_errors: true\n  tasks:\n" + tasks
    # Not in a namespace that sees no such mount, as other checks here.
    planned, done = here(text, "--check"), here(text)
    assert [task.get("msg") for task in planned.tasks] == [task.get("msg") for task in done.tasks]
    words = "on a file system that is mounted read-only, so that it cannot be"
    assert f"pool new: {PATH}/a/b is {words} made" in done.tasks[0]["msg"]
    assert done.tasks[1]["pool"]["state"] == "active"
    assert f"pool there: {PATH}/there is {words} given its permissions" in done.tasks[2]["msg"]
    assert list(lab.state()["pool"]) == ["there"]
    lab.virsh("pool-destroy", "there")


PERMISSIONS = {"mode": "0750", "owner": 1, "group": 2}
PERMISSIONS_XML = XML.replace(
    "</path>", "</path><permissions><mode>0750</mode><owner>1</owner><group>2</group></permissions>"
)
DECLARED = pytest.mark.parametrize(
    "options", [{"name": "lab", "path": PATH, "permissions": PERMISSIONS}, {"xml": PERMISSIONS_XML}]
)


def permissions(lab) -> str:
    return lab.shell(f"stat --format '%a %u %g' {PATH}").strip()


@DECLARED
def test_a_directory_has_the_permissions_of_the_pool(lab, options):
    lab.change("pool", **options, state="active")
    assert permissions(lab) == "750 1 2"
    # libvirt builds no active pool, so there it waits. It takes what it sees for the definition, which is put right.
    lab.shell(f"chmod 0711 {PATH}; chown 3 {PATH}")
    drift = [("permissions.mode", "0711", "0750"), ("permissions.owner", 3, 1)]
    unseen = lab.run("pool", **options)
    told = lab.change("pool", **options)
    assert set(effects(told).values()) == {"next_boot"}
    for result in (unseen, told):
        assert [(one["path"], one["before"], one["after"]) for one in result["pending"]] == drift
    assert (unseen["changed"], unseen["steps"]) == (False, [])
    stopped = lab.change("pool", **options, state="inactive")
    assert [(c["path"], c["before"], c["after"]) for c in stopped["changes"]][:2] == drift
    assert stopped["steps"][-2:] == ["stop pool lab", f"give the directory {PATH} its permissions"]
    assert permissions(lab) == "750 1 2"

    lab.shell(f"chmod 0700 {PATH}")
    started = lab.change("pool", **options, state="active")
    assert started["steps"] == [f"give the directory {PATH} its permissions", "start pool lab"]
    assert permissions(lab) == "750 1 2"


def test_a_directory_that_is_there_gets_the_permissions_of_a_new_pool(lab):
    lab.shell(f"mkdir -m 0777 {PATH}")
    lab.change("pool", name="lab", path=PATH, permissions={"mode": "0700"})
    assert permissions(lab) == "700 0 0"
    lab.change("pool", name="lab", path=PATH, permissions={"mode": "0770"})
    assert permissions(lab) == "770 0 0"
    lab.change("pool", name="lab", permissions={"label": "system_u:object_r:virt_image_t:s0"})


def test_a_directory_is_made_with_its_parents_and_again(lab):
    deep = PATH + "/a/b"
    lab.change("pool", name="lab", path=deep, state="active")
    lab.change("pool", name="lab", state="inactive")
    lab.file(deep).rmdir()
    started = lab.change("pool", name="lab", state="active")
    assert started["steps"] == [f"make the directory {deep}", "start pool lab"]
    moved = lab.ok("pool", name="lab", path=deep + "/c")
    assert effects(moved) == {"path": "next_boot"}
    lab.change("pool", name="lab", state="inactive")
    lab.change("pool", name="lab", state="active")
    assert lab.file(deep + "/c").is_dir()


def test_what_others_brought_is_looked_for(lab, pool):
    """No change of the pool: libvirt learns of files that were there."""
    lab.shell("truncate -s 1M /var/lib/libvirt/images/images/brought.raw")
    assert "brought" not in lab.virsh("vol-list", pool)
    plan = lab.check("pool", name=pool, refresh=True)
    assert "brought" not in lab.virsh("vol-list", pool)
    done = lab.run("pool", name=pool, refresh=True)
    assert (plan["changed"], done["changed"], done["steps"]) == (False, False, [])
    assert "brought" in lab.virsh("vol-list", pool)


def test_figures(lab):
    lab.ok("pool", name="lab", path=PATH, state="active")
    lab.ok("pool", name="off", path=PATH + "2")
    figures = lab.run("pool_info")["figures"]
    assert list(figures) == ["lab"]
    assert figures["lab"]["capacity"] >= figures["lab"]["available"] > 0
    assert figures["lab"]["capacity"] == figures["lab"]["allocation"] + figures["lab"]["available"]


def test_what_virsh_made_is_adopted(lab):
    lab.virsh("pool-define-as", "lab", "dir", "--target", PATH)
    lab.virsh("pool-build", "lab")
    uuid = lab.tree("pool", "lab").findtext("uuid")
    lab.unchanged("pool", name="lab", type="dir", path=PATH)
    lab.unchanged("pool", xml=XML)
    lab.change("pool", name="lab", state="active")
    assert lab.tree("pool", "lab").findtext("uuid") == uuid


def test_two_pools_cannot_have_one_uuid(lab):
    uuid = lab.ok("pool", name="lab", path=PATH)["pool"]["uuid"]
    assert f"uuid {uuid} is that of pool lab already" in lab.refused("pool", name="other", uuid=uuid, path=PATH + "2")


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
