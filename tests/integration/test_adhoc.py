# SPDX-License-Identifier: GPL-3.0-or-later
"""The role bridged_server with a tiny guest, which reads no seed, on a bridge with a DHCP server.

With a Debian guest, a fixed address and the world outside it is in extensions/molecule.
"""

from __future__ import annotations

import json
import re
import subprocess

import pytest
import yaml
from integration._lab import wait_until

ADDRESS = "10.77.0.50"
LEASES = "/run/bridge-leases"
DHCP = (
    "dnsmasq --conf-file=/dev/null --interface=br0 --bind-interfaces --port=0 --dhcp-range=10.77.0.50,10.77.0.50"
    f" --dhcp-leasefile={LEASES} --pid-file=/run/bridge-dnsmasq"
)


@pytest.fixture
def bridge(lab):
    """A bridge of the host with a DHCP server that has one address to give."""
    lab.shell(f"ip link add br0 type bridge; ip address add 10.77.0.1/24 dev br0; ip link set br0 up; {DHCP}")
    yield "br0"
    lab.wipe_domains()
    lab.shell(f"kill $(cat /run/bridge-dnsmasq); ip link del br0; rm {LEASES}")


@pytest.fixture
def server(play, tiny, tmp_path):
    """A function that runs the role with some variables (and words for ansible-playbook) and gives its C(Result)."""

    def run(*words: str, **more):
        given = {
            "name": "web1",
            "bridge": "br0",
            "image": str(tiny["tiny.qcow2"]),
            "memory": "96 MiB",
            "disk_size": "64 MiB",
            "virt_type": "qemu",
            "output_dir": str(tmp_path / "web1"),
            "wait": False,
            **more,
        }
        values = {f"bridged_server_{key}": value for key, value in given.items()}
        role = {"role": "virtops.libvirt.bridged_server", "vars": values}
        return play(json.dumps([{"hosts": "all", "gather_facts": False, "roles": [role]}]), *words)

    return run


def changes(result) -> list:
    """What the tasks of a play changed, in words and without the moment."""
    assert result.code == 0, result.text
    done = [task.get("steps", "changed") for task in result.tasks if task.get("changed")]
    return sorted(json.loads(re.sub(r"\d{8}T\d{6}Z", "MOMENT", json.dumps(done))), key=str)


def foretold(server, lab, **more) -> list:
    """The changes of a run, of which the check before it said each, and touched nothing."""
    there = lab.state()
    plan = changes(server("--check", **more))
    assert lab.state() == there
    done = changes(server(**more))
    assert done == plan
    return done


def foretold_but_for_the_disk(server, lab, **more) -> list:
    """The same where a disk grows: a check can't name the volume that the snapshot is yet to make."""
    there = lab.state()
    plan = changes(server("--check", **more))
    assert lab.state() == there
    done = changes(server(**more))
    volume = re.compile(r"volume web1/web1\.\S+")
    assert volume.sub("volume", json.dumps(done)) == volume.sub("volume", json.dumps(plan))
    return done


def answers(host) -> bool:
    command = ["busybox", "nc", "-w", "5", ADDRESS, "23"]
    done = host.exec(command, input="echo here\nexit\n", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip() == "here"


def test_adhoc(lab, host, server, bridge, tmp_path, request):
    before = lab.state()
    lab.writing = True
    print(changes(server()))
    wait_until(lambda: answers(host), 100, "the guest's answer")
    print("CHANGE", changes(server(memory="112 MiB")))
    (first,) = lab.virsh("snapshot-list", "web1", "--name").split()
    if request.config.getoption("release") == "trixie":
        print("REVERT", lab.ok("snapshot", domain="web1", name=first, state="reverted", power_state="running")["steps"])
        print(lab.virsh("domblklist", "web1"), lab.virsh("vol-list", "web1"))
        print("AGAIN", changes(server("--check", memory="112 MiB")))
        print("AGAIN", changes(server(memory="112 MiB")))
        assert changes(server(memory="112 MiB")) == []
    lab.virsh("destroy", "web1")
    print("STOPPED", foretold_but_for_the_disk(server, lab, memory="112 MiB", disk_size="80 MiB", snapshots_kept=1))
    print(lab.virsh("domblklist", "web1"), lab.virsh("vol-list", "web1"), lab.virsh("snapshot-list", "web1", "--name"))
    assert changes(server(memory="112 MiB", disk_size="80 MiB", snapshots_kept=1)) == []
    lab.virsh("snapshot-create-as", "web1", "mine", "--disk-only")
    lab.shell("touch /var/lib/libvirt/images/web1/foreign")
    print("ABSENT", foretold(server, lab, state="absent"))
    lab.shell("rm /var/lib/libvirt/images/web1/foreign")
    print("ABSENT", foretold(server, lab, state="absent"))
    lab.writing = False
    assert lab.state() == before
    assert 0
