# SPDX-License-Identifier: GPL-3.0-or-later
"""What the file of a guest's disk lies on. Private to this collection, imported only where a disk's source differs.

Overlays are made without a snapshot, too (C(virsh snapshot-create --no-metadata), C(qemu-img create -b)); what backs up
running guests does so. libvirt tells what a running guest's disk lies on, else its pools or the files themselves do.
"""

from __future__ import annotations

import os
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.tree import path_of, source_of
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.image import describe

# Formats of files that lie on others and can be written to.
_LEANING = ("qcow2", "qed")


def lies_on(domain, actual, target: str, path: str, asked: tuple) -> bool:
    """Whether the disk C(target) of an existing guest has C(asked), a source, below C(path), its own file.

    Refused where that file is an image that nothing on this host can look into: it may be what the guest wrote.
    """
    disk = _disk(actual.tree, target)
    driver = None if disk is None else disk.find("driver")
    if driver is None or driver.get("type") not in _LEANING:
        return False
    runs = None if actual.live_tree is None else _disk(actual.live_tree, target)
    if runs is not None and source_of(runs) == ("file", path):
        found = [source_of(below) for below in runs.iter("backingStore")]
    else:
        found = [("file", below) for below in _below(domain, target, path)]
    paths = {path_of(domain.conn, domain.planned, source) for source in found if source}
    return asked in found or path_of(domain.conn, domain.planned, asked) in paths - {None}


def _disk(tree, target: str):
    return next((disk for disk in tree.findall("devices/disk") if disk.find("target").get("dev") == target), None)


def _below(domain, target: str, path: str) -> list[str]:
    """The paths of the files below a file, in order."""
    found = [path]
    while path and (path := _base(domain, target, path)) not in found:
        found.append(path)
    return [one for one in found[1:] if one]


def _base(domain, target: str, path: str) -> str:
    """The file that a file lies on, C("") where it lies on none."""
    volume = lookup(domain.conn.storageVolLookupByPath, path, libvirt.VIR_ERR_NO_STORAGE_VOL)
    # libvirt reads the header of the file for it (storageVolGetXMLDesc). A pool may still know one that is gone.
    text = volume and lookup(volume.XMLDesc, 0, libvirt.VIR_ERR_NO_STORAGE_VOL, libvirt.VIR_ERR_SYSTEM_ERROR)
    if text:
        return ET.fromstring(text).findtext("backingStore/path") or ""  # noqa: S314 (libvirt's own)
    where = f"{domain.subject}: disks[{target}]"
    if not is_local(domain.conn):
        raise Refused(
            f"{where}: no pool knows {path}, which it is on now, so that nothing tells whether that lies on what the"
            " task names; make a pool of its directory, or refresh it"
        )
    if not os.path.exists(path):
        return ""
    about = describe(domain.planned.execute, path, where)
    return about.get("full-backing-filename") or ""
