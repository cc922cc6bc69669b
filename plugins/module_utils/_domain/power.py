# SPDX-License-Identifier: GPL-3.0-or-later
"""Switch a guest: one operation each, and the waits that go with it. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._wait import wait_for_lifecycle

# Seconds after which a guest that did not go off is asked again.
_ASK_AGAIN = 10


def operation(conn, handle, name: str, timeout: int, force: bool) -> None:
    """Carry out one operation of C(states.WAYS)."""
    if name == "shut_down":
        _shut_down(conn, handle, timeout, force)
    else:
        {
            "start": lambda: _start(handle),
            "start_paused": lambda: handle.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED),
            "resume": handle.resume,
            "pause": handle.suspend,
            "save": lambda: handle.managedSave(0),
            "switch_off": handle.destroy,
        }[name]()


def _start(handle) -> None:
    handle.createWithFlags(0)
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
