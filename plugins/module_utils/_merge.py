# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay a wanted document over the actual one, by the identity of elements and never by their position.

Private to this collection. Unknown nodes stay where they are.
"""

from __future__ import annotations

import copy
from collections import Counter
from functools import cache

from ansible_collections.virtops.libvirt.plugins.module_utils._libs import Element, etree
from ansible_collections.virtops.libvirt.plugins.module_utils._values import UNITS, loosely_equal
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import MASK, NAMESPACE, is_secret, without_secrets

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
# Attributes that are sizes where the element has a unit (formatdomain, "NUMA cells", "Memory tuning").
_SIZES = ("memory", "size", "value")


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


def _equal(one: Element, other: Element) -> bool:
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
    return None if element.tag in ORDERED else next((other for other in others if _equal(other, element)), None)


def _first_containing(element: Element, others: list) -> Element | None:
    return None if element.tag in ORDERED else next((other for other in others if _contains(other, element)), None)


def _most_alike(element: Element, others: list) -> Element:
    return others[0] if element.tag in ORDERED else max(others, key=lambda other: _likeness(element, other))


class Edit:
    """One difference that C(merge) put right: C(place) is the path without identities, C(path) the one to print.

    C(key) is where the echo of it is kept and looked for.
    """

    __slots__ = ("after", "before", "key", "path", "place")

    def __init__(self, place: str, path: str, before: str | None, after: str | None, key: str = ""):
        self.place, self.path, self.before, self.after, self.key = place, path, before, after, key


class _At:
    """Where a merge is: C(place) without identities, C(path) as it is printed, C(key) as echoes are kept.

    A key counts siblings as the applied document has them, so that it stays while others come and go; what that
    document does not have is counted as it is wanted, with a C(+).
    """

    __slots__ = ("key", "path", "place")

    def __init__(self, place: str = "", path: str = "", key: str = ""):
        self.place, self.path, self.key = place, path, key

    def below(self, tag: str, label: str = "", key: str = "") -> _At:
        """A child; C(label): what tells it from its siblings."""
        steps = (tag, f"{tag}[{label}]" if label else tag, key or tag)
        return _At(*(f"{one}/{step}".lstrip("/") for one, step in zip((self.place, self.path, self.key), steps)))


class Merge:
    """Lay a wanted document over the actual one, which is changed in place; C(edits) tells what was.

    What stands in C(applied) (the document that was wanted last) and not in the wanted one is taken out. Without it,
    what the wanted document lacks is taken out unless its place is in C(filled): those that libvirt fills in by itself.
    C(echoes): {key: (asked, got)}; a difference that libvirt itself made when the document was applied is none.
    """

    def __init__(self, actual, wanted, applied=None, filled=None, echoes=None):
        self.filled, self.echoes = filled, echoes or {}
        self.edits: list[Edit] = []
        self._element(actual, wanted, applied, _At())

    def _log(self, at, before, after):
        if is_secret(at.place):
            before, after = before and MASK, after and MASK
        self.edits.append(Edit(at.place, at.path, before, after, at.key))

    def _is_echo(self, at, asked, got, equal=loosely_equal) -> bool:
        """Whether libvirt answered with C(got) when C(asked) was applied."""
        told = self.echoes.get(at.key)
        return told is not None and equal(told[0], asked) and equal(told[1], got)

    def _drops(self, place, in_applied: bool) -> bool:
        """Whether something that is not wanted any more has to go."""
        return in_applied or (self.filled is not None and place not in self.filled)

    def _element(self, actual, wanted, applied, at):
        if _bytes_of(actual) == _bytes_of(wanted):
            return
        size, now = _bytes(wanted), _bytes(actual)
        if size is not None and now is not None:
            if size != now and not self._is_echo(at, _scaled(wanted), _scaled(actual), _same_size):
                self._log(at, _scaled(actual), _scaled(wanted))
                actual.text, actual.attrib["unit"] = wanted.text, wanted.get("unit", _unit(wanted))
            return
        self._attributes(actual, _in_unit_of(actual, wanted), applied, at)
        self._text(actual, wanted, applied, at)
        tags = dict.fromkeys(child.tag for source in (wanted, actual) for child in source)
        for tag in tags:
            if not _ours(tag):
                self._children(tag, actual, wanted, applied, at)

    def _text(self, actual, wanted, applied, at):
        asked, now = _said(wanted), _said(actual)
        if loosely_equal(asked, now) or self._is_echo(at, asked, now):
            return
        if asked or _said(applied):
            self._log(at, now or None, asked or None)
            actual.text = asked or None

    def _attributes(self, actual, wanted, applied, at):
        for key, value in wanted.attrib.items():
            now = actual.get(key)
            here = None if loosely_equal(value, now) else at.below(f"@{key}")
            if here and not self._is_echo(here, value, now):
                self._log(here, now, value)
                actual.set(key, value)
        for key in [key for key in actual.attrib if key not in wanted.attrib]:
            here = at.below(f"@{key}")
            if self._drops(here.place, applied is not None and key in applied.attrib):
                self._log(here, actual.attrib.pop(key), None)

    def _children(self, tag, actual, wanted, applied, at):
        wants, has = wanted.findall(tag), actual.findall(tag)
        had = applied.findall(tag) if applied is not None else []
        pairs = pair(wants, has)
        was = _was(pairs, had, has)
        once = len(wants) <= 1 and len(has) <= 1
        labels = [""] * len(pairs) if once else _labels(pairs)
        for number, (element, twin) in enumerate(pairs):
            source = element if element is not None else twin
            old = was.get(id(source))
            key = f"+{_counted(tag, wants, number)}" if old is None else _counted(tag, had, had.index(old))
            here = at.below(tag, labels[number], key)
            if twin is None:
                self._add(actual, element, here)
            elif element is not None:
                self._element(twin, element, old, here)
            elif self._drops(here.place, old is not None):
                self._log(here, _short(twin), None)
                actual.remove(twin)

    def _add(self, actual, element, at):
        if self._is_echo(at, _short(element), None, _same_element):
            return
        self._log(at, None, _short(element))
        siblings = actual.findall(element.tag)
        twin = copy.deepcopy(element)
        if siblings:
            siblings[-1].addnext(twin)
        else:
            actual.append(twin)


def _was(pairs: list, had: list, has: list) -> dict:
    """What was applied last, by the id of the wanted element, or of the actual one that is not wanted any more."""
    if not had:
        return {}
    by_twin = {id(twin): old for old, twin in pair(had, has) if old is not None and twin is not None}
    was = {
        id(twin if element is None else element): by_twin[id(twin)] for element, twin in pairs if id(twin) in by_twin
    }
    # libvirt did not take those over.
    left = [old for old in had if not any(old is other for other in by_twin.values())]
    missing = pair([element for element, twin in pairs if twin is None], left)
    return {**was, **{id(element): old for element, old in missing if element is not None and old is not None}}


def _counted(tag: str, siblings: list, number: int) -> str:
    return tag if len(siblings) == 1 else f"{tag}[{number}]"


def _labels(pairs: list) -> list[str]:
    """What tells each element from its siblings in a printed path."""
    if len(pairs) == 1:
        return [identity(pairs[0][0] if pairs[0][0] is not None else pairs[0][1]) or "0"]
    names = [identity(one if one is not None else other) for one, other in pairs]
    more = {name for name, count in Counter(names).items() if count > 1}
    told = (f"{name} #{names[:number].count(name)}" if name in more else name for number, name in enumerate(names))
    return [label if name else str(number) for number, (name, label) in enumerate(zip(names, told))]


def _said(element: Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


def _same_element(one: str | None, other: str | None) -> bool:
    return one == other or bool(one and other and _equal(etree.fromstring(one), etree.fromstring(other)))


def _same_size(one: str | None, other: str | None) -> bool:
    """Whether two sizes that C(_scaled) printed are equal."""
    sizes = [text.split() for text in (one, other) if text]
    return len(sizes) == 2 and len({int(number) * UNITS[unit.upper()] for number, unit in sizes}) == 1


def _ours(tag: str) -> bool:
    return tag.startswith(f"{{{NAMESPACE}}}")


def _bytes_of(element: Element) -> bytes:
    return etree.tostring(element, with_tail=False)


def _short(element: Element) -> str:
    """An element in a line, for a change; the place of a secret itself is masked by the one who logs it."""
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
