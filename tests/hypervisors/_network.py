# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces: one for each host, and one with the bridge that connects them.  Private to tests/.

Everything is made inside these namespaces.  The machine's own network sees neither an interface nor an address of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from _processes import NAMESPACES, empty_namespace, namespace_exists
from _tools import run

SUBNET = "10.99.0"
SWITCH_IP = f"{SUBNET}.1"
SUBNET6 = "fd10:99::"
SWITCH_IP6 = f"{SUBNET6}1"
FIRST_HOST, LAST_HOST = 11, 250
BRIDGE = "sw0"
UPLINK = "up0"


def ip6(ip: str) -> str:
    """The IPv6 address that a host has beside C(ip)."""
    return SUBNET6 + ip.rpartition(".")[2]


def prefix(state: Path) -> str:
    """Names of namespaces are global on a machine: the state directory tells two checkouts apart."""
    return "hv-" + hashlib.sha256(str(state).encode()).hexdigest()[:6]


def host_namespace(state: Path, name: str) -> str:
    return f"{prefix(state)}-{name}"


def switch_namespace(state: Path) -> str:
    # No host can be called this: names begin with a letter or digit.
    return f"{prefix(state)}--switch"


def our_namespaces(state: Path) -> list[str]:
    if not NAMESPACES.is_dir():
        return []
    return sorted(entry.name for entry in NAMESPACES.iterdir() if entry.name.startswith(prefix(state) + "-"))


def _add_namespace(namespace: str) -> None:
    run(["ip", "netns", "add", namespace])
    run(["ip", "-n", namespace, "link", "set", "lo", "up"])


def remove_namespace(namespace: str) -> None:
    if namespace_exists(namespace):
        empty_namespace(namespace)
        run(["ip", "netns", "del", namespace])


def make_switch(state: Path) -> str:
    namespace = switch_namespace(state)
    if not namespace_exists(namespace):
        _add_namespace(namespace)
    if run(["ip", "-n", namespace, "addr", "show", "dev", BRIDGE], check=False).stdout.count(SWITCH_IP + "/") == 0:
        # Also heals a switch whose making was cut short.
        run(["ip", "-n", namespace, "link", "del", BRIDGE], check=False)
        run(["ip", "-n", namespace, "link", "add", BRIDGE, "type", "bridge", "forward_delay", "0"])
        run(["ip", "-n", namespace, "addr", "add", f"{SWITCH_IP}/24", "dev", BRIDGE])
        run(["ip", "-n", namespace, "addr", "add", f"{SWITCH_IP6}/64", "dev", BRIDGE, "nodad"])
        run(["ip", "-n", namespace, "link", "set", BRIDGE, "up"])
    return namespace


def add_host(state: Path, name: str, ip: str) -> str:
    """Make a host's namespace with one leg on the switch."""
    switch, namespace = make_switch(state), host_namespace(state, name)
    _add_namespace(namespace)
    # Named by the address, as a host's name may be longer than the kernel's 15 characters for an interface.
    port = "port" + ip.rpartition(".")[2]
    run(["ip", "-n", switch, "link", "del", port], check=False)
    run(["ip", "-n", switch, "link", "add", port, "type", "veth", "peer", "name", UPLINK, "netns", namespace])
    run(["ip", "-n", switch, "link", "set", port, "master", BRIDGE, "up"])
    run(["ip", "-n", namespace, "addr", "add", f"{ip}/24", "dev", UPLINK])
    run(["ip", "-n", namespace, "addr", "add", f"{ip6(ip)}/64", "dev", UPLINK, "nodad"])
    run(["ip", "-n", namespace, "link", "set", UPLINK, "up"])
    for gateway in (SWITCH_IP, SWITCH_IP6):
        run(["ip", "-n", namespace, "route", "add", "default", "via", gateway])
    run(["ip", "netns", "exec", namespace, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"])
    return namespace


def inside(namespace: str, command: Sequence[str]) -> list[str]:
    """The command that runs another one in a network namespace and in nothing else."""
    return ["ip", "netns", "exec", namespace, *command]
