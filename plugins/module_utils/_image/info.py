# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module image_info answers. Private to this collection."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Planned
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._image import catalogue
from ansible_collections.virtops.libvirt.plugins.module_utils._image.steps import Base, needed_by
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt

SPEC: dict[str, dict] = {"pool": {"type": "str"}, "name": {"type": "list", "elements": "str"}}
_NAME = re.compile(r"(.+)-([^-]+)-([0-9a-f]{8})\.(?:qcow2|raw)")


def gather(conn, params: dict) -> dict:
    """C(images): the bases in a pool, or in all active ones; C(catalogue): the names that need no URL."""
    names, planned = params.get("name"), Planned()
    found = [
        image
        for pool in _pools(conn, params.get("pool"))
        for volume in pool.listAllVolumes(0)
        if (image := _image(conn, planned, pool.name(), volume)) and (names is None or image["name"] in names)
    ]
    return {
        "images": sorted(found, key=lambda image: (image["pool"], image["volume"])),
        "catalogue": [{"name": name, "arches": list(catalogue.arches(name))} for name in catalogue.NAMES],
    }


def _pools(conn, name: str | None) -> list:
    if not name:
        return conn.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE)
    pool = lookup(conn.storagePoolLookupByName, name, libvirt.VIR_ERR_NO_STORAGE_POOL)
    if pool is None:
        raise Refused(f"pool {name}: there is none of this name; virtops.libvirt.pool_info lists those that are")
    return [pool] if pool.isActive() else []


def _image(conn, planned: Planned, pool: str, volume) -> dict | None:
    """A base in words, None for another volume."""
    parts = _NAME.fullmatch(volume.name())
    if not parts:
        return None
    document = ET.fromstring(volume.XMLDesc(0))  # noqa: S314 (libvirt's own)
    path = document.findtext("target/path") or ""
    return {
        "name": parts[1],
        "arch": parts[2],
        "checksum": parts[3],
        "pool": pool,
        "volume": volume.name(),
        "path": path,
        "needed_by": needed_by(conn, pool, Base(volume.name(), path, 0), planned),
    }
