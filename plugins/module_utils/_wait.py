# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for libvirt's events, with a deadline and a reason. Private to this collection."""

from __future__ import annotations

import time

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt


def wait_for_lifecycle(conn, domain, reached, timeout: float, reason) -> None:
    """Return when C(reached()) is true, asked again at every lifecycle event of C(domain).

    Failed, with C(reason()), after C(timeout) seconds. Events need the default event loop of C(_connection).
    """
    deadline = time.monotonic() + timeout
    woken: list = []
    event = conn.domainEventRegisterAny(
        domain, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lambda *_args: woken.append(1), None
    )
    # The loop returns only when something happened: the timer lets the deadline be noticed, and covers an event that
    # was lost with a daemon that went away.
    timer = libvirt.virEventAddTimeout(500, lambda *_args: None, None)
    try:
        while not reached():
            if time.monotonic() > deadline:
                raise Failed(reason())
            libvirt.virEventRunDefaultImpl()
    finally:
        libvirt.virEventRemoveTimeout(timer)
        conn.domainEventDeregisterAny(event)
