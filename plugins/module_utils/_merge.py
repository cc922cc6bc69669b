# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay a wanted document over the actual one, by the identity of elements and never by their position.

Private to this collection. Unknown nodes stay where they are.
"""

from __future__ import annotations

import copy

from ansible_collections.virtops.libvirt.plugins.module_utils._libs import Element, etree
from ansible_collections.virtops.libvirt.plugins.module_utils._values import UNITS, loosely_equal
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import MASK, NAMESPACE, without_secrets

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
}
# Attributes that must be equal for a pair by likeness: without them it is another thing, not a changed one.
KIND = {"controller": "type", "channel": "type"}
# Siblings of one tag whose order says something: paired by position.
ORDERED = {"boot", "forwarder"}
# Attributes that are sizes where the element has a unit (formatdomain, "NUMA cells", "Memory tuning").
_SIZES = ("memory", "size", "value")


def _value(element: Element, key: str) -> str:
    values = []
    for part in key.split("+"):
        path, _sep, attribute = part.rpartition("@")
        owner = element.find(path.rstrip("/")) if path else element
        values.append(owner.get(attribute, "") if owner is not None else "")
    return "+".join(values).lower() if all(values) else ""


def identity(element: Element) -> str:
    """What tells an element from its siblings of the same tag, or C("")."""
    return next(filter(None, (_value(element, key) for key in IDENTITY.get(element.tag, ()))), "")


def _twin(element: Element, left: list) -> Element | None:
    """The one of C(left) that shares an identity with an element."""
    for key in IDENTITY.get(element.tag, ()):
        value = _value(element, key)
        twin = next((other for other in left if value and _value(other, key) == value), None)
        if twin is not None:
            return twin
    return None


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


def _equal(one: Element, other: Element) -> bool:
    return _contains(one, other) and _contains(other, one)


def pair(wanted: list, actual: list) -> list:
    """Pairs of siblings of one tag: (wanted or None, actual or None), the wanted ones first and in their order.

    By identity, then those that are equal, then those that say all that is wanted, then the most alike.
    """
    left, found = list(actual), dict.fromkeys(range(len(wanted)))

    def take(number: int, twin: Element | None) -> None:
        if twin is not None:
            found[number] = twin
            left.remove(twin)

    def free(number: int) -> list:
        return [other for other in left if found[number] is None and _may_pair(wanted[number], other)]

    for number, element in enumerate(wanted):
        take(number, _twin(element, left))
    for says in (_equal, _contains):
        for number, element in enumerate(wanted):
            if element.tag not in ORDERED:
                take(number, next((other for other in free(number) if says(other, element)), None))
    for number, element in enumerate(wanted):
        others = free(number)
        if others:
            in_order = element.tag in ORDERED
            take(number, others[0] if in_order else max(others, key=lambda other: _likeness(element, other)))
    return [(element, found[number]) for number, element in enumerate(wanted)] + [(None, other) for other in left]


class Edit:
    """One difference that C(merge) put right: C(place) is the path without identities, C(path) the one to print."""

    __slots__ = ("after", "before", "path", "place")

    def __init__(self, place: str, path: str, before: str | None, after: str | None):
        self.place, self.path, self.before, self.after = place, path, before, after


class Merge:
    """Lay a wanted document over the actual one, which is changed in place; C(edits) tells what was.

    What stands in C(applied) (the document that was wanted last) and not in the wanted one is taken out. Without it,
    what the wanted document lacks is taken out unless its place is in C(filled): those that libvirt fills in by itself.
    C(echoes): {path: (asked, got)}; a difference that libvirt itself made when the document was applied is none.
    """

    def __init__(self, actual, wanted, applied=None, filled=None, echoes=None):
        self.filled, self.echoes = filled, echoes or {}
        self.edits: list[Edit] = []
        self._element(actual, wanted, applied, "", "")

    def _log(self, place, path, before, after):
        if place.endswith("/@passwd"):
            before, after = before and MASK, after and MASK
        self.edits.append(Edit(place, path, before, after))

    def _differs(self, path, asked, got) -> bool:
        return not loosely_equal(asked, got) and self.echoes.get(path) != (asked, got)

    def _drops(self, place, in_applied: bool) -> bool:
        """Whether something that is not wanted any more has to go."""
        return in_applied or (self.filled is not None and place not in self.filled)

    def _element(self, actual, wanted, applied, place, path):
        size, now = _bytes(wanted), _bytes(actual)
        if size is not None and now is not None:
            if size != now:
                self._log(place, path, _scaled(actual), _scaled(wanted))
                actual.text, actual.attrib["unit"] = wanted.text, wanted.get("unit", _unit(wanted))
            return
        self._attributes(actual, _in_unit_of(actual, wanted), applied, place, path)
        text = (wanted.text or "").strip()
        if text and self._differs(path, text, (actual.text or "").strip()):
            self._log(place, path, actual.text, text)
            actual.text = text
        tags = dict.fromkeys(child.tag for source in (wanted, actual) for child in source)
        for tag in tags:
            if not _ours(tag):
                self._children(tag, actual, wanted, applied, f"{place}/{tag}".lstrip("/"), f"{path}/{tag}".lstrip("/"))

    def _attributes(self, actual, wanted, applied, place, path):
        for key, value in wanted.attrib.items():
            here = f"{path}/@{key}".lstrip("/")
            if self._differs(here, value, actual.get(key)):
                self._log(f"{place}/@{key}".lstrip("/"), here, actual.get(key), value)
                actual.set(key, value)
        for key in [key for key in actual.attrib if key not in wanted.attrib]:
            where = f"{place}/@{key}".lstrip("/")
            if self._drops(where, applied is not None and key in applied.attrib):
                self._log(where, f"{path}/@{key}".lstrip("/"), actual.attrib.pop(key), None)

    def _children(self, tag, actual, wanted, applied, place, path):
        wants, has = wanted.findall(tag), actual.findall(tag)
        had = applied.findall(tag) if applied is not None else []
        once = len(wants) <= 1 and len(has) <= 1
        was = {id(twin): old for old, twin in pair(had, has) if old is not None and twin is not None}
        for number, (element, twin) in enumerate(pair(wants, has)):
            source = element if element is not None else twin
            here = path if once else f"{path}[{identity(source) or number}]"
            if twin is None:
                self._add(actual, element, place, here)
            elif element is None:
                if self._drops(place, id(twin) in was):
                    self._log(place, here, _short(twin), None)
                    actual.remove(twin)
            else:
                self._element(twin, element, was.get(id(twin)), place, here)

    def _add(self, actual, element, place, path):
        if self.echoes.get(path) == (_short(element), None):
            return
        self._log(place, path, None, _short(element))
        siblings = actual.findall(element.tag)
        twin = copy.deepcopy(element)
        if siblings:
            siblings[-1].addnext(twin)
        else:
            actual.append(twin)


def _ours(tag: str) -> bool:
    return tag.startswith(f"{{{NAMESPACE}}}")


def _short(element: Element) -> str:
    return etree.tostring(without_secrets(element), encoding="unicode", with_tail=False)


def _unit(element: Element) -> str:
    return element.get("unit") or ("KiB" if element.getroottree().getroot().tag == "domain" else "bytes")


def _in_unit_of(actual: Element, wanted: Element) -> Element:
    """The wanted element with its sizes (attributes beside C(unit)) in the unit of the actual one, if possible."""
    mine, theirs = (UNITS.get((element.get("unit") or "").upper()) for element in (wanted, actual))
    if not mine or not theirs or mine == theirs:
        return wanted
    sizes = {name: int(wanted.get(name)) * mine for name in _SIZES if (wanted.get(name) or "").isdigit()}
    if not sizes or any(size % theirs for size in sizes.values()):
        return wanted
    scaled = copy.copy(wanted)
    scaled.attrib.update({name: str(size // theirs) for name, size in sizes.items()})
    scaled.set("unit", actual.get("unit"))
    return scaled


def _scaled(element: Element) -> str:
    return f"{element.text} {_unit(element)}"


def _bytes(element: Element) -> int | None:
    """The size in a scaled element (C(unit)); libvirt's default is KiB in domains and bytes in volumes and pools."""
    if "unit" not in element.attrib and element.tag not in ("memory", "currentMemory", "capacity", "allocation"):
        return None
    unit = _unit(element).upper()
    text = (element.text or "").strip()
    return int(text) * UNITS[unit] if text.isdigit() and unit in UNITS else None
