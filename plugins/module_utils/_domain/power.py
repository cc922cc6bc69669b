# SPDX-License-Identifier: GPL-3.0-or-later
"""Switch a guest: one operation each, and the waits that go with it. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._wait import wait_for_lifecycle


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
    """Ask the guest by its agent, else by ACPI (libvirt's own order), and wait until it is off."""
    handle.shutdownFlags(0)

    def off() -> bool:
        return states.name(handle) in (states.STOPPED, states.SAVED)

    try:
        wait_for_lifecycle(
            conn, handle, off, timeout, lambda: f"after {timeout} s the guest is still {states.name(handle)}"
        )
    except Failed as error:
        if not force:
            raise Failed(
                f"{error}; it may have no power button: set 'force: true' to switch it off, or a longer 'timeout'"
            ) from None
        handle.destroy()
