# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses a volume: guests that run, guests that are defined, and volumes that are built on it.

Private to this collection. Asked only when something changes: every guest's, and every volume's, document is read.
"""

from __future__ import annotations

import os
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._running import Opened, documents, opened
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import layers
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.schema import FILE_POOLS

_PLACES = ("file", "dev", "name")


class Use:
    """A disk of a guest that has a volume. C(target): its name in the guest. C(base): the volume is a base.

    C(saved): the guest is off, with its memory saved, and goes on with its disks as they were. C(domain): libvirt's
    handle, None for a guest that is only planned.
    """

    def __init__(self, guest: Opened, disk, base: bool):
        self.domain, self.name, self.saved, self.base = guest.handle, guest.name, guest.saved, base
        self.target = disk.find("target").get("dev")
        self.reads_only = disk.find("readonly") is not None


def disks_on(conn, planned, path: str, pool: str, name: str) -> list[Use]:
    """The disks of guests that run, or are saved, on the volume C(name) of C(pool) or on something built on it."""
    found: dict[tuple, Use] = {}
    for guest in opened(conn, planned):
        for disk in (disk for tree in guest.trees for disk in tree.iterfind("devices/disk")):
            own = _is(disk.find("source"), path, pool, name)
            if own or any(_is(source, path, pool, name) for source in disk.iterfind(".//backingStore/source")):
                use = Use(guest, disk, not own)
                found.setdefault((use.name, use.target), use)
    return list(found.values())


def defined_on(conn, planned, path: str, pool: str, name: str, but_for: str | None = None) -> str:
    """A guest but for C(but_for) that has the volume C(name) of C(pool) in its definition, as it is by then; C("") for
    none.
    """
    which, flags = libvirt.VIR_CONNECT_LIST_DOMAINS_PERSISTENT, libvirt.VIR_DOMAIN_XML_INACTIVE
    there = planned.once("definitions of guests", lambda: documents(conn, which, flags))
    definitions = {domain.name(): tree for domain, tree in there}
    for guest, entry in planned.of("domain").items():
        if not entry["words"]:
            definitions.pop(guest, None)
        elif entry["xml"]:
            definitions[guest] = ET.fromstring(entry["xml"])  # noqa: S314 (the text is our own)
    definitions.pop(but_for, None)
    for guest, tree in definitions.items():
        if any(_is(source, path, pool, name) for source in tree.iterfind("devices/disk/source")):
            return guest
    return ""


def _is(source, path: str, pool: str, name: str) -> bool:
    if source is None:
        return False
    if source.get("pool") == pool and source.get("volume") == name:
        return True
    return bool(path) and any(source.get(place) == path for place in _PLACES)


def refuse(uses: list[Use], what: str, done: str) -> None:
    """Refused where a guest writes into a volume that is to be read; C(done): "cloned"."""
    writer = next((use for use in uses if not (use.reads_only or use.base or use.saved)), None)
    if writer:
        raise Refused(
            f"{what} cannot be {done} while domain {writer.name} writes into it: the copy would be of no moment at all;"
            " stop the guest first"
        )


def refuse_saved(uses: list[Use], what: str) -> None:
    """Refused where a volume is changed that a guest will find otherwise than its saved memory has it."""
    saved = next((use for use in uses if use.saved), None)
    if saved:
        raise Refused(
            f"{what}: the memory of domain {saved.name} is saved, and the guest needs it as it is; start the guest, or"
            " set it to stopped, first"
        )


def built_on(conn, planned, path: str) -> list[str]:
    """The volumes (C(POOL/NAME)) of active pools that lean on the file by then, themselves or through others."""
    if not path:
        return []
    found = planned.once("bases", lambda: _bases(conn, _known(planned)))
    there = dict.fromkeys(name for one in (path, os.path.realpath(path)) for name in found.get(one, ()))
    for words in planned.all("volume"):
        name = f"{words.get('pool')}/{words.get('name')}"
        if _leans(planned, words, path):
            there[name] = None
        else:
            there.pop(name, None)
    return list(there)


def _leans(planned, words: dict, path: str) -> bool:
    """Whether a volume that is planned, in the words of its options, leans on a file."""
    base = layers.plain((words.get("backing") or {}).get("path") or "", words.get("path") or "")
    return bool(base) and os.path.realpath(path) in {base, *layers.below(base, _known(planned))}


def _known(planned) -> dict[str, list[str]]:
    """What each file leans on, as far as it was read for this plan: hundreds of volumes may have one base."""
    return planned.once("what files lean on", dict)


def _bases(conn, known: dict) -> dict[str, list[str]]:
    """The volumes that lean on each file."""
    found: dict[str, list[str]] = {}
    for pool in conn.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE):
        bases = _told(pool)
        directory = _directory(pool) if is_local(conn) else ""
        for name in _files(directory):
            bases.setdefault(name, set()).update(layers.below(os.path.join(directory, name), known))
        for name, paths in bases.items():
            for path in paths - {""}:
                found.setdefault(path, []).append(f"{pool.name()}/{name}")
    return found


def _told(pool) -> dict[str, set[str]]:
    """The base of each volume of a pool as libvirt tells it, in its own words and as the file that they mean."""
    found: dict[str, set[str]] = {}
    for volume in pool.listAllVolumes(0):
        # Somebody may have removed it since it was listed.
        text = lookup(volume.XMLDesc, 0, libvirt.VIR_ERR_NO_STORAGE_VOL) or ""
        # A look at the text first: most volumes have no base.
        if "<backingStore>" in text:
            document = ET.fromstring(text)  # noqa: S314 (libvirt's own)
            base, own = document.findtext("backingStore/path") or "", document.findtext("target/path") or ""
            found[volume.name()] = {base, layers.plain(base, own)}
    return found


def _directory(pool) -> str:
    """Where a pool has its files, C("") where its volumes are none."""
    document = ET.fromstring(pool.XMLDesc(0))  # noqa: S314 (libvirt's own)
    return (document.findtext("target/path") or "") if document.get("type") in FILE_POOLS else ""


def _files(directory: str) -> list[str]:
    """The files in the directory, also those of which libvirt does not know yet."""
    try:
        return [entry.name for entry in os.scandir(directory) if entry.is_file()] if directory else []
    except OSError:
        return []
