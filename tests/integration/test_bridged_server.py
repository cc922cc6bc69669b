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
def server(here, tiny, tmp_path):
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
        return here(json.dumps([{"hosts": "all", "gather_facts": False, "roles": [role]}]), *words)

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


def test_what_cannot_be_is_refused(lab, server):
    before = lab.state()
    refused = server("--check", bridge="none0").tasks[-1]["msg"]
    assert "none0 is no device of" in refused
    assert "hypervisor_bridges" in refused
    assert "up0 is no bridge but another device" in server(bridge="up0").tasks[-1]["msg"]
    lab.shell("ip link add br0 type bridge")
    wrong = server(addresses=["10.77.0.300/24", "10.77.0.5/24"], gateway="10.78.0.1", snapshots_kept=0)
    lab.shell("ip link del br0")
    for words in ("'10.77.0.300/24' is no address", "gateway 10.78.0.1 is outside of 10.77.0.0/24", "snapshots_kept"):
        assert words in wrong.tasks[-1]["msg"]
    assert lab.state() == before


def test_from_nothing_by_dhcp_through_changes_to_nothing(lab, host, server, bridge, tmp_path):
    before = lab.state()
    lab.writing = True
    made = foretold(server, lab)
    assert "start domain web1" in str(made)
    assert lab.run("domain_info", name=["web1"])["domains"][0]["autostart"]

    # Nobody knows its address before it has talked to the host. Once it is known it stays, whoever forgets it.
    wait_until(lambda: answers(host), 60, "the guest's answer")
    inventory = tmp_path / "web1" / "inventory.yml"
    assert ADDRESS not in inventory.read_text()
    assert set(changes(server())) == {"changed"}
    (group,) = yaml.safe_load(inventory.read_text()).values()
    assert group["hosts"]["web1"]["lab_address"] == ADDRESS
    assert f"HostName {ADDRESS}" in (tmp_path / "web1" / "ssh_config").read_text()
    # A change of its definition and a larger disk, while it runs. The role's older snapshot goes, the user's own stays.
    boot = lab.virsh("domid", "web1")
    labels = {"role": "bridged_server", "taken": "before-change"}
    for name, words in (("before-20260101T000000Z", labels), ("mine", {})):
        lab.ok("snapshot", domain="web1", name=name, labels=words, location="external", memory=False)
    lab.ok("pool", name="web1", refresh=True)
    more = {"memory": "112 MiB", "disk_size": "80 MiB", "snapshots_kept": 1}
    done = str(foretold_but_for_the_disk(server, lab, **more))
    assert "take the external snapshot web1/before-MOMENT" in done
    assert "delete snapshot web1/before-MOMENT" in done
    lab.shell("ip neighbour flush dev br0")
    assert changes(server(**more)) == []
    (old,) = (tmp_path / "web1" / "backups").iterdir()
    assert "<memory unit='KiB'>98304</memory>" in old.read_text()
    assert lab.virsh("snapshot-list", "web1", "--name").split() == [old.stem.replace("web1", "before"), "mine"]
    assert "83886080" in lab.virsh("domblkinfo", "web1", "vda")
    assert lab.virsh("domid", "web1") == boot
    assert answers(host)

    assert changes(server(state="absent")) != []
    assert not (tmp_path / "web1").exists()
    lab.writing = False
    assert lab.state() == before
