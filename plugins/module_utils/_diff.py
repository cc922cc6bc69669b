# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare two states of an object, field by field, into changes. Private to this collection."""

from __future__ import annotations

import re
from functools import cache

from ansible_collections.virtops.libvirt.plugins.module_utils._field import Field, Group, Items

# What "effect" of a change can say beside LIVE and NEXT_BOOT: the object is off; or it is switched off and on for it, a
# guest with what runs in it, a network below guests that go on.
CONFIG, POWER_CYCLE, RESTART = "config", "power_cycle", "restart"


class Change:
    """One thing that becomes different: C(path) in the words of the options (or of the XML), before, after, effect.

    C(trail): the fields from the outermost to the one that changed, () for what no field speaks for. C(item): the
    canonical values (before, after) of the outermost thing around it that can be taken away (see Field.optional), and
    C(label) what names it among its like.
    C(running): the same difference as the running object has it, None where it has none.
    """

    __slots__ = ("after", "before", "effect", "item", "label", "path", "running", "trail")

    def __init__(self, path: str, before, after, effect: str, trail: tuple = (), item: tuple = (), label: str = ""):
        self.path, self.before, self.after, self.effect = path, before, after, effect
        self.trail, self.item, self.label = trail, item, label
        self.running: Change | None = None

    @property
    def defines(self) -> bool:
        """Whether the definition changes, not only the running object."""
        return self.running is not self

    def words(self) -> dict:
        return {name: getattr(self, name) for name in ("path", "before", "after", "effect")}


def compare(fields, before: dict, after: dict, prefix: str = "", inside: Change | None = None) -> list[Change]:
    """Changes between two canonical states that were read by the same fields."""
    changes: list[Change] = []
    for field in fields:
        old, new = before.get(field.name), after.get(field.name)
        if old != new:
            changes += _one(field, old, new, prefix + field.name, inside)
    return changes


def _one(field: Field, old, new, path: str, inside: Change | None) -> list[Change]:
    trail = (*(inside.trail if inside else ()), field)
    item, label = (inside.item, inside.label) if inside else ((), "")
    if isinstance(field, Items):
        return _items(field, old or [], new or [], Change(path, None, None, "", trail, item, label))
    if isinstance(field, Group) and field.optional:
        item = item or (old, new)
        if not old or not new:
            return [Change(path, _shown(field, old), _shown(field, new), field.effect, trail, item, label)]
    if isinstance(field, Group):
        return compare(field.fields, old or {}, new or {}, path + ".", Change(path, None, None, "", trail, item, label))
    return [Change(path, _shown(field, old), _shown(field, new), field.effect, trail, item, label)]


def _items(field: Items, old: list, new: list, inside: Change) -> list[Change]:
    changes = []
    for wanted, actual in field.pairs(new, old):
        before, after = None if actual is None else old[actual], None if wanted is None else new[wanted]
        label = field.label(after or before or {}) or str(actual if wanted is None else wanted)
        here = Change(
            f"{inside.path}[{label}]",
            None if before is None else field.show([before])[0],
            None if after is None else field.show([after])[0],
            field.effect,
            inside.trail,
            inside.item or (before, after),
            inside.label or label,
        )
        if before is None or after is None:
            changes.append(here)
        else:
            changes += compare(field.fields, before, after, here.path + ".", here)
    return changes


def _shown(field: Field, canonical):
    return None if canonical is None or (field.optional and not canonical) else field.show(canonical)


def place_of(change: Change) -> str:
    """Where a change is in the XML: a path without identities, an attribute with C(@)."""
    return _plain("/".join(field.path for field in change.trail if field.path != "."))


def _plain(path: str) -> str:
    """A path without what tells elements of a tag apart."""
    return re.sub(r"\[[^]]*\]", "", path)


@cache
def places(fields: tuple, base: str = "") -> frozenset[str]:
    """Every place in the XML that a field speaks for: paths without identities, attributes with C(@)."""
    found: set[str] = set()
    for field in fields:
        path = _plain(f"{base}/{field.path}").strip("/") if field.path != "." else base
        if isinstance(field, Group):
            found |= places(field.fields, path)
        if not isinstance(field, Group) or (field.optional and not getattr(field, "where", None)):
            found.add(path)
    return frozenset(found)


def deciding(fields, base: str = "") -> dict[str, list]:
    """{place of an element: [(path below it, see C(Field.decides))]} of all that decides about its shape."""
    found: dict[str, list] = {}
    for field in fields:
        if field.decides:
            found.setdefault(base, []).append((field.path, field.decides))
        if isinstance(field, Group):
            found.update(deciding(field.fields, _plain(f"{base}/{field.path}").strip("/")))
    return found
