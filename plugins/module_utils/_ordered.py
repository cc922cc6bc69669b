# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists whose order counts, such as the rules of a filter. Private to this collection."""

from __future__ import annotations

from difflib import SequenceMatcher

from ansible_collections.virtops.libvirt.plugins.module_utils._field import Items, read, write
from ansible_collections.virtops.libvirt.plugins.module_utils._place import append


class Ordered(Items):
    """A list of dicts without identity: their order counts, and what a dict does not say is not there.

    What stays in its order is paired with itself, so that one more item is one change.
    """

    def parse(self, raw, where):
        # As they are read: what is empty is not there.
        return [
            {name: value for name, value in item.items() if value not in ([], {})} for item in super().parse(raw, where)
        ]

    def said(self, element) -> dict:
        """What one element says, in canonical values."""
        return read(self.fields, element)

    def fill(self, element, item: dict) -> None:
        """Make an empty element say what an item says."""
        write(self.fields, element, item)

    def read(self, owner):
        return [self.said(element) for element in self.elements(owner)]

    def pairs(self, wanted, actual):
        known: list = []

        def number(item) -> int:
            if item not in known:
                known.append(item)
            return known.index(item)

        matcher = SequenceMatcher(None, list(map(number, actual)), list(map(number, wanted)), autojunk=False)
        found: list = []
        gone: list = []
        for _tag, old, old_end, new, new_end in matcher.get_opcodes():
            places = list(range(old, old_end))
            found += [(one, places[one - new] if one - new < len(places) else None) for one in range(new, new_end)]
            gone += [(None, place) for place in places[new_end - new :]]
        return found + gone

    def agrees(self, owner, canonical):
        return self.read(owner) == canonical

    def write(self, owner, canonical):
        elements, actual = self.elements(owner), self.read(owner)
        last = None
        for number, place in self.pairs(canonical, actual):
            if number is None:
                owner.remove(elements[place])
                continue
            element = elements[place] if place is not None else _placed(owner, self.element_path, elements, last)
            if place is None or actual[place] != canonical[number]:
                element.clear()
                self.fill(element, canonical[number])
            last = element


def _placed(owner, path: str, elements: list, last):
    """A new element behind the one C(last), or before all C(elements) of its list."""
    element = append(owner, path)
    if last is not None:
        last.addnext(element)
    elif elements:
        elements[0].addprevious(element)
    return element
