# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents of guests, read together. Private to this collection, imported only where something changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt

# The states in which a guest has its disks open, in the words of the options.
_OPEN = ("running", "paused")


def running(conn, planned) -> list[tuple[Any, ET.Element]]:
    """(libvirt's handle, document that it runs with) of all guests that run, by name; asked once for a whole plan."""
    return planned.once("running guests", lambda: documents(conn, libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE))


@dataclass
class Opened:
    """A guest that has its disks open, or will have them again: C(saved) is one whose memory is saved.

    C(handle) is libvirt's, None where a check-mode run only plans the guest; C(trees) are its documents: what it runs
    with, and what it is planned to have.
    """

    name: str
    handle: Any
    trees: list[ET.Element]
    saved: bool = False


def opened(conn, planned) -> list[Opened]:
    """All guests that run or are saved, as they are by then, by name."""
    found = {domain.name(): Opened(domain.name(), domain, [tree]) for domain, tree in running(conn, planned)}
    which = libvirt.VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE
    for domain, tree in planned.once("saved guests", lambda: documents(conn, which)):
        found.setdefault(domain.name(), Opened(domain.name(), domain, [tree], saved=True))
    # Those of one stack are stopped and started side by side.
    for name, entry in {} if planned.many else planned.of("domain").items():
        words, there = entry["words"], found.pop(name, None)
        if words.get("state") in (*_OPEN, "saved"):
            text = entry["xml"] or ("" if there else _definition(conn, name))
            trees = [*(there.trees if there else ()), *([ET.fromstring(text)] if text else ())]  # noqa: S314 (our own)
            found[name] = Opened(name, there.handle if there else None, trees, words["state"] == "saved")
        elif words and "state" not in words and there:
            found[name] = there
    return sorted(found.values(), key=lambda one: one.name)


def _definition(conn, name: str) -> str:
    handle = lookup(conn.lookupByName, name, libvirt.VIR_ERR_NO_DOMAIN)
    return handle.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE) if handle is not None else ""


def documents(conn, which: int, flags: int = 0) -> list[tuple[Any, ET.Element]]:
    """(libvirt's handle, document) of all guests of C(which) kind (virConnectListAllDomainsFlags), by name.

    C(flags): of virDomainXMLFlags.
    """
    found = []
    for domain in conn.listAllDomains(which):
        # It may have ended meanwhile.
        text = lookup(
            lambda one: one.XMLDesc(flags), domain, libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_OPERATION_INVALID
        )
        if text:
            found.append((domain, ET.fromstring(text)))  # noqa: S314 (libvirt's own)
    return sorted(found, key=lambda one: one[0].name())
