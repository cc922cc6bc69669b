# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the host has room for what a stack makes and starts, asked before anything is touched.

Private to this collection. Each object alone is checked where it is planned; here it is their sum.
"""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_address

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._values import Size

_SIZE = Size()
_RUNNING = ("running", "paused")
_ADVICE = "or set 'overcommit: true' where they will never need all of it"


def check(stack, plans: list) -> None:
    """Refused where memory, space in a pool, or the addresses of a network do not do for all of them."""
    pairs = list(zip(stack.resources, plans))
    guests = [(one, plan) for one, plan in pairs if one.kind == "domain" and plan.after]
    _memory(stack, [plan for _one, plan in guests])
    _space(stack, [one for one, plan in pairs if one.kind == "volume" and plan.after and not plan.before])
    _addresses(stack, [plan.after for _one, plan in guests])


def _memory(stack, plans: list) -> None:
    begin = [plan for plan in plans if plan.after.get("state") in _RUNNING and plan.before.get("state") not in _RUNNING]
    needed = sum(_SIZE.parse(plan.after.get("memory") or "0 B") for plan in begin)
    if not needed:
        return
    # Kibibytes (virNodeGetMemoryStats).
    told = stack.conn.getMemoryStats(-1)
    free = sum(told.get(name, 0) for name in ("free", "buffers", "cached")) * 1024
    if needed > free:
        raise Refused(
            f"{stack.subject}: the {len(begin)} guests to be started have {_SIZE.show(needed)} of memory together, and"
            f" the host has {_rounded(free)} free; start fewer or smaller ones, {_ADVICE}"
        )


def _space(stack, volumes: list) -> None:
    needed: Counter = Counter()
    for volume in volumes:
        needed[volume.pool] += volume.space()
    for pool, size in needed.items():
        free = next(volume for volume in volumes if volume.pool == pool).free_space()
        if free is not None and size > free:
            raise Refused(
                f"{stack.subject}: its new volumes take {_SIZE.show(size)} of pool {pool}, which has {_rounded(free)}"
                f" free; make room, {_ADVICE}"
            )


def _rounded(size: int) -> str:
    """A figure that nobody asked for to the byte."""
    return _SIZE.show(size >> 20 << 20)


def _addresses(stack, guests: list[dict]) -> None:
    nics: dict[str, list[str]] = {}
    for words in guests:
        for nic in words.get("interfaces") or ():
            if nic.get("network"):
                nics.setdefault(nic["network"], []).append(nic.get("mac") or "")
    for name, macs in nics.items():
        hosts, ranges = _leases(stack.network_words(name))
        fixed = {host["mac"] for host in hosts if host.get("mac")}
        taken = {host.get("ip") for host in hosts}
        free = sum(end - start + 1 - sum(1 for ip in taken if ip and start <= _number(ip) <= end) for start, end in ranges)
        others = sum(1 for mac in macs if mac not in fixed)
        if ranges and others > free:
            raise Refused(
                f"{stack.subject}: {others} NICs of its guests are to get an address of network {name}, whose DHCP"
                f" ranges have {max(free, 0)} to give; make the ranges larger"
            )


def _leases(words: dict) -> tuple[list[dict], list[tuple[int, int]]]:
    """The fixed leases of a network, and its DHCP ranges as numbers, of IPv4."""
    dhcp = [ip.get("dhcp") or {} for ip in words.get("ips") or () if ":" not in str(ip.get("address"))]
    ranges = [one for part in dhcp for one in part.get("ranges") or ()]
    hosts = [host for part in dhcp for host in part.get("hosts") or ()]
    return hosts, [(_number(one["start"]), _number(one["end"])) for one in ranges]


def _number(address: str) -> int:
    return int(ip_address(address))
