# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay a wanted document over the actual one: element by element, as C(_pair) tells which are the same.

Private to this collection. Unknown nodes stay where they are.
"""

from __future__ import annotations

import copy
from collections import Counter

from ansible_collections.virtops.libvirt.plugins.module_utils._libs import Element, etree
from ansible_collections.virtops.libvirt.plugins.module_utils._pair import equal, identity, pair
from ansible_collections.virtops.libvirt.plugins.module_utils._values import UNITS, loosely_equal
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import MASK, NAMESPACE, is_secret, without_secrets

# Attributes that are sizes where the element has a unit (formatdomain, "NUMA cells", "Memory tuning").
_SIZES = ("memory", "size", "value")


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
    document does not have is counted as it is wanted, with a C(+). C(runs): the same element of the running object,
    None where it has none, or where nothing is to be said of it. C(gone): places that do not go with the new shape of
    what is around.
    """

    __slots__ = ("gone", "key", "path", "place", "runs")

    def __init__(self, place: str = "", path: str = "", key: str = "", runs: Element | None = None, gone: tuple = ()):
        self.place, self.path, self.key, self.runs, self.gone = place, path, key, runs, gone

    def below(self, tag: str, label: str = "", key: str = "", runs: Element | None = None) -> _At:
        """A child; C(label): what tells it from its siblings."""
        steps = (tag, f"{tag}[{label}]" if label else tag, key or tag)
        here = zip((self.place, self.path, self.key), steps)
        place, path, key = (f"{one}/{step}".lstrip("/") for one, step in here)
        return _At(place, path, key, runs, self.gone)

    def is_gone(self) -> bool:
        """Whether this is at or below a place that goes; C(*) are all elements there."""
        for place in self.gone:
            if self.place == place or self.place.startswith(place + "/"):
                return True
            if place.endswith("*") and self.place.startswith(place[:-1]) and self.place[len(place) - 1] != "@":
                return True
        return False


class Merge:
    """Lay a wanted document over the actual one, which is changed in place; C(edits) tells what was.

    What stands in C(applied) (the document that was wanted last) and not in the wanted one is taken out. Without it,
    what the wanted document lacks is taken out unless its place is in C(filled): those that libvirt fills in by itself.
    What is in C(kept) stays in any case.
    C(echoes): {key: (asked, got)}; a difference that libvirt itself made when the document was applied is none.

    C(behind) tells what C(running), the document of the running object, has otherwise than the actual one has it now,
    of all that the wanted document says or takes out. C(shapes): see C(deciding) of C(_diff); what does not go with the
    new value of what decides about an element goes, whoever it is of.
    """

    def __init__(self, actual, wanted, applied=None, filled=None, echoes=None, running=None, shapes=None, kept=()):
        self.filled, self.kept, self.echoes, self.shapes = filled, kept, echoes or {}, shapes or {}
        self.edits: list[Edit] = []
        self.behind: list[Edit] = []
        self._element(actual, wanted, applied, _At(runs=running))

    def _log(self, at, before, after):
        if is_secret(at.place):
            before, after = before and MASK, after and MASK
        self.edits.append(Edit(at.place, at.path, before, after, at.key))

    def _lag(self, at, before, after, same=loosely_equal):
        # The text of what runs is read without its secrets.
        if not is_secret(at.place) and not same(before, after):
            self.behind.append(Edit(at.place, at.path, before, after))

    def _is_echo(self, at, asked, got, equal=loosely_equal) -> bool:
        """Whether libvirt answered with C(got) when C(asked) was applied."""
        told = self.echoes.get(at.key)
        return told is not None and equal(told[0], asked) and equal(told[1], got)

    def _drops(self, at, in_applied: bool) -> bool:
        """Whether something that is not wanted any more has to go."""
        if at.place in self.kept:
            return at.is_gone()
        return in_applied or at.is_gone() or (self.filled is not None and at.place not in self.filled)

    def _reshaped(self, actual, wanted, at):
        """Note what goes because the shape of the element becomes another one."""
        for path, decides in self.shapes.get(at.place, ()):
            before, after = _attribute(actual, path), _attribute(wanted, path)
            here = at.below(path)
            if None not in (before, after) and before != after and not self._is_echo(here, after, before):
                at.gone += tuple(f"{at.place}/{place}" for place, values in decides.items() if after not in values)

    def _element(self, actual, wanted, applied, at):
        if _bytes_of(actual) == _bytes_of(wanted) and (at.runs is None or _bytes_of(at.runs) == _bytes_of(actual)):
            return
        size, now = _bytes(wanted), _bytes(actual)
        if size is not None and now is not None:
            if size != now and not self._is_echo(at, _scaled(wanted), _scaled(actual), _same_size):
                self._log(at, _scaled(actual), _scaled(wanted))
                actual.text, actual.attrib["unit"] = wanted.text, wanted.get("unit", _unit(wanted))
            if at.runs is not None:
                runs = None if _bytes(at.runs) is None else _scaled(at.runs)
                self._lag(at, runs, _scaled(actual), _same_size)
            return
        self._reshaped(actual, wanted, at)
        self._attributes(actual, _in_unit_of(actual, wanted), applied, at)
        self._text(actual, wanted, applied, at)
        tags = dict.fromkeys(child.tag for source in (wanted, actual) for child in source)
        for tag in tags:
            if not _ours(tag):
                self._children(tag, actual, wanted, applied, at)

    def _text(self, actual, wanted, applied, at):
        asked, now = _said(wanted), _said(actual)
        goes = asked or _said(applied) or at.below(".").is_gone()
        differs = bool(goes) and not loosely_equal(asked, now) and not self._is_echo(at, asked, now)
        if differs:
            self._log(at, now or None, asked or None)
            actual.text = asked or None
        if at.runs is not None and (asked or differs):
            self._lag(at, _said(at.runs) or None, _said(actual) or None)

    def _attributes(self, actual, wanted, applied, at):
        for key, value in wanted.attrib.items():
            now = actual.get(key)
            here = None if loosely_equal(value, now) else at.below(f"@{key}")
            if here and not self._is_echo(here, value, now):
                self._log(here, now, value)
                actual.set(key, value)
        for key in [key for key in actual.attrib if key not in wanted.attrib]:
            here = at.below(f"@{key}")
            ours = applied is not None and key in applied.attrib and not self._is_echo(here, None, actual.get(key))
            if self._drops(here, ours):
                self._log(here, actual.attrib.pop(key), None)
                if at.runs is not None:
                    self._lag(here, at.runs.get(key), None)
        if at.runs is not None:
            shall = _in_unit_of(at.runs, actual)
            for key in [key for key in wanted.attrib if key in shall.attrib]:
                self._lag(at.below(f"@{key}"), at.runs.get(key), shall.get(key))

    def _children(self, tag, actual, wanted, applied, at):
        wants, has = wanted.findall(tag), actual.findall(tag)
        had = applied.findall(tag) if applied is not None else []
        pairs = pair(wants, has)
        was = _was(pairs, had, has)
        runs = {} if at.runs is None else _running(pairs, has, at.runs.findall(tag))
        once = len(wants) <= 1 and len(has) <= 1
        labels = [""] * len(pairs) if once else _labels(pairs)
        for number, (element, twin) in enumerate(pairs):
            source = element if element is not None else twin
            old = was.get(id(source))
            key = f"+{_counted(tag, wants, number)}" if old is None else _counted(tag, had, had.index(old))
            here = at.below(tag, labels[number], key, runs.get(id(source if twin is None else twin)))
            following = next((one for more, one in pairs[number:] if None not in (more, one)), None)
            if self._child(actual, element, twin, old, here, following) and at.runs is not None:
                self._lag_of_element(here, element)

    def _child(self, owner, element, twin, old, at, following) -> bool:
        """Bring one child there, or take it out; whether the document speaks of it, and libvirt takes that over.

        C(following): the twin of the next one that has one.
        """
        if element is None:
            drops = self._drops(at, old is not None and not self._is_echo(at, None, _short(twin), _same_element))
            if drops:
                self._log(at, _short(twin), None)
                owner.remove(twin)
            elif at.gone:
                # Something in it may go, of what nobody speaks of.
                self._element(twin, twin.makeelement(twin.tag), None, at)
            return drops
        if twin is None:
            twin = self._added(owner, element, at, following)
        if twin is not None:
            self._element(twin, element, old, at)
        return twin is not None

    def _lag_of_element(self, at, element):
        if (element is None) != (at.runs is None):
            self._lag(at, *(None if one is None else _short(one) for one in (at.runs, element)))

    def _added(self, actual, element, at, following):
        """The twin that an element gets, None where libvirt does not take it over."""
        if self._is_echo(at, _short(element), None, _same_element):
            return None
        self._log(at, None, _short(element))
        siblings = actual.findall(element.tag)
        twin = copy.deepcopy(element)
        if following is not None:
            # The order of some says something: only the first console can be a serial port.
            following.addprevious(twin)
        elif siblings:
            siblings[-1].addnext(twin)
        else:
            actual.append(twin)
        return twin


def _running(pairs: list, has: list, live: list) -> dict:
    """Elements of the running object, by the id of the actual one, or of the wanted one where there is no such."""
    found = {id(twin): one for twin, one in pair(has, live) if twin is not None and one is not None}
    left = [one for one in live if not any(one is other for other in found.values())]
    new = pair([element for element, twin in pairs if twin is None], left)
    return {**found, **{id(element): one for element, one in new if element is not None and one is not None}}


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


def _attribute(element: Element, path: str) -> str | None:
    """The value of an attribute of an element, or of one below it."""
    place, _at, name = path.rpartition("@")
    owner = element.find(place.rstrip("/")) if place else element
    return None if owner is None else owner.get(name)


def _said(element: Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


def _same_element(one: str | None, other: str | None) -> bool:
    return one == other or bool(one and other and equal(etree.fromstring(one), etree.fromstring(other)))


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
