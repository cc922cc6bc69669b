# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task makes of a document. Private to this collection, and imported only where something may change."""

from __future__ import annotations

import copy

from ansible_collections.virtops.libvirt.plugins.module_utils._diff import (
    CONFIG,
    Change,
    compare,
    place_of,
    places,
)
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._field import (
    ANYTHING,
    FIXED,
    NEXT_BOOT,
    Group,
    Items,
    read,
    write,
)
from ansible_collections.virtops.libvirt.plugins.module_utils._merge import Merge
from ansible_collections.virtops.libvirt.plugins.module_utils._schema import accepts, validate
from ansible_collections.virtops.libvirt.plugins.module_utils._values import known
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import drop, parse


def target(resource, base, actual):
    """See C(Resource.target)."""
    if base is None:
        return asked(resource), []
    if resource.xml is None:
        wanted, edits = copy.deepcopy(base), []
        write(resource.fields, wanted, resource.wanted)
    else:
        wanted, merge = _merge(resource, base, actual)
        edits = merge.edits
    resource.shed(wanted, base)
    return wanted, edits


def asked(resource):
    """The document that the task asks for where there is nothing yet."""
    if resource.xml is not None:
        return resource.declared()
    document = resource.skeleton()
    write(resource.fields, document, resource.named)
    return document


def _merge(resource, base, actual, running=None):
    """(the user's xml laid over C(base), the C(Merge) that did it)."""
    wanted = resource.declared() if running is None else resource.as_started(resource.declared(), running)
    for place in resource.created_only:
        drop(wanted, place)
    resource.adapt(wanted, base, actual)
    applied, echoes = resource.applied(actual)
    merged = copy.deepcopy(base)
    places = {"filled": resource.filled, "kept": resource.kept}
    return merged, Merge(merged, wanted, applied, echoes=echoes, running=running, shapes=resource.shapes(), **places)


def changes(resource, actual, document, edits) -> list[Change]:
    """See C(Resource.changes)."""
    if actual is None:
        return []
    found = compare(resource.fields, resource.values(actual.tree), resource.values(document))
    found += _without_field(resource, found, edits)
    for change in found:
        if change.effect == FIXED:
            raise Refused(
                f"{resource.subject}: {change.path} is {change.before} and cannot be changed to {change.after};"
                " take the option out, or remove the object and make it anew"
            )
    return found + resource.more_changes(actual)


def _without_field(resource, found: list[Change], edits) -> list[Change]:
    """The edits that neither a field nor a change of one in C(found) speaks for."""
    known, shown = places(resource.fields), [place_of(change) for change in found]
    return [
        Change(edit.path, edit.before, edit.after, resource.edit_effect)
        for edit in edits
        if edit.place not in known and not any(one == edit.place or one.startswith(edit.place + "/") for one in shown)
    ]


def refuse(resource, actual, document) -> None:
    """Refused for what libvirt or the host could not do."""
    # Our own words are the better ones, but only a document that the schema takes can be read without surprise.
    if resource.xml is not None:
        validate(resource.declared(), resource.schema, resource.subject, resource.options["xml"])
    # libvirt itself decides about the items of a document.
    refuse_duplicates(resource.fields, resource.wanted, resource.subject)
    resource.check(actual, document)
    # libvirt keeps some documents that its own schema refuses; those can be changed all the same.
    if resource.xml is not None or not resource.in_schema:
        return
    if actual is None or accepts(actual.document, resource.schema):
        validate(document, resource.schema, resource.subject, "")


def refuse_duplicates(fields, canonical: dict, where: str) -> None:
    """Refused where two items of a list share what must tell them apart."""
    for field in fields:
        value = canonical.get(field.name)
        here = f"{where}: {field.name}" if where.count(":") == 0 else f"{where}.{field.name}"
        if isinstance(field, Items):
            for key in field.identity:
                seen = [one for one in (known(item, key) for item in value or []) if one]
                twice = next((one for number, one in enumerate(seen) if one in seen[:number]), None)
                if twice is not None:
                    words = key.replace("+", "/")
                    raise Refused(f"{here}: {words} {twice} is given twice; each item needs its own")
        for item in (
            (value or []) if isinstance(field, Items) else [value] if isinstance(field, Group) and value else []
        ):
            refuse_duplicates(field.fields, item, here)


def effects(resource, actual, document, found: list[Change]) -> tuple[list[Change], list[Change]]:
    """(changes with their effects, what waits for the next start) of an object that runs.

    C(found): changes of its definition. What the running object lacks of a definition that is right already becomes a
    change too, where it can be brought there.
    """
    lacking = _behind(resource, actual, document)
    order = list(lacking.values())
    for change in found:
        change.running = lacking.pop(change.path, None)
        # What only follows from the task, such as less current memory from less memory, is not brought there by itself.
        follows = change.trail and change.trail[-1].drifts and not _asks(resource, change)
        change.effect = NEXT_BOOT if follows else resource.effect(change, actual, document)
    waiting = [change for change in found if change.effect == NEXT_BOOT and _waits(resource, change.running, change)]
    also: list[Change] = []
    for change in lacking.values():
        # What others brought to the running object only is not in the way of a document: it goes with the next start.
        if not _waits(resource, change) or (resource.xml is not None and change.after is None):
            continue
        change.running = change
        change.effect = NEXT_BOOT if _is_of_others(resource, change) else resource.effect(change, actual, document)
        if change.effect == NEXT_BOOT:
            waiting.append(change)
        elif _asks(resource, change):
            also.append(change)
    effect = resource.interruption(actual, bool(waiting))
    if not effect:
        pending = [change for change in order if any(change is one.running for one in waiting)]
        for change in pending:
            change.effect = NEXT_BOOT
        return found + also, pending
    found += also + [change for change in waiting if change not in found] if effect != CONFIG else []
    for change in found:
        change.effect = effect
    return found, []


def _behind(resource, actual, document) -> dict[str, Change]:
    """What the running object has otherwise than the definition C(document), by path."""
    if actual.live_tree is None:
        return {}
    runs, shall = resource.values(actual.live_tree), resource.values(resource.as_started(document, actual.live_tree))
    found = compare(resource.fields, runs, shall)
    if resource.xml is not None and resource.runs_otherwise is not None:
        _document, merge = _merge(resource, actual.document, actual, parse(actual.live_text))
        edits = [edit for edit in merge.behind if edit.place not in resource.runs_otherwise]
        found += _without_field(resource, found, edits)
    return {change.path: change for change in found}


def _waits(resource, change: Change | None, of: Change | None = None) -> bool:
    """Whether a difference of the running object waits for its next start: of what the task speaks of at all.

    C(of): the change of the definition that it comes from. What runs as that said before does not run as it may.
    """
    if change is None or _own_affair(change):
        return False
    if _may_run_so(change) and (of is None or of.before is None or of.before != change.before):
        return False
    return resource.xml is not None or change.trail[0].name in resource.wanted


def _asks(resource, change: Change) -> bool:
    """Whether the task names the very value of a change; by its xml it names all that has no mind of its own."""
    if resource.xml is not None and not change.trail[-1].drifts:
        return True
    return names(resource.named if resource.xml is None else read(resource.fields, resource.declared()), change)


def _is_of_others(resource, change: Change) -> bool:
    """Whether a change is that of a whole item which is not named by the task, in a list that it only adds to."""
    (field, *below) = change.trail or (None,)
    if not resource.adds or below or not isinstance(field, Items):
        return False
    return all(field.label(item) != change.label for item in resource.named.get(field.name, ()))


def names(canonical: dict, change: Change) -> bool:
    """Whether canonical options name the very value of a change."""
    values: list = [canonical]
    label = change.label
    for field in change.trail[:-1]:
        values = [value.get(field.name) for value in values if value.get(field.name) is not None]
        if isinstance(field, Items):
            values = [item for items in values for item in items if not label or field.label(item) in ("", label)]
            # The label is that of the outermost list.
            label = ""
    return any(value.get(change.trail[-1].name) is not None for value in values)


def _own_affair(change: Change) -> bool:
    """Whether a running object has a mind of its own there."""
    return any(field.drifts or (field.runtime and change.after is None) for field in change.trail)


def _may_run_so(change: Change) -> bool:
    """Whether libvirt itself makes a running object differ like this from its definition."""
    if not change.trail:
        return False
    leaf = change.trail[-1]
    for after, may_be in leaf.runs_as.items():
        if after == change.after:
            return may_be is ANYTHING or change.before in may_be
    return leaf.value.may_run_as(change.after, change.before)
