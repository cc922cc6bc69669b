# SPDX-License-Identifier: GPL-3.0-or-later
"""The role hypervisor: bridges over the NIC that Ansible comes by, with each system that has networks; and guests."""

from __future__ import annotations

import json
import re
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypervisors import Hypervisor
from integration._lab import wait_until
from integration._play import Playbook
from integration.guests import tiny_guest

GATEWAY = "10.99.0.1"
# What each system needs to run without systemd, and the host's own configuration of its NIC up0.
PACKAGES = {"ifupdown": "ifupdown", "netplan": "netplan.io", "NetworkManager": "network-manager"}
FILES = {
    "ifupdown": (
        "/etc/network/interfaces",
        """\
# The host's own.
source /etc/network/interfaces.d/*

auto lo up0
iface lo inet loopback

iface up0 inet static
    # by hand
    address ADDRESS/24
    gateway 10.99.0.1
    dns-nameservers 10.99.0.1
    dns-search lab.test
""",
    ),
    "networkd": (
        "/etc/systemd/network/20-up0.network",
        """\
[Match]
Name=up0
[Network]
Address=ADDRESS/24
Gateway=10.99.0.1
DNS=10.99.0.1
Domains=lab.test
IPv6AcceptRA=no
""",
    ),
    "netplan": (
        "/etc/netplan/50-up0.yaml",
        """\
# The host's own.
network:
  version: 2
  ethernets:
    # by hand
    up0:
      addresses: [ADDRESS/24]
      optional: true
      accept-ra: false
      routes:
        - to: default
          via: 10.99.0.1
      nameservers:
        addresses: [10.99.0.1]
        search: [lab.test]
""",
    ),
    "NetworkManager": (
        "/etc/NetworkManager/system-connections/wired.nmconnection",
        """\
[connection]
id=wired
type=ethernet
interface-name=up0
[ipv4]
method=manual
address1=ADDRESS/24,10.99.0.1
dns=10.99.0.1;
dns-search=lab.test;
[ipv6]
method=link-local
""",
    ),
}
# Where /sys can't be written to nobody waits for udev. Without an address the NIC is as the system finds it at a start.
BUS = """\
mkdir -p /run/dbus; dbus-daemon --system --fork
mount -o remount,bind,ro /sys; ip address flush dev up0 scope global
"""
NETWORKD = """\
mkdir -p /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp /run/systemd/network
chown -R systemd-network: /run/systemd/netif
setsid /lib/systemd/systemd-networkd </dev/null >/var/log/networkd.log 2>&1 &
until networkctl status up0 | grep -q 'State: routable'; do sleep 0.1; done
"""
START = {
    "ifupdown": "mkdir -p /run/network /etc/network/interfaces.d; echo up0=up0 >/run/network/ifstate",
    "networkd": BUS + NETWORKD,
    "netplan": f"ldconfig; netplan generate; {BUS}{NETWORKD}",
    "NetworkManager": f"""\
printf '[main]\\nplugins=keyfile\\nauth-polkit=false\\ndns=none\\n' >/etc/NetworkManager/NetworkManager.conf
mkdir -p /var/lib/NetworkManager
{BUS}
setsid NetworkManager --no-daemon </dev/null >/var/log/nm.log 2>&1 &
until nmcli --get-values GENERAL.STATE device show up0 | grep -q '^100'; do sleep 0.1; done
""",
}
MAIN = {
    "ifupdown": "/etc/network/interfaces.d/hypervisor-br0",
    "networkd": "/etc/systemd/network/00-hypervisor-br0.network",
    "netplan": "/etc/netplan/90-hypervisor-br0.yaml",
    "NetworkManager": "/etc/NetworkManager/system-connections/hypervisor-br0.nmconnection",
}
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: virtops.libvirt.hypervisor}
"""
GUEST_ON_IT = f"""{PLAY}
    - virtops.libvirt.domain:
        {{name: web1, virt_type: qemu, memory: 16 MiB, interfaces: [{{bridge: br0}}], state: running}}
"""
# What a host has that takes no service manager's orders.
RESTART = "old=$(cat /run/libvirtd.pid); kill $old; while [ -e /proc/$old ]; do sleep 0.1; done; exec libvirtd -d -l"
NIC = "<interface type='network'><source network='default'/><model type='virtio'/></interface>"


class Hosts:
    """A host for each system that configures its NIC, and plays of the role on all of them at once."""

    def __init__(self, hosts: dict[str, Hypervisor], scratch: Path) -> None:
        self.hosts = hosts
        (scratch / "ssh_config").write_text("".join(host.ssh_config() for host in hosts.values()))
        ssh = f"-F {scratch}/ssh_config -o ControlMaster=auto -o ControlPersist=60 -o ControlPath={scratch}/%n"
        (scratch / "ansible.cfg").write_text(
            f"[defaults]\nhome = {scratch}/home\n[ssh_connection]\nssh_args = {ssh}\npipelining = true\n"
        )
        names = ",".join(host.name for host in hosts.values())
        self.playbook = Playbook(scratch, names, {"ANSIBLE_CONFIG": f"{scratch}/ansible.cfg"})
        for system, host in hosts.items():
            path, content = FILES[system]
            # networkd is no root, and NetworkManager reads nothing that others may.
            mode = "644" if system == "networkd" else "600"
            write = f"mkdir -p {Path(path).parent}; cat >{path}; chmod {mode} {path}"
            shell(host, write, input=content.replace("ADDRESS", host.ip))
            # None of the files has any.
            shell(host, "ip -6 address flush dev up0 scope global; ip -6 route flush default")
            shell(host, START[system])

    def role(self, *words: str, deadline: int = 60, more: dict | None = None, text: str = PLAY, **bridge):
        """A run with this bridge. C(more): other variables of the role."""
        variables = {
            "hypervisor_bridges": [{"name": "br0", "interface": "up0", **bridge}],
            "hypervisor_bridge_deadline": deadline,
            "hypervisor_parts": ["bridges"],
            "ips": {host.name: host.ip for host in self.hosts.values()},
            **(more or {}),
        }
        return self.playbook(text, *words, variables=variables, callback="default")

    def is_refused(self, why: str, deadline: int, **bridge) -> None:
        """It is taken back on every host, for this reason, and all of it."""
        before = self.state()
        done = self.role(deadline=deadline, **bridge)
        said = re.findall(r"The network of (\S+) was taken back to what it was, since .*" + re.escape(why), done.text)
        assert set(said) == {host.name for host in self.hosts.values()}, done.text
        assert self.state() == before

    def change(self, **bridge) -> None:
        """Check, apply, repeat."""
        before = self.state()
        planned = self.role("--check", "--diff", **bridge)
        assert (planned.code, self.state()) == (0, before), planned.text
        done = self.role("--diff", **bridge)
        assert done.code == 0, done.text
        assert shown(planned) == shown(done)
        again = self.role(**bridge)
        assert again.code == 0, again.text
        assert again.text.count("changed=0 ") == len(self.hosts), again.text

    def state(self) -> dict:
        return {system: state(host) for system, host in self.hosts.items()}


def shell(host: Hypervisor, script: str, **options) -> str:
    command = ["timeout", "60", "/bin/sh", "-euc", script]
    done = host.exec(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def state(host: Hypervisor) -> dict:
    """Files and running network, without what counts up."""
    files = "/etc/network /etc/netplan /etc/systemd/network /etc/NetworkManager/system-connections"
    links = json.loads(shell(host, "ip -json -details address show"))
    ways = json.loads(shell(host, "ip -json route show default"))
    return {
        "files": shell(host, f"find {files} -type f -exec grep -H '' {{}} + 2>/dev/null | sort || true"),
        "links": {link["ifname"]: (link.get("master"), link["mtu"], link["address"]) for link in links},
        "stp": [link["linkinfo"]["info_data"]["stp_state"] for link in links if link["ifname"] == "br0"],
        "addresses": {
            link["ifname"]: {
                f"{one['local']}/{one['prefixlen']}" for one in link["addr_info"] if one["scope"] == "global"
            }
            for link in links
        },
        "default": [(way["gateway"], way["dev"]) for way in ways],
    }


def shown(result) -> list[str]:
    """What a plan and its run say that changes, whichever host was first to say it."""
    return sorted(line for line in result.text.splitlines() if line.startswith(("changed:", "+", "-")))


@pytest.fixture(scope="module")
def hosts(_signals, tmp_path_factory):
    where = tmp_path_factory.mktemp("hypervisors")
    # A short path: sockets lie in it.
    with tempfile.TemporaryDirectory(prefix="role") as scratch, ExitStack() as stack:
        made = {}
        for system in FILES:
            also = [PACKAGES[system]] if system in PACKAGES else []
            made[system] = stack.enter_context(Hypervisor(system.lower(), state_dir=where, also=also))
        yield Hosts(made, Path(scratch))


def test_a_bridge_over_the_nic_that_ansible_comes_by(hosts):
    before = hosts.state()
    # A check of the play that makes the bridge and a guest on it.
    planned = hosts.role("--check", text=GUEST_ON_IT)
    assert (planned.code, hosts.state()) == (0, before), planned.text
    hosts.change()
    # It stands for a guest's NIC, and stays in the bridge whatever else becomes of that.
    for host in hosts.hosts.values():
        shell(host, "ip tuntap add vnet9 mode tap; ip link set vnet9 master br0 up")
    made = hosts.state()
    for system, host in hosts.hosts.items():
        now = made[system]
        assert now["links"]["up0"][0] == "br0"
        assert now["links"]["br0"][2] == before[system]["links"]["up0"][2]
        assert (now["addresses"]["br0"], now["addresses"]["up0"]) == ({f"{host.ip}/24"}, set())
        assert now["default"] == [(GATEWAY, "br0")]
        # The domain and the server of the NIC's own configuration.
        assert "lab.test" in shell(host, f"cat {MAIN[system]}")

    # Another one on each host, as systems look for duplicates.
    number = "{{ ips[inventory_hostname] | split('.') | last }}"
    more = [f"10.99.0.{number}/24", f"10.98.0.{number}/24", f"fd00:98::{number}/64"]
    changed = hosts.role(addresses=more, stp=True, forward_delay=2)
    for host in hosts.hosts.values():
        now, number = state(host), host.ip.rpartition(".")[2]
        wanted = {f"{host.ip}/24", f"10.98.0.{number}/24", f"fd00:98::{number}/64"}
        assert (now["addresses"]["br0"], now["stp"]) == (wanted, [1]), changed.text
        assert now["links"]["vnet9"][0] == "br0", changed.text
    back = hosts.role()
    assert hosts.state() == made, back.text

    # Ansible comes back, but the host has no way out.
    hosts.is_refused("gateway 10.99.0.77 does not answer", 24, gateway="10.99.0.77")
    hosts.is_refused("nobody came back within 5 s", 5, addresses=["10.97.0.2/24"], gateway="10.97.0.1")
    for host in hosts.hosts.values():
        shell(host, "ip link delete vnet9")
    gone = hosts.role(state="absent")
    assert hosts.state() == before, gone.text


def told(host: Hypervisor, command: str) -> str:
    """What the shell of the guest answers, by way of the host's default network; nothing before it has its address."""
    leases = shell(host, "virsh -q net-dhcp-leases default").split()
    addresses = [word.partition("/")[0] for word in leases if word.startswith("192.168.")]
    ask = f"printf '%s\\nexit\\n' '{command}' | busybox nc -w 5 {addresses[0]} 23 || true" if addresses else "true"
    return shell(host, ask).strip()


def test_a_guest_runs_on_while_its_host_is_set_up_anew(hosts, tiny):
    """With its NIC where it is, over a restart of the daemon with other settings."""
    host = hosts.hosts["ifupdown"]
    parts = {
        "hypervisor_parts": ["access", "daemons", "storage"],
        "hypervisor_restart_command": ["/bin/sh", "-euc", RESTART],
    }
    made = hosts.role("--limit", host.name, more=parts)
    assert made.code == 0, made.text
    shell(host, "virsh create /dev/stdin", input=tiny_guest(tiny, devices=NIC))
    wait_until(lambda: told(host, "echo up"), 60, "the guest's address")

    def guest() -> dict:
        links = json.loads(shell(host, "ip -json link show"))
        return {
            "process": shell(host, "cat /run/libvirt/qemu/guest.pid"),
            "start": told(host, "cat /proc/sys/kernel/random/boot_id"),
            "ports": {one["ifname"]: one["master"] for one in links if one["ifname"].startswith("vnet")},
            "state": shell(host, "virsh domstate guest").strip(),
        }

    settings = shell(host, "cat /etc/libvirt/*.conf")
    for wrong, why in (
        ({"hypervisor_config": {"qemu.cnf": {"max_files": 1}}}, "has no file qemu.cnf in /etc/libvirt"),
        (
            {"hypervisor_tls": {"ca": "ca.pem", "cert": "ca.pem", "key": "ca.pem"}},
            "There is no ca.pem on the controller",
        ),
    ):
        refused = hosts.role("--limit", host.name, more={"hypervisor_parts": ["access"], **wrong})
        assert why in refused.text.replace("\n", " "), refused.text
    assert shell(host, "cat /etc/libvirt/*.conf") == settings

    before, daemon = guest(), shell(host, "cat /run/libvirtd.pid")
    assert (before["state"], list(before["ports"].values())) == ("running", ["virbr0"])
    assert before["start"]
    config = {"qemu.conf": {"max_files": 32768}, "libvirtd.conf": {"max_clients": 150}}
    changed = hosts.role("--limit", host.name, more={**parts, "hypervisor_config": config})
    assert changed.code == 0, changed.text
    assert shell(host, "cat /run/libvirtd.pid") != daemon
    assert guest() == before
