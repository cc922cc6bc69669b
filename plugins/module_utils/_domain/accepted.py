# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether libvirt would take the definition that a task writes. Private to this collection, imported only before a
change.
"""

from __future__ import annotations

from functools import partial

from ansible_collections.virtops.libvirt.plugins.module_utils._domain import abilities, parser, pci, rules
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.attempts import attempts
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused


def check(domain, actual, target) -> None:
    """Refused with what is wrong with the user's own document, or with the first of those that the task could write
    where something is wrong with all of them.
    """
    is_there = actual is not None and target is actual.document
    # What is defined already libvirt's parser has taken.
    problem = partial(_problem, domain, actual, is_new=not is_there)
    # What somebody wrote alone has to be right by itself, also where the rest of the guest would make it so.
    is_alone = domain.xml is not None and not set(domain.asked) - {"name"}
    found = problem(domain.xml) if is_alone and not is_there else ""
    if not found:
        documents = [target] if actual is None or is_there else attempts(domain, actual, actual.document, target)
        found = _of_all(map(problem, documents))
    if found:
        raise Refused(f"{domain.subject}: {found}")


def _problem(domain, actual, document, is_new: bool) -> str:
    found = rules.problem(domain, document) or pci.problem(document)
    if found or not is_new:
        return found
    found = parser.problem(domain, document)
    if found and actual is not None and parser.problem(domain, actual.document):
        # It is not for the parser to say, which would not have what libvirt has taken.
        found = ""
    return found or _lacking(domain, document)


def _lacking(domain, document) -> str:
    found = abilities.problem(domain, document)
    if found or domain.conn.getLibVersion() < abilities.CHOSEN_AT_DEFINITION:
        return found
    return abilities.firmware_problem(domain, document)


def _of_all(problems) -> str:
    """The first problem where there is no document without one."""
    first = ""
    for problem in problems:
        if not problem:
            return ""
        first = first or problem
    return first
