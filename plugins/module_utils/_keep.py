# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists that a task adds to. Private to this collection, imported only where a task does not C(purge)."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import Group, Items
from ansible_collections.virtops.libvirt.plugins.module_utils._match import said
from ansible_collections.virtops.libvirt.plugins.module_utils._scalars import Mapping, Scalars
from ansible_collections.virtops.libvirt.plugins.module_utils._values import known


def kept(fields, wanted: dict, actual: dict) -> dict:
    """Canonical options whose lists also have what an object has beside their items; C(actual): its own values."""
    by_name = {field.name: field for field in fields}
    return {name: _both(by_name[name], value, actual.get(name)) for name, value in wanted.items()}


def _both(field, value, now):
    if not now:
        return value
    if isinstance(field, Items):
        return list(_items(field, value, now))
    if isinstance(field, Mapping):
        return {**now, **value}
    if isinstance(field, Scalars):
        return now + [one for one in value if one not in now]
    if isinstance(field, Group) and value:
        return kept(field.fields, value, now)
    return value


def _items(field: Items, value: list, now: list):
    for number, place in field.pairs(value, now):
        if number is None:
            yield now[place]
        elif place is None:
            yield value[number]
        elif any(known(value[number], key) for key in field.identity) or said(field.fields, now[place], value[number]):
            yield kept(field.fields, value[number], now[place])
        else:
            # Nothing tells that this one is meant: to make another thing of it would be no adding.
            yield value[number]
            yield now[place]
