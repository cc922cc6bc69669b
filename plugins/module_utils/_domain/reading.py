# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt tells of a guest that a task is about. Private to this collection."""

from __future__ import annotations

from operator import methodcaller

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Actual
from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt

# virDomainXMLFlags INACTIVE and SECURE, as numbers: libvirt may be missing where this is read.
WITH_SECRETS = 2 | 1


def read(domain) -> Actual | None:
    """The guest, None where there is none."""
    handle, autostart = _found(domain)
    if handle is None:
        return None
    text = _text(domain, handle)
    saved: list[str] = []
    listed = domain.listed
    state = (listed.state(handle.name()) if listed else None) or states.SAVED
    # One that has saved memory, or is not listed, is looked at itself.
    if state == states.SAVED:
        state = states.word(handle.state()[0], lambda: _is_saved(domain, handle, saved))
    active = state not in (states.STOPPED, states.SAVED)
    live_text = _running_text(domain, handle) if active else "".join(saved)
    return Actual(handle, text, active=active, state=state, autostart=autostart, live_text=live_text)


def passwords(options: dict) -> list[dict]:
    """The graphics that have one."""
    return [item for item in options.get("graphics", ()) if "password" in item]


def _found(domain) -> tuple:
    """(the handle or None, autostart where the task names it)."""
    wanted, listed = domain.options.get("autostart"), domain.listed
    if wanted is not None and not listed:
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.listed import with_autostart

        handle = with_autostart(domain.conn, domain.name, wanted)
        if handle is not None:
            return handle, wanted
    handle = domain.find()
    if wanted is None or handle is None:
        return handle, None
    return handle, listed.autostart(handle.name()) if listed else bool(handle.autostart())


def _is_saved(domain, handle, text: list[str]) -> bool:
    """Whether the memory of a guest that is off is saved; C(text) gets the document that it wakes up with.

    Both with one call: libvirt answers it with an error for a guest without saved memory.
    """
    try:
        text.append(handle.managedSaveGetXMLDesc(_if_told(domain, libvirt.VIR_DOMAIN_SAVE_IMAGE_XML_SECURE)))
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID:
            return False
        return bool(handle.hasManagedSaveImage())
    return True


def _text(domain, handle) -> str:
    """The persistent document; with its passwords where the task has some and libvirt tells them."""
    if domain.secrets() or passwords(domain.asked):
        try:
            return handle.XMLDesc(WITH_SECRETS)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_OPERATION_DENIED:
                raise
            domain.unchecked = ["passwords: a read-only connection does not tell them"]
            for item in passwords(domain.wanted):
                del item["password"]
    return _document(domain, handle, libvirt.VIR_DOMAIN_XML_INACTIVE)


def _running_text(domain, handle) -> str:
    flags = _if_told(domain, libvirt.VIR_DOMAIN_XML_SECURE)
    return handle.XMLDesc(flags) if flags else _document(domain, handle, flags)


def _document(domain, handle, flags: int) -> str:
    """A document without passwords, asked for ahead of its time where many guests are planned."""
    if not domain.listed:
        return handle.XMLDesc(flags)
    among = domain.listed.handles if flags else domain.listed.running
    return domain.planned.ask(f"documents {flags}", domain.kind, None, among, handle, methodcaller("XMLDesc", flags))


def _if_told(domain, flag: int) -> int:
    """C(flag), for passwords in a document, where the task has some and libvirt tells them."""
    return flag if passwords(domain.wanted) or (domain.secrets() and not domain.unchecked) else 0
