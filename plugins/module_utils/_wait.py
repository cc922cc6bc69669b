# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for libvirt's events, with a deadline and a reason. Private to this collection.

Any number of threads may wait at once; C(_events) runs libvirt's event loop meanwhile.
"""

from __future__ import annotations

import threading
import time

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed
from ansible_collections.virtops.libvirt.plugins.module_utils._events import LOOP
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt

# An event may be lost with a daemon that goes away, and some things have none: after so long all is asked anyway.
_SECONDS_BETWEEN = 0.5


class _Bell:
    """Rung by each event; wakes all that wait."""

    def __init__(self):
        self._told = threading.Condition()
        self._count = 0

    def tell(self) -> None:
        """Something happened."""
        with self._told:
            self._count += 1
            self._told.notify_all()

    def until(self, reached, deadline: float) -> bool:
        """Whether C(reached()), asked after each event and now and then, became true before the deadline."""
        while True:
            seen = self._count
            if reached():
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with self._told:
                self._told.wait_for(lambda: self._count != seen, min(left, _SECONDS_BETWEEN))  # noqa: B023


_BELL = _Bell()


def wait_for_lifecycle(conn, domain, reached, timeout: float, reason) -> None:
    """Return when C(reached()) is true, asked again at every lifecycle event of C(domain).

    Failed, with C(reason()), after C(timeout) seconds. Events need a connection that C(_connection) opened.
    """
    _wait(conn, domain, {libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE: None}, reached, timeout, reason)


def wait_for_any(conn, reached, timeout: float) -> bool:
    """Whether C(reached()) became true within C(timeout) seconds; asked again when a guest's state or agent changes."""
    events = (libvirt.VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE)
    return _until(conn, None, dict.fromkeys(events), reached, timeout, None)


def wait_for_device(conn, domain, alias: str, ask, timeout: float, reason: str) -> None:
    """Call C(ask()) and return when the device C(alias) is gone from a running guest.

    Failed, with C(reason), after C(timeout) seconds or when the guest says that it keeps the device.
    """
    answers: list[bool] = []

    def answer(gone: bool):
        return lambda _conn, _domain, which, _opaque: answers.append(gone) if which == alias else None

    def reached() -> bool:
        if False in answers:
            raise Failed("the guest refused to give it up")
        return True in answers or f"<alias name='{alias}'/>" not in domain.XMLDesc(0)

    callbacks = {
        libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED: answer(True),
        libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED: answer(False),
    }
    _wait(conn, domain, callbacks, reached, timeout, lambda: reason, ask)


def wait_for_block_job(conn, domain, target: str, start, ended, status) -> None:
    """Call C(start()), and return when C(ended()) is true, which may take any time.

    C(status(number)) is told each end of a job of the disk C(target) (virConnectDomainEventBlockJobStatus).
    """

    def told(_conn, _domain, disk, _kind, number, _opaque):
        if disk == target:
            status(number)

    callbacks = {libvirt.VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2: told, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE: None}
    _wait(conn, domain, callbacks, ended, float("inf"), str, start)


def _wait(conn, domain, callbacks: dict, reached, timeout: float, reason, ask=None) -> None:
    if not _until(conn, domain, callbacks, reached, timeout, ask):
        raise Failed(reason())


def _until(conn, domain, callbacks: dict, reached, timeout: float, ask) -> bool:
    """Whether C(reached()) became true; C(domain): None for all. C(callbacks): what is called at which event."""
    deadline = time.monotonic() + timeout
    LOOP.enter(waits=True)
    events: list[int] = []
    try:
        for number, call in callbacks.items():
            events.append(conn.domainEventRegisterAny(domain, number, _telling(call), None))
        if ask:
            ask()
        return _BELL.until(reached, deadline)
    finally:
        for event in events:
            conn.domainEventDeregisterAny(event)
        LOOP.leave(waits=True)


def _telling(call):
    def told(*args) -> None:
        if call:
            call(*args)
        _BELL.tell()

    return told
