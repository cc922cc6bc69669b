# SPDX-License-Identifier: GPL-3.0-or-later
"""The one declaration of an option.

Private to this collection. A C(Field) says once what an option is called, where it stands in libvirt's XML, what type
it has and what a change of it does to a running object; argument spec, reading, writing, comparison and the printed
change all come from it.

A place is a path relative to the element that owns the field: C(memory) is the text of an element,
C(os/type/@machine) an attribute, C(.) the owner's own text. The shapes that build on it are C(Group) (a dict, one
element), C(Items) (a list of dicts, repeated elements with an identity), and those of C(_scalars).

"Canonical" below is what C(_values) makes of a value; in a dict of canonical values a missing key is unmanaged.
"""

from __future__ import annotations

import re

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._match import pairs
from ansible_collections.virtops.libvirt.plugins.module_utils._place import append, ensure, make_room, remove
from ansible_collections.virtops.libvirt.plugins.module_utils._values import TEXT, Size, known
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import MASK

# What a change does to an object that runs: "live" is applied at once, "next_boot" waits for its next start.
LIVE, NEXT_BOOT, FIXED = "live", "next_boot", "fixed"
ANYTHING = None
_BREAKS = re.compile(r"[\t\n\r]")
# The first two elements of a path, with their namespaces.
_TAGS = re.compile(r"((?:\{[^}]*\})?[A-Za-z][\w-]*)?(?:\[[^]]*\])*(?:/((?:\{[^}]*\})?[A-Za-z][\w-]*))?")


class Field:
    """One option of plain type.

    C(effect) FIXED: cannot be changed on an existing object. C(by): the way of the kind in which a change is brought
    to a running object; C(when): on which condition, in words. C(present): the element says it by being there.
    C(secret): its value appears nowhere; False where only the name sounds as if it should not. C(only): the C(type)
    that the owner must have for the place to say this, or a function that tells it of the owner. C(path) "": the option
    has no place of its own; the kind makes others of it.

    C(decides): {place below the owner: the values that it goes with}; what does not go with a new value is taken out.
    C(runtime): libvirt fills the place while the object runs. C(runs_as): {value: those that the object may run with
    for it, ANYTHING for all}. C(drifts): what the object has at a moment is its own affair.
    """

    optional = False  # whether the value is a dict that can be taken away, or a list of such

    def __init__(
        self,
        name,
        path,
        value=TEXT,
        *,
        effect=NEXT_BOOT,
        by="",
        when="",
        choices=None,
        required=False,
        present=False,
        secret=None,
        only="",
        runtime=False,
        runs_as=None,
        drifts=False,
        decides=None,
    ):
        self.name, self.path, self.value, self.effect = name, path, value, LIVE if by else effect
        self.by, self.when, self.runtime, self.runs_as, self.drifts = by, when, runtime, runs_as or {}, drifts
        self.decides: dict[str, tuple] = decides or {}
        self.choices, self.required, self.present, self.secret, self.only = choices, required, present, secret, only
        # An "@" within brackets tells elements of a tag apart.
        before, at, after = path.rpartition("@")
        self.element_path, self.attribute = path, ""
        if at and "]" not in after:
            self.element_path, self.attribute = before.rstrip("/"), after
        self.tags = self._tags()

    def _tags(self) -> tuple[str, str]:
        """What must be below an owner, and below that, for the place to be there; "" for anything."""
        return _TAGS.findall(self.element_path)[0]

    def spec(self) -> dict:
        """The entry of this option in an argument spec."""
        choices = list(self.choices) if self.choices else None
        more = {"choices": choices, "required": self.required or None, "no_log": self.secret}
        return {"type": self.value.option_type, **{key: value for key, value in more.items() if value is not None}}

    def parse(self, raw, where: str):
        """Canonical form of what the user wrote; Refused names C(where)."""
        try:
            canonical = self.value.parse(raw)
        except ValueError as error:
            raise Refused(f"{where}: {error}") from None
        if self.required and canonical == "":
            raise Refused(f"{where}: it is empty; give it a value")
        if self.attribute and isinstance(canonical, str) and _BREAKS.search(canonical):
            # libvirt writes them as they are, and reads a space (XML 1.0, 3.3.3).
            raise Refused(f"{where}: there is a line break or a tab in it, which libvirt does not keep; write a space")
        return canonical

    def show(self, canonical):
        """The option's words for a canonical value."""
        return MASK if self.secret else self.value.show(canonical)

    def speaks(self, owner) -> bool:
        """Whether C(owner) is one in which the place says this."""
        return self.only(owner) if callable(self.only) else self.only in ("", owner.get("type"))

    def owner(self, element):
        """The element that has the value, None where it is not there."""
        return element if self.element_path in ("", ".") else element.find(self.element_path)

    def made(self, element):
        """The element that has the value, made where it is not there."""
        return element if self.element_path in ("", ".") else ensure(element, self.element_path)

    def read(self, owner):
        """Canonical value in the XML below C(owner), or None."""
        if not self.path or not self.speaks(owner):
            return None
        element = self.owner(owner)
        if self.present:
            return True if element is not None else None
        if element is None:
            return None
        text = element.get(self.attribute) if self.attribute else element.text
        # Between children stands white space.
        if not text or (text.isspace() and len(element)):
            return None
        if isinstance(self.value, Size):
            return self.value.read(text, element.get("unit"))
        return self.value.read(text)

    def agrees(self, owner, canonical) -> bool:
        """Whether the XML below C(owner) says C(canonical) already: then C(write) leaves it untouched."""
        actual = self.read(owner) if self.path else canonical
        return canonical == actual or (actual is None and self.absent(canonical))

    def absent(self, canonical) -> bool:
        """An empty text, like a flag that is off, says that it shall not be there."""
        return canonical == self.value.nothing or (self.present and not canonical)

    def write(self, owner, canonical) -> None:
        """Put a canonical value into the XML below C(owner)."""
        if self.agrees(owner, canonical):
            return
        if self.absent(canonical):
            self.remove(owner)
            return
        if self.decides:
            make_room(owner, self.read(owner), canonical, self.decides)
        element = self.made(owner)
        if self.present:
            return
        text = self.value.text(canonical)
        if self.attribute:
            element.set(self.attribute, text)
        else:
            element.text = text
        if isinstance(self.value, Size) and self.value.has_unit:
            element.set("unit", self.value.written)

    def remove(self, owner) -> None:
        """Take the place out of the XML below C(owner)."""
        element = self.owner(owner)
        if not self.attribute:
            # An element that says more than this keeps the rest.
            if element is not None and not self.present and (len(element) or set(element.attrib) - {"unit"}):
                element.text = None
            else:
                remove(owner, self.element_path)
        elif element is not None:
            element.attrib.pop(self.attribute, None)


class Group(Field):
    """A dict option: its fields are below one element. C(begin(element, wanted)) makes room for them,
    C(finish(element, wanted)) sets what they imply.
    C(optional): the element is a thing of its own, such as a device: the empty dict says that it shall not be there.
    """

    def __init__(self, name, path, fields, *, optional=False, begin=None, finish=None, **more):
        super().__init__(name, path, **more)
        self.element_path, self.attribute = path, ""
        self.fields, self.optional = tuple(fields), optional
        self.begin, self.finish = begin, finish

    def spec(self):
        options = specs(self.fields)
        if self.optional:
            # The empty dict has none of them, so Ansible cannot ask for them.
            options = {name: {**spec, "required": False} for name, spec in options.items()}
        return {**super().spec(), "type": "dict", "options": options}

    def parse(self, raw, where):
        canonical = parse(self.fields, raw, where)
        lacks = [field.name for field in self.fields if field.required and field.name not in canonical]
        if canonical and lacks:
            raise Refused(f"{where}: it needs {' and '.join(map(repr, lacks))}; give it, or {{}} for none")
        return canonical

    def show(self, canonical):
        return shown(self.fields, canonical)

    def owner(self, element):
        if not self.speaks(element):
            return None
        return super().owner(element)

    def read(self, owner):
        element = self.owner(owner)
        return None if element is None else read(self.fields, element) or None

    def remove(self, owner):
        remove(owner, self.element_path)

    def agrees(self, owner, canonical):
        element = self.owner(owner)
        if not canonical:
            return not self.optional or element is None
        return element is not None and agree(self.fields, element, canonical)

    def write(self, owner, canonical):
        if self.agrees(owner, canonical):
            return
        if not canonical:
            self.remove(owner)
            return
        self.write_into(self.made(owner), canonical)

    def write_into(self, element, canonical) -> None:
        """Put canonical values into the element that is this group."""
        if self.begin:
            self.begin(element, canonical)
        write(self.fields, element, canonical)
        if self.finish:
            self.finish(element, canonical)


class Items(Group):
    """A list of dicts: one element each, matched by identity.

    C(identity): names of the fields that tell items apart; the first that the wanted item has is used, and C(a+b) needs
    both. A wanted item that carries none of them takes an actual one that says all it wants, else the first that nobody
    claimed.
    C(one_of): names of fields of which an item has one at most. C(where(element)): which of the elements are meant.
    """

    optional = True

    def __init__(self, name, path, fields, *, identity=(), one_of=(), where=None, **more):
        super().__init__(name, path, fields, optional=True, **more)
        self.identity, self.one_of, self.where = tuple(identity), tuple(one_of), where

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

    def elements(self, owner) -> list:
        """The elements that are items of this list."""
        found = owner.findall(self.element_path)
        return [element for element in found if self.where(element)] if self.where else found

    def read(self, owner):
        return [read(self.fields, element) for element in self.elements(owner)]

    def label(self, item: dict) -> str:
        """What names an item in a printed path."""
        return next(filter(None, (known(item, key) for key in self.identity)), "")

    def pairs(self, wanted: list, actual: list) -> list:
        """(wanted index or None, actual index or None), wanted ones first."""
        return pairs(self, wanted, actual)

    def agrees(self, owner, canonical):
        elements = self.elements(owner)
        actual = [read(self.fields, element) for element in elements]
        return all(
            number is not None and place is not None and agree(self.fields, elements[place], canonical[number])
            for number, place in self.pairs(canonical, actual)
        )

    def write(self, owner, canonical):
        if self.agrees(owner, canonical):
            return
        elements = self.elements(owner)
        for number, place in self.pairs(canonical, self.read(owner)):
            if number is None:
                elements[place].getparent().remove(elements[place])
                continue
            element = elements[place] if place is not None else append(owner, self.element_path)
            self.write_into(element, canonical[number])


def specs(fields) -> dict:
    """Argument spec of several fields."""
    return {field.name: field.spec() for field in fields}


def parse(fields, raw: dict, where: str = "") -> dict:
    """Canonical form of the options that are given (None is: not given)."""
    prefix = f"{where}." if where else ""
    return {f.name: f.parse(raw[f.name], prefix + f.name) for f in fields if raw.get(f.name) is not None}


def shown(fields, canonical: dict) -> dict:
    """Canonical values in the words of the options, in the order of declaration; a secret is not among them."""
    return {f.name: f.show(canonical[f.name]) for f in fields if canonical.get(f.name) is not None and not f.secret}


def read(fields, owner) -> dict:
    """All that the fields can say about an element; what is not there is left out."""
    values = {field.name: field.read(owner) for field in _there(fields, owner)}
    return {name: value for name, value in values.items() if value is not None and value not in ([], {})}


def _there(fields, owner):
    """The fields whose places may be there: of hundreds an element has a few, and to look for each takes long."""
    tags: dict = {}
    for child in owner:
        tags.setdefault(child.tag, {""}).update([grandchild.tag for grandchild in child])
    for field in fields:
        first, second = field.tags
        if not first or (first in tags and second in tags[first]):
            yield field


def agree(fields, owner, canonical: dict) -> bool:
    """Whether an element says all the canonical values already."""
    return all(f.agrees(owner, canonical[f.name]) for f in fields if f.name in canonical)


def write(fields, owner, canonical: dict) -> None:
    """Lay canonical values over an element; what decides about its shape comes first."""
    for field in sorted(fields, key=lambda field: not field.decides):
        if field.name in canonical:
            field.write(owner, canonical[field.name])
