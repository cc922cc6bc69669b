# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt makes of a definition at a start. Private to this collection, imported only where a guest differs.

Where the source of a disk has C(startupPolicy='optional') and is not there, libvirt starts the guest without the disk,
or with the drive empty (formatdomain, "Hard drives, floppy disks, CDROMs"). A processor of C(mode='host-model') runs as
C(mode='custom') with the model of the host (same page, "CPU model and topology").
"""

from __future__ import annotations

import copy

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local, is_missing, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.schema import PC
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.storage import OPTIONAL
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.tree import path_of, source_of

_EMPTIED = ("cdrom", "floppy")


def as_started(domain, document, running):
    """A document as libvirt would start it now: itself, or a copy with what the start decides.

    C(running): the document of the guest that runs. Whether that has the host's model decides about the processor.
    """
    missing = [number for number, disk in enumerate(document.iterfind(OPTIONAL)) if _is_without(domain, disk)]
    expanded = _mode(document) == "host-model" and _is_host_model(running)
    if not missing and not expanded:
        return document
    document = copy.deepcopy(document)
    if expanded:
        document.find("cpu").set("mode", "custom")
    disks = document.findall(OPTIONAL)
    for disk in (disks[number] for number in missing):
        if disk.get("device") in _EMPTIED:
            # An empty drive is one of files (virDomainDiskEmptySource).
            disk.set("type", "file")
            disk.remove(disk.find("source"))
        else:
            document.find("devices").remove(disk)
    return document


def _mode(document) -> str:
    cpu = document.find("cpu")
    return "" if cpu is None else cpu.get("mode", "")


def _is_host_model(running) -> bool:
    """Whether the processor of a running guest may be the host's model.

    On x86 libvirt then names the vendor too (virCPUx86DataToCPU), which it does for no model of the user's.
    """
    if _mode(running) != "custom":
        return False
    return running.find("cpu/vendor") is not None or running.find("os/type").get("arch") not in PC


def _is_without(domain, disk) -> bool:
    source = source_of(disk)
    path = source and path_of(domain.conn, domain.planned, source)
    if not path:
        return source is not None and source[0] == "volume"
    if is_local(domain.conn):
        return is_missing(path)
    # From afar only the pools tell.
    return lookup(domain.conn.storageVolLookupByPath, path, libvirt.VIR_ERR_NO_STORAGE_VOL) is None
