# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check tells the tasks after it of snapshots that would be taken, go, or be gone back to.

Private to this collection.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain


def entries(snapshot, plan, going: list[str]) -> list[dict]:
    """Entries of C(Planned) for the plan of a snapshot, and of those that go with it; see C(Tree.lay_over)."""
    of = {"kind": snapshot.kind, "pool": snapshot.options["domain"]}
    found = []
    if snapshot.name and snapshot.state != "absent":
        text = snapshot.guest.actual.text
        found.append({**of, "name": snapshot.name, "words": plan.after, "xml": plan.xml_after or None, "guest": text})
    gone = {"words": {}, "xml": None, "forgotten": snapshot.options["metadata_only"]}
    found += [{**of, "name": name, **gone} for name in going]
    if snapshot.state == "reverted":
        found[0]["reverted"] = True
        found.append(_guest(snapshot))
    return found


def _guest(snapshot) -> dict:
    """The guest as it would be when it is back."""
    guest = snapshot.guest
    snap = guest.snapshots().snaps[snapshot.name]
    defined, live = snap.tree.find("inactiveDomain"), snap.tree.find("domain")
    defined = live if defined is None else defined
    tree = ET.fromstring(snap.guest) if defined is None else defined  # noqa: S314 (libvirt's own, or ours)
    tree.tag = guest.actual.tree.tag
    state = snapshot.options.get("power_state") or snap.state
    words = Domain(guest.conn, {"name": guest.name}, guest.planned).words(tree, state, guest.actual.autostart)
    text = ET.tostring(tree, encoding="unicode")
    entry = {"kind": "domain", "pool": None, "name": guest.name, "words": words, "xml": text, "live": text}
    return {**entry, "went_back": True}
