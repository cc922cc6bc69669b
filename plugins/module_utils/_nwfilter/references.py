# SPDX-License-Identifier: GPL-3.0-or-later
"""Which filters refer to which, and which guests to them. Private to this collection, imported only where it is asked."""

from __future__ import annotations

from typing import NamedTuple
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt

_AWAKE = ("running", "paused")


class Guest(NamedTuple):
    """The filters that a guest's NICs refer to by its definition and while it runs."""

    defined: frozenset
    running: frozenset


def named(document) -> frozenset:
    """The filters that a document refers to."""
    return frozenset(element.get("filter") for element in document.iter("filterref"))


def filters(conn, planned) -> dict[str, frozenset]:
    """All filters, each with those that it refers to; C(planned): what a check-mode run or a stack planned so far."""
    found = dict(planned.once("filters", lambda: _filters(conn)))
    for name, entry in planned.of("nwfilter").items():
        found.pop(name, None)
        if entry["words"]:
            found[name] = frozenset(one["name"] for one in entry["words"].get("filters") or ())
    return found


def _filters(conn) -> dict[str, frozenset]:
    found = {}
    for handle in conn.listAllNWFilters(0):
        # Somebody may have removed it since it was listed.
        text = lookup(handle.XMLDesc, 0, libvirt.VIR_ERR_NO_NWFILTER)
        if text:
            found[handle.name()] = named(ET.fromstring(text))  # noqa: S314 (the text is libvirt's own)
    return found


def guests(conn, planned) -> dict[str, Guest]:
    """All guests with the filters that they refer to, as they would be by now."""
    found = dict(planned.once("filters of guests", lambda: _guests(conn)))
    for name, entry in planned.of("domain").items():
        words = entry["words"]
        nics = [nic.get("filter") or {} for nic in words.get("interfaces") or ()]
        defined = frozenset(one["name"] for one in nics if one.get("name"))
        found[name] = Guest(defined, defined if words.get("state") in _AWAKE else frozenset())
    return found


def _guests(conn) -> dict[str, Guest]:
    found = {}
    for handle in conn.listAllDomains(0):
        texts = [
            lookup(handle.XMLDesc, flag, libvirt.VIR_ERR_NO_DOMAIN) for flag in (libvirt.VIR_DOMAIN_XML_INACTIVE, 0)
        ]
        if None not in texts:
            defined, now = (named(ET.fromstring(text)) for text in texts)  # noqa: S314 (libvirt's own)
            found[handle.name()] = Guest(defined, now if handle.isActive() else frozenset())
    return found


def reached(names, known: dict[str, frozenset]) -> set[str]:
    """C(names), and all filters that those refer to, whatever is between."""
    found, left = set(), list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += known.get(name, ())
    return found


def users(conn, planned, name: str) -> tuple[list[str], list[str]]:
    """(guests, filters) that refer to a filter themselves; a guest that runs may do it by what it runs with."""
    using = [other for other, one in guests(conn, planned).items() if name in one.defined | one.running]
    return sorted(using), sorted(other for other, needs in filters(conn, planned).items() if name in needs)


def runs_with(conn, planned, name: str) -> bool:
    """Whether a guest runs whose packets go through a filter, be it by way of another one."""
    known = filters(conn, planned)
    return any(name in reached(one.running, known) for one in guests(conn, planned).values())


def missing(conn, planned, name: str) -> str:
    """C(name) or a filter that it refers to, whatever is between, which is not there; C("") for none."""
    if not planned.of("nwfilter"):
        # The most common case costs no list.
        handle = lookup(conn.nwfilterLookupByName, name, libvirt.VIR_ERR_NO_NWFILTER)
        if handle is None:
            return name
    known = filters(conn, planned)
    return next((one for one in sorted(reached([name], known)) if one not in known), "")
