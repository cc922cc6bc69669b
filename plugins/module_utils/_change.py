# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task makes of a document. Private to this collection, and imported only where something may change."""

from __future__ import annotations

import copy

from ansible_collections.virtops.libvirt.plugins.module_utils._diff import CONFIG, Change, compare, places
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._field import FIXED, read, refuse_duplicates, write
from ansible_collections.virtops.libvirt.plugins.module_utils._merge import Merge
from ansible_collections.virtops.libvirt.plugins.module_utils._schema import accepts, validate
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import drop, parse


def target(resource, base, actual):
    """See C(Resource.target)."""
    if resource.xml is None:
        wanted = copy.deepcopy(base) if base is not None else resource.skeleton()
        write(resource.fields, wanted, resource.wanted)
        return wanted, []
    wanted = resource.declared()
    if base is None:
        return wanted, []
    for place in resource.created_only:
        drop(wanted, place)
    resource.adapt(wanted, base)
    applied, echoes = resource.applied(actual)
    merged = copy.deepcopy(base)
    merge = Merge(merged, wanted, applied, resource.filled, echoes)
    return merged, merge.edits


def changes(resource, actual, document, edits) -> list[Change]:
    """See C(Resource.changes)."""
    if actual is None:
        return []
    found = compare(resource.fields, read(resource.fields, actual.tree), read(resource.fields, document))
    known = places(resource.fields)
    for edit in edits:
        if not any(edit.place == place or place.startswith(edit.place + "/") for place in known):
            found.append(Change(edit.path, edit.before, edit.after, resource.edit_effect))
    for change in found:
        if change.effect == FIXED:
            raise Refused(
                f"{resource.subject}: {change.path} is {change.before} and cannot be changed to {change.after};"
                " take the option out, or remove the object and make it anew"
            )
        if not actual.active:
            change.effect = CONFIG
    return found + resource.more_changes(actual)


def refuse(resource, actual, document) -> None:
    """Refused for what libvirt or the host could not do."""
    # Our own words are the better ones, but only a document that the schema takes can be read without surprise.
    if resource.xml is not None:
        validate(resource.declared(), resource.schema, resource.subject, resource.options["xml"])
    # libvirt itself decides about the items of a document.
    refuse_duplicates(resource.fields, resource.wanted, resource.subject)
    resource.check(actual, document)
    # libvirt keeps some documents that its own schema refuses; those can be changed all the same.
    if resource.xml is None and (actual is None or accepts(actual.document, resource.schema)):
        validate(document, resource.schema, resource.subject, "")


def pending(fields, actual, wanted: dict) -> list[Change]:
    """What the running object lacks of the wanted values."""
    live = parse(actual.live_text)
    write(fields, live, wanted)
    return compare(fields, read(fields, actual.live_tree), read(fields, live))
