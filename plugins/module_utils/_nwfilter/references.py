# SPDX-License-Identifier: GPL-3.0-or-later
"""Which filters refer to which, guests to them, and what values they hand on. Private to this collection, imported only
where it is asked.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.values import variable

_AWAKE = ("running", "paused")


class Reference(NamedTuple):
    """A filter that is referred to, and how many values each variable has there."""

    name: str
    given: dict


class Filter(NamedTuple):
    """What a filter refers to, and the variables in its own rules."""

    needs: tuple[Reference, ...]
    variables: frozenset


class Guest(NamedTuple):
    """What a guest's NICs refer to by its definition and while it runs."""

    defined: tuple[Reference, ...]
    running: tuple[Reference, ...]

    @property
    def names(self) -> set[str]:
        return {one.name for one in self.defined + self.running}


def in_document(document) -> tuple[Reference, ...]:
    """What a document refers to."""
    return tuple(
        Reference(one.get("filter"), Counter(part.get("name") for part in one.iter("parameter")))
        for one in document.iter("filterref")
    )


def described(document) -> Filter:
    """What is asked here of the document of a filter."""
    values = [value for rule in document.iter("rule") for part in rule for value in part.attrib.values()]
    return Filter(in_document(document), frozenset(variable(one) for one in values if one.startswith("$")))


def filters(conn, planned) -> dict[str, Filter]:
    """All filters by name; C(planned): what a check-mode run or a stack planned so far."""
    found = dict(planned.once("filters", lambda: _filters(conn)))
    for name, entry in planned.of("nwfilter").items():
        found.pop(name, None)
        if entry["words"]:
            found[name] = described(ET.fromstring(entry["xml"]))  # noqa: S314 (our own)
    return found


def _filters(conn) -> dict[str, Filter]:
    found = {}
    for handle in conn.listAllNWFilters(0):
        # Somebody may have removed it since it was listed.
        text = lookup(handle.XMLDesc, 0, libvirt.VIR_ERR_NO_NWFILTER)
        if text:
            found[handle.name()] = described(ET.fromstring(text))  # noqa: S314 (the text is libvirt's own)
    return found


def guests(conn, planned) -> dict[str, Guest]:
    """All guests by name, as they would be by now."""
    found = dict(planned.once("filters of guests", lambda: _guests(conn)))
    for name, entry in planned.of("domain").items():
        words = entry["words"] or {}
        nics = [nic.get("filter") or {} for nic in words.get("interfaces") or ()]
        defined = tuple(in_words(nic) for nic in nics if nic.get("name"))
        found[name] = Guest(defined, defined if words.get("state") in _AWAKE else ())
    return found


def in_words(words: dict) -> Reference:
    """A reference as options say it."""
    values = (words.get("parameters") or {}).items()
    return Reference(words["name"], {name: len(value) if isinstance(value, list) else 1 for name, value in values})


def _guests(conn) -> dict[str, Guest]:
    found = {}
    for handle in conn.listAllDomains(0):
        flags = (libvirt.VIR_DOMAIN_XML_INACTIVE, *([0] if handle.isActive() else []))
        # Somebody may have removed it since it was listed.
        texts = [lookup(handle.XMLDesc, flag, libvirt.VIR_ERR_NO_DOMAIN) for flag in flags]
        if None not in texts:
            defined, *runs = (in_document(ET.fromstring(text)) for text in texts)  # noqa: S314 (libvirt's own)
            found[handle.name()] = Guest(defined, runs[0] if runs else ())
    return found


def reached(names, known: dict[str, Filter]) -> set[str]:
    """C(names), and all filters that those refer to, whatever is between."""
    found, left = set(), list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [one.name for one in known[name].needs] if name in known else []
    return found


def users(conn, planned, name: str) -> tuple[list[str], list[str]]:
    """(guests, filters) that refer to a filter themselves; a guest that runs may do it by what it runs with."""
    using = [other for other, one in guests(conn, planned).items() if name in one.names]
    known = filters(conn, planned).items()
    return sorted(using), sorted(other for other, one in known if name in {need.name for need in one.needs})


def running_with(conn, planned, name: str, known: dict[str, Filter]) -> list[tuple[str, Reference]]:
    """(guest, what it refers to) for each NIC that runs with a filter, be it by way of another one."""
    found = guests(conn, planned).items()
    return [(guest, one) for guest, all_of in found for one in all_of.running if name in reached([one.name], known)]


def lacking(reference: Reference, known: dict[str, Filter]) -> str:
    """Why a NIC could not go through what it refers to, C("") where it could (virNWFilterDoInstantiate)."""
    absent = next((one for one in sorted(reached([reference.name], known)) if one not in known), "")
    if absent:
        by_way = f", to which {reference.name} refers" if absent != reference.name else ""
        return f"there is no nwfilter {absent}{by_way}; make it with virtops.libvirt.nwfilter, or correct the name"
    left = _unresolved(Reference(reference.name, {"MAC": 1, **reference.given}), known)
    # An address alone is learned from what the guest sends.
    if not left or left == {"IP"}:
        return ""
    return f"nwfilter {reference.name} needs a value of {', '.join(sorted(left))}; give it in 'parameters'"


def _unresolved(reference: Reference, known: dict[str, Filter]) -> set[str]:
    """The variables for which there is no value, as rules write them without the C($)."""
    one = known[reference.name]
    left = {access[1:] for access in one.variables if not _has(reference.given, access[1:])}
    for need in one.needs:
        left |= _unresolved(Reference(need.name, {**reference.given, **need.given}), known)
    return left


def _has(given: dict, access: str) -> bool:
    name, _bracket, index = access.rstrip("]").partition("[")
    return name in given and (not index.isdecimal() or int(index) < given[name])
