# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of graphics that are taken. Private to this collection, imported only where a guest starts.

libvirt looks for a free one only where it is to choose it, and gives each number once, whatever address it is of
(qemuProcessGraphicsReservePorts).
"""

from __future__ import annotations

from collections import Counter

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._running import opened

_ATTRIBUTES = ("port", "tlsPort", "websocket")


def check(domain, document) -> None:
    """Refused where the graphics of a guest that starts are to have a port which is taken by then."""
    # What stands beside autoport in a document counts for nothing.
    own = _ports(one for one in document.iterfind("devices/graphics") if one.get("autoport") != "yes")
    if not own:
        return
    # Those that start with it, of one stack.
    taken = domain.planned.once("graphics ports", dict)
    running = {
        port: guest.name
        for guest in opened(domain.conn, domain.planned)
        if not guest.saved
        for tree in guest.trees
        for port in _ports(tree.iterfind("devices/graphics"))
    }
    for port, count in Counter(own).items():
        names = [name for name in (running.get(port), taken.get(port)) if name not in (None, domain.name)]
        if names or count > 1:
            whose = f"that of domain {names[0]}" if names else "given twice"
            raise Refused(
                f"{domain.subject}: graphics: port {port} is {whose}; give another one, or leave it to libvirt"
            )
    taken.update(dict.fromkeys(own, domain.name))


def _ports(graphics) -> list[int]:
    """The ports of elements that are known: those that libvirt chooses are 0 or -1 until it does."""
    numbers = [one.get(name, "") for one in graphics if _listens(one) for name in _ATTRIBUTES]
    return [int(number) for number in numbers if number.isdigit() and int(number)]


def _listens(graphics) -> bool:
    """Whether it is reached by a network, not by a socket or nobody."""
    listen = graphics.find("listen")
    return listen is None or listen.get("type", "address") in ("address", "network")
