# SPDX-License-Identifier: GPL-3.0-or-later
"""Which items of a list in canonical form are the same thing. Private to this collection.

C(_pair) tells it of the elements of two documents.
"""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._values import known


def pairs(field, wanted: list, actual: list) -> list:
    """(wanted index or None, actual index or None) of the items of C(field), the wanted ones first."""
    left = list(range(len(actual)))
    found: dict = {}

    def take(number, place):
        found[number] = place
        if place is not None:
            left.remove(place)

    for number, item in enumerate(wanted):
        key = next((key for key in field.identity if known(item, key)), None)
        if key:
            take(number, next((place for place in left if known(actual[place], key) == known(item, key)), None))
    for number, item in enumerate(wanted):
        if number not in found:
            place = next((place for place in left if said(field.fields, actual[place], item)), None)
            if place is not None:
                take(number, place)
    for number in range(len(wanted)):
        if number not in found:
            take(number, left[0] if left else None)
    return [(number, found[number]) for number in range(len(wanted))] + [(None, place) for place in left]


def said(fields, whole: dict, canonical: dict) -> bool:
    """Whether canonical values C(whole) have all that others say."""
    return all(
        _said(field, whole.get(field.name), canonical[field.name]) for field in fields if field.name in canonical
    )


def _said(field, whole, canonical) -> bool:
    inner = getattr(field, "fields", ())
    if inner and isinstance(canonical, list):
        whole = whole or []
        return len(whole) == len(canonical) and all(said(inner, one, other) for one, other in zip(whole, canonical))
    if inner and canonical:
        return said(inner, whole or {}, canonical)
    return canonical == whole or (whole is None and (canonical in ({}, []) or field.absent(canonical)))
