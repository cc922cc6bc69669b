# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of whole plays: what earlier tasks would have made is there for later ones, and the run does as was said."""

from __future__ import annotations

import json

import pytest
from integration.plays import (
    BASE,
    CLONE,
    EXPORT,
    FILTER,
    FILTERED,
    GONE,
    GUEST,
    MOVED,
    NETWORK,
    PLAY,
    POOL,
    SAN,
    SECRET,
    SEED,
    checked_and_done,
    play_of,
)
from integration.test_image import MIRROR, Mirror, debian


def test_a_check_of_the_whole_play_is_right_where_nothing_exists_yet(lab, play):
    text = PLAY + NETWORK + POOL + BASE + CLONE + EXPORT + SEED + GUEST
    before = lab.state()
    planned = play(text, "--check", "--diff")
    assert planned.code == 0, planned.text
    assert planned.changed() == [True] * 7
    assert lab.state() == before

    done = play(text, "--diff")
    assert done.code == 0, done.text
    for plan, real in zip(planned.tasks, done.tasks):
        for key in ("changed", "changes", "steps", "diff"):
            assert real[key] == plan[key]

    again = play(text)
    assert (again.code, again.changed()) == (0, [False] * 7), again.text

    text = PLAY + GONE
    planned = play(text, "--check", "--diff")
    assert (planned.code, planned.changed()) == (0, [True] * 6), planned.text
    assert "web1" in lab.state()["domain"]
    assert play(text).changed() == [True] * 6
    lab.shell("rm /var/lib/libvirt/images/web1.img")
    assert lab.state() == before


def test_a_guest_that_the_play_starts_is_changed_while_it_runs(lab, here):
    """By tasks of every kind that goes to a running guest; and a snapshot lands in a pool of the play."""
    tasks = [
        {"network": {"name": "lab", "domain": {"name": "lab.test"}, "ips": [{"address": "10.83.0.1", "prefix": 24}]}},
        {"network": {"name": "lab", "state": "active", "mtu": 1400}},
        {"network": {"name": "lab", "dns": {"hosts": [{"ip": "10.83.0.9", "hostnames": ["nine"]}]}}},
        {"pool": {"name": "lab", "path": "/var/lib/libvirt/images/lab", "state": "active"}},
        {"volume": {"pool": "lab", "name": "a.qcow2", "format": "qcow2", "capacity": "1 MiB"}},
        {"domain": {"name": "web1", "virt_type": "qemu", "memory": "32 MiB", "max_vcpus": 2}},
        {
            "domain": {
                "name": "web1",
                "state": "running",
                "disks": [{"target": "vda", "pool": "lab", "volume": "a.qcow2"}],
            }
        },
        {"domain": {"name": "web1", "title": "first", "vcpus": 2, "current_memory": "24 MiB"}},
        {"domain": {"name": "web1", "interfaces": [{"network": "lab", "mac": "52:54:00:aa:03:07"}]}},
        {"snapshot": {"domain": "web1", "name": "s", "location": "external"}},
        {"domain": {"name": "web1", "title": "second", "state": "restarted", "force": True, "timeout": 1}},
        {"domain": {"name": "web1", "state": "stopped", "force": True, "timeout": 1}},
    ]
    text = PLAY + "".join(
        f"    - virtops.libvirt.{kind}: {json.dumps(one)}\n" for task in tasks for kind, one in task.items()
    )
    before = lab.state()
    planned = here(text, "--check", "--diff")
    assert (planned.code, planned.changed()) == (0, [True] * len(tasks)), planned.text
    assert lab.state() == before
    done = here(text, "--diff")
    assert (done.code, done.changed()) == (0, [True] * len(tasks)), done.text
    for plan, real in zip(planned.tasks, done.tasks):
        assert real["changes"] == plan["changes"]


def test_later_tasks_know_what_a_stack_plans_in_check_mode(lab, here):
    text = f"""{PLAY}
    - virtops.libvirt.stack:
        name: lab
        pools: [{{name: lab, path: /var/lib/libvirt/images/lab}}]
        networks: [{{name: lab}}]
        volumes: [{{pool: lab, name: base.qcow2, capacity: 8 MiB, format: qcow2}}]
    {CLONE.strip()}
    {SEED.strip()}
    {GUEST.strip()}
    - virtops.libvirt.stack:
        name: lab
        state: absent
        volumes: [{{pool: lab, name: base.qcow2}}, {{pool: lab, name: web1.qcow2}}, {{pool: lab, name: web1-seed.iso}}]
        domains: [{{name: web1}}]
        pools: [{{name: lab}}]
        networks: [{{name: lab}}]
"""
    before = lab.state()
    planned = here(text, "--check", "--diff")
    assert (planned.code, planned.changed()) == (0, [True] * 5), planned.text
    assert lab.state() == before
    done = here(text, "--diff")
    assert (done.code, done.changed()) == (0, [True] * 5), done.text
    for plan, real in zip(planned.tasks, done.tasks):
        for key in ("changed", "changes", "steps"):
            assert real[key] == plan[key]
    # A diff of what goes has what libvirt filled in.
    assert [task["diff"] for task in planned.tasks[:-1]] == [task["diff"] for task in done.tasks[:-1]]
    assert lab.state() == before


def test_a_check_takes_what_tasks_of_others_would_make_from_a_variable(lab, here):
    disk = "{file: /var/lib/libvirt/images/mine.raw, format: raw, target: vda}"
    text = f"""{PLAY}
    - virtops.libvirt.domain:
        {{name: web1, virt_type: qemu, memory: 16 MiB, state: running, interfaces: [{{bridge: br7}}], disks: [{disk}]}}
"""
    planned = {"devices": ["br7"], "files": ["/var/lib/libvirt/images/mine.raw"]}
    for known, told in ({}, "mine.raw"), ({"files": planned["files"]}, "no device br7"):
        assert told in here(text, "--check", variables={"virtops_libvirt_planned": known}).tasks[-1]["msg"]
    assert here(text, "--check", variables={"virtops_libvirt_planned": planned}).changed() == [True]
    for bad in (["br7"], {"devices": "br7"}, {"bridges": ["br7"]}):
        wrong = here(text, "--check", variables={"virtops_libvirt_planned": bad}).tasks[-1]["msg"]
        assert wrong == "virtops_libvirt_planned: it is no dict of the lists devices and files; correct it"
    # What counts for real is what is there.
    assert "mine.raw" in here(text, variables={"virtops_libvirt_planned": planned}).tasks[-1]["msg"]


def test_a_check_that_says_that_it_changes_nothing_is_only_a_question(lab, here):
    question = BASE.rstrip() + "\n      check_mode: true\n      changed_when: false\n"
    planned, done = (here(PLAY + POOL + question + BASE, *words) for words in (["--check"], []))
    for result in (planned, done):
        assert (result.code, result.changed()) == (0, [True, False, True]), result.text
        assert result.tasks[1]["steps"] == result.tasks[2]["steps"] == ["create volume lab/base.qcow2"]


def test_a_nic_and_a_filter_know_of_the_filters_in_the_play(lab, here):
    stricter = FILTER.replace("dst_port: 25", "dst_port: 587").splitlines()
    gone = [
        *("domain: {name: web1, force: true", "nwfilter: {name: guests", "nwfilter: {name: web", "network: {name: lab"),
    ]
    text = PLAY + NETWORK + FILTER + FILTERED + "\n".join(stricter[:4])
    text += "".join(f"\n    - virtops.libvirt.{one}, state: absent}}" for one in gone)
    before = lab.state()
    planned = here(text, "--check", "--diff")
    assert (planned.code, planned.changed()) == (0, [True] * 9), planned.text
    assert lab.state() == before
    done = here(text, "--diff")
    assert (done.code, done.changed()) == (0, [True] * 9), done.text
    for plan, real in zip(planned.tasks, done.tasks):
        for key in ("changed", "changes", "steps"):
            assert real[key] == plan[key]
    # The guest ran by then.
    assert [change["effect"] for change in planned.tasks[4]["changes"]] == ["live"]
    assert lab.state() == before


def test_a_guest_knows_of_macs_and_uuids_in_the_play(lab, here):
    nic, uuid = {"network": "lab", "mac": "52:54:00:aa:03:01"}, "1" * 32
    guest = {"virt_type": "qemu", "memory": "16 MiB"}
    document = (
        "<domain type='qemu'><name>copy</name><uuid>{}</uuid><memory>16384</memory><os><type>hvm</type></os></domain>"
    )
    first = {"domain": {"name": "web1", **guest, "interfaces": [nic], "uuid": uuid}}
    second = {"domain": {"name": "web2", **guest, "interfaces": [nic]}}
    for wrong, words in (
        (second, "MAC 52:54:00:aa:03:01 belongs to domain web1 already"),
        ({"domain": {"xml": document.format(uuid)}}, "is that of domain web1 already"),
    ):
        text = play_of({"network": {"name": "lab"}}, first, wrong)
        planned, done = here(text, "--check"), here(text)
        assert words in planned.tasks[-1]["msg"]
        assert done.tasks[-1]["msg"] == planned.tasks[-1]["msg"]
        lab.wipe_domains()


def test_a_pool_knows_of_secrets_and_of_other_pools_in_the_play(lab, here):
    for text in (SECRET + SAN, POOL + MOVED):
        before = lab.state()
        planned = here(PLAY + text, "--check")
        assert planned.code == 0, planned.text
        assert lab.state() == before
        done = here(PLAY + text)
        assert (done.code, done.changed()) == (0, planned.changed()), done.text
    assert "geheim" not in done.text + planned.text


def test_a_play_that_takes_things_away_knows_what_is_free_and_what_is_not(lab, here):
    old = {"name": "old", "bridge": {"name": "virbr77"}, "state": "active"}
    lab.ok("network", **old)
    lab.ok("pool", name="lab", path="/srv/lab", state="active")
    volume = {"pool": "lab", "name": "a.qcow2", "format": "qcow2", "capacity": "1 MiB"}
    lab.ok("volume", **volume)
    done = checked_and_done(
        *(lab, here),
        {"network": {**old, "state": "inactive"}},
        {"network": old},
        {"network": {"name": "old", "state": "absent"}},
        {"network": {**old, "name": "new", "autostart": True}},
        {"network": {**old, "name": "new", "autostart": False}},
        {"pool": {"name": "lab", "path": "/srv/lab", "state": "inactive"}},
    )
    assert [task["changed"] for task in done] == [True] * 6
    done = checked_and_done(lab, here, {"pool": {"name": "lab", "state": "absent"}}, {"volume": volume})
    assert "there is no pool lab" in done[1]["msg"]


def test_a_guest_whose_memory_the_play_saves_goes_on_with_it(lab, here):
    guest = {"name": "web1", "virt_type": "qemu", "memory": "16 MiB", "state": "running"}
    for there in False, True:
        if there:
            lab.ok("domain", **guest)
        done = checked_and_done(
            *(lab, here),
            {"domain": guest},
            {"domain": {**guest, "state": "saved", "autostart": True}},
            {"domain": {"name": "web1", "memory": "24 MiB", "state": "saved"}},
            {"domain": {"name": "web1", "state": "absent"}},
        )
        assert done[2]["changes"][0]["effect"] == "next_boot"


LUKS = {"pool": "lab", "format": "qcow2", "capacity": "1 MiB"}


@pytest.mark.parametrize("by", ["usage", "uuid"])
def test_a_secret_that_the_play_removes_is_missed(lab, here, by):
    secret = {"type": "volume", "usage": "/a", "uuid": "3ed8b0a4-5d0e-4f0e-9a0e-0d3c9c0a0b01"}
    encryption = {"format": "luks", "secret": {by: secret[by]}}
    done = checked_and_done(
        *(lab, here),
        {"pool": {"name": "lab", "path": "/var/lib/libvirt/images/lab", "state": "active"}},
        {"secret": {**secret, "value": "geheim"}},
        {"volume": {**LUKS, "name": "a", "encryption": encryption}},
        {"secret": {"type": "volume", "usage": "/a", "state": "absent"}},
        {"volume": {**LUKS, "name": "b", "encryption": encryption}},
    )
    assert "there is no secret" in done[-1]["msg"]
    # A secret that is there by one of its names.
    lab.ok("secret", **secret, value="geheim")
    done = checked_and_done(
        *(lab, here),
        {"secret": {"type": "volume", "usage": "/a", "state": "absent"}},
        {"volume": {**LUKS, "name": "b", "encryption": encryption}},
    )
    assert "there is no secret" in done[-1]["msg"]


def test_a_check_tells_the_volumes_of_a_pool_of_the_play(lab, here):
    pool = {"name": "lab", "path": "/var/lib/libvirt/images/lab", "state": "active"}
    about = {"volume_info": {"pool": "lab"}}
    tasks = [
        {"pool": pool},
        about,
        {"volume": {"pool": "lab", "name": "b", "capacity": "1 MiB"}},
        {"volume": {"pool": "lab", "name": "a", "capacity": "2 MiB"}},
        about,
        {"volume_info": {"pool": "lab", "name": ["a", "none"]}},
        {"volume": {"pool": "lab", "name": "a", "state": "absent"}},
        about,
        {"pool": {"name": "lab", "state": "inactive"}},
        about,
        {"pool": {"name": "lab", "state": "absent"}},
        about,
    ]
    text, before = play_of(*tasks), lab.state()
    planned = here(text, "--check")
    assert lab.state() == before
    done = here(text)

    def told(result) -> list:
        return [
            [(one["name"], one["capacity"], one["path"]) for one in task["volumes"]]
            for task in result.tasks
            if "volumes" in task
        ]

    assert [len(found) for found in told(done)] == [0, 2, 1, 1, 0]
    assert told(planned) == told(done)
    assert planned.tasks[-1]["msg"] == done.tasks[-1]["msg"]
    assert "there is none of this name" in done.tasks[-1]["msg"]


def test_a_guest_of_the_play_goes_with_its_volumes(lab, here):
    disks = [{"target": "vda", "pool": "lab", "volume": "a.qcow2"}]
    guest = {"virt_type": "qemu", "memory": "16 MiB", "disks": disks}
    made = [
        {"pool": {"name": "lab", "path": "/var/lib/libvirt/images/lab", "state": "active"}},
        {"volume": {"pool": "lab", "name": "a.qcow2", "format": "qcow2", "capacity": "1 MiB"}},
        {"domain": {"name": "web1", **guest}},
    ]
    gone = {"domain": {"name": "web1", "state": "absent", "force": True, "remove_volumes": ["lab/a.qcow2"]}}
    done = checked_and_done(lab, here, *made, {"domain": {"name": "web2", **guest}}, gone)
    assert "domain web2 has lab/a.qcow2 too" in done[-1]["msg"]
    done = checked_and_done(lab, here, {"domain": {"name": "web2", "state": "absent"}}, gone)
    assert [task["changed"] for task in done] == [True] * 2
    lab.wipe()
    rest = {"pool": {"name": "lab", "state": "absent", "remove_target": True}}
    assert [task["changed"] for task in checked_and_done(lab, here, *made, gone, rest)] == [True] * 5


def test_guests_of_an_image_that_the_same_play_imports(lab, here, tmp_path):
    image = {"name": "debian-12", "pool": "lab", "arch": "x86_64", "mirror": MIRROR}
    clone = "{pool: lab, name: web1.qcow2, capacity: 16 MiB, backing: {volume: '{{ base.volume.name }}'}}"
    text = f"{PLAY}{POOL}    - virtops.libvirt.image: {json.dumps(image)}\n      register: base\n"
    text += f"    - virtops.libvirt.volume: {clone}\n"
    mirror = Mirror(lab, tmp_path / "www")
    debian(mirror, 8)
    mirror.start()
    try:
        planned, done, again = here(text, "--check"), here(text), here(text)
        old, new = done.tasks[1]["volume"]["name"], debian(mirror, 9)
        # The guest's disk goes in the same play, and then nothing needs its base.
        text = f"{PLAY}    - virtops.libvirt.volume: {{pool: lab, name: web1.qcow2, state: absent}}\n"
        text += f"    - virtops.libvirt.image: {json.dumps({**image, 'state': 'latest', 'prune': True})}\n"
        pruning, pruned = here(text, "--check"), here(text)
    finally:
        mirror.stop()
    assert (planned.code, planned.changed()) == (0, [True] * 3), planned.text
    assert [task["changes"] for task in done.tasks] == [task["changes"] for task in planned.tasks], done.text
    assert again.changed() == [False] * 3
    assert [task["changes"] for task in pruned.tasks] == [task["changes"] for task in pruning.tasks], pruned.text
    assert [change["path"] for change in pruned.tasks[1]["changes"]] == ["", f"versions[{old}]"]
    assert lab.shell("ls /var/lib/libvirt/images/lab") == f"{new}\n"


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        (BASE, "there is no pool lab"),
        (POOL.replace("active", "present") + BASE, "pool lab is not active"),
        (POOL + CLONE, "backing volume lab/base.qcow2 is not there"),
        (NETWORK + POOL + BASE + CLONE + GUEST, "web1-seed.iso"),
        (POOL + BASE + CLONE + SEED + GUEST, "there is no network lab"),
        (NETWORK + FILTERED, "there is no nwfilter guests"),
        (FILTER + "    - virtops.libvirt.nwfilter: {name: web, state: absent}", "nwfilter guests refers to it"),
        (SAN, "no secret of type iscsi with the usage san"),
        (POOL + POOL.replace("name: lab", "name: other"), "is that of pool lab already"),
        (POOL + BASE + "    - virtops.libvirt.pool: {name: lab, state: absent, remove_target: true}", "base.qcow2"),
        (POOL + BASE + CLONE.replace("16 MiB", "4 MiB"), "capacity 4 MiB is too small"),
        (
            POOL + BASE + "    - virtops.libvirt.volume: {pool: lab, name: base.qcow2, state: absent}" + CLONE,
            "not there",
        ),
    ],
)
def test_what_the_play_will_not_have_made_is_refused_in_check_mode_too(lab, here, tasks, words):
    planned = here(PLAY + tasks, "--check")
    assert planned.code == 2
    assert words in planned.tasks[-1]["msg"]
    assert lab.state()["pool"] == {}


def test_what_it_says_then_is_what_the_real_run_says(lab, here):
    text = PLAY + NETWORK + POOL + BASE + CLONE + GUEST
    planned, real = here(text, "--check"), here(text)
    assert real.tasks[-1]["msg"] == planned.tasks[-1]["msg"]


def test_one_check_knows_nothing_of_another(lab, here):
    assert here(PLAY + POOL, "--check").code == 0
    assert "there is no pool lab" in here(PLAY + BASE, "--check").tasks[0]["msg"]


def test_the_ledger_goes_by_host(lab, play):
    """What one host would have is not there on another; here it is the same under a second name."""
    text = (PLAY + POOL + BASE).replace(
        "- virtops.libvirt.volume", "- delegate_to: other\n      virtops.libvirt.volume"
    )
    variables = {"ansible_connection": "local"}
    assert play(text, "--check", variables=variables).code == 2
