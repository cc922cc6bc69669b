# SPDX-License-Identifier: GPL-3.0-or-later
"""Open a connection to libvirt and look things up on it. Private to this collection."""

from __future__ import annotations

import os
from contextlib import contextmanager

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, libvirt_words
from ansible_collections.virtops.libvirt.plugins.module_utils._events import LOOP
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt

DEFAULT_URI = "qemu:///system"
_PERMISSION = "set 'become: true', or add the user to the group libvirt"


def default_uri(uri: str | None) -> str:
    """The task's C(uri), else LIBVIRT_DEFAULT_URI, else qemu:///system."""
    return uri or os.environ.get("LIBVIRT_DEFAULT_URI") or DEFAULT_URI


@contextmanager
def connection(uri: str, read_only: bool):
    """A virConnect for many objects, for as long as they need; read-only: libvirt itself refuses every write."""
    conn = opened(uri, read_only)
    LOOP.enter()
    try:
        yield conn
    finally:
        conn.close()
        LOOP.leave()


def opened(uri: str, read_only: bool, permission: str = _PERMISSION):
    """A virConnect, to be closed by the caller. C(permission): what to do where this user may not use libvirt.

    The daemon hangs up on it where nothing is asked of it for half a minute; C(connection()) sees to that.
    """
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    LOOP.register()
    try:
        return libvirt.openReadOnly(uri) if read_only else libvirt.open(uri)
    except libvirt.libvirtError as error:
        advice = _advice(error, permission)
        raise Failed(f"cannot connect to libvirt at {uri}: {advice}; {libvirt_words(error)}") from error


def _advice(error, permission: str) -> str:
    text = str(error).lower()
    if "no such file" in text or "connection refused" in text:
        return "is its daemon (libvirtd, or virtqemud) running there, and is the uri right?"
    if "permission denied" in text or "authentication" in text:
        return f"this user may not use it; {permission}"
    return "check the uri, the name and the way to the host"


def is_local(conn) -> bool:
    """Whether libvirt's host is the one that this runs on: its URI names no other (https://libvirt.org/uri.html)."""
    driver, _sep, rest = conn.getURI().partition("://")
    return rest.startswith("/") and driver != "test"


def is_missing(path: str) -> bool:
    """Whether nothing is at a path. In a directory that this user may not look into there may be anything."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def is_no_directory(path: str) -> bool:
    """The same for a path at which a directory has to be."""
    return is_missing(os.path.join(path, ""))


def lookup(find, name, *missing):
    """What C(find(name)) gives, or None where libvirt answers with one of the error codes C(missing)."""
    try:
        return find(name)
    except libvirt.libvirtError as error:
        if error.get_error_code() in missing:
            return None
        raise
