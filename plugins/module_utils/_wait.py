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
    _wait(conn, domain, {libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE: lambda *_args: None}, reached, timeout, reason)


def wait_for_agent(conn, domain, reached, timeout: float, reason) -> None:
    """Return when C(reached()) is true, asked again at every event of the guest agent of C(domain), and of its end."""
    events = (libvirt.VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE)
    _wait(conn, domain, {number: lambda *_args: None for number in events}, reached, timeout, reason)


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

    callbacks = {libvirt.VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2: told, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE: lambda *_: None}
    _wait(conn, domain, callbacks, ended, float("inf"), str, start)


def _wait(conn, domain, callbacks: dict, reached, timeout: float, reason, ask=None) -> None:
    deadline = time.monotonic() + timeout
    events = [conn.domainEventRegisterAny(domain, number, call, None) for number, call in callbacks.items()]
    # The loop returns only when something happened: the timer lets the deadline be noticed, and covers an event that
    # was lost with a daemon that went away.
    timer = libvirt.virEventAddTimeout(500, lambda *_args: None, None)
    try:
        if ask:
            ask()
        while not reached():
            if time.monotonic() > deadline:
                raise Failed(reason())
            libvirt.virEventRunDefaultImpl()
    finally:
        libvirt.virEventRemoveTimeout(timer)
        for event in events:
            conn.domainEventDeregisterAny(event)
