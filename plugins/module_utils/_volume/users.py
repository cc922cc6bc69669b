# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses a volume: guests that run, guests that are defined, and volumes that are built on it.

Private to this collection. Asked only when something changes: every guest's, and every volume's, document is read.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._running import documents, running

_PLACES = ("file", "dev", "name")


class Use:
    """A disk of a running guest that has a volume. C(target): its name in the guest. C(base): the volume is a base."""

    def __init__(self, domain, disk, base: bool):
        self.domain, self.name, self.base = domain, domain.name(), base
        self.target = disk.find("target").get("dev")
        self.reads_only = disk.find("readonly") is not None


def disks_on(conn, planned, path: str, pool: str, name: str) -> list[Use]:
    """The disks of guests that run on the volume C(name) of C(pool), or on something that is built on it."""
    found = []
    for domain, tree in running(conn, planned):
        for disk in tree.iterfind("devices/disk"):
            if _is(disk.find("source"), path, pool, name):
                found.append(Use(domain, disk, False))
            elif any(_is(source, path, pool, name) for source in disk.iterfind(".//backingStore/source")):
                found.append(Use(domain, disk, True))
    return found


def defined_on(conn, planned, path: str, pool: str, name: str) -> str:
    """A guest that has the volume C(name) of C(pool) in its definition, as it is by then; C("") for none."""
    which, flags = libvirt.VIR_CONNECT_LIST_DOMAINS_PERSISTENT, libvirt.VIR_DOMAIN_XML_INACTIVE
    there = planned.once("definitions of guests", lambda: documents(conn, which, flags))
    later = planned.of("domain")
    for domain, tree in there:
        entry = later.get(domain.name())
        if entry and not entry["words"]:
            continue
        # The text is our own.
        planned_tree = ET.fromstring(entry["xml"]) if entry and entry["xml"] else tree  # noqa: S314
        if any(_is(source, path, pool, name) for source in planned_tree.iterfind("devices/disk/source")):
            return domain.name()
    return ""


def _is(source, path: str, pool: str, name: str) -> bool:
    if source is None:
        return False
    if source.get("pool") == pool and source.get("volume") == name:
        return True
    return bool(path) and any(source.get(place) == path for place in _PLACES)


def refuse(uses: list[Use], what: str, done: str) -> None:
    """Refused where a guest writes into a volume that is to be read; C(done): "cloned"."""
    writer = next((use for use in uses if not use.reads_only and not use.base), None)
    if writer:
        raise Refused(
            f"{what} cannot be {done} while domain {writer.name} writes into it: the copy would be of no moment at all;"
            " stop the guest first"
        )


def built_on(conn, planned, path: str) -> list[str]:
    """The volumes (C(POOL/NAME)) of all active pools that have the file as their base."""
    return planned.once("bases", lambda: _bases(conn)).get(path, [])


def _bases(conn) -> dict[str, list[str]]:
    """The volumes that are built on each file."""
    found: dict[str, list[str]] = {}
    for pool in conn.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE):
        for volume in pool.listAllVolumes(0):
            # Somebody may have removed it since it was listed.
            text = lookup(volume.XMLDesc, 0, libvirt.VIR_ERR_NO_STORAGE_VOL) or ""
            # A look at the text first: most volumes have no base.
            if "<backingStore>" not in text:
                continue
            base = ET.fromstring(text).findtext("backingStore/path")  # noqa: S314 (libvirt's own)
            if base:
                found.setdefault(base, []).append(f"{pool.name()}/{volume.name()}")
    return found
