# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the definition of a domain, and remove it. Private to this collection, imported only for a change."""

from __future__ import annotations

from functools import partial

from ansible_collections.virtops.libvirt.plugins.module_utils._change import names
from ansible_collections.virtops.libvirt.plugins.module_utils._domain import applied, power, states
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.attempts import attempts
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.document import settle_quirks
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.reading import WITH_SECRETS
from ansible_collections.virtops.libvirt.plugins.module_utils._field import LIVE
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._schema import left_to_libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import parse, printed


def steps(domain, actual, target, changes) -> list[Step]:
    """See C(Resource.write_steps)."""
    if actual is None:
        flags = left_to_libvirt(domain.conn, domain.schema, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
        define = partial(domain.conn.defineXMLFlags, printed(target), flags)
        return [Step(f"define {domain.subject}", define, lambda: domain.find().undefine())]
    found = []
    if any(change.path == "name" for change in changes):
        before = actual.tree.findtext("name")
        rename = partial(_rename, domain.conn, before, domain.name)
        found.append(
            Step(f"rename domain {before} to {domain.name}", rename, partial(_rename, domain.conn, domain.name, before))
        )
    if any(change.defines for change in changes):
        define = partial(_redefine, domain, actual)
        found.append(Step(f"define {domain.subject} anew", define, partial(restore, domain, actual.state)))
    return found + ([] if domain.wakes(actual) else live_steps(domain, changes))


def live_steps(domain, changes) -> list[Step]:
    """Steps that bring to a running guest what it takes at once."""
    live = [change for change in changes if change.effect == LIVE and change.running]
    if not live:
        return []
    from ansible_collections.virtops.libvirt.plugins.module_utils._domain.live import steps as steps_of

    return steps_of(domain, live)


def _rename(conn, before: str, after: str) -> None:
    conn.lookupByName(before).rename(after, 0)


def _redefine(domain, actual) -> None:
    """Lay the task over the document as it is now, with its secrets, which a plan never sees."""
    text = domain.handle_now().XMLDesc(WITH_SECRETS)
    base = parse(text)
    target, _edits = domain.target(base, actual)
    domain.finish(target)
    _define_one_of(domain, attempts(domain, actual, base, target))
    domain.old_text = text


def keep(domain) -> None:
    """Define a guest as it runs."""
    domain.conn.defineXMLFlags(domain.handle_now().XMLDesc(WITH_SECRETS), 0)


def restore(domain, state: str) -> None:
    """The old definition, if there is a new one, and the guest in the state that it had before."""
    if domain.old_text:
        domain.conn.defineXMLFlags(domain.old_text, 0)
    try:
        _bring(domain, state)
    except libvirt.libvirtError:
        if not domain.live_text or domain.handle_now().isActive():
            raise
        _bring_as_it_ran(domain, state)


def _bring(domain, state: str) -> None:
    """Bring a guest into a state."""
    handle = domain.handle_now()
    for name in states.WAYS.get((states.name(handle), state), ()):
        power.operation(domain.conn, handle, name, domain.options["timeout"], domain.options["force"])


def _bring_as_it_ran(domain, state: str) -> None:
    """The same where its definition, which others changed while it ran, does not start: that one waits on."""
    waiting = domain.handle_now().XMLDesc(WITH_SECRETS)
    domain.conn.defineXMLFlags(domain.live_text, 0)
    try:
        _bring(domain, state)
    finally:
        domain.conn.defineXMLFlags(waiting, 0)


def _define_one_of(domain, documents) -> None:
    """Define the first document that libvirt takes; its reason against the first one counts where it takes none."""
    refusals = []
    for document in documents:
        try:
            domain.conn.defineXMLFlags(printed(document), 0)
            return
        except libvirt.libvirtError as error:
            refusals.append(error)
    raise refusals[0]


def settle(domain, again) -> list:
    """Changes that are left after applying and that are not libvirt's own rewriting of the user's xml."""
    # An option means what it says; in a document libvirt has the last word.
    left = [
        change
        for change in again.changes
        if domain.xml is None or change.path in ("autostart", "state") or (change.trail and names(domain.named, change))
    ]
    rewritten = [change for change in again.changes if change not in left]
    if rewritten and not left:
        _note_echoes(domain)
    return left


def _note_echoes(domain) -> None:
    """Note libvirt's rewriting; more than once where it makes something else of its own document."""
    for _round in range(3):
        document = parse(domain.handle_now().XMLDesc(WITH_SECRETS))
        _target, edits = domain.target(document, domain.actual())
        if not edits:
            return
        settle_quirks(domain, None, document)
        applied.add_echoes(document, edits)
        # virDomainSetMetadata would put the document inside into our namespace, so the whole is defined again.
        domain.conn.defineXMLFlags(printed(document), 0)
