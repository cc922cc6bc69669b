# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes to a network below guests that talk meanwhile: what of it they notice."""

from __future__ import annotations

import contextlib
import copy
import os
import re
import socket
import subprocess

import pytest
from integration._lab import effects, wait_until
from integration.guests import tiny_guest
from lxml import etree

MACS = {name: f"52:54:00:aa:02:0{number}" for number, name in enumerate(("a", "b", "off", "down"))}
IPS = {"a": "192.168.152.11", "b": "192.168.152.12"}
NETWORK = {
    "name": "shared",
    "state": "active",
    "forward": {"mode": "nat"},
    "bridge": {"name": "shared0", "stp": False},
    "domain": {"name": "shared.test"},
    "dns": {"hosts": [], "txt": [], "srv": []},
    "portgroups": [],
    "ips": [
        {
            "address": "192.168.152.1",
            "prefix": 24,
            "dhcp": {
                "ranges": [{"start": "192.168.152.100", "end": "192.168.152.199"}],
                "hosts": [{"mac": MACS[name], "ip": ip} for name, ip in IPS.items()],
            },
        }
    ],
}
# Seconds between two pings; how many may be lost while NICs are unplugged.
INTERVAL, LOST = 0.2, 25


class Console:
    """The shell of a guest of the image tiny, on a socket."""

    def __init__(self, path):
        self.socket, self.said = socket.socket(socket.AF_UNIX), ""
        # The path of the tests' host may be longer than that of a socket can be.
        directory = os.open(path.parent, os.O_RDONLY)
        self.socket.connect(f"/proc/self/fd/{directory}/{path.name}")
        os.close(directory)
        self.socket.setblocking(False)

    def drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self.said += self.socket.recv(65536).decode(errors="replace")

    def saw(self, words: str, start: int = 0) -> bool:
        self.drain()
        return bool(re.search(words, self.said[start:]))

    def close(self) -> None:
        self.socket.close()

    def run(self, command: str, forget: bool = True) -> None:
        self.said = "" if forget else self.said
        self.socket.sendall(command.encode() + b"\n")


# Two answers, as the shells of both print them.
ANSWERS = r"seq=\d+ (?s:.*)seq=\d+ "


class Lost:
    """How many pings went without an answer."""

    host = guest = 0


@contextlib.contextmanager
def pings(lab, console):
    """Pings from the host to a guest, and from that one to another, as long as the block lasts; a Lost, filled then."""
    lost, command = Lost(), f"ping -n -i {INTERVAL} {IPS['a']} & read _; kill -INT $!; wait $!"
    pipe = subprocess.PIPE
    with subprocess.Popen(lab.host.command(["sh", "-c", command]), stdin=pipe, stdout=pipe, text=True) as process:
        try:
            console.run(f"ping -i {INTERVAL} {IPS['b']} &")
            wait_until(lambda: console.saw(ANSWERS), 20, "guests that answer each other")
            yield lost
            # From here on there must be answers again, so that what is lost is counted.
            lab.shell(f"timeout 30 sh -c 'until ping -n -c 1 -W 1 {IPS['a']}; do :; done'")
            console.drain()
            seen = len(console.said)
            wait_until(lambda: console.saw(ANSWERS, seen), 30, "guests that answer each other again")
        finally:
            console.run("kill -INT $!", forget=False)
            wait_until(lambda: console.saw(r"packets received"), 20, "the guest's figures")
            host, _nothing = process.communicate("\n", 20)
    lost.host, lost.guest = _lost(host), _lost(console.said)
    print(f"lost of the host's {lost.host}, of the guest's {lost.guest}")


def _lost(said: str) -> int:
    """How many are missing between the first and the last one that was answered: one may be on its way at the end.

    The shell may have written into the line of an answer, so they are counted by the program itself.
    """
    answered = [int(number) for number in re.findall(r"seq=(\d+) ", said)]
    return max(answered) - min(answered) + 1 - int(re.search(r"transmitted, (\d+)", said)[1])


@pytest.fixture(scope="module")
def console(_session_lab, tiny):
    """A network with two guests that talk, one that has no system, and one whose link is down; the console of one."""
    lab = _session_lab
    # Where bridged packets go through the host's rules, libvirt itself drops some while it writes these anew for DHCP.
    filtered = lab.shell("sysctl -n net.bridge.bridge-nf-call-iptables 2>/dev/null || echo").strip()
    if filtered:
        lab.shell("sysctl -w net.bridge.bridge-nf-call-iptables=0")
    lab.ok("network", **NETWORK)
    path = "/var/lib/libvirt/images/a.sock"
    for name in ("a", "b"):
        document = tiny_guest(tiny, devices=_nic(name)).replace("<name>guest<", f"<name>{name}<")
        if name == "a":
            document = re.sub(
                "<serial.*</serial>", f"<serial type='unix'><source mode='bind' path='{path}'/></serial>", document
            )
        else:
            document = re.sub("<serial.*</serial>", "<serial type='null'/>", document)
        lab.ok("domain", xml=document, state="running")
    nics = _nic("down", "<link state='down'/>") + _nic("off")
    no_system = re.sub("<serial.*</serial>|<(kernel|initrd|cmdline).*</.*>", "", tiny_guest(tiny, devices=nics))
    with contextlib.closing(Console(lab.file(path))) as found:
        lab.ok("domain", xml=no_system, state="running")
        wait_until(lambda: found.saw("READY"), 90, "the guest's boot")
        # While both come up, a ping may be lost by that.
        found.run(f"until ping -c 10 -i {INTERVAL} {IPS['b']} | grep '10 packets received'; do :; done")
        wait_until(lambda: found.saw("transmitted, 10 packets received"), 60, "the other guest")
        yield found
    lab.wipe()
    if filtered:
        lab.shell(f"sysctl -w net.bridge.bridge-nf-call-iptables={filtered}")


def _nic(name: str, more: str = "") -> str:
    source = "<source network='shared'/><model type='virtio'/>"
    return f"<interface type='network'><mac address='{MACS[name]}'/>{source}{more}</interface>"


@pytest.fixture
def network():
    """The options of the network, to be changed."""
    return copy.deepcopy(NETWORK)


@pytest.fixture
def world(_session_lab, console, network):
    """The host; afterwards the network is as it was."""
    yield _session_lab
    _session_lab.ok("network", **NETWORK, allow_restart=True)


def guests(lab) -> dict:
    """Of each guest what tells that it went on running, and its NICs in their order, but for what each start gives."""
    found = {}
    for name, domain in lab.state()["domain"].items():
        tree = etree.fromstring(domain["live"])
        for source in tree.iterfind("devices/interface/source"):
            for gone in set(source.attrib) - {"network"}:
                del source.attrib[gone]
        nics = [etree.tostring(nic, method="c14n") for nic in tree.iterfind("devices/interface")]
        found[name] = (tree.get("id"), lab.shell(f"cat /run/libvirt/qemu/{name}.pid"), nics)
    return found


def taps(lab, bridge="shared0") -> set[str]:
    return set(lab.shell(f"ls /sys/class/net/{bridge}/brif").split())


def test_no_ping_is_lost_in_a_live_change(world, console, network):
    before = guests(world)
    with pings(world, console) as lost:
        dhcp = network["ips"][0]["dhcp"]
        dhcp["hosts"].append({"mac": MACS["off"], "ip": "192.168.152.13", "lease": {"expiry": 2, "unit": "hours"}})
        dhcp["ranges"] = [{"start": "192.168.152.90", "end": "192.168.152.199", "lease": {"expiry": 0}}]
        network["dns"] = {
            "hosts": [{"ip": "192.168.152.20", "hostnames": ["c"]}, {"ip": "fd00:152::20", "hostnames": ["c"]}],
            "txt": [{"name": "about", "value": "a b"}],
            "srv": [{"service": "ldap", "protocol": "tcp", "domain": "shared.test", "target": "a.shared.test"}],
        }
        network["portgroups"] = [{"name": "slow", "bandwidth": {"inbound": {"average": 100}}}, {"name": "fast"}]
        changed = world.change("network", **network)
        assert set(effects(changed).values()) == {"live"}
        assert (changed["pending"], changed["attached"]) == ([], [])
        network["dns"]["hosts"].pop()
        network["dns"]["txt"][0]["value"] = "other"
        network["dns"]["srv"][0]["port"] = 389
        network["portgroups"][0].update(default=True, bandwidth={"inbound": {"average": 200}})
        assert set(effects(world.change("network", **network)).values()) == {"live"}
        network["portgroups"][0]["default"], network["portgroups"][1]["default"] = False, True
        assert set(effects(world.change("network", **network)).values()) == {"live"}
    assert (lost.host, lost.guest) == (0, 0)
    assert guests(world) == before


def test_info_tells_leases_ports_and_guests(world):
    world.ok("domain", name="idle", virt_type="qemu", memory="16 MiB", interfaces=[{"network": "shared"}])
    asked = {"leases": True, "ports": True, "guests": True}
    told, checked = (ask("network_info", name=["shared"], **asked) for ask in (world.run, world.check))
    world.ok("domain", name="idle", state="absent")
    assert {**told, "invocation": None} == {**checked, "invocation": None}
    leases = {one["mac"]: one for one in told["leases"]["shared"]}
    assert {name: leases[MACS[name]]["address"] for name in IPS} == IPS
    assert {(one["prefix"], one["family"]) for one in leases.values()} == {(24, "ipv4")}
    # Those that were asked for while an earlier test lent addresses for ever have no end.
    assert all(one["expires"] == 0 or one["expires"] > 1_700_000_000 for one in leases.values())
    ports = [(one["domain"], one["mac"]) for one in told["ports"]["shared"]]
    assert ports == [("a", MACS["a"]), ("b", MACS["b"]), ("guest", MACS["off"]), ("guest", MACS["down"])]
    guests = told["guests"]["shared"]
    assert [(one["domain"], one["state"]) for one in guests if one["state"] == "stopped"] == [("idle", "stopped")]
    assert {one["target"] for one in guests if one["state"] == "running"} == taps(world)
    assert "leases" not in world.run("network_info")


def test_who_hangs_on_a_network_is_named_where_a_change_waits(world, network):
    network["domain"]["name"] = "other.test"
    changed = world.change("network", **network)
    named = [(nic["domain"], nic["mac"]) for nic in changed["attached"]]
    assert named == [(name, MACS[nic]) for name, nic in (("a", "a"), ("b", "b"), ("guest", "down"), ("guest", "off"))]
    assert {nic["target"] for nic in changed["attached"]} == taps(world)
    plan = world.check("network", **network)
    assert (plan["attached"], [one["path"] for one in plan["pending"]]) == (changed["attached"], ["domain.name"])
    stop = world.check("network", name="shared", state="inactive")
    assert stop["attached"] == changed["attached"]


@pytest.mark.parametrize(
    "change",
    [
        {"domain": {"name": "new.test"}},
        {"forward": {"mode": "route"}},
        {"forward": {}},
        {"bridge": {"name": "shared1", "stp": True}},
        {"mtu": 1400},
        {"ips": [*NETWORK["ips"], {"address": "fd00:152::1", "prefix": 64}]},
    ],
    ids=lambda change: "-".join(f"{key}" for key in change),
)
def test_a_restart_puts_every_guest_back(world, console, network, change):
    before, there = guests(world), taps(world)
    network.update(change)
    with pings(world, console) as lost:
        changed = world.change("network", **network, allow_restart=True)
        assert set(effects(changed).values()) == {"restart"}
        assert (changed["pending"], len(changed["attached"])) == ([], 4)
    assert max(lost.host, lost.guest) <= LOST
    assert guests(world) == before
    assert taps(world, network["bridge"]["name"]) == there
    assert list(world.state()["network"]) == ["shared"]


def test_what_waits_since_an_earlier_task_is_what_a_restart_is_for(world, network):
    network["domain"]["name"] = "other.test"
    world.ok("network", **network)
    restarted = world.change("network", **network, allow_restart=True)
    assert effects(restarted) == {"domain.name": "restart"}
    assert not any("define" in step for step in restarted["steps"])


def test_nothing_is_restarted_that_can_be_changed_live(world, network):
    network["dns"]["txt"] = [{"name": "about", "value": "a"}]
    changed = world.change("network", **network, allow_restart=True)
    assert set(effects(changed).values()) == {"live"}


def test_guests_that_somebody_else_cut_off_are_put_back(world, network):
    there = taps(world)
    world.virsh("net-destroy", "shared")
    world.virsh("net-start", "shared")
    assert taps(world) == set()
    # Nobody asked for it.
    world.unchanged("network", **network)
    put_back = world.change("network", **network, allow_restart=True)
    assert len(put_back["changes"]) == 4
    assert set(effects(put_back).values()) == {"live"}
    assert taps(world) == there


def test_a_task_that_was_cut_short_is_seen_through(world, network):
    before, there = guests(world), taps(world)
    passing = "<network><name>shared.restarting</name><bridge stp='off'/><port isolated='yes'/></network>"
    world.shell("cat >/root/passing.xml", passing)
    world.virsh("net-create", "/root/passing.xml")
    nic = etree.fromstring(world.state()["domain"]["guest"]["live"]).find("devices/interface")
    nic.find("source").attrib.clear()
    nic.find("source").set("network", "shared.restarting")
    world.shell("cat >/root/nic.xml", etree.tostring(nic, encoding="unicode"))
    world.virsh("update-device", "guest", "/root/nic.xml", "--live")
    assert len(taps(world)) == 3
    put_back = world.change("network", **network, allow_restart=True)
    assert [change["path"] for change in put_back["changes"]] == [f"attached[guest/{MACS['down']}]"]
    assert (guests(world), taps(world)) == (before, there)
    assert list(world.state()["network"]) == ["shared"]


def test_what_nics_get_from_their_network_they_get_anew(world, network):
    def isolated():
        return [world.shell(f"cat /sys/class/net/{tap}/brport/isolated").strip() for tap in sorted(taps(world))]

    world.change("network", **network, isolated_ports=True, allow_restart=True)
    assert isolated() == ["1"] * 4
    world.change("network", **network, isolated_ports=False, allow_restart=True)
    assert isolated() == ["0"] * 4


def test_guests_on_a_bridge_of_the_host_are_moved_to_another(world):
    for bridge in ("hostbr0", "hostbr1"):
        world.shell(f"ip link add {bridge} type bridge; ip link set {bridge} up")
    options = {"name": "office", "state": "active", "forward": {"mode": "bridge"}}
    guest = {"name": "clerk", "virt_type": "qemu", "memory": "16 MiB", "state": "running"}
    try:
        world.ok("network", **options, bridge={"name": "hostbr0"})
        world.ok("domain", **guest, interfaces=[{"network": "office"}])
        (tap,) = taps(world, "hostbr0")
        moved = world.change("network", **options, bridge={"name": "hostbr1"}, allow_restart=True)
        assert [nic["target"] for nic in moved["attached"]] == [tap]
        assert (taps(world, "hostbr0"), taps(world, "hostbr1")) == (set(), {tap})
    finally:
        for module, name in (("domain", "clerk"), ("network", "office")):
            world.ok(module, name=name, state="absent")
        world.shell("ip link del hostbr0; ip link del hostbr1")


def test_guests_are_put_back_on_a_network_that_starts(world, network):
    before, there = guests(world), taps(world)
    world.change("network", name="shared", state="inactive")
    world.change("network", name="shared", state="active")
    assert taps(world) == there
    assert guests(world) == before


def test_guests_that_outlived_their_network_are_put_back_on_the_new_one(world, network):
    there = taps(world)
    world.change("network", name="shared", state="absent")
    world.change("network", **network)
    assert taps(world) == there
    world.unchanged("network", **network, allow_restart=True)


def test_a_restart_for_what_waits_that_fails_leaves_the_network_as_it_ran(world, console, network):
    network["dnsmasq_options"] = ["no-such-option"]
    world.ok("network", **network)
    before, there, definition = guests(world), taps(world), world.xml("network", "shared")
    with pings(world, console) as lost:
        failed = world.run("network", **network, allow_restart=True)
    assert "taken back" in failed["msg"]
    assert max(lost.host, lost.guest) <= 2 * LOST
    assert (guests(world), taps(world), world.xml("network", "shared")) == (before, there, definition)
    assert world.check("network", **network)["pending"]


def test_a_restart_that_fails_leaves_all_as_it_was(world, console, network):
    before, there, definition = guests(world), taps(world), world.xml("network", "shared")
    network["dnsmasq_options"] = ["no-such-option"]
    with pings(world, console) as lost:
        failed = world.run("network", **network, allow_restart=True)
    assert failed["failed"]
    assert "taken back" in failed["msg"]
    assert max(lost.host, lost.guest) <= 2 * LOST
    assert guests(world) == before
    assert taps(world) == there
    assert world.xml("network", "shared") == definition
