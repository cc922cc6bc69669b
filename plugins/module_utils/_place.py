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


def remove(owner: Element, path: str) -> None:
    """Take all elements at C(path) out."""
    for element in owner.findall(path):
        element.getparent().remove(element)
