# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole plays, by ansible-playbook over SSH or on the host itself: what is not in a module alone.

The action group, the search for a Python that has libvirt, and what Ansible prints.
Checks are in test_check_of_plays.py.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from integration.plays import BASE, CLONE, GUEST, NETWORK, PLAY, POOL, SEED_DISK

_URL = "http://user:geheim@127.0.0.1:9/none?expires=1&signature=geheim"
_ENCODED = "http://user:gehe%69m@127.0.0.1:9/none?t=geheim"


@pytest.mark.parametrize(
    ("module", "options", "message"),
    [
        ("volume", {"source": {"url": _URL, "retries": 0}}, "cannot be reached"),
        ("volume", {"source": {"url": _ENCODED, "retries": 0}}, "cannot be reached"),
        ("image", {"url": _ENCODED, "checksum": "sha256:" + "0" * 64}, "cannot be reached"),
        # Refused before anything is looked at, and so before the task is understood.
        ("volume", {"source": {"url": _URL}, "wipe": "much"}, "no algorithm"),
        (
            "volume",
            {"source": {"url": "http://127.0.0.1:9/none", "checksum": f"sha256:{_URL}", "retries": 0}},
            "reached",
        ),
        ("volume", {"source": {"url": _URL}, "wpie": True}, "wpie"),
        ("volume", {"source": {"url": _URL.replace("127.0.0.1", "[127.0.0.1")}}, "is no URL"),
        ("image", {"url": _URL, "checksum": "sha256:x"}, "'sha256:HEX'"),
        ("domain", {"xml": "<domain><graphics passwd='geheim'/></domian>"}, "not well-formed"),
    ],
)
def test_a_secret_in_the_invocation_is_not_shown_to_whoever_looks_closely(lab, here, module, options, message):
    place = {} if module == "domain" else {"pool": "lab"}
    text = f"{PLAY}{POOL}    - virtops.libvirt.{module}: {json.dumps({'name': 'x', **place, **options})}\n"
    # Before it Ansible shows the lines of the playbook.
    said = here(text, "-vvv", callback="default").text.partition("FAILED! =>")[2]
    assert message in said
    assert "gehe" not in said


def test_what_is_in_a_seed_is_not_shown_to_whoever_looks_closely(lab, play):
    secret = "{{ secret }}"
    seeds = [
        {"pool": "lab", "name": "a", "cloud_init": {"user_data": {"password": secret}}},
        {"pool": "lab", "name": "b", "ignition": {"ignition": {"version": "3.4.0"}, "note": secret}},
        # Refused before the module itself sees it.
        {"pool": "lab", "name": "c", "cloud_init": {"userdata": secret}},
    ]
    text = PLAY + POOL + "".join(f"    - virtops.libvirt.volume: {json.dumps(seed)}\n" for seed in seeds)
    for words in (("--check",), ()):
        done = play(text, "--diff", "-vvv", *words, variables={"secret": "geheimnis"}, callback="default")
        assert "write the Ignition config volume lab/b" in done.text
        assert "userdata" in done.text
        assert "geheimnis" not in done.text


def test_defaults_of_the_action_group_reach_every_module(lab, here):
    tasks = NETWORK + POOL + BASE + GUEST + "    - virtops.libvirt.volume_info: {pool: lab}\n"
    tasks += "".join(f"    - virtops.libvirt.{kind}_info:\n" for kind in ("pool", "network", "domain"))
    text = (PLAY + tasks).replace("  gather_facts: false", "  gather_facts: false\n  ignore_errors: true")
    result = here(text, variables={"libvirt_uri": "qemu:///nowhere"})
    assert len(result.tasks) == 8
    for task in result.tasks:
        assert "qemu:///nowhere" in task["msg"]


def bare_python(lab) -> str:
    """A Python on the host that has neither libvirt nor lxml."""
    lab.shell("test -x /root/bare/bin/python || /usr/bin/python3 -m venv --without-pip /root/bare")
    return "/root/bare/bin/python"


def test_a_module_goes_on_under_a_python_that_has_libvirt(lab, play):
    variables = {"ansible_python_interpreter": bare_python(lab)}
    assert play(PLAY + POOL, "--check", "--diff", variables=variables).changed() == [True]
    made = play(PLAY + POOL + BASE + "    - virtops.libvirt.pool_info:\n", variables=variables)
    assert made.code == 0, made.text
    assert made.tasks[-1]["pools"][0]["name"] == "lab"
    assert play(PLAY + POOL + BASE, variables=variables).changed() == [False, False]


def test_where_no_python_has_libvirt_the_packages_are_named(lab, play):
    library = lab.shell("ls /usr/lib/python3/dist-packages/libvirtmod.*.so").strip()
    # In a layer of the host's own: the file below it stays, which the machine has where it runs the host's release.
    below = Path(library).exists()
    lab.shell(f"mv {library} /root/hidden.so")
    try:
        failed = play(PLAY + POOL, variables={"ansible_python_interpreter": bare_python(lab)})
    finally:
        lab.shell(f"mv /root/hidden.so {library}")
    assert "python3-libvirt" in failed.tasks[0]["msg"]
    assert Path(library).exists() == below


def test_the_diff_is_printed_by_option_and_as_xml(lab, here):
    here(PLAY + NETWORK)
    text = PLAY + NETWORK.replace("state: active", "state: active\n        domain: {name: lab.test}")
    printed = here(text, "--check", "--diff", callback="default").text
    assert "--- before: network lab (options)" in printed
    assert '+        "name": "lab.test"' in printed
    assert '+  <domain name="lab.test"/>' in printed


def test_a_user_who_may_only_read_can_check(lab, play):
    """The socket for readers is open to all, the one for writers is root's."""
    lab.ok("pool", name="lab", path="/var/lib/libvirt/images/lab", state="active")
    variables = {
        "ansible_become": True,
        "ansible_become_user": "nobody",
        "ansible_become_method": "ansible.builtin.su",
        "ansible_become_exe": "su -s /bin/sh",
    }
    text = PLAY + NETWORK + POOL + BASE + CLONE + GUEST.replace(SEED_DISK, "")
    # He may not look into the pool either.
    mode = lab.shell("stat -c %a /var/lib/libvirt/images; chmod 0700 /var/lib/libvirt/images")
    planned, refused = play(text, "--check", variables=variables), play(text, variables=variables)
    lab.shell(f"chmod {mode.strip()} /var/lib/libvirt/images")
    assert planned.changed() == [True, False, True, True, True], planned.text
    assert "set 'become: true'" in refused.tasks[0]["msg"]


IMPORT = """
    - virtops.libvirt.volume:
        {pool: lab, name: base, source: {path: "IMAGE", remote_src: false, checksum: "sha256:SHA256"}}
"""


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_a_file_of_the_controller_is_sent_when_it_is_needed(lab, play, tmp_path, kind):
    image = tmp_path / "image"
    subprocess.run(["qemu-img", "create", "-q", "-f", kind, image, "64M"], check=True)
    subprocess.run(["qemu-io", "-f", kind, "-c", "write -q -P 0x5a 4M 1M", image], check=True)
    digest = subprocess.run(["sha256sum", image], check=True, capture_output=True, text=True).stdout.split()[0]
    lab.ok("pool", name="lab", path="/var/lib/libvirt/images/lab", state="active")
    text = PLAY + IMPORT.replace("IMAGE", str(image)).replace("SHA256", digest)
    plan, real, again = play(text, "--check", "--diff"), play(text, "--diff"), play(text)
    assert (plan.code, real.code, again.code) == (0, 0, 0), plan.text + real.text
    assert plan.changed() + real.changed() + again.changed() == [True, True, False]
    assert real.tasks[0]["diff"] == plan.tasks[0]["diff"]
    assert "identical" in lab.shell(f"qemu-img compare {image} /var/lib/libvirt/images/lab/base")
    assert lab.file("/var/lib/libvirt/images/lab/base").stat().st_blocks * 512 < 3 << 20
    assert lab.shell("ls -A /var/lib/libvirt/images/lab") == "base\n"
    lab.ok("volume", pool="lab", name="base", state="absent")
    wrong = play(PLAY + IMPORT.replace("IMAGE", str(image)).replace("SHA256", "0" * 64))
    assert wrong.code
    assert "checksum" in wrong.text
    missing = play(PLAY + IMPORT.replace("IMAGE", "/none.img").replace("SHA256", digest))
    assert "controller" in missing.text
