# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse options of a network that libvirt would take, and that could not do what they say. Private to this collection.

A document is taken as libvirt takes it.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._network.modes import OWN_BRIDGE

# Below this an IPv4 subnet has addresses of its own for the network and for all in it (RFC 3021).
_SMALL = 31


def check_given(subject: str, wanted: dict, mode: str | None) -> None:
    """Refused for canonical options that mean nothing; C(mode): the forward mode that the network will have."""
    forward = wanted.get("forward") or {}
    for name in ("addresses", "ports"):
        _check_span(f"{subject}: forward.nat.{name}", (forward.get("nat") or {}).get(name))
    for block in wanted.get("ips", ()):
        _check_address(f"{subject}: ips[{block['address']}]", block)
    if wanted.get("mtu") == 0:
        raise Refused(f"{subject}: mtu 0 is none; give the bytes of a packet, or take it out")
    _check_ports(subject, mode, wanted)


def _check_span(where: str, span: dict | None) -> None:
    if not span:
        return
    start, end = span["start"], span["end"]
    first, last = (ip_address(one).packed if isinstance(one, str) else one for one in (start, end))
    if first > last:
        raise Refused(f"{where}: {start} is behind {end}; write the lower one first")


def _check_address(where: str, block: dict) -> None:
    if block.get("prefix") == 0:
        raise Refused(f"{where}: prefix 0 is no network; write for example 'prefix: 24'")
    root = block.get("tftp_root")
    if root and not root.startswith("/"):
        raise Refused(f"{where}: tftp_root {root!r} is not absolute; write it from / on")
    address = ip_address(block["address"])
    kinds = (("is_multicast", "of many"), ("is_loopback", "of the host itself"), ("is_unspecified", "nobody's"))
    what = next((words for kind, words in kinds if getattr(address, kind)), "")
    length = block.get("prefix", 0)
    if not what and address.version == 4 and 0 < length < _SMALL:
        subnet = ip_interface(f"{address}/{length}").network
        what = {subnet[0]: f"the network {subnet} itself", subnet[-1]: f"all of {subnet}"}.get(address, "")
    if what:
        raise Refused(f"{where}: this address is {what}; give one that the host can have")


def _check_ports(subject: str, mode: str | None, wanted: dict) -> None:
    """libvirt connects no guest so in these modes (networkAllocatePort); the network itself would start."""
    if mode not in OWN_BRIDGE:
        return
    groups = [(f"portgroups[{group['name']}].virtualport", group) for group in wanted.get("portgroups", ())]
    for where, owner in [("virtualport", wanted), *groups]:
        if owner.get("virtualport"):
            raise Refused(
                f"{subject}: '{where}' is for a bridge or device of the host, and no guest could be connected in mode"
                f" {mode or 'isolated'}; take it out, or choose another forward mode"
            )
