# SPDX-License-Identifier: GPL-3.0-or-later
"""Where guests can be reached. Private to this collection."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.virtops.libvirt.plugins.module_utils._domain import ready
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.plugin_utils._inventory.threads import side_by_side

_CALLS = 32


class Addresses:
    """The addresses of guests that are awake, from the first source of C(asked["addresses"]) that knows any."""

    def __init__(self, conn, asked: dict, deadline: float):
        self.conn, self.sources, self.deadline = conn, asked["addresses"], deadline
        self.agent_timeout = asked["agent_timeout"]

    def of(self, guests: dict) -> dict[Any, list[dict]]:
        """{handle: C(mac), C(address), C(source) of each}, in the order of NICs, IPv4 first.

        C(guests): {handle: Document}.
        """
        found: dict[Any, list[dict]] = {}
        for source in self.sources:
            left = {handle: guest for handle, guest in guests.items() if handle not in found}
            if left:
                found.update(getattr(self, f"_by_{source}")(left))
        return found

    def _by_lease(self, guests: dict) -> dict:
        """With one call a network, and one for all networks."""
        used = {nic["network"] for guest in guests.values() for nic in guest.nics if "network" in nic}
        if not used:
            return {}
        active = self.conn.listAllNetworks(libvirt.VIR_CONNECT_LIST_NETWORKS_ACTIVE)
        networks = [network for network in active if network.name() in used]
        outcomes = self._each(ready.leases, networks)
        leases = {networks[number].name(): known for number, known in outcomes.items() if isinstance(known, list)}
        found = {}
        for handle, guest in guests.items():
            words = [
                {"mac": nic["mac"], "address": lease["ipaddr"], "source": "lease"}
                for nic in guest.nics
                for lease in leases.get(nic.get("network"), ())
                if lease["mac"] == nic.get("mac")
            ]
            if words:
                found[handle] = _in_order(words, guest.nics)
        return found

    def _by_agent(self, guests: dict) -> dict:
        connected = {handle: guest for handle, guest in guests.items() if guest.has_agent}
        return self._asked("agent", connected, self.agent_timeout)

    def _by_arp(self, guests: dict) -> dict:
        return self._asked("arp", guests, self.deadline - time.monotonic())

    def _asked(self, source: str, guests: dict, seconds: float) -> dict:
        """One call a guest; an agent tells of addresses, too, that are on none of the guest's NICs."""
        handles, found = list(guests), {}
        answers = side_by_side(lambda handle: list(ready.told_by(handle, source)), handles, _CALLS, seconds)
        for number, answer in answers.items():
            nics = guests[handles[number]].nics
            macs = {nic.get("mac") for nic in nics}
            words = [] if isinstance(answer, Exception) else [one for one in answer if one["mac"] in macs]
            if words:
                found[handles[number]] = _in_order(words, nics)
        return found

    def _each(self, ask, items: list) -> dict:
        return side_by_side(ask, items, _CALLS, self.deadline - time.monotonic())


def _in_order(words: list[dict], nics: list[dict]) -> list[dict]:
    order = {nic.get("mac"): number for number, nic in enumerate(nics)}
    return sorted(words, key=lambda one: (order[one["mac"]], ":" in one["address"]))
