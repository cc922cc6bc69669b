# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian guest: tasks run in it through its agent; it sees every VirtIO device, and what changes while it runs.

One boot serves all tests, in their order: the last one starts the guest anew.
"""

from __future__ import annotations

import hashlib
import json
import os

import pytest
from hypervisors import Switch
from integration._lab import effects, wait_until
from integration._play import Playbook
from integration.test_interrupted import restart
from integration.test_inventory import read

MAC, SECOND = "52:54:00:aa:05:01", "52:54:00:aa:05:02"
# Device IDs of the VirtIO specification, section 5.
VIRTIO = {1: "net", 2: "blk", 3: "serial", 4: "rng", 5: "balloon", 8: "scsi", 16: "gpu", 26: "fs"}
KEY = "/root/debian_guest"
SSH = f"ssh -i {KEY} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
DISKS = [
    {"target": "vda", "pool": "images", "volume": "debian.qcow2", "boot": 1},
    {"target": "sdb", "pool": "images", "volume": "seed.iso", "bus": "scsi", "device": "cdrom"},
    {"target": "vdd", "pool": "images", "volume": "config.ign", "serial": "ignition", "readonly": True},
    {"target": "sda", "pool": "images", "volume": "data.qcow2", "bus": "scsi", "serial": "data"},
]
GUEST = {
    "name": "debian",
    "virt_type": "qemu",
    "memory": "512 MiB",
    "vcpus": 1,
    "max_vcpus": 2,
    "cpu": {"mode": "maximum", "nested": True},
    "memory_backing": {"source": "memfd", "access": "shared"},
    "disks": DISKS,
    "interfaces": [{"network": "lab", "mac": MAC}],
    "filesystems": [{"target": "share", "source": "/srv", "driver": "virtiofs"}],
    "graphics": [{"type": "vnc", "listen": "127.0.0.1"}],
    "videos": [{"model": "virtio"}],
    "fw_cfg": [{"name": "opt/com.coreos/config", "file": "/var/lib/libvirt/images/images/config.ign"}],
    "state": "running",
    "timeout": 180,
}


CONFIG = {"ignition": {"version": "3.4.0"}, "storage": {"files": [{"path": "/etc/hostname"}]}}


class Inside:
    """A shell in the guest."""

    def __init__(self, lab, address: str):
        self.lab, self.address = lab, address

    def __call__(self, command: str) -> str:
        return self.lab.shell(f"{SSH} root@{self.address} '{command}'").strip()

    def until(self, command: str, wanted: str) -> None:
        wait_until(lambda: self(command) == wanted, 30, f"{command} says {wanted}")


def user_data(lab, **more) -> dict:
    key = lab.shell(f"cat {KEY}.pub").strip()
    users = [{"name": "root", "ssh_authorized_keys": [key]}]
    return {"hostname": "debian", "disable_root": False, "users": users, **more}


@pytest.fixture(scope="module")
def lab(_session_lab):
    """The host, empty again after all tests of this file."""
    yield _session_lab
    _session_lab.wipe()


@pytest.fixture(scope="module")
def address(lab, debian):
    """Where the guest answers, once it does."""
    pool = "images"
    lab.ok("pool", name=pool, path="/var/lib/libvirt/images/images", state="active")
    lab.ok("network", name="lab", state="active", ips=[{**SUBNET, "dhcp": {"ranges": [RANGE]}}])
    lab.shell(f"test -e {KEY} || ssh-keygen -q -t ed25519 -N '' -f {KEY}")
    lab.ok("volume", pool=pool, name="debian.qcow2", source={"path": str(debian)}, format="qcow2")
    lab.ok("volume", pool=pool, name="seed.iso", cloud_init={"user_data": user_data(lab)})
    lab.ok("volume", pool=pool, name="config.ign", ignition=CONFIG)
    lab.ok("volume", pool=pool, name="data.qcow2", capacity="8 MiB", format="qcow2")
    lab.ok("volume", pool=pool, name="more.qcow2", capacity="16 MiB", format="qcow2")
    lab.shell("echo hello >/srv/from-the-host")
    lab.writing = True
    made = lab.ok("domain", **GUEST, wait_for=["ip", "agent", "ssh", "cloud_init"])
    assert made["cloud_init"]["status"] == "done"
    assert "NoCloud" in made["cloud_init"]["datasource"]
    (found,) = [one["address"] for one in made["addresses"] if one["mac"] == MAC and "." in one["address"]]
    return found


SUBNET = {"address": "10.50.0.1", "prefix": 24}
RANGE = {"start": "10.50.0.10", "end": "10.50.0.99"}


@pytest.fixture
def play(lab, address, tmp_path):
    """Runs plays in guests, from beside the host, over the network between the hosts."""
    tasks = {"ansible_connection": "virtops.libvirt.guest_agent", "libvirt_uri": lab.host.tcp_uri}
    uuid = lab.virsh("domuuid", "debian")
    hosts = {"debian": {}, "by_uuid": {"ansible_host": uuid}, "off": {}, "mute": {}, "none": {}, "far": {}}
    hosts["by_ssh"] = {"ansible_libvirt_uri": lab.host.ssh_uri, "ansible_host": uuid}
    hosts["far"] = {"ansible_libvirt_uri": "qemu+tcp://127.0.0.1:9/system"}
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": tasks}}))
    return Playbook(tmp_path, str(inventory), {}, Switch(lab.host.state).command)


def raw(command: str, hosts: str = "debian", **variables) -> str:
    task = {"ansible.builtin.raw": command, "vars": variables}
    return json.dumps([{"hosts": hosts, "gather_facts": False, "tasks": [task]}])


def test_tasks_run_in_a_guest_through_its_agent(play, tmp_path):
    big = os.urandom(5 << 19)
    (tmp_path / "big").write_bytes(big)
    nobody = {"become": True, "become_user": "nobody"}
    tasks = [
        {
            "ansible.builtin.copy": {"src": f"{tmp_path}/big", "dest": "/root/big", "mode": "0640"},
            "vars": {"ansible_pipelining": False},
        },
        {"ansible.builtin.fetch": {"src": "/root/big", "dest": f"{tmp_path}/back", "flat": True}},
        {"ansible.builtin.raw": "sha256sum </root/big; stat -c %a /root/big; ls /var/run/virtops* | wc -l"},
        {"ansible.builtin.raw": "echo größer ☃; echo $HOME >&2; exit 3", "ignore_errors": True},
        {"ansible.builtin.raw": "head -c 3000000 /dev/zero | tr '\\0' o; head -c 700000 /dev/zero | tr '\\0' e >&2"},
        # Root is asked for no password, and none is sent.
        {"ansible.builtin.command": "id -un", **nobody, "vars": {"ansible_become_password": "wrong geheim"}},
        {
            "ansible.builtin.raw": "id -un; cat",
            **nobody,
            "become_method": "ansible.builtin.su",
            "vars": {"ansible_become_exe": "su -s /bin/sh", "ansible_become_password": "wrong geheim"},
        },
    ]
    done = play(json.dumps([{"hosts": "by_uuid", "gather_facts": False, "tasks": tasks}]), "-vvv")
    assert done.code == 0, done.text
    copied, fetched, seen, failed, much, sudo, su = done.tasks
    assert copied["changed"]
    assert (tmp_path / "back").read_bytes() == big
    assert fetched["checksum"] == copied["checksum"]
    assert seen["stdout_lines"][:3] == [f"{hashlib.sha256(big).hexdigest()}  -", "640", "0"]
    assert (failed["rc"], failed["stdout"], failed["stderr"]) == (3, "größer ☃\n", "/root\n")
    assert much["stdout"] == "o" * 3000000
    assert much["stderr"] == "e" * 700000
    assert (sudo["stdout"], su["stdout"].strip()) == ("nobody", "nobody")
    assert "geheim" not in done.text


def test_a_guest_is_rebooted_and_waited_for_through_its_agent(lab, address, play):
    boot = {"ansible.builtin.raw": "cat /proc/sys/kernel/random/boot_id"}
    by_ssh = play(raw(boot["ansible.builtin.raw"], "by_ssh"))
    waited = {"ansible.builtin.wait_for_connection": {"timeout": 240}}
    tasks = [boot, {"ansible.builtin.reboot": {"reboot_timeout": 240}}, {"meta": "reset_connection"}, waited, boot]
    done = play(json.dumps([{"hosts": "debian", "gather_facts": False, "tasks": tasks}]))
    assert done.code == 0, done.text
    before, rebooted, _waited, after = done.tasks
    assert by_ssh.tasks[0]["stdout"] == before["stdout"], by_ssh.text
    assert rebooted["rebooted"]
    assert len({before["stdout"], after["stdout"], ""}) == 3
    Inside(lab, address).until("systemctl is-system-running --wait", "running")


def test_a_guest_that_is_not_there_is_passed_over_where_the_task_says_so(play):
    tasks = [
        {"ansible.builtin.raw": "true", "ignore_unreachable": True},
        {"ansible.builtin.wait_for_connection": {"timeout": 2, "sleep": 1}},
    ]
    done = play(json.dumps([{"hosts": "none", "gather_facts": False, "tasks": tasks}]))
    passed_over, waited = done.tasks
    assert passed_over["unreachable"], done.text
    assert "timed out waiting for ping module test" in waited["msg"]


def test_a_command_outlives_a_restart_of_libvirts_daemon(lab, address, play):
    inside = Inside(lab, address)
    running = play.start(raw("touch /tmp/begun; until test -e /tmp/go; do sleep 0.1; done; echo gone on"))
    inside.until("ls /tmp/begun 2>/dev/null; true", "/tmp/begun")
    restart(lab)
    inside("touch /tmp/go")
    done = play.result(running)
    assert done.tasks[0]["stdout"] == "gone on\n", done.text


def test_what_keeps_tasks_out_of_a_guest_is_told_in_a_sentence(lab, address, play):
    def told(hosts: str = "debian", **variables) -> str:
        done = play(raw("true", hosts, **variables))
        assert done.code == 4, done.text
        assert all(task["unreachable"] for task in done.tasks), done.text
        return " ".join(task["msg"] for task in done.tasks)

    lab.ok("domain", name="off", virt_type="qemu", memory="16 MiB", state="stopped")
    lab.ok("domain", name="mute", virt_type="qemu", memory="16 MiB", channels=[], state="running")
    words = told("off,mute,none,far")
    for said in (
        "guest off is stopped; start it; libvirt says: ",
        "guest mute has no channel for a guest agent; give it one with 'channels'",
        "there is no guest none at qemu+tcp://",
        "cannot connect to libvirt at qemu+tcp://127.0.0.1:9/system: is its daemon",
    ):
        assert said in words
    lab.virsh("domfsfreeze", "debian")
    assert "while its file systems are frozen" in told(ansible_timeout=1)
    lab.virsh("domfsthaw", "debian")
    lab.virsh("suspend", "debian")
    assert "guest debian is paused; resume it" in told()
    lab.virsh("resume", "debian")
    inside = Inside(lab, address)
    allow_all_but(inside, "guest-exec", "guest-file-write")
    agent_is(lab, "connected")
    assert "its agent is told not to run a command; allow guest-exec in its configuration" in told()
    inside("rm /etc/qemu/qemu-ga.conf; systemctl stop qemu-guest-agent")
    agent_is(lab, "disconnected")
    assert "guest debian: no agent runs in it; install qemu-guest-agent" in told()
    inside("systemctl start qemu-guest-agent")
    agent_is(lab, "connected")
    slow = play(raw("sleep 60", ansible_guest_agent_command_timeout=1))
    assert slow.code == 2, slow.text
    assert "its command did not end within 1 s" in slow.tasks[0]["msg"]


def agent_is(lab, state: str) -> None:
    wait_until(lambda: f"state='{state}'" in lab.virsh("dumpxml", "debian"), 30, f"an agent that is {state}")


def allow_all_but(inside: Inside, *commands: str) -> None:
    words = f"[general]\\nblacklist={','.join(commands)}\\n"
    inside(f'mkdir -p /etc/qemu; printf "{words}" >/etc/qemu/qemu-ga.conf; systemctl restart qemu-guest-agent')


def test_a_debian_guest_sees_its_devices_and_their_changes(lab, address):
    inside = Inside(lab, address)
    numbers = {int(line, 16) for line in inside("cat /sys/bus/virtio/devices/*/device").splitlines()}
    assert {name for number, name in VIRTIO.items() if number not in numbers} == set()
    assert inside("grep -cw svm /proc/cpuinfo") == "1"
    assert inside("mkdir /share; mount -t virtiofs share /share && cat /share/from-the-host") == "hello"
    assert inside("cat /sys/class/scsi_disk/*/device/model") == "QEMU HARDDISK"
    lab.unchanged("domain", **GUEST, wait_for=["ssh"])

    # The inventory knows the address from the agent; what is on no NIC of the guest is none.
    inside("ip link add docker0 type dummy; ip address add 172.17.0.1/16 dev docker0; ip link set docker0 up")
    (told,) = [one for one in read(lab, addresses=["agent"])["guests"] if one["libvirt_name"] == "debian"]
    assert told["ansible_host"] == address
    assert {(one["mac"], one["source"]) for one in told["libvirt_addresses"]} == {(MAC, "agent")}
    inside("ip link del docker0")

    # A config for Ignition, in both ways.
    for file in ("/sys/firmware/qemu_fw_cfg/by_name/opt/com.coreos/config/raw", "/dev/disk/by-id/virtio-ignition"):
        assert json.loads(inside(f"modprobe qemu_fw_cfg; cat {file}")) == CONFIG

    # What is changed while it runs.
    disks = [*DISKS, {"target": "vdc", "pool": "images", "volume": "more.qcow2"}]
    nics = [*GUEST["interfaces"], {"network": "lab", "mac": SECOND}]
    changed = lab.change("domain", name="debian", disks=disks, interfaces=nics, vcpus=2, current_memory="384 MiB")
    assert set(effects(changed).values()) == {"live"}
    inside.until("cat /sys/block/vdc/size", str(16 * 1024 * 2))
    inside.until(f"grep -l {SECOND} /sys/class/net/*/address | wc -l", "1")
    inside.until("nproc --all", "2")
    wait_until(lambda: int(inside("grep MemTotal /proc/meminfo | tr -dc 0-9")) < 400 * 1024, 60, "the balloon")
    nics[1]["link"] = "down"
    lab.change("domain", name="debian", interfaces=nics)
    inside.until(f"cat $(dirname $(grep -l {SECOND} /sys/class/net/*/address))/carrier", "0")
    gone = lab.change("domain", name="debian", disks=DISKS, interfaces=GUEST["interfaces"])
    assert set(effects(gone).values()) == {"live"}
    assert inside("ls /sys/block | grep -c vdc; true") == "0"

    # Another seed is for its next start, also where it reads the disk itself and not what it remembers.
    failing = user_data(lab, runcmd=["echo told >/root/told", "no-such-command"])
    seed = {"pool": "images", "name": "seed.iso", "cloud_init": {"user_data": failing, "instance_id": "content"}}
    before = inside("dd if=/dev/sr0 iflag=direct bs=64k status=none | sha256sum")
    assert set(effects(lab.change("volume", **seed)).values()) == {"next_boot"}
    assert inside("dd if=/dev/sr0 iflag=direct bs=64k status=none | sha256sum") == before

    # What waits for the next start, and a power cycle by the agent.
    cycled = lab.change("domain", name="debian", memory="576 MiB", current_memory="576 MiB", power_cycle=True)
    assert cycled["power_cycled"]
    # It took the seed for that of another guest; a failure of cloud-init is told in its own words.
    failed = lab.run("domain", **{**GUEST, "memory": "576 MiB", "vcpus": 2}, wait_for=["ssh", "cloud_init"])
    assert "modules-final" in failed["msg"]
    assert "runcmd" in failed["msg"]
    assert inside("cat /root/told") == "told"
    assert int(inside("grep MemTotal /proc/meminfo | tr -dc 0-9")) > 500 * 1024
    outcome_without_files(lab, inside, failed["msg"])


def outcome_without_files(lab, inside, failure: str) -> None:
    """What is told of cloud-init where the agent may not do all, and where there is nothing to tell."""

    def told() -> str:
        return lab.run("domain", name="debian", state="running", timeout=20, wait_for=["cloud_init"])["msg"]

    allow_all_but(inside, "guest-file-open")
    assert told() == failure
    allow_all_but(inside, "guest-file-open", "guest-exec")
    assert "allow guest-file-close, guest-file-open, guest-file-read" in told()
    allow_all_but(inside, "guest-ping")
    inside("rm /run/cloud-init/result.json /run/cloud-init/status.json; touch /etc/cloud/cloud-init.disabled")
    assert "cloud-init is disabled" in told()
    inside("rm /etc/cloud/cloud-init.disabled; mv /usr/bin/cloud-init /root")
    assert "has no cloud-init" in told()
