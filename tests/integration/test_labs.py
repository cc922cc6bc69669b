# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab roles on one host: what check mode foretells, what is left, and which labs see each other.

Their guests are tiny ones, which read no seed. What guests, host and outside see of each other, and that a second run
changes nothing, is in extensions/molecule.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import time

import pytest

LABS = {"nat_lab": 210, "host_only_lab": 211, "routed_lab": 212, "open_lab": 213}
# Who reaches whom: the answer of the page on the guest's port 80.
SEES = {
    ("nat_lab", "host_only_lab"): False,
    ("nat_lab", "routed_lab"): True,
    ("host_only_lab", "nat_lab"): False,
    ("host_only_lab", "routed_lab"): False,
    ("routed_lab", "nat_lab"): False,
    ("routed_lab", "host_only_lab"): False,
    ("routed_lab", "open_lab"): True,
    ("open_lab", "nat_lab"): False,
    ("open_lab", "routed_lab"): True,
}


def guest_of(role: str) -> str:
    return role.removesuffix("_lab").replace("_", "-") + "1"


def play_of(role: str, tmp_path, tiny, **more) -> str:
    """A play that makes the lab of a role with one guest."""
    name = guest_of(role).rstrip("1")
    given = {
        "name": name,
        "subnet": f"10.{LABS[role]}.0.0/24",
        "guests": [{"name": guest_of(role)}],
        "image": str(tiny["tiny.qcow2"]),
        "memory": "96 MiB",
        "disk_size": "64 MiB",
        "virt_type": "qemu",
        "output_dir": str(tmp_path / role),
        "wait": False,
        **more,
    }
    values = {f"{role}_{key}": value for key, value in given.items()}
    role_ = {"role": f"virtops.libvirt.{role}", "vars": values}
    return json.dumps([{"hosts": "all", "gather_facts": False, "roles": [role_]}])


@pytest.fixture
def other(tiny, tmp_path) -> dict:
    """An image other than the labs', larger than their disks, as a guest takes it."""
    path = tmp_path / "other.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "80M"], check=True)
    return {"image": str(path), "image_checksum": f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"}


def changes(result) -> list:
    """What the tasks of a play changed, in words."""
    assert result.code == 0, result.text
    return [task.get("steps", "changed") for task in result.tasks if task.get("changed")]


def test_a_network_of_another_kind_is_not_the_labs(lab, here, tiny, tmp_path):
    lab.ok("network", name="open", ips=[{"address": "10.213.0.1", "prefix": 24}])
    before = lab.state()
    refused = here(play_of("open_lab", tmp_path, tiny))
    assert refused.code != 0
    (network,) = refused.tasks[-1]["results"]
    assert "The host has a network open with 10.213.0.1/24 that is forwarded as 'not'" in network["msg"]
    assert lab.state() == before


def test_an_image_that_will_not_do_is_refused_before_anything_is_touched(lab, here, tiny, other, tmp_path):
    before = lab.state()
    guests = [
        {"name": "gone", "image": "/srv/nowhere.qcow2"},
        {"name": "damaged", **other, "image_checksum": f"sha256:{'0' * 64}"},
    ]
    refused = here(play_of("nat_lab", tmp_path, tiny, guests=guests)).tasks[-1]["msg"]
    assert "no image file /srv/nowhere.qcow2 on" in refused
    assert f"{other['image']} on integration has the checksum {other['image_checksum']}, not" in refused
    refused = here(play_of("nat_lab", tmp_path, tiny, guests=[{"name": "small", **other}])).tasks[-1]["msg"]
    assert "volume nat/small.qcow2: capacity 64 MiB is too small for its backing volume" in refused
    assert lab.state() == before
    # The key pair is made on the controller only for guests that can be.
    assert not (tmp_path / "nat_lab").exists()


def test_a_variable_that_is_misspelt_is_refused_before_anything_is_touched(lab, here, tiny, tmp_path):
    before = lab.state()
    refused = here(play_of("nat_lab", tmp_path, tiny, memroy="1 GiB"), "--extra-vars", "nat_lab_guest=web1").tasks[-1]
    assert "the role nat_lab has no nat_lab_guest, nat_lab_memroy; take it out, or correct its name" in refused["msg"]
    assert lab.state() == before


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"guests": [{"name": "web1", "options": {"name": "other"}}]}, "web1: options has a 'name'"),
        ({"network_options": {"name": "other"}, "guest_options": {"name": "a"}}, "network_options, guest_options has"),
        ({"user": "a b; rm"}, 'nat_lab_user "a b; rm" is no name of a user'),
        ({"subnet": "10.210.0.5/24"}, "the subnet is wrong: 10.210.0.5/24 has host bits set"),
    ],
)
def test_what_cannot_be_is_refused_in_its_own_words(lab, here, tiny, tmp_path, more, words):
    lab.ok("network", name="nat", forward={"mode": "nat"}, ips=[{"address": "10.210.0.1", "prefix": 24}])
    before = lab.state()
    assert words in here(play_of("nat_lab", tmp_path, tiny, **more)).tasks[-1]["msg"]
    assert lab.state() == before


def test_a_guest_that_was_renamed_keeps_its_disks(lab, here, tiny, tmp_path):
    guests = [{"name": "web1"}, {"name": "web2", "options": {"state": "stopped"}}]
    assert here(play_of("nat_lab", tmp_path, tiny, guests=guests)).code == 0
    lab.virsh("domrename", "web2", "renamed")
    before = lab.state()
    for options in (["--check"], []):
        done = here(play_of("nat_lab", tmp_path, tiny, guests=[{"name": "web1", "memory": None}], prune=True), *options)
        assert "web2.qcow2: domain renamed has it as a disk" in done.tasks[-1]["msg"]
    assert lab.state()["pool"]["nat"]["volumes"] == before["pool"]["nat"]["volumes"]


def images_of(lab, name: str) -> dict[str, str]:
    """The images that the guests of a lab are built on, of which each is there once."""
    volumes = {volume["name"]: volume for volume in lab.ok("volume_info", pool=name)["volumes"]}
    bases = [one.removeprefix("base-").rpartition("-")[0] for one in volumes if one.startswith("base-")]
    assert len(bases) == len(set(bases))
    built = {one: volume["backing"]["path"] for one, volume in volumes.items() if "backing" in volume}
    return {one.removesuffix(".qcow2"): path.rpartition("/base-")[2].rpartition("-")[0] for one, path in built.items()}


def told(host, role: str, command: str) -> str:
    """What the shell of a lab's guest answers."""
    done = host.exec(
        ["busybox", "nc", "-w", "20", f"10.{LABS[role]}.0.11", "23"],
        input=f"{command}\nexit\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return done.stdout.strip()


def addresses6(lab, host) -> dict[str, str]:
    """Where each lab's guest is by IPv6, as DNS was told; once all guests have given themselves these addresses."""
    named = {role: lab.tree("network", guest_of(role)[:-1]).find("dns/host").get("ip") for role in LABS}
    deadline, silent = time.monotonic() + 120, list(LABS)
    while silent and time.monotonic() < deadline:
        silent = [role for role in silent if f" {named[role]}/64 " not in told(host, role, "ip -6 -o address")]
    assert not silent
    return named


def test_all_labs_on_one_host(lab, host, here, tiny, other, tmp_path):
    """A check on an empty host foretells each run, labs see each other where they are routed, and all of it goes."""
    before = lab.state()
    lab.writing = True
    # Two more guests of one lab, which are off, have an image of their own.
    off = {"disk_size": "96 MiB", "options": {"state": "present"}}
    guests = [{"name": "nat1"}, {"name": "nat2", **off, **other}, {"name": "nat3", **off, **other}]
    more = {"nat_lab": {"guests": guests}}
    for role, number in LABS.items():
        there = lab.state()
        text = play_of(
            role, tmp_path, tiny, subnet6=f"fd00:{number}::/64", labels={"tier": "test"}, **more.get(role, {})
        )
        foretold = changes(here(text, "--check"))
        assert f"start network {guest_of(role)[:-1]}" in str(foretold)
        assert lab.state() == there
        assert not (tmp_path / role).exists()
        assert changes(here(text)) == foretold

    images = {"nat1": "tiny", "nat2": "other", "nat3": "other"}
    assert images_of(lab, "nat") == images
    # Guests that are there stay on theirs.
    guests = [{**guest, "image": str(tiny["tiny.qcow2"]), "image_checksum": ""} for guest in guests]
    text = play_of("nat_lab", tmp_path, tiny, subnet6="fd00:210::/64", labels={"tier": "test"}, guests=guests)
    assert changes(here(text)) == []
    assert images_of(lab, "nat") == images

    ask = r"printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 4 {} 80"
    for where in (addresses6(lab, host), {role: f"10.{number}.0.11" for role, number in LABS.items()}):
        assert {pair: "200 OK" in told(host, pair[0], ask.format(where[pair[1]])) for pair in SEES} == SEES

    for role in LABS:
        there, text = lab.state(), play_of(role, tmp_path, tiny, state="absent")
        foretold = changes(here(text, "--check"))
        assert lab.state() == there
        assert changes(here(text)) == foretold != []
        assert not (tmp_path / role).exists()
    lab.writing = False
    assert lab.state() == before
