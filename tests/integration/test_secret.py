# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules secret and secret_info, on a real libvirtd."""

from __future__ import annotations

import base64
import json

import pytest
from integration._lab import paths

UUID = "6f2ab1d0-5c3e-4a7b-9d10-0123456789ab"
VALUE, OTHER = "ganz geheim, ä", "noch geheimer"
SECRET = {"type": "iscsi", "usage": "san"}
XML = """<secret ephemeral='no'>
  <!-- as somebody writes it -->
  <usage type='iscsi'><target>san</target></usage>
</secret>"""
PRIVATE = "value: it is private, so that libvirt tells it to nobody"
BOTH_WAYS = pytest.mark.parametrize("options", [SECRET, {"xml": XML}], ids=["options", "xml"])


def only(lab) -> dict:
    """The one secret that there is."""
    (found,) = lab.state()["secret"].values()
    return found


def value(lab) -> str:
    return bytes.fromhex(only(lab)["value"]).decode()


@BOTH_WAYS
def test_a_secret_is_made_changed_and_removed(lab, options):
    made = lab.change("secret", **options, value=VALUE)
    assert made["steps"] == ["define secret san", "set the value of secret san"]
    assert made["secret"] == {**made["secret"], **SECRET, "ephemeral": False, "private": False}
    assert value(lab) == VALUE
    uuid = made["secret"]["uuid"]

    described = lab.change("secret", **options, description="of the lab")
    assert paths(described) == ["description"]
    assert value(lab) == VALUE
    if "xml" in options:
        # What is taken out of the document is taken out.
        lab.change("secret", **options)
        lab.change("secret", xml=XML.replace("<usage", "<description>x</description><usage"))
    lab.change("secret", **options, ephemeral=True)
    lab.change("secret", **options, ephemeral=False, private=True)
    assert only(lab)["xml"].count(uuid) == 1

    gone = lab.change("secret", **options, state="absent")
    assert (gone["secret"], gone["steps"]) == ({}, ["undefine secret san"])
    lab.unchanged("secret", **options, state="absent")
    assert lab.state()["secret"] == {}


@pytest.mark.parametrize(
    ("kind", "usage"),
    [("volume", "/images/a b.luks"), ("ceph", "client.admin secret"), ("tls", "tls key"), ("vtpm", "vtpm <1> & more")],
)
def test_what_a_secret_is_for(lab, kind, usage):
    made = lab.change("secret", type=kind, usage=usage, value=VALUE)
    assert (made["secret"]["type"], made["secret"]["usage"]) == (kind, usage)
    lab.unchanged("secret", **made["secret"])
    lab.unchanged("secret", xml=only(lab)["xml"])
    # Another type may have the same usage.
    lab.change("secret", type="iscsi", usage="x" + usage.replace("/", ""))


def test_the_value_is_compared_by_who_may_read_it(lab):
    lab.ok("secret", **SECRET, value=VALUE)
    plan = lab.check("secret", **SECRET, value=OTHER)
    assert (plan["changed"], plan["unchecked"]) == (False, ["value: libvirt tells it only to who may write"])
    lab.unchanged("secret", **SECRET, value=VALUE)
    lab.unchanged("secret", **SECRET, value=OTHER, update_value="on_create")
    done = lab.run("secret", **SECRET, value=OTHER)
    assert (done["diff"][0]["before"], done["diff"][0]["after"]) == (
        {"value": "another one"},
        {"value": "that of the task"},
    )
    assert value(lab) == OTHER
    raw = bytes(range(256))
    binary = {"value": base64.b64encode(raw).decode(), "value_encoding": "base64"}
    assert lab.run("secret", **SECRET, **binary)["changed"]
    assert bytes.fromhex(only(lab)["value"]) == raw
    lab.unchanged("secret", **SECRET, **binary)


def test_a_secret_without_a_value_gets_one(lab):
    lab.ok("secret", **SECRET)
    done = lab.run("secret", **SECRET, value=VALUE)
    assert (paths(done), done["changes"][0]["before"]) == (["value"], None)
    assert value(lab) == VALUE


def test_nobody_guesses_a_private_value(lab):
    lab.change("secret", **SECRET, private=True, value=VALUE)
    for task in (lab.unchanged("secret", **SECRET, value=VALUE), lab.run("secret", **SECRET, value=OTHER)):
        assert (task["changed"], task["unchecked"]) == (False, [PRIVATE])
    for _time in range(2):
        plan = lab.check("secret", **SECRET, value=OTHER, update_value="always")
        done = lab.run("secret", **SECRET, value=OTHER, update_value="always")
        assert plan["changes"] == done["changes"]
        assert (paths(done), done["unchecked"]) == (["value"], [])
    assert "never takes that back" in lab.refused("secret", **SECRET, private=False)


def test_a_secret_that_only_its_uuid_names(lab):
    made = lab.change("secret", uuid=UUID.upper(), description="for nothing yet", value=VALUE)
    assert made["secret"] == {"uuid": UUID, "description": "for nothing yet", "ephemeral": False, "private": False}
    lab.unchanged("secret", uuid=UUID, value=VALUE)
    assert "type is None and cannot be changed" in lab.refused("secret", uuid=UUID, **SECRET)
    lab.change("secret", uuid=UUID, state="absent")


def test_what_is_fixed(lab):
    lab.ok("secret", **SECRET, uuid=UUID)
    lab.unchanged("secret", uuid=UUID)
    other = UUID.replace("6", "7")
    assert f"uuid is {UUID} and cannot be changed" in lab.refused("secret", **SECRET, uuid=other)
    assert "usage is san and cannot be changed" in lab.refused("secret", type="iscsi", usage="other", uuid=UUID)


def test_a_value_appears_nowhere(lab):
    told = [
        lab.change("secret", **SECRET, value=VALUE),
        lab.run("secret", **SECRET, value=OTHER),
        lab.check("secret", **SECRET, value=OTHER),
        lab.run("secret_info"),
    ]
    assert value(lab) == OTHER
    encoded = base64.b64encode(OTHER.encode()).decode()
    text = json.dumps([{key: part for key, part in one.items() if key != "invocation"} for one in told])
    assert not any(secret in text for secret in (VALUE, json.dumps(VALUE).strip('"'), OTHER, encoded))


def test_info_can_be_fed_back(lab):
    lab.ok("secret", **SECRET, value=VALUE, description="one")
    lab.ok("secret", uuid=UUID, private=True)
    secrets = lab.run("secret_info")["secrets"]
    assert [secret.get("usage") for secret in secrets] == [None, "san"]
    assert secrets == lab.check("secret_info", name=["san", UUID, "none"])["secrets"]
    assert lab.run("secret_info", name=[secrets[1]["uuid"]])["secrets"] == secrets[1:]
    for secret in secrets:
        lab.unchanged("secret", **secret)


def test_what_virsh_made_is_adopted(lab):
    lab.shell("cat >/root/secret.xml && virsh secret-define /root/secret.xml", XML)
    lab.unchanged("secret", **SECRET)
    lab.unchanged("secret", xml=XML)
