# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules volume and volume_info, on a real libvirtd: empty volumes, linked clones, growth."""

from __future__ import annotations

import json

import pytest
from integration._lab import paths

DIRECTORY = "/var/lib/libvirt/images/images"
RAW = {"pool": "images", "name": "data.raw", "capacity": "8 MiB"}
QCOW2 = {"pool": "images", "name": "data.qcow2", "capacity": "8 MiB", "format": "qcow2"}
XML = """<volume type='file'>
  <name>data.qcow2</name>
  <!-- the unit spelt out -->
  <capacity unit='MiB'>8</capacity>
  <allocation>0</allocation>
  <target><format type='qcow2'/><compat>1.1</compat></target>
</volume>"""


def image(lab, name: str) -> dict:
    """What qemu-img says of a volume."""
    return json.loads(lab.shell(f"qemu-img info --output=json {DIRECTORY}/{name}"))


@pytest.mark.parametrize("options", [RAW, QCOW2, {"pool": "images", "xml": XML}], ids=["raw", "qcow2", "xml"])
def test_a_volume_is_made_grown_and_removed(lab, pool, options):
    made = lab.change("volume", **options)
    name = made["volume"]["name"]
    assert made["changes"] == [{"path": "", "before": None, "after": made["diff"][0]["after"], "effect": "config"}]
    assert made["volume"]["path"] == f"{DIRECTORY}/{name}"
    assert image(lab, name)["virtual-size"] == 8 << 20
    assert image(lab, name)["format"] == name.partition(".")[2]

    larger = {"xml": XML.replace(">8<", ">16<")} if "xml" in options else {"capacity": "16 MiB"}
    larger = {**options, **larger}
    grown = lab.change("volume", **larger)
    assert "timestamps" not in grown["diff"][1]["before"] + grown["diff"][1]["after"]
    assert [(c["path"], c["before"], c["after"]) for c in grown["changes"]] == [("capacity", "8 MiB", "16 MiB")]
    assert image(lab, name)["virtual-size"] == 16 << 20

    assert "shrinking" in lab.refused("volume", **options)

    gone = lab.change("volume", pool="images", name=name, state="absent")
    assert (gone["volume"], paths(gone)) == ({}, ["state"])
    assert lab.shell(f"ls {DIRECTORY}") == ""


def test_sizes_are_rounded_as_libvirt_rounds_them(lab, pool):
    for number, size in enumerate(("1.5 MiB", "1000001 B", "2MB", "1 MB")):
        lab.change("volume", pool=pool, name=f"v{number}", capacity=size)
        lab.change("volume", pool=pool, name=f"q{number}", capacity=size, format="qcow2")


@pytest.mark.parametrize("kind", ["qcow", "vmdk", "vdi", "vpc", "qed"])
def test_an_empty_volume_of_any_format_is_there_the_second_time(lab, pool, kind):
    task = {"pool": pool, "name": "disk", "capacity": "9 MiB", "format": kind}
    # QEMU fills the last cylinder of a vpc up, which no plan knows.
    lab.ok("volume", **task) if kind == "vpc" else lab.change("volume", **task)
    lab.virsh("pool-refresh", pool)
    lab.unchanged("volume", **task)


def test_a_directory_is_there_the_second_time(lab, pool):
    """Whatever size the document gives it: it has none."""
    xml = "<volume><name>d</name><capacity>1000000</capacity><target><format type='dir'/></target></volume>"
    lab.ok("volume", pool=pool, xml=xml)
    lab.unchanged("volume", pool=pool, xml=xml)
    assert lab.shell(f"stat --format %F {DIRECTORY}/d").strip() == "directory"
    lab.change("volume", pool=pool, name="d", state="absent")


def test_an_image_of_the_old_version(lab, pool):
    task = {"pool": pool, "name": "old", "capacity": "1 MiB", "format": "qcow2", "compat": "0.10"}
    lab.change("volume", **task)
    assert image(lab, "old")["format-specific"]["data"]["compat"] == "0.10"
    assert "compat" in lab.refused("volume", **{**task, "compat": "1.1"})


def test_a_linked_clone_shares_its_base(lab, pool):
    lab.ok("volume", **QCOW2)
    lab.shell(f"qemu-io -c 'write -P 0x5a 0 1M' {DIRECTORY}/data.qcow2")
    clone = {"pool": pool, "name": "clone.qcow2", "backing": {"volume": "data.qcow2"}}
    made = lab.change("volume", **clone)
    assert made["volume"]["backing"] == {"path": f"{DIRECTORY}/data.qcow2", "format": "qcow2"}
    assert (made["volume"]["capacity"], made["volume"]["format"]) == ("8 MiB", "qcow2")
    assert image(lab, "clone.qcow2")["backing-filename"] == f"{DIRECTORY}/data.qcow2"
    assert image(lab, "clone.qcow2")["actual-size"] < 1 << 20
    lab.shell(f"qemu-io -r -c 'read -P 0x5a 0 1M' {DIRECTORY}/clone.qcow2 | grep -v 'verification failed'")
    lab.unchanged("volume", **{**clone, "backing": {"path": f"{DIRECTORY}/data.qcow2", "format": "qcow2"}})
    grown = lab.change("volume", **clone, capacity="32 MiB")
    assert paths(grown) == ["capacity"]
    assert image(lab, "clone.qcow2")["virtual-size"] == 32 << 20


def test_a_linked_clone_of_a_volume_in_another_pool(lab, pool):
    lab.ok("volume", **RAW)
    lab.ok("pool", name="clones", path="/var/lib/libvirt/images/clones", state="active")
    made = lab.change(
        "volume", pool="clones", name="c", capacity="20 MiB", backing={"volume": "data.raw", "pool": pool}
    )
    assert made["volume"]["backing"] == {"path": f"{DIRECTORY}/data.raw", "format": "raw"}


def test_a_clone_written_as_a_document(lab, pool):
    lab.ok("volume", **RAW)
    lab.change(
        "volume",
        pool=pool,
        xml=f"""<volume><name>clone</name><capacity unit='M'>10</capacity><target><format type='qcow2'/></target>
        <backingStore><path>{DIRECTORY}/data.raw</path><format type='raw'/></backingStore></volume>""",
    )
    assert image(lab, "clone")["backing-filename-format"] == "raw"


def test_a_linked_clone_of_a_base_that_nobody_may_lose(lab, pool):
    lab.ok("volume", **QCOW2)
    lab.ok("volume", pool=pool, name="clone.qcow2", backing={"volume": "data.qcow2"})
    for options in ({"format": "raw"}, {"backing": {"volume": "data.qcow2", "format": "raw"}}):
        lab.refused("volume", pool=pool, name="clone.qcow2", **options)


def test_what_virsh_made_is_adopted(lab, pool):
    lab.virsh("vol-create-as", pool, "data.qcow2", "8M", "--format", "qcow2")
    lab.unchanged("volume", **QCOW2)
    # virsh asks for the old version of the format.
    lab.unchanged("volume", pool=pool, xml=XML.replace("<compat>1.1</compat>", ""))


def test_a_file_that_libvirt_does_not_know_yet_is_found(lab, pool):
    lab.shell(f"truncate -s 8M {DIRECTORY}/data.raw")
    before = lab.file(f"{DIRECTORY}/data.raw").stat().st_mtime_ns
    result = lab.run("volume", **RAW)
    assert not result.get("failed") or "already" in result["msg"] or "exists" in result["msg"]
    assert lab.file(f"{DIRECTORY}/data.raw").stat().st_mtime_ns == before, "a file that was there was written over"


@pytest.mark.parametrize("name", ["a b.raw", "ümlaut.raw", "q'uo\"te&<x>.raw", "-dash", "..dots", "%41", "a\\b"])
def test_names_that_are_odd_and_allowed(lab, pool, name):
    lab.change("volume", pool=pool, name=name, capacity="1 MiB")
    assert (lab.file(DIRECTORY) / name).is_file()
    lab.change("volume", pool=pool, name="clone", backing={"volume": name})
    lab.change("volume", pool=pool, name="seed " + name, cloud_init={"user_data": {"hostname": "x"}})
    lab.change("volume", pool=pool, name=name, state="absent", force=True)


def test_info_can_be_fed_back(lab, pool, tmp_path):
    for options in (RAW, QCOW2, {"pool": pool, "name": "clone", "backing": {"volume": "data.raw"}}):
        lab.ok("volume", **options)
    lab.ok("volume", pool=pool, name="seed.iso", cloud_init={"user_data": {"hostname": "x"}})
    volumes = lab.run("volume_info", pool=pool)["volumes"]
    assert [volume["name"] for volume in volumes] == ["clone", "data.qcow2", "data.raw", "seed.iso"]
    assert volumes[:1] == lab.check("volume_info", pool=pool, name=["clone", "none"])["volumes"]
    for volume in volumes:
        # The path is an answer, no option: it follows from pool and name.
        volume.pop("path")
        lab.unchanged("volume", **volume)


def test_a_volume_that_does_not_exist_is_absent_already(lab, pool):
    lab.unchanged("volume", pool=pool, name="none", state="absent")
    lab.unchanged("volume", pool="none", name="none", state="absent")
