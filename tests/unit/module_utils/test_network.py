# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a network cannot be shown on the tests' host: it has no devices for macvtap or SR-IOV."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from lxml import etree

from ansible_collections.virtops.libvirt.plugins.module_utils._diff import Change
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._network import live, restart
from ansible_collections.virtops.libvirt.plugins.module_utils._network.guests import attached, strays
from ansible_collections.virtops.libvirt.plugins.module_utils._network.schema import FORWARD

# As libvirt 9.0 shows running guests on networks of several modes.
NICS = {
    "nat": "<interface type='network'><source network='n' portid='1' bridge='virbr0'/>{}</interface>",
    "bridge": "<interface type='bridge'><source network='n' portid='2' bridge='br0'/>{}</interface>",
    "macvtap": "<interface type='direct'><source network='n' portid='3' dev='eth0' mode='vepa'/>{}</interface>",
    "pool": "<interface type='hostdev'><source network='n' portid='4'/>{}</interface>",
    "switch": "<interface type='bridge'><source network='n'/>{}<virtualport type='openvswitch'/></interface>",
    "other": "<interface type='network'><source network='m' portid='5'/>{}</interface>",
    "own": "<interface type='bridge'><source bridge='virbr0'/>{}</interface>",
}


def guest(name: str):
    more = "<mac address='52:54:00:aa:00:01'/><target dev='vnet0'/><alias name='net0'/>"
    return SimpleNamespace(name=lambda: name), etree.fromstring(
        f"<domain><devices>{NICS[name].format(more)}</devices></domain>"
    )


def test_who_hangs_on_a_network_is_told_by_its_source():
    assert [nic.guest for nic in attached(map(guest, NICS), "n")] == ["nat", "bridge", "macvtap", "pool", "switch"]


def test_a_nic_whose_port_nobody_knows_leads_nowhere():
    ports = [SimpleNamespace(UUIDString=lambda one=one: one) for one in "134"]
    nics = attached(map(guest, ("nat", "bridge", "macvtap")), "n")
    assert [nic.guest for nic in strays(nics, SimpleNamespace(listAllPorts=lambda _flags: ports))] == ["bridge"]


@pytest.mark.parametrize("name", ["macvtap", "pool", "switch"])
def test_no_restart_below_nics_that_cannot_be_put_back(name):
    nics = attached([guest("nat"), guest(name)], "n")
    with pytest.raises(Refused, match=f"below {name}, whose NICs"):
        restart.restart_steps(SimpleNamespace(subject="network n", name="n"), nics, [], "")


@pytest.mark.parametrize(
    ("now", "wanted", "effect"),
    [
        (("a",), ("a", "b"), "live"),
        (("a", "b"), ("b",), "live"),
        (("a+", "b"), ("b",), "next_boot"),
        (("a+", "b"), ("a",), "live"),
        # Their order counts, and what is behind is taken out for it.
        (("a", "b+"), ("c", "a", "b"), "next_boot"),
    ],
)
def test_a_device_that_a_guest_is_on_is_not_taken_away(now, wanted, effect):
    def document(devices):
        used = {"a+": "a' connections='1", "b+": "b' connections='1"}
        inside = "".join(f"<interface dev='{used.get(one, one)}'/>" for one in devices)
        return etree.fromstring(f"<network><forward mode='private'>{inside}</forward></network>")

    change = Change("forward.interfaces", list(now), list(wanted), "live", (FORWARD,))
    assert live.effect(change, document(now), document(wanted)) == effect


BLOCK = "<network><ip address='fd00::1' family='ipv6' prefix='64'><dhcp>{}</dhcp></ip></network>"
RANGE, HOST = "<range start='fd00::2' end='fd00::9'/>", "<host name='a' ip='fd00::20'/>"


@pytest.mark.parametrize(
    ("now", "wanted", "sections"),
    [
        (RANGE, RANGE + HOST, ["host"]),
        ("", RANGE + HOST, ["range", "host"]),
        # dnsmasq would not hear of the first one that makes it a server.
        ("", HOST, []),
        (RANGE, HOST, []),
        (HOST, HOST.replace("20", "21"), ["host"]),
    ],
)
def test_ipv6_is_changed_live_only_where_dnsmasq_serves_it(now, wanted, sections):
    found = live.steps(None, BLOCK.format(now), etree.fromstring(BLOCK.format(wanted)))
    assert [step.why.partition("dhcp-")[2].partition(" ")[0] for step in found] == sections
