# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes to a network while a guest is attached to it: done at once where libvirt can."""

from __future__ import annotations

import copy

import pytest
from integration._lab import effects
from lxml import etree

ADDRESS = "192.168.151.1"
MACS = [f"52:54:00:aa:01:0{number}" for number in range(4)]
NETWORK = {
    "name": "live",
    "state": "active",
    "forward": {"mode": "nat"},
    "domain": {"name": "live.test"},
    "dns": {"hosts": [{"ip": "192.168.151.2", "hostnames": ["gate"]}]},
    "ips": [
        {
            "address": ADDRESS,
            "prefix": 24,
            "dhcp": {
                "ranges": [{"start": "192.168.151.100", "end": "192.168.151.199"}],
                "hosts": [{"mac": MACS[1], "name": "web1", "ip": "192.168.151.11"}],
            },
        }
    ],
}
HOSTS = f"ips[{ADDRESS}].dhcp.hosts"


@pytest.fixture
def network(lab):
    """The options of an active network with a running guest on it, to be changed."""
    lab.ok("network", **NETWORK)
    lab.ok(
        "domain",
        name="guest",
        virt_type="qemu",
        memory="16 MiB",
        interfaces=[{"network": "live", "mac": MACS[0]}],
        state="running",
    )
    return copy.deepcopy(NETWORK)


@pytest.fixture
def undisturbed(lab, network):
    """A function that tells whether the network is the one that was started first, with the guest still on it."""

    def seen():
        tree = etree.fromstring(lab.virsh("net-dumpxml", "live"))
        bridge = tree.find("bridge").get("name")
        return lab.shell(
            f"cat /sys/class/net/{bridge}/ifindex; ls /sys/class/net/{bridge}/brif; cat /run/libvirt/network/live.pid"
        )

    before = seen()
    assert "vnet" in before
    return lambda: seen() == before


def live(lab):
    return etree.fromstring(lab.virsh("net-dumpxml", "live"))


def dhcp(network):
    return network["ips"][0]["dhcp"]


def leases(lab) -> str:
    """What the DHCP server of the network reads."""
    return lab.shell("cat /var/lib/libvirt/dnsmasq/live.hostsfile")


def test_fixed_leases_come_change_and_go_live(lab, network, undisturbed):
    dhcp(network)["hosts"].append({"mac": MACS[2], "name": "web2", "ip": "192.168.151.12"})
    added = lab.change("network", **network)
    assert effects(added) == {f"{HOSTS}[{MACS[2]}]": "live"}
    assert added["pending"] == []
    assert f"{MACS[2]},192.168.151.12,web2" in leases(lab)

    dhcp(network)["hosts"][0].update(name="www", ip="192.168.151.21")
    changed = lab.change("network", **network)
    assert effects(changed) == {f"{HOSTS}[{MACS[1]}].name": "live", f"{HOSTS}[{MACS[1]}].ip": "live"}
    assert leases(lab).splitlines().count(f"{MACS[1]},192.168.151.21,www") == 1
    assert "web1" not in leases(lab)

    dhcp(network)["hosts"].pop(0)
    removed = lab.change("network", **network)
    assert removed["changes"][0]["after"] is None
    assert MACS[1] not in leases(lab)
    assert MACS[2] in leases(lab)

    dhcp(network)["hosts"] = []
    lab.change("network", **network)
    assert leases(lab).strip() == ""
    assert undisturbed()


def test_the_last_lease_of_a_server_without_ranges_goes_live(lab, network, undisturbed):
    dhcp(network)["ranges"] = []
    lab.ok("network", **network)
    dhcp(network)["hosts"] = []
    removed = lab.change("network", **network)
    assert [change["effect"] for change in removed["changes"]] == ["live"]
    assert removed["pending"] == []
    assert live(lab).findall("ip/dhcp/*") == []


def test_two_guests_swap_their_leases(lab, network, undisturbed):
    hosts = dhcp(network)["hosts"]
    hosts.append({"mac": MACS[2], "name": "web2", "ip": "192.168.151.12"})
    lab.ok("network", **network)
    hosts[0]["ip"], hosts[1]["ip"] = hosts[1]["ip"], hosts[0]["ip"]
    lab.change("network", **network)
    assert f"{MACS[1]},192.168.151.12,web1" in leases(lab)
    assert f"{MACS[2]},192.168.151.11,web2" in leases(lab)
    # In another order, the first one of the running network that has the new address is not the one that is meant.
    host = f"<host mac='{MACS[1]}' name='web1' ip='192.168.151.12'/>"
    for command in ("delete", "add-last"):
        lab.virsh("net-update", "live", command, "ip-dhcp-host", host, "--live")
    hosts[0]["ip"], hosts[1]["ip"] = hosts[1]["ip"], "192.168.151.13"
    lab.change("network", **network)
    assert sorted(leases(lab).split()) == [f"{MACS[1]},192.168.151.11,web1", f"{MACS[2]},192.168.151.13,web2"]
    assert undisturbed()


def test_a_guest_with_another_mac_takes_over_a_lease(lab, network, undisturbed):
    dhcp(network)["hosts"][0]["mac"] = MACS[3]
    lab.change("network", **network)
    assert leases(lab).splitlines() == [f"{MACS[3]},192.168.151.11,web1"]
    assert undisturbed()


def test_a_range_changes_live(lab, network, undisturbed):
    dhcp(network)["ranges"] = [{"start": "192.168.151.50", "end": "192.168.151.150"}]
    changed = lab.change("network", **network)
    assert set(effects(changed).values()) == {"live"}
    assert dict(live(lab).find("ip/dhcp/range").attrib) == {"start": "192.168.151.50", "end": "192.168.151.150"}
    dhcp(network)["ranges"][0]["end"] = "192.168.151.160"
    lab.change("network", **network)
    assert live(lab).find("ip/dhcp/range").get("end") == "192.168.151.160"
    assert len(live(lab).findall("ip/dhcp/range")) == 1
    conf = lab.shell("cat /var/lib/libvirt/dnsmasq/live.conf")
    assert "dhcp-range=192.168.151.50,192.168.151.160" in conf
    # libvirt starts dnsmasq again for it; the bridge and the guest on it stay.
    assert "vnet" in lab.shell("ls /sys/class/net/virbr0/brif")


def test_dns_names_change_live(lab, network, undisturbed):
    network["dns"]["hosts"] = [
        {"ip": "192.168.151.2", "hostnames": ["gate", "router"]},
        {"ip": "192.168.151.3", "hostnames": ["printer"]},
    ]
    changed = lab.change("network", **network)
    assert set(effects(changed).values()) == {"live"}
    names = lab.shell("cat /var/lib/libvirt/dnsmasq/live.addnhosts")
    assert "printer" in names
    assert "router" in names
    assert undisturbed()


def test_the_same_goes_for_a_document(lab, network, undisturbed):
    xml = lab.xml("network", "live")
    lab.unchanged("network", xml=xml)
    host = f"<host mac='{MACS[2]}' name='web2' ip='192.168.151.12'/>"
    added = lab.change("network", xml=xml.replace("</dhcp>", host + "</dhcp>"))
    assert effects(added) == {f"{HOSTS}[{MACS[2]}]": "live"}
    assert MACS[2] in leases(lab)
    assert undisturbed()


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"domain": {"name": "other.test"}}, "domain.name"),
        ({"forward": {"mode": "route"}}, "forward.mode"),
        ({"mtu": 1400}, "mtu"),
        ({"bridge": {"delay": 5}}, "bridge.delay"),
    ],
)
def test_other_changes_wait_for_the_next_start(lab, network, undisturbed, options, path):
    network.update(options)
    changed = lab.change("network", **network)
    assert effects(changed) == {path: "next_boot"}
    assert [change["path"] for change in changed["pending"]] == [path]
    assert lab.run("network", **network)["pending"] == changed["pending"]
    assert undisturbed()
    lab.ok("network", name="live", state="inactive")
    lab.ok("network", name="live", state="active")
    assert lab.run("network", **network)["pending"] == []


def test_a_new_address_waits_for_the_next_start(lab, network, undisturbed):
    network["ips"].append({"address": "10.77.0.1", "prefix": 24})
    changed = lab.change("network", **network)
    assert effects(changed) == {"ips[10.77.0.1]": "next_boot"}
    assert len(changed["pending"]) == 1
    assert undisturbed()


def test_a_lease_in_the_running_network_only_is_no_second_one(lab, network):
    lab.virsh(
        "net-update",
        "live",
        "add",
        "ip-dhcp-host",
        f"<host mac='{MACS[2]}' name='hand' ip='192.168.151.30'/>",
        "--live",
    )
    dhcp(network)["hosts"].append({"mac": MACS[2], "name": "web2", "ip": "192.168.151.12"})
    lab.change("network", **network)
    assert f"{MACS[2]},192.168.151.12,web2" in leases(lab)
    assert "hand" not in leases(lab)
