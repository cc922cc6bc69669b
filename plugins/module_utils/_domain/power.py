# SPDX-License-Identifier: GPL-3.0-or-later
"""Switch a guest: one operation each, and the waits that go with it. Private to this collection."""

from __future__ import annotations

import threading

from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._wait import wait_for_lifecycle

_LOCK = threading.Lock()
_TURNS: list[threading.Semaphore] = []
# Seconds after which a guest that did not go off is asked again.
_ASK_AGAIN = 10


def operation(conn, handle, name: str, timeout: int, force: bool) -> None:
    """Carry out one operation of C(states.WAYS)."""
    if name == "shut_down":
        _shut_down(conn, handle, timeout, force)
    else:
        {
            "start": lambda: _start(conn, handle),
            "start_paused": lambda: _create(conn, handle, libvirt.VIR_DOMAIN_START_PAUSED),
            "resume": handle.resume,
            "pause": handle.suspend,
            "save": lambda: handle.managedSave(0),
            "switch_off": handle.destroy,
        }[name]()


def _create(conn, handle, flags: int) -> None:
    with _turns(conn):
        handle.createWithFlags(flags)


def _turns(conn) -> threading.Semaphore:
    """So many guests start at the same time as the host has four processors for each.

    More of them keep each other from booting: on two processors 20 that start by fives have their addresses 1.4 times
    as late as 20 that start one after another (benchmarks/leases.py).
    """
    with _LOCK:
        if not _TURNS:
            _TURNS.append(threading.Semaphore(max(1, conn.getInfo()[2] // 4)))
    return _TURNS[0]


def _start(conn, handle) -> None:
    _create(conn, handle, 0)
    # A guest that was paused when it was saved comes back paused.
    if states.name(handle) == states.PAUSED:
        handle.resume()


def _shut_down(conn, handle, timeout: int, force: bool) -> None:
    """Ask the guest by its agent, else by ACPI (libvirt's own order), and wait until it is off.

    A guest that is still booting misses the question, so it is asked again.
    """

    def off() -> bool:
        return states.name(handle) in (states.STOPPED, states.SAVED)

    def reason() -> str:
        return f"after {timeout} s the guest is still {states.name(handle)}"

    left = timeout
    while not off():
        try:
            handle.shutdownFlags(0)
            wait_for_lifecycle(conn, handle, off, min(left, _ASK_AGAIN), reason)
        except libvirt.libvirtError:
            # It went off between the two.
            if not off():
                raise
        except Failed as error:
            left -= _ASK_AGAIN
            if left > 0:
                continue
            if not force:
                advice = "it may have no power button: set 'force: true' to switch it off, or a longer 'timeout'"
                raise Failed(f"{error}; {advice}") from None
            handle.destroy()
