# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks for the controller itself: the same as on any host, and without a Python that is started for them."""

from __future__ import annotations

import json

import pytest

GUEST = {"name": "web1", "virt_type": "qemu", "memory": "16 MiB", "interfaces": [{"network": "lab"}]}
TASKS = [
    {"network": {"name": "lab", "state": "active", "ips": [{"address": "10.87.0.1", "prefix": 24}]}},
    {"pool": {"name": "lab", "path": "/var/lib/libvirt/images/lab", "state": "active"}},
    {"volume": {"pool": "lab", "name": "{{ item }}", "capacity": "8 MiB"}, "loop": ["a.qcow2", "b.qcow2"]},
    {"domain": {**GUEST, "disks": [{"target": "vda", "pool": "lab", "volume": "a.qcow2"}], "state": "running"}},
    {"domain": {**GUEST, "vcpus": 0}, "ignore_errors": True},
    {"domain": {**GUEST, "memroy": 1}, "ignore_errors": True},
    {"domain_info": {"name": ["web1"]}},
    {"pool_info": {}, "check_mode": True, "become": False},
]
# What Ansible says only of a module that it packs and sends.
SENT = "Using module file"


def text(*tasks: dict) -> str:
    named = [{f"virtops.libvirt.{kind}": options, **more} for kind, options, more in map(split, tasks)]
    return json.dumps([{"hosts": "all", "gather_facts": False, "tasks": named}])


def split(task: dict):
    (kind, options), *more = task.items()
    return kind, options, dict(more)


def results(done) -> list:
    """What the tasks answered that is not drawn anew for each object."""
    assert done.code == 0, done.text
    told = [one for task in done.tasks for one in (task, *task.get("results", ()))]
    return [{name: one.get(name) for name in ("changed", "changes", "steps", "diff", "pending", "msg")} for one in told]


def test_a_task_for_the_controller_is_as_on_any_host(lab, play, here):
    wanted = []
    for run in (play, here):
        wanted.append([results(run(text(*TASKS), *words)) for words in (("--check", "--diff"), ("--diff",), ())])
        lab.wipe()
    by_ssh, by_fork = wanted
    assert by_fork == by_ssh
    changes = [True] * 6 + [False] * 4
    assert [[task["changed"] for task in tasks] for tasks in by_fork] == [changes, changes, [False] * 10]


def test_nothing_is_sent_where_nothing_else_is_asked_for(lab, here):
    done = here(text({"domain": {**GUEST, "interfaces": []}}, {"host_info": {}}), "-vvv", callback="default")
    assert done.code == 0, done.text
    assert SENT not in done.text
    assert "changed=1" in done.text


@pytest.mark.parametrize(
    ("more", "variables"),
    [
        ({"become": True, "become_method": "ansible.builtin.su"}, {}),
        ({"environment": {"LIBVIRT_DEFAULT_URI": "qemu:///system"}}, {}),
        ({"async": 60, "poll": 1}, {}),
        # Another Python, by its name.
        ({}, {"ansible_python_interpreter": "/usr/local/bin/other-python"}),
    ],
)
def test_what_another_process_is_needed_for_goes_to_one(lab, here, more, variables):
    lab.shell("cp --no-clobber $(readlink -f /usr/bin/python3) /usr/local/bin/other-python")
    play = text({"host_info": {}, **more})
    done = here(play, "-vvv", callback="default", variables=variables)
    assert done.code == 0, done.text
    assert SENT in done.text


def test_a_task_that_runs_out_of_its_time_leaves_no_process(lab, here, guest):
    waiting = {"name": guest, "state": "running", "wait_for": ["agent"], "timeout": 120}
    done = here(text({"domain": waiting, "timeout": 3}))
    assert "imed out" in done.tasks[0]["msg"] or "time frame" in done.tasks[0]["msg"]
    assert lab.shell("pgrep -fc [a]nsible-playbook; true").strip() == "0"
