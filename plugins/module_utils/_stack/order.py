# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a stack comes after what. Private to this collection.

Guests that go are gone first. Then everything is made after what it refers to, and at the end go the other things that
are not wanted: by then nothing is on them.
"""

from __future__ import annotations

import os

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused

# In which turn things go, after the guests and after all that is made.
_GOING = ("volume", "network", "nwfilter", "pool", "secret")


class After:
    """What something comes after: the first C(all) of all, and of those behind them C(some), by their places."""

    __slots__ = ("all", "some")

    def __init__(self, first: int, some: set[int]):
        self.all, self.some = first, some


def ordered(subject: str, resources: list) -> list[tuple[object, After]]:
    """C(resources) in an order in which they can be made, each with those that it comes after.

    Refused where some refer to each other in a circle.
    """
    going = [one for one in resources if one.state == "absent"]
    groups = [_free([one for one in going if one.kind == "domain"])]
    groups.append(_made(subject, [one for one in resources if one.state != "absent"]))
    groups += [_layers([one for one in going if one.kind == kind]) for kind in _GOING]
    found: list[tuple[object, After]] = []
    for group in groups:
        offset = len(found)
        found += [(one, After(offset, {offset + number for number in after})) for one, after in group]
    return found


def _free(resources: list) -> list[tuple[object, set[int]]]:
    return [(one, set()) for one in resources]


def _layers(resources: list) -> list[tuple[object, set[int]]]:
    """Objects of a kind that go, each after those that are built on it or refer to it."""
    told = {one: _LAYERED[one.kind](one) for one in resources if one.kind in _LAYERED}
    own = {one: found[0] for one, found in told.items() if found}
    needs: dict = dict(found for found in told.values() if found)

    def depth(place, above: tuple = ()) -> int:
        # In a circle, which libvirt itself does not let be, any order will do.
        bases = [base for base in needs[place] if base in needs and base not in above]
        return 1 + max((depth(base, (*above, place)) for base in bases), default=0)

    order = sorted(resources, key=lambda one: -depth(own[one]) if one in own else 0)
    # Those that are built on each other, not all that lie as deep.
    places = {own[one]: number for number, one in enumerate(order) if one in own}
    found: list[tuple[object, set[int]]] = [(one, set()) for one in order]
    for place, number in places.items():
        for base in needs[place]:
            if base in places and base != place:
                found[places[base]][1].add(number)
    return found


def _on_volumes(volume) -> tuple | None:
    """(path, those that it is built on) of a volume that is there."""
    try:
        words = volume.existing()
    except Refused:
        # The plan of the volume itself says so, too.
        words = None
    return (words.get("path"), [(words.get("backing") or {}).get("path")]) if words else None


def _on_filters(nwfilter) -> tuple | None:
    """(name, those that it refers to) of a filter that is there."""
    words = nwfilter.existing()
    return (words["name"], [one["name"] for one in words.get("filters", ())]) if words else None


# Kinds of which one may need another one.
_LAYERED = {"volume": _on_volumes, "nwfilter": _on_filters}


def _made(subject: str, resources: list) -> list[tuple[object, set[int]]]:
    paths = {one.name: one.asked.get("path") for one in resources if one.kind == "pool"}
    known = {place: number for number, one in enumerate(resources) for place in _places(one, paths)}
    needs = [{known[place] for place in needed(one) if place in known} - {n} for n, one in enumerate(resources)]
    done: dict[int, int] = {}
    left = list(range(len(resources)))
    while left:
        now = [number for number in left if all(other in done for other in needs[number])]
        if not now:
            names = ", ".join(resources[number].subject for number in left)
            raise Refused(f"{subject}: {names} refer to each other in a circle; take one of the references out")
        done.update({number: len(done) + place for place, number in enumerate(now)})
        left = [number for number in left if number not in done]
    order = sorted(done, key=done.__getitem__)
    return [(resources[number], {done[other] for other in needs[number]}) for number in order]


def _places(resource, paths: dict) -> list[tuple]:
    """By what others refer to an object. C(paths): the directories of the pools that the task declares."""
    places = [key(resource)]
    if resource.kind == "secret":
        places += [("secret", None, resource.asked[word]) for word in ("usage", "uuid") if word in resource.asked]
    if resource.kind == "volume" and paths.get(resource.pool):
        places.append(("file", None, os.path.join(paths[resource.pool], resource.name)))
    return places


def key(resource) -> tuple:
    """(kind, what it is part of, name)."""
    return resource.kind, resource.options.get(resource.container), resource.name


def needed(resource) -> set[tuple]:
    """All that an object refers to, in the options and in its XML: (kind, what it is part of, name)."""
    pool = resource.options.get("pool")
    found = set(_told({**resource.options, "xml": None, **resource.asked}, pool))
    if pool:
        found.add(("pool", None, pool))
    if resource.xml is not None:
        found |= set(_written(resource.xml))
    return found


def _told(value, pool: str | None, is_reference: bool = False):
    """What options refer to. C(pool): that of a volume that names none. C(is_reference): C(value) names filters."""
    if isinstance(value, list):
        for one in value:
            yield from _told(one, pool, is_reference)
    if not isinstance(value, dict):
        return
    for name, one in value.items():
        if isinstance(one, (dict, list)):
            yield from _told(one, pool, name in ("filter", "filters"))
        elif name == "volume":
            yield "volume", value.get("pool") or pool, one
        elif name in ("network", "pool"):
            yield name, None, one
        elif name == "name" and is_reference:
            yield "nwfilter", None, one
        elif name in ("file", "path", "block"):
            yield "file", None, one
    secret = value.get("secret")
    if isinstance(secret, dict):
        yield from (("secret", None, named) for named in secret.values())


def _written(document):
    """What a document refers to, in the words of libvirt."""
    for element in document.iter("filterref"):
        yield "nwfilter", None, element.get("filter")
    for element in document.iter("source", "path", "secret"):
        if element.get("volume"):
            yield "volume", element.get("pool"), element.get("volume")
        if element.get("network"):
            yield "network", None, element.get("network")
        for name in (element.get("file"), element.get("dev"), element.text):
            if name and name.startswith("/"):
                yield "file", None, name
        if element.tag == "secret":
            yield from (("secret", None, element.get(word)) for word in ("usage", "uuid") if element.get(word))
