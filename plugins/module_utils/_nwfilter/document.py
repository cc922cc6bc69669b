# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's document of a filter beside libvirt's own. Private to this collection, imported only where there is one.

Libvirt keeps of a filter what it understands, in a form of its own, and nothing else. So the user's document as a whole
takes the place of the one that is there, unless both say the same.
"""

from __future__ import annotations

import copy

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._field import read
from ansible_collections.virtops.libvirt.plugins.module_utils._merge import Edit
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.schema import FIELDS


def laid_over(resource, base):
    """See C(Resource.target)."""
    wanted = resource.declared()
    if wanted.find("uuid") is None and base.find("uuid") is not None:
        wanted.insert(0, copy.deepcopy(base.find("uuid")))
    try:
        same = read(FIELDS, wanted) == read(FIELDS, base)
    except ValueError as error:
        raise Refused(f"{resource.subject}: its XML: {error}; correct it") from None
    before, after = map(_order, (base, wanted))
    if same and before == after:
        return copy.deepcopy(base), []
    # Which comes first of a rule and a reference no option says.
    return wanted, [Edit("", "order of rules and filters", *map(" ".join, (before, after)))] if same else []


def _order(document) -> list[str]:
    """The rules and references of a document, by their number or name."""
    found, rules = [], 0
    for element in document:
        if element.tag == "rule":
            found.append(f"rule {rules}")
            rules += 1
        elif element.tag == "filterref":
            found.append(str(element.get("filter")))
    return found
