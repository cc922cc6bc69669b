# SPDX-License-Identifier: GPL-3.0-or-later
"""Who refers to filters. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Planned
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter import references


def used_by(conn, names: list[str]) -> dict[str, dict[str, list[str]]]:
    """By filter: C(domains) and C(nwfilters) that refer to it themselves, and the domains that are C(running) with it,
    be it by way of other filters. Everything is read once, however many filters are asked for.
    """
    known, guests = references.filters(conn, Planned()), references.guests(conn, Planned())
    runs = {guest: references.reached([one.name for one in all_of.running], known) for guest, all_of in guests.items()}
    return {
        name: {
            "domains": sorted(guest for guest, one in guests.items() if name in one.names),
            "running": sorted(guest for guest, found in runs.items() if name in found),
            "nwfilters": sorted(other for other, one in known.items() if name in {need.name for need in one.needs}),
        }
        for name in names
    }
