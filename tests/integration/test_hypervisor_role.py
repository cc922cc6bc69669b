# SPDX-License-Identifier: GPL-3.0-or-later
"""Bridges of the role hypervisor over the NIC that Ansible comes by, with each system that configures networks."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypervisors import Hypervisor
from integration._play import Playbook

HERE = Path(__file__).resolve().parent
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
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: virtops.libvirt.hypervisor}
"""


class Host:
    """A host whose NIC is configured by one system, and plays of the role on it."""

    def __init__(self, hypervisor: Hypervisor, system: str, scratch: Path) -> None:
        self.hypervisor, self.system = hypervisor, system
        (scratch / "ssh_config").write_text(hypervisor.ssh_config())
        ssh = f"-F {scratch}/ssh_config -o ControlMaster=auto -o ControlPersist=60 -o ControlPath={scratch}/ssh"
        (scratch / "ansible.cfg").write_text(
            f"[defaults]\nhome = {scratch}/home\n[ssh_connection]\nssh_args = {ssh}\npipelining = true\n"
        )
        self.playbook = Playbook(scratch, f"{hypervisor.name},", {"ANSIBLE_CONFIG": f"{scratch}/ansible.cfg"})
        path, content = FILES[system]
        self.shell(f"mkdir -p {Path(path).parent}")
        # networkd is no root, and NetworkManager reads nothing that others may.
        mode = "644" if system == "networkd" else "600"
        self.shell(f"cat >{path}; chmod {mode} {path}", input=content.replace("ADDRESS", hypervisor.ip))
        self.shell(START[system])
        self.own = path

    def shell(self, script: str, **options) -> str:
        command = ["timeout", "30", "/bin/sh", "-euc", script]
        done = self.hypervisor.exec(command, capture_output=True, text=True, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def role(self, *words: str, deadline: int = 30, **bridge):
        variables = {
            "hypervisor_bridges": [{"name": "br0", "interface": "up0", **bridge}],
            "hypervisor_bridge_deadline": deadline,
            "hypervisor_parts": ["bridges"],
        }
        return self.playbook(PLAY, *words, variables=variables)

    def change(self, **bridge):
        """Check, apply, repeat."""
        before = self.state()
        planned = self.role("--check", "--diff", **bridge)
        assert (planned.code, self.state()) == (0, before), planned.text
        done = self.role("--diff", **bridge)
        assert done.code == 0, done.text
        assert shown(planned) == shown(done)
        assert any(planned.changed())
        again = self.role(**bridge)
        assert (again.code, any(again.changed())) == (0, False), again.text
        return done

    def addresses(self, device: str) -> set[str]:
        links = json.loads(self.shell(f"ip -json address show dev {device}"))
        return {f"{one['local']}/{one['prefixlen']}" for one in links[0]["addr_info"] if one["scope"] == "global"}

    def state(self) -> dict:
        """Files and running network, without what counts up."""
        files = "/etc/network /etc/netplan /etc/systemd/network /etc/NetworkManager/system-connections"
        links = json.loads(self.shell("ip -json address show"))
        return {
            "files": self.shell(f"find {files} -type f -exec grep -H '' {{}} + 2>/dev/null | sort || true"),
            "links": {link["ifname"]: (link.get("master"), link["mtu"], link["address"]) for link in links},
            "addresses": {link["ifname"]: self.addresses(link["ifname"]) for link in links},
            "default": [(way["gateway"], way["dev"]) for way in json.loads(self.shell("ip -json route show default"))],
        }


def shown(result) -> list:
    """What the tasks say that a plan and its run have in common."""
    return [(task["changed"], task.get("diff")) for task in result.tasks if task["changed"]]


@pytest.fixture(scope="module", params=list(FILES))
def host(request, _signals, tmp_path_factory):
    system = request.param
    also = [PACKAGES[system]] if system in PACKAGES else []
    # A short path: a socket lies in it.
    with tempfile.TemporaryDirectory(prefix="role") as scratch:
        state = tmp_path_factory.mktemp("hypervisors")
        with Hypervisor("bridged", state_dir=state, also=also) as hypervisor:
            yield Host(hypervisor, system, Path(scratch))


def test_a_bridge_over_the_nic_that_ansible_comes_by(host):
    ip, before = host.hypervisor.ip, host.state()
    host.change()
    made = host.state()
    assert made["links"]["up0"][0] == "br0"
    assert made["links"]["br0"][2] == before["links"]["up0"][2]
    assert (made["addresses"]["br0"], made["addresses"]["up0"]) == ({f"{ip}/24"}, set())
    assert made["default"] == [(GATEWAY, "br0")]
    assert "lab.test" in host.shell(
        "grep -hr -A 30 '^# hypervisor: ' /etc/network /etc/netplan /etc/systemd /etc/NetworkManager || true"
    )

    if host.system == "ifupdown":
        more = [f"{ip}/24", "10.98.0.1/24", "fd00:98::1/64"]
        done = host.role(addresses=more, stp=True, forward_delay=2)
        assert host.addresses("br0") == set(more), done.text
        assert "stp_state 1" in host.shell("ip -details link show br0")
        assert host.role().code == 0
        assert host.state() == made
        # Nobody answers by that way, though Ansible comes back.
        wrong = host.role(deadline=8, gateway="10.99.0.77")
        assert "gateway 10.99.0.77 does not answer" in wrong.text
        assert host.state() == made

    # Nobody comes back at all.
    wrong = host.role(deadline=6, addresses=["10.97.0.2/24"], gateway="10.97.0.1")
    assert "nobody came back within 6 s" in wrong.text
    assert host.state() == made

    gone = host.role(state="absent")
    assert gone.code == 0, gone.text
    assert host.state() == before
