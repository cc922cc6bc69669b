# SPDX-License-Identifier: GPL-3.0-or-later
"""Network filters by what passes: traffic between guests and their host, through filters that change meanwhile."""

from __future__ import annotations

import pytest
from integration import _corpus
from integration._console import Console, device
from integration._lab import effects, wait_until
from lxml import etree

HOST = "192.168.152.1"
ADDRESSES = {"web": "192.168.152.11", "friend": "192.168.152.12", "stranger": "192.168.152.13"}
MACS = {name: f"52:54:00:aa:05:{number:02}" for number, name in enumerate(ADDRESSES, 1)}
NETWORK = {
    "name": "live",
    "state": "active",
    "ips": [
        {
            "address": HOST,
            "prefix": 24,
            "dhcp": {
                "ranges": [{"start": "192.168.152.100", "end": "192.168.152.199"}],
                "hosts": [{"mac": MACS[name], "name": name, "ip": ip} for name, ip in ADDRESSES.items()],
            },
        }
    ],
}
ACCEPT = {"action": "accept", "direction": "in", "protocol": "tcp", "dst_port": 80}
REST = {"action": "drop", "direction": "in", "protocol": "all"}
# What drops the one direction drops the other one too, but for what passed before.
OUT = {"action": "accept", "direction": "out", "protocol": "all"}
WEB = {"name": "web", "filters": [], "rules": [OUT, {**ACCEPT, "src_ip": "$FRIEND"}, REST]}
FILTER = {"name": "web", "parameters": {"FRIEND": ADDRESSES["friend"]}}


def options(name: str, tiny, **nic) -> dict:
    text = f"""<domain type='qemu'>
      <name>{name}</name>
      <memory unit='MiB'>96</memory>
      <os>
        <type arch='x86_64' machine='q35'>hvm</type>
        <kernel>{tiny["vmlinuz"]}</kernel><initrd>{tiny["initrd.img"]}</initrd>
        <cmdline>console=ttyS0 quiet mitigations=off hostname={name}</cmdline>
      </os>
      <features><acpi/></features>
      <cpu mode='maximum'/>
      <devices>{device(name)}</devices>
    </domain>"""
    return {"xml": text, "interfaces": [{"network": "live", "mac": MACS[name], **nic}]}


@pytest.fixture(scope="module")
def world(_session_lab, tiny):
    """The lab, with three guests up: "web" behind the filter "web", and two others."""
    lab = _session_lab
    lab.ok("network", **NETWORK)
    lab.ok("nwfilter", **WEB)
    lab.ok("domain", **options("web", tiny, filter=FILTER), state="running")
    for name in ("friend", "stranger"):
        lab.ok("domain", **options(name, tiny), state="running")
    lab.consoles = {name: Console(lab, name) for name in ADDRESSES}
    for one in lab.consoles.values():
        one.wait()
    yield lab
    for one in lab.consoles.values():
        one.close()
    lab.wipe()


@pytest.fixture
def lab(world):
    """That, with its filters and NICs as they were first."""
    yield world
    world.ok("nwfilter", **WEB)
    for name in ADDRESSES:
        world.ok("domain", name=name, interfaces=[{"network": "live", "mac": MACS[name], "filter": {}}])
    world.ok("domain", name="web", interfaces=[{"network": "live", "mac": MACS["web"], "filter": FILTER}])
    for one in world.state()["nwfilter"].keys() - {"web"}:
        world.virsh("nwfilter-undefine", one)


def fetches(lab, name: str) -> bool:
    # Not with BusyBox's wget, which crashes where it is linked statically.
    request = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 {ADDRESSES['web']} 80"
    return lab.consoles[name].ok(f"{request} | grep -q '^web'")


def pings(lab, name: str, address: str = ADDRESSES["web"], more: str = "") -> bool:
    return lab.consoles[name].ok(f"ping -q -c 1 -W 2 {more} {address}")


def reaches(lab) -> tuple[bool, ...]:
    """Whether the friend and the stranger get the page of the guest "web", and whether the friend can ping it."""
    return fetches(lab, "friend"), fetches(lab, "stranger"), pings(lab, "friend")


@pytest.fixture
def undisturbed(lab):
    """A function that tells whether the NIC of "web" is the very one that it was."""

    def seen() -> str:
        target = etree.fromstring(lab.virsh("dumpxml", "web")).find("devices/interface/target").get("dev")
        return lab.shell(f"cat /sys/class/net/{target}/ifindex; ls /sys/class/net/{target}/brport/bridge/brif")

    before = seen()
    return lambda: seen() == before


def test_what_passes_and_what_a_change_lets_pass(lab, undisturbed):
    assert reaches(lab) == (True, False, False)

    # Another filter in force, at once, and no NIC touched.
    opened = lab.change("nwfilter", name="web", rules=[ACCEPT, {**REST, "protocol": "udp"}])
    assert set(effects(opened).values()) == {"live"}
    assert reaches(lab) == (True, True, True)

    ping = {"action": "drop", "direction": "in", "protocol": "icmp"}
    assert effects(lab.change("nwfilter", name="web", rules=[ping])) == {
        "rules[0].action": "live",
        "rules[0].protocol": "live",
        "rules[0].dst_port": "live",
        "rules[1]": "live",
    }
    assert reaches(lab) == (True, True, False)
    assert undisturbed()


def test_a_change_reaches_guests_by_way_of_another_filter(lab, undisturbed):
    lab.ok("nwfilter", name="base")
    lab.change("nwfilter", name="web", filters=[{"name": "base"}], rules=[])
    assert reaches(lab) == (True, True, True)
    changed = lab.change("nwfilter", name="base", rules=WEB["rules"])
    assert set(effects(changed).values()) == {"live"}
    assert reaches(lab) == (True, False, False)
    told = lab.check("nwfilter_info", name=["base", "web"])["used_by"]
    assert told["base"] == {"domains": [], "running": ["web"], "nwfilters": ["web"]}
    assert told["web"] == {"domains": ["web"], "running": ["web"], "nwfilters": []}
    assert undisturbed()


def test_what_a_running_guest_goes_through_is_not_taken_away(lab):
    assert "domain web refers to it" in lab.refused("nwfilter", name="web", state="absent")
    # libvirt would refuse it only once it tried.
    told = lab.refused("nwfilter", name="web", rules=[{**ACCEPT, "src_ip": "$ENEMY"}])
    assert "nwfilter web: domain web runs with it: nwfilter web needs a value of ENEMY" in told
    assert reaches(lab) == (True, False, False)


def test_another_filter_or_value_on_a_running_nic(lab, undisturbed):
    nic = {"network": "live", "mac": MACS["web"]}
    other = {"name": "web", "parameters": {"FRIEND": ADDRESSES["stranger"]}}
    changed = lab.change("domain", name="web", interfaces=[{**nic, "filter": other}])
    assert set(effects(changed).values()) == {"live"}
    assert reaches(lab)[:2] == (False, True)
    both = {"name": "web", "parameters": {"FRIEND": [ADDRESSES["stranger"], ADDRESSES["friend"]]}}
    lab.change("domain", name="web", interfaces=[{**nic, "filter": both}])
    assert reaches(lab)[:2] == (True, True)
    lab.change("domain", name="web", interfaces=[{**nic, "filter": {}}])
    assert reaches(lab) == (True, True, True)
    assert undisturbed()


def test_clean_traffic_keeps_a_guest_to_its_own_addresses(lab):
    files = _corpus.documents(lab.host, "filter") / "nwfilter/xml"
    lab.shell(f"for file in {files}/*.xml; do virsh -q nwfilter-define $file; done")
    nic = {"network": "live", "mac": MACS["friend"]}
    clean = {"name": "clean-traffic", "parameters": {"IP": ADDRESSES["friend"]}}
    lab.change("domain", name="friend", interfaces=[{**nic, "filter": clean}])
    assert pings(lab, "friend", HOST)
    guest = lab.consoles["friend"]
    assert guest.ok("ip address add 192.168.152.99/24 dev eth0")
    assert not pings(lab, "friend", HOST, "-I 192.168.152.99")
    assert guest.ok("ip link set eth0 address 52:54:00:aa:05:99")
    assert not pings(lab, "friend", HOST)
    lab.change("domain", name="friend", interfaces=[{**nic, "filter": {}}])
    # All of it passes where no filter is.
    wait_until(lambda: pings(lab, "friend", HOST), 20, "a ping with another MAC address")
    assert pings(lab, "friend", HOST, "-I 192.168.152.99")
    assert guest.ok(f"ip link set eth0 address {MACS['friend']} && ip address del 192.168.152.99/24 dev eth0")
