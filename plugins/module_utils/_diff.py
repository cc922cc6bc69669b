# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare two states of an object, field by field, into changes. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import Field, Group, Items

# What "effect" of a change can say: the object is off, or applied while it runs, or waits for the next start.
CONFIG = "config"


class Change:
    """One thing that becomes different: C(path) in the words of the options (or of the XML), before, after, effect."""

    __slots__ = ("after", "before", "effect", "path")

    def __init__(self, path: str, before, after, effect: str):
        self.path, self.before, self.after, self.effect = path, before, after, effect

    def words(self) -> dict:
        return {name: getattr(self, name) for name in ("path", "before", "after", "effect")}


def compare(fields, before: dict, after: dict, prefix: str = "") -> list[Change]:
    """Changes between two canonical states that were read by the same fields."""
    changes: list[Change] = []
    for field in fields:
        old, new = before.get(field.name), after.get(field.name)
        if old != new:
            changes += _one(field, old, new, prefix + field.name)
    return changes


def _one(field: Field, old, new, path: str) -> list[Change]:
    if isinstance(field, Items):
        return _items(field, old or [], new or [], path)
    if isinstance(field, Group):
        return compare(field.fields, old or {}, new or {}, path + ".")
    return [Change(path, _shown(field, old), _shown(field, new), field.effect)]


def _items(field: Items, old: list, new: list, path: str) -> list[Change]:
    changes = []
    for wanted, actual in field.pairs(new, old):
        if wanted is None:
            changes.append(Change(f"{path}[{field.label(old[actual])}]", _item(field, old[actual]), None, field.effect))
        elif actual is None:
            changes.append(Change(f"{path}[{field.label(new[wanted])}]", None, _item(field, new[wanted]), field.effect))
        else:
            label = field.label(new[wanted]) or str(wanted)
            changes += compare(field.fields, old[actual], new[wanted], f"{path}[{label}].")
    return changes


def _item(field: Items, canonical: dict) -> dict:
    return field.show([canonical])[0]


def _shown(field: Field, canonical):
    return None if canonical is None else field.show(canonical)


def places(fields, base: str = "") -> set[str]:
    """Every place in the XML that the fields speak for: paths without identities, attributes with C(@)."""
    found: set[str] = set()
    for field in fields:
        path = f"{base}/{field.path}".strip("/") if field.path != "." else base
        if isinstance(field, Group):
            found |= places(field.fields, path)
            if isinstance(field, Items):
                found.add(path)
        else:
            found.add(path)
    return found
