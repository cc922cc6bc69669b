# SPDX-License-Identifier: GPL-3.0-or-later
"""Read any number of guests with few calls. Private to this collection."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Planned
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._domain import ready
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.listed import Listed
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt


def gather(conn, params: dict, planned: Planned) -> list[dict]:
    """The guests named in C(params["name"]), or all, ordered by name; names that do not exist are left out.

    States, autostart and saved memory of all come with one call each; only a document is a call of its own.
    """
    names, changed = params.get("name"), planned.of("domain")
    if names is None:
        handles = [handle for handle in conn.listAllDomains(0) if handle.name() not in changed]
    else:
        found = (lookup(conn.lookupByName, name, libvirt.VIR_ERR_NO_DOMAIN) for name in set(names) - set(changed))
        handles = [handle for handle in found if handle is not None]
    answer = _as_they_are(conn, handles)
    for name in changed if names is None else set(names) & set(changed):
        words = Domain(conn, {"name": name, "autostart": False}, planned).existing()
        answer += [words] if words else []
    return sorted(answer, key=lambda words: words["name"])


def _as_they_are(conn, handles: list) -> list[dict]:
    listed = Listed(conn, handles)
    answer = []
    for name, handle in listed.handles.items():
        text = lookup(handle.XMLDesc, libvirt.VIR_DOMAIN_XML_INACTIVE, libvirt.VIR_ERR_NO_DOMAIN)
        state = listed.state(name)
        # One that is gone meanwhile is left out.
        if text is not None and state is not None:
            domain = Domain(conn, {"name": name})
            tree = ET.fromstring(text)  # noqa: S314 (the text is libvirt's own)
            answer.append(domain.words(tree, state, listed.autostart(name)))
    return answer


def addresses(conn, names: list[str], planned: Planned) -> dict[str, list[dict]]:
    """The addresses of each guest by its name; one that is gone meanwhile is left out.

    One that is only planned has none that are known.
    """
    handles = ((name, lookup(conn.lookupByName, name, libvirt.VIR_ERR_NO_DOMAIN)) for name in names)
    found = {name: ready.addresses(handle) for name, handle in handles if handle is not None}
    return {**{name: [] for name in names if planned.get("domain", name)}, **found}


def documents(conn, names: list[str], planned: Planned) -> dict[str, str]:
    """The definition of each guest by its name, without its passwords; one that is gone meanwhile is left out."""
    texts = {}
    for name in names:
        if planned.get("domain", name):
            actual = Domain(conn, {"name": name}, planned).actual()
            texts[name] = actual.text if actual else None
        else:
            handle = lookup(conn.lookupByName, name, libvirt.VIR_ERR_NO_DOMAIN)
            texts[name] = handle and lookup(handle.XMLDesc, libvirt.VIR_DOMAIN_XML_INACTIVE, libvirt.VIR_ERR_NO_DOMAIN)
    return {name: text for name, text in texts.items() if text is not None}
