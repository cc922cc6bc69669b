# SPDX-License-Identifier: GPL-3.0-or-later
"""Which elements of two documents are the same thing: by their identity, else by likeness, never by their position.

Private to this collection.
"""

from __future__ import annotations

from functools import cache

from ansible_collections.virtops.libvirt.plugins.module_utils._libs import Element
from ansible_collections.virtops.libvirt.plugins.module_utils._values import loosely_equal

# How repeated elements are told apart: the first of these that a wanted element has and an actual one shares pairs
# them. "a+b" needs both. Elements of other tags are paired by likeness. Sources: formatdomain, formatnetwork.
IDENTITY = {
    "disk": ("target/@dev", "alias/@name"),
    "filesystem": ("target/@dir", "alias/@name"),
    "interface": ("mac/@address", "alias/@name"),
    "controller": ("@type+@index",),
    "channel": ("target/@name", "alias/@name"),
    "serial": ("target/@port",),
    "console": ("target/@port",),
    "graphics": ("@type",),
    "feature": ("@name",),
    "timer": ("@name",),
    "vcpupin": ("@vcpu",),
    "cell": ("@id",),
    "ip": ("@address",),
    "route": ("@address",),
    "range": ("@start",),
    "host": ("@mac", "@id", "@ip", "@name"),
    "portgroup": ("@name",),
    "sysinfo": ("@type",),
    "entry": ("@name",),
}
# Attributes that must be equal for a pair by likeness: without them it is another thing, not a changed one.
KIND = {"controller": "type", "channel": "type"}
# Siblings of one tag whose order says something: paired by position.
ORDERED = {"boot", "forwarder"}


@cache
def _parts(key: str) -> list[tuple[str, str]]:
    """(path, attribute) of each part of an identity."""
    parts = (part.rpartition("@") for part in key.split("+"))
    return [(path.rstrip("/"), attribute) for path, _sep, attribute in parts]


def _value(element: Element, key: str) -> str:
    values = []
    for path, attribute in _parts(key):
        owner = element.find(path) if path else element
        value = owner.get(attribute) if owner is not None else None
        if not value:
            return ""
        values.append(value)
    return "+".join(values).lower()


def identity(element: Element) -> str:
    """What tells an element from its siblings of the same tag, or C("")."""
    return next(filter(None, (_value(element, key) for key in IDENTITY.get(element.tag, ()))), "")


def _sharing(element: Element, left: list) -> list:
    """Those of C(left) that share an identity with an element: more than one where libvirt lets them, as for the
    companions of a USB controller, which have its index.
    """
    for key in IDENTITY.get(element.tag, ()):
        value = _value(element, key)
        twins = [other for other in left if value and _value(other, key) == value]
        if twins:
            return twins
    return []


def _may_pair(element: Element, other: Element) -> bool:
    """Whether two elements could be one although no identity says so."""
    kind = KIND.get(element.tag)
    if kind and element.get(kind) != other.get(kind):
        return False
    return not any(_value(element, key) and _value(other, key) for key in IDENTITY.get(element.tag, ()))


def _likeness(one: Element, other: Element) -> int:
    """How many attributes, texts and, below them, children two elements share."""
    score = sum(1 for key, value in one.attrib.items() if loosely_equal(value, other.get(key)))
    score += 1 if (one.text or "").strip() and loosely_equal(one.text, other.text) else 0
    for child in one:
        twin = other.find(child.tag)
        score += 1 + _likeness(child, twin) if twin is not None else 0
    return score


def _contains(other: Element, element: Element) -> bool:
    """Whether C(other) says all that C(element) says, and maybe more."""
    if any(not loosely_equal(value, other.get(key)) for key, value in element.attrib.items()):
        return False
    if not loosely_equal((element.text or "").strip(), (other.text or "").strip()):
        return False
    left = list(other)
    for child in element:
        twin = next((one for one in left if one.tag == child.tag and _contains(one, child)), None)
        if twin is None:
            return False
        left.remove(twin)
    return True


def equal(one: Element, other: Element) -> bool:
    return _contains(one, other) and _contains(other, one)


def pair(wanted: list, actual: list) -> list:
    """Pairs of siblings of one tag: (wanted or None, actual or None), the wanted ones first and in their order.

    First those that share an identity, then the others; in both, those that are equal come first, then those that say
    all that is wanted, then the most alike.
    """
    if not wanted or not actual:
        return [(element, None) for element in wanted] + [(None, other) for other in actual]
    left, found = list(actual), dict.fromkeys(range(len(wanted)))
    if len(wanted) == len(actual) == 1 and (_sharing(wanted[0], left) or _free(wanted[0], left)):
        return [(wanted[0], actual[0])]

    def take(candidates, choose) -> None:
        for number, element in enumerate(wanted):
            others = candidates(element, left) if found[number] is None else []
            twin = choose(element, others) if others else None
            if twin is not None:
                found[number] = twin
                left.remove(twin)

    for candidates in (_sharing, _free):
        for choose in (_first_equal, _first_containing, _most_alike):
            take(candidates, choose)
    return [(element, found[number]) for number, element in enumerate(wanted)] + [(None, other) for other in left]


def _free(element: Element, left: list) -> list:
    return [other for other in left if _may_pair(element, other)]


def _first_equal(element: Element, others: list) -> Element | None:
    return None if element.tag in ORDERED else next((other for other in others if equal(other, element)), None)


def _first_containing(element: Element, others: list) -> Element | None:
    return None if element.tag in ORDERED else next((other for other in others if _contains(other, element)), None)


def _most_alike(element: Element, others: list) -> Element:
    return others[0] if element.tag in ORDERED else max(others, key=lambda other: _likeness(element, other))
