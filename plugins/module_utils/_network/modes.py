# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse what does not go with a forward mode. Private to this collection, imported only before a change.

The rules are libvirt's own (virNetworkDefParseXML and networkValidate); it says them when a network is defined, which
check mode does not.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._links import tags_on_bridges
from ansible_collections.virtops.libvirt.plugins.module_utils._network.schema import mode_of
from ansible_collections.virtops.libvirt.plugins.module_utils._place import clear, has

# Modes of which libvirt makes the bridge, None for an isolated network.
OWN_BRIDGE = (None, "nat", "route", "open")
_NEEDS_BRIDGE = (
    *("mac", "ips", "routes", "domain", "mtu", "dns.hosts", "dns.txt", "dns.srv"),
    *("bridge.stp", "bridge.delay", "bridge.zone"),
)
_MACVTAP = ("private", "vepa", "passthrough", "hostdev")
_ALL = (*OWN_BRIDGE, "bridge", *_MACVTAP)
# {place: the modes that it goes with}
_GOES_WITH = {
    **dict.fromkeys(("mac", "ip", "route", "domain", "mtu"), OWN_BRIDGE),
    **dict.fromkeys(("dns", "dns/host", "dns/txt", "dns/srv"), OWN_BRIDGE),
    **dict.fromkeys(("bridge/@stp", "bridge/@delay", "bridge/@zone"), OWN_BRIDGE),
    "bridge/@macTableManager": (*OWN_BRIDGE, "bridge"),
    "forward/nat": ("nat",),
    **dict.fromkeys(("forward/interface", "forward/@dev"), set(_ALL) - {"open", "hostdev"}),
    "forward/address": ("hostdev",),
}


def shed(document, before, asked) -> None:
    """Take out what does not go with the forward mode that a document has now; it had the mode C(before).

    Whoever asks for another mode need not know what libvirt filled in for the old one. What stands in C(asked), the
    document that the task itself makes, stays and is refused.
    """
    mode = mode_of(document)
    places = [place for place, modes in _GOES_WITH.items() if mode not in modes]
    # A bridge that libvirt makes is none of the host.
    if (mode in OWN_BRIDGE) != (before in OWN_BRIDGE) or mode in _MACVTAP:
        places.append("bridge/@name")
    for place in places:
        if not has(asked, place):
            clear(document, place)
    for bridge in document.findall("bridge"):
        if not bridge.attrib:
            document.remove(bridge)


def check_mode(subject: str, words: dict, conn) -> None:
    """Refused for options that a network of this forward mode cannot have with the libvirt of C(conn)."""
    forward = words.get("forward") or {}
    mode = forward.get("mode")

    def refuse(what: str, why: str, advice: str = "take it out, or choose another forward mode"):
        raise Refused(f"{subject}: {what} {why}; {advice}")

    if mode not in OWN_BRIDGE:
        for path in _NEEDS_BRIDGE:
            if _value(words, path):
                refuse(f"'{path}'", f"needs a bridge that libvirt makes, and mode {mode} has none")
    if mode in _MACVTAP:
        for path in ("bridge.name", "bridge.mac_table_manager"):
            if _value(words, path):
                refuse(f"'{path}'", f"is of a bridge, and mode {mode} has none")
    if forward.get("nat") and mode != "nat":
        refuse("'forward.nat'", f"is for mode nat, and this is {mode}")
    _check_devices(refuse, mode, forward, words)
    _check_bandwidth(refuse, mode, words)
    _check_vlan(refuse, mode, words, conn)


def _value(words: dict, path: str):
    value: Any = words
    for name in path.split("."):
        value = (value or {}).get(name)
    return value


def _everywhere(words: dict, name: str) -> list[tuple[str, dict]]:
    """(path, value) of an option that the network and its port groups have."""
    groups = [(f"portgroups[{group.get('name', '')}].{name}", group) for group in words.get("portgroups", [])]
    return [(path, owner[name]) for path, owner in [(name, words), *groups] if owner.get(name)]


def _check_devices(refuse, mode, forward: dict, words: dict) -> None:
    devices = forward.get("interfaces", [])
    given = [name for name in ("interfaces", "pf", "addresses") if forward.get(name)]
    if len(given) > 1:
        refuse(" and ".join(f"'forward.{name}'" for name in given), "exclude each other")
    if forward.get("addresses") and mode != "hostdev":
        refuse("'forward.addresses'", f"is for mode hostdev, and this is {mode}")
    if mode == "hostdev" and devices:
        refuse("'forward.interfaces'", "names network devices, and mode hostdev has PCI addresses")
    if mode == "open" and devices:
        refuse("'forward.dev'", "limits where guests go, which mode open leaves to the host")
    twice = [
        f"forward.{name}"
        for name in ("interfaces", "addresses")
        if len(set(forward.get(name, []))) < len(forward.get(name, []))
    ]
    if twice:
        refuse(f"'{twice[0]}'", "names a device twice", "name it once")
    if mode in ("nat", "route") and len(devices) > 1:
        refuse("'forward.interfaces'", f"has {len(devices)} devices, and mode {mode} takes one")
    if mode == "bridge" and _value(words, "bridge.name") and given:
        refuse("'bridge.name'", f"and 'forward.{given[0]}' exclude each other")


def _check_bandwidth(refuse, mode, words: dict) -> None:
    allowed = mode in OWN_BRIDGE or (mode == "bridge" and _value(words, "bridge.name"))
    for path, _limits in _everywhere(words, "bandwidth"):
        if not allowed:
            refuse(f"'{path}'", f"needs a bridge, and mode {mode} has none")


def _check_vlan(refuse, mode, words: dict, conn) -> None:
    """Open vSwitch and the virtual functions of a NIC know VLANs, bridges of the host not always (networkValidate)."""
    vlans = _everywhere(words, "vlan")
    if not vlans:
        return
    port = _value(words, "virtualport.type")
    by_switch = mode == "bridge" and (port == "openvswitch" or (not port and tags_on_bridges(conn)))
    allowed = by_switch or mode in ("hostdev", "passthrough")
    groups = words.get("portgroups", [])
    for group in groups:
        own = _value(group, "virtualport")
        able = (mode == "bridge" and own.get("type") == "openvswitch") if own else allowed
        if (words.get("vlan") or group.get("vlan")) and not able:
            refuse(
                f"'portgroups[{group.get('name', '')}].vlan'", "needs Open vSwitch, mode passthrough or mode hostdev"
            )
    if words.get("vlan") and not allowed and not any(group.get("default") for group in groups):
        refuse("'vlan'", "needs Open vSwitch, mode passthrough or mode hostdev")
    for path, vlan in vlans:
        if not vlan.get("tags"):
            refuse(f"'{path}'", "has no tags", "give them")
        if "native_tagged" in vlan and "native_untagged" in vlan:
            refuse(f"'{path}'", "has two native VLANs", "give one of them")
