# SPDX-License-Identifier: GPL-3.0-or-later
"""The one declaration of an option.

Private to this collection. A C(Field) says once what an option is called, where it stands in libvirt's XML, what type
it has and what a change of it does to a running object; argument spec, reading, writing, comparison and the printed
change all come from it.

A place is a path relative to the element that owns the field: C(memory) is the text of an element,
C(os/type/@machine) an attribute. Three shapes build on it: C(Group) (a dict, one element), C(Items) (a list of dicts,
repeated elements with an identity) and C(Scalars) (a list of plain values, repeated elements).

"Canonical" below is what C(_values) makes of a value; in a dict of canonical values a missing key is unmanaged.
"""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._place import append, ensure, remove
from ansible_collections.virtops.libvirt.plugins.module_utils._values import TEXT, Size
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import MASK

# What a change does to an object that runs: "live" is applied at once, "next_boot" waits for its next start.
LIVE, NEXT_BOOT, FIXED = "live", "next_boot", "fixed"


class Field:
    """One option of plain type.

    C(effect) FIXED: cannot be changed on an existing object. C(present): the element says it by being there.
    C(secret): its value appears nowhere. C(only): the C(type) that the owner must have for the place to say this
    (libvirt shows the bridge of a running guest's NIC where its network is the option). C(path) "": the option has no
    place of its own; the kind makes others of it.
    """

    def __init__(
        self,
        name,
        path,
        value=TEXT,
        *,
        effect=NEXT_BOOT,
        choices=None,
        required=False,
        present=False,
        secret=False,
        only="",
    ):
        self.name, self.path, self.value, self.effect = name, path, value, effect
        self.choices, self.required, self.present, self.secret, self.only = choices, required, present, secret, only
        self.element_path, _sep, self.attribute = path.partition("@")
        self.element_path = self.element_path.rstrip("/")

    def spec(self) -> dict:
        """The entry of this option in an argument spec."""
        spec: dict = {"type": self.value.option_type}
        if self.choices:
            spec["choices"] = list(self.choices)
        if self.required:
            spec["required"] = True
        if self.secret:
            spec["no_log"] = True
        return spec

    def parse(self, raw, where: str):
        """Canonical form of what the user wrote; Refused names C(where)."""
        try:
            return self.value.parse(raw)
        except ValueError as error:
            raise Refused(f"{where}: {error}") from None

    def show(self, canonical):
        """The option's words for a canonical value."""
        return MASK if self.secret else self.value.show(canonical)

    def read(self, owner):
        """Canonical value in the XML below C(owner), or None."""
        if not self.path or (self.only and owner.get("type") != self.only):
            return None
        element = owner.find(self.element_path) if self.element_path else owner
        if self.present:
            return True if element is not None else None
        if element is None:
            return None
        text = element.get(self.attribute) if self.attribute else element.text
        if not text:
            return None
        if isinstance(self.value, Size):
            return self.value.read(text, element.get("unit"))
        return self.value.read(text)

    def agrees(self, owner, canonical) -> bool:
        """Whether the XML below C(owner) says C(canonical) already: then C(write) leaves it untouched."""
        actual = self.read(owner) if self.path else canonical
        return canonical == actual or (actual is None and self._absent(canonical))

    def _absent(self, canonical) -> bool:
        """An empty text, like a flag that is off, says that it shall not be there."""
        return canonical == "" or (self.present and not canonical)

    def write(self, owner, canonical) -> None:
        """Put a canonical value into the XML below C(owner)."""
        if self.agrees(owner, canonical):
            return
        if self._absent(canonical):
            self._remove(owner)
            return
        element = ensure(owner, self.element_path)
        if self.present:
            return
        text = self.value.text(canonical)
        if self.attribute:
            element.set(self.attribute, text)
            return
        element.text = text
        if isinstance(self.value, Size):
            element.set("unit", self.value.written)

    def _remove(self, owner) -> None:
        if not self.attribute:
            remove(owner, self.element_path)
            return
        element = owner.find(self.element_path) if self.element_path else owner
        element.attrib.pop(self.attribute, None)


class Group(Field):
    """A dict option: its fields live below one element. C(finish(element, wanted)) sets what they imply."""

    def __init__(self, name, path, fields, *, effect=NEXT_BOOT, required=False, finish=None):
        super().__init__(name, path, effect=effect, required=required)
        self.element_path, self.attribute = path, ""
        self.fields, self.finish = tuple(fields), finish

    def spec(self):
        return {"type": "dict", "required": self.required, "options": specs(self.fields)}

    def parse(self, raw, where):
        return parse(self.fields, raw, where)

    def show(self, canonical):
        return shown(self.fields, canonical)

    def read(self, owner):
        element = owner if self.path == "." else owner.find(self.element_path)
        if element is None:
            return None
        return read(self.fields, element) or None

    def agrees(self, owner, canonical):
        element = owner if self.path == "." else owner.find(self.element_path)
        return not canonical or (element is not None and agree(self.fields, element, canonical))

    def write(self, owner, canonical):
        if self.agrees(owner, canonical):
            return
        element = owner if self.path == "." else ensure(owner, self.element_path)
        write(self.fields, element, canonical)
        if self.finish:
            self.finish(element, canonical)


class Items(Group):
    """A list of dicts: one element each, matched by identity.

    C(identity): names of the fields that tell items apart; the first that the wanted item has is used. A wanted item
    that carries none of them takes the first actual item that nobody claimed, so that order decides only there.
    C(one_of): names of fields of which an item has one at most.
    """

    def __init__(self, name, path, fields, *, identity, effect=NEXT_BOOT, finish=None, one_of=()):
        super().__init__(name, path, fields, effect=effect, finish=finish)
        self.identity, self.one_of = tuple(identity), tuple(one_of)

    def spec(self):
        return {"type": "list", "elements": "dict", "options": specs(self.fields)}

    def parse(self, raw, where):
        items = [parse(self.fields, item, f"{where}[{number}]") for number, item in enumerate(raw)]
        for number, item in enumerate(items):
            given = [name for name in self.one_of if name in item]
            if len(given) > 1:
                raise Refused(
                    f"{where}[{number}]: {' and '.join(map(repr, given))} exclude each other; give one of them"
                )
        return items

    def show(self, canonical):
        return [shown(self.fields, item) for item in canonical]

    def read(self, owner):
        return [read(self.fields, element) for element in owner.findall(self.element_path)]

    def label(self, item: dict) -> str:
        """What names an item in a printed path."""
        return next((str(item[key]) for key in self.identity if item.get(key) is not None), "")

    def pairs(self, wanted: list, actual: list) -> list:
        """(wanted index or None, actual index or None), wanted ones first."""
        left = list(range(len(actual)))
        found: dict = {}
        for number, item in enumerate(wanted):
            key = next((key for key in self.identity if item.get(key) is not None), None)
            if key:
                found[number] = next((place for place in left if actual[place].get(key) == item[key]), None)
                if found[number] is not None:
                    left.remove(found[number])
        for number in range(len(wanted)):
            if number not in found:
                found[number] = left.pop(0) if left else None
        return [(number, found[number]) for number in range(len(wanted))] + [(None, place) for place in left]

    def agrees(self, owner, canonical):
        elements = owner.findall(self.element_path)
        return all(
            number is not None and place is not None and agree(self.fields, elements[place], canonical[number])
            for number, place in self.pairs(canonical, self.read(owner))
        )

    def write(self, owner, canonical):
        if self.agrees(owner, canonical):
            return
        elements = owner.findall(self.element_path)
        for number, place in self.pairs(canonical, self.read(owner)):
            if number is None:
                elements[place].getparent().remove(elements[place])
                continue
            element = elements[place] if place is not None else append(owner, self.element_path)
            write(self.fields, element, canonical[number])
            if self.finish:
                self.finish(element, canonical[number])


class Scalars(Field):
    """A list of plain values, each the text (or one attribute) of an element of its own; their order counts."""

    def spec(self):
        return {**super().spec(), "type": "list", "elements": self.value.option_type}

    def parse(self, raw, where):
        return [super(Scalars, self).parse(item, where) for item in raw]

    def show(self, canonical):
        return [self.value.show(item) for item in canonical]

    def read(self, owner):
        elements = owner.findall(self.element_path)
        return [self.value.read((e.get(self.attribute) if self.attribute else e.text) or "") for e in elements]

    def write(self, owner, canonical):
        if self.agrees(owner, canonical):
            return
        for element in owner.findall(self.element_path):
            element.getparent().remove(element)
        for item in canonical:
            element = append(owner, self.element_path)
            if self.attribute:
                element.set(self.attribute, self.value.text(item))
            else:
                element.text = self.value.text(item)


def specs(fields) -> dict:
    """Argument spec of several fields."""
    return {field.name: field.spec() for field in fields}


def parse(fields, raw: dict, where: str = "") -> dict:
    """Canonical form of the options that are given (None is: not given)."""
    prefix = f"{where}." if where else ""
    return {f.name: f.parse(raw[f.name], prefix + f.name) for f in fields if raw.get(f.name) is not None}


def shown(fields, canonical: dict) -> dict:
    """Canonical values in the words of the options, in the order of declaration."""
    return {f.name: f.show(canonical[f.name]) for f in fields if canonical.get(f.name) is not None}


def read(fields, owner) -> dict:
    """All that the fields can say about an element; what is not there is left out."""
    values = {field.name: field.read(owner) for field in fields}
    return {name: value for name, value in values.items() if value is not None and value != []}


def agree(fields, owner, canonical: dict) -> bool:
    """Whether an element says all the canonical values already."""
    return all(f.agrees(owner, canonical[f.name]) for f in fields if f.name in canonical)


def write(fields, owner, canonical: dict) -> None:
    """Lay canonical values over an element."""
    for field in fields:
        if field.name in canonical:
            field.write(owner, canonical[field.name])


def refuse_duplicates(fields, canonical: dict, where: str) -> None:
    """Refused where two items of a list share what must tell them apart."""
    for field in fields:
        value = canonical.get(field.name)
        here = f"{where}: {field.name}" if where.count(":") == 0 else f"{where}.{field.name}"
        if isinstance(field, Items):
            for key in field.identity:
                seen = [item[key] for item in value or [] if item.get(key) is not None]
                twice = next((one for number, one in enumerate(seen) if one in seen[:number]), None)
                if twice is not None:
                    raise Refused(f"{here}: {key} {twice} is given twice; each item needs its own")
        for item in (
            (value or []) if isinstance(field, Items) else [value] if isinstance(field, Group) and value else []
        ):
            refuse_duplicates(field.fields, item, here)
