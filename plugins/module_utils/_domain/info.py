# SPDX-License-Identifier: GPL-3.0-or-later
"""Read any number of guests with few calls. Private to this collection."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._domain import ready
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.listed import Listed
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt


def gather(conn, params: dict) -> list[dict]:
    """The guests named in C(params["name"]), or all, ordered by name; names that do not exist are left out.

    States, autostart and saved memory of all come with one call each; only a document is a call of its own.
    """
    if params.get("name") is None:
        handles = conn.listAllDomains(0)
    else:
        found = (lookup(conn.lookupByName, name, libvirt.VIR_ERR_NO_DOMAIN) for name in set(params["name"]))
        handles = [handle for handle in found if handle is not None]
    listed = Listed(conn, handles)
    answer = []
    for name, handle in sorted(listed.handles.items()):
        text = lookup(handle.XMLDesc, libvirt.VIR_DOMAIN_XML_INACTIVE, libvirt.VIR_ERR_NO_DOMAIN)
        state = listed.state(name)
        # One that is gone meanwhile is left out.
        if text is not None and state is not None:
            domain = Domain(conn, {"name": name})
            tree = ET.fromstring(text)  # noqa: S314 (the text is libvirt's own)
            answer.append(domain.words(tree, state, listed.autostart(name)))
    return answer


def addresses(conn, names: list[str]) -> dict[str, list[dict]]:
    """The addresses of each guest by its name; one that is gone meanwhile is left out."""
    handles = ((name, lookup(conn.lookupByName, name, libvirt.VIR_ERR_NO_DOMAIN)) for name in names)
    return {name: ready.addresses(handle) for name, handle in handles if handle is not None}


def documents(conn, names: list[str]) -> dict[str, str]:
    """The definition of each guest by its name, without its passwords; one that is gone meanwhile is left out."""
    handles = ((name, lookup(conn.lookupByName, name, libvirt.VIR_ERR_NO_DOMAIN)) for name in names)
    texts = (
        (name, lookup(handle.XMLDesc, libvirt.VIR_DOMAIN_XML_INACTIVE, libvirt.VIR_ERR_NO_DOMAIN))
        for name, handle in handles
        if handle is not None
    )
    return {name: text for name, text in texts if text is not None}
