# SPDX-License-Identifier: GPL-3.0-or-later
"""Options whose values are repeated elements of the XML with one value each. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import Field
from ansible_collections.virtops.libvirt.plugins.module_utils._place import append, remove


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
        remove(owner, self.element_path)
        for text in map(self.value.text, canonical):
            element = append(owner, self.element_path)
            if self.attribute:
                element.set(self.attribute, text)
            else:
                element.text = text


class Mapping(Scalars):
    """A dict with keys of the user's own: an element for each, its key in the attribute C(key)."""

    def __init__(self, name, path, *, key, **more):
        super().__init__(name, path, **more)
        self.key = key

    def spec(self):
        return {"type": "dict"}

    def parse(self, raw, where):
        return {str(key): Field.parse(self, value, f"{where}.{key}") for key, value in raw.items()}

    def show(self, canonical):
        return dict(canonical)

    def read(self, owner):
        elements = owner.findall(self.element_path)
        return {e.get(self.key): (e.get(self.attribute) if self.attribute else e.text) or "" for e in elements}

    def write(self, owner, canonical):
        if self.agrees(owner, canonical):
            return
        super().write(owner, list(canonical.values()))
        for key, element in zip(canonical, owner.findall(self.element_path)):
            element.set(self.key, key)
