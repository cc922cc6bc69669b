# SPDX-License-Identifier: GPL-3.0-or-later
"""Media that a guest may start without. Private to this collection, imported only where a running guest differs.

Where the source of a disk has C(startupPolicy='optional') and is not there, libvirt starts the guest without the disk,
or with the drive empty (formatdomain, "Hard drives, floppy disks, CDROMs").
"""

from __future__ import annotations

import copy

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.host import is_missing
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.storage import OPTIONAL
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.tree import path_of, source_of

_EMPTIED = ("cdrom", "floppy")


def as_started(domain, document):
    """A document as libvirt would start it now: itself, or a copy without the optional media that are not there."""
    missing = [number for number, disk in enumerate(document.iterfind(OPTIONAL)) if _is_without(domain, disk)]
    if not missing:
        return document
    document = copy.deepcopy(document)
    disks = document.findall(OPTIONAL)
    for disk in (disks[number] for number in missing):
        if disk.get("device") in _EMPTIED:
            # An empty drive is one of files (virDomainDiskEmptySource).
            disk.set("type", "file")
            disk.remove(disk.find("source"))
        else:
            document.find("devices").remove(disk)
    return document


def _is_without(domain, disk) -> bool:
    source = source_of(disk)
    path = source and path_of(domain.conn, domain.planned, source)
    if not path:
        return source is not None and source[0] == "volume"
    if is_local(domain.conn):
        return is_missing(path)
    # From afar only the pools tell.
    return lookup(domain.conn.storageVolLookupByPath, path, libvirt.VIR_ERR_NO_STORAGE_VOL) is None
