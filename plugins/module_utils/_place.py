# SPDX-License-Identifier: GPL-3.0-or-later
"""Find, make and remove places in a document that is being edited. Private to this collection."""

from __future__ import annotations

import re

from ansible_collections.virtops.libvirt.plugins.module_utils._libs import Element

# A step of a path; its namespace, in braces, may have slashes.
_STEP = re.compile(r"(?:\{[^}]*\})?[^/]+")


def ensure(owner: Element, path: str) -> Element:
    """The first element at C(path), made where it is not there.

    A step may be C(TAG[@NAME='VALUE']) or C({NAMESPACE}TAG).
    """
    for step in _STEP.findall(path):
        found = owner.find(step)
        owner = append(owner, step) if found is None else found
    return owner


def append(owner: Element, path: str) -> Element:
    """A new element at C(path), behind its siblings of the same tag."""
    *parents, tag = _STEP.findall(path)
    owner = ensure(owner, "/".join(parents))
    tag, _bracket, named = tag.partition("[@")
    element = owner.makeelement(tag, dict([named.rstrip("']").split("='")]) if named else {})
    siblings = owner.findall(tag)
    if siblings:
        siblings[-1].addnext(element)
    else:
        owner.append(element)
    return element


def has(owner: Element, place: str) -> bool:
    """Whether there is an element or an attribute (C(PATH/@NAME)) at a place."""
    path, last = place.rpartition("/")[::2]
    if last[:1] != "@":
        return owner.find(place) is not None
    return any(last[1:] in element.attrib for element in (owner.findall(path) if path else [owner]))


def clear(owner: Element, place: str) -> None:
    """Take all elements, attributes (C(PATH/@NAME)) or texts (C(PATH/.)) at a place out."""
    path, last = place.rpartition("/")[::2]
    if last[:1] not in ("@", "."):
        remove(owner, place)
        return
    for element in owner.findall(path) if path else [owner]:
        if last == ".":
            element.text = None
        else:
            element.attrib.pop(last[1:], None)


def make_room(owner: Element, before, after, decides: dict) -> None:
    """Take out what does not go with C(after), which becomes the value of what decides about the shape of C(owner).

    C(decides): {place: the values that it goes with}; nothing goes where there was no other value C(before).
    """
    if before not in (None, after):
        for place, values in decides.items():
            if after not in values:
                clear(owner, place)


def remove(owner: Element, path: str) -> None:
    """Take all elements at C(path) out."""
    for element in owner.findall(path):
        element.getparent().remove(element)
