# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents of guests, read together. Private to this collection, imported only where something changes."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt


def running(conn, planned) -> list[tuple[Any, ET.Element]]:
    """(libvirt's handle, document that it runs with) of all guests that run, by name; asked once for a whole plan."""
    return planned.once("running guests", lambda: documents(conn, libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE))


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
