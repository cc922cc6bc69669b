# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the snapshots of any number of guests, and what can be done with each. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Planned
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot import deletion, reversion
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.steps import Snapshot


def gather(conn, params: dict, planned: Planned) -> list[dict]:
    """The snapshots named in C(params["name"]), or all, of the guests in C(params["domain"]), or of all.

    Ordered by guest, then from the oldest to the newest; guests and snapshots that do not exist are left out.
    """
    found: list[dict] = []
    for name in sorted(_guests(conn, params.get("domain"), planned)):
        found += _snapshots(conn, name, params.get("name"), planned)
    return found


def _guests(conn, names, planned: Planned) -> set[str]:
    """The guests that have snapshots, of those that are meant."""
    if names is not None:
        return set(names)
    there = {handle.name() for handle in conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT)}
    return there | {one["pool"] for one in planned.entries if one["kind"] == "snapshot"}


def _snapshots(conn, domain: str, names, planned: Planned) -> list[dict]:
    reader = Snapshot(conn, {"name": "any", "domain": domain}, planned)
    try:
        guest = reader.guest
    except Refused:
        # It is not there, or gone meanwhile.
        return []
    tree = guest.snapshots()
    answer = []
    for snap in tree.ordered():
        if names is not None and snap.name not in names:
            continue
        way = deletion.way(guest, tree, snap)
        answer.append(
            {
                **reader.words(snap.tree, "", None),
                "children": sorted(tree.children(snap.name)),
                "current": snap.name == tree.current,
                "revert": _can(reversion.why_not(guest, tree, snap, force=False)),
                "delete": _can(way.reason, way.words),
            }
        )
    return answer


def _can(reason: str, way: str = "") -> dict:
    """Whether something can be done; the reason why not, or the way."""
    return {"possible": not reason, "why": reason or way}
