# SPDX-License-Identifier: GPL-3.0-or-later
"""All guests with few calls. Private to this collection."""

from __future__ import annotations

import functools

from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt

# What one answer holds at most (REMOTE_CONNECT_GET_ALL_DOMAIN_STATS_MAX in libvirt's remote_protocol.x).
_AT_ONCE = 4096


class Listed:
    """What libvirt tells of many guests with one call each: C(handles) by name, states, autostart, saved memory.

    C(handles): those that matter; all where it is None.
    """

    def __init__(self, conn, handles: list | None = None):
        found = conn.listAllDomains(0) if handles is None else handles
        self.handles = {handle.name(): handle for handle in found}
        self._numbers: dict[str, int] = {}
        for start in range(0, len(found), _AT_ONCE):
            stats = conn.domainListGetStats(found[start : start + _AT_ONCE], libvirt.VIR_DOMAIN_STATS_STATE, 0)
            self._numbers.update((handle.name(), record["state.state"]) for handle, record in stats)
        self._autostart = _names(conn, libvirt.VIR_CONNECT_LIST_DOMAINS_AUTOSTART)
        self._saved = _names(conn, libvirt.VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE)

    @functools.cached_property
    def running(self) -> dict:
        """The handles of those that are on, by name."""
        off = (states.STOPPED, states.SAVED)
        return {name: handle for name, handle in self.handles.items() if self.state(name) not in (None, *off)}

    def state(self, name: str) -> str | None:
        """The state in our words, None for a guest that is gone meanwhile."""
        number = self._numbers.get(name)
        return None if number is None else states.word(number, lambda: name in self._saved)

    def autostart(self, name: str) -> bool:
        return name in self._autostart


def with_autostart(conn, name: str, wanted: bool):
    """The handle of a guest that has this autostart, None where it has not: found and asked with one call."""
    flag = libvirt.VIR_CONNECT_LIST_DOMAINS_AUTOSTART if wanted else libvirt.VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART
    return next((handle for handle in conn.listAllDomains(flag) if handle.name() == name), None)


def _names(conn, flag: int) -> set[str]:
    return {handle.name() for handle in conn.listAllDomains(flag)}
