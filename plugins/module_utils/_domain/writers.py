# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that another guest writes into. Private to this collection, imported only where a guest starts or gets a disk.

QEMU locks the files of a running guest, and a second writer fails at its start (qemu(1), "file.locking").
"""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._running import running
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.tree import path_of, source_of
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume

_READ = ("cdrom", "floppy")
# In these states, in the words of the options, a guest has its disks open.
_OPEN = ("running", "paused")


def check(domain, document) -> None:
    """Refused where a guest would write into a file that it, or another running guest, writes into already."""
    own = {disk.find("target").get("dev"): _written(disk) for disk in document.iterfind("devices/disk")}
    _refuse_twice(domain, {target: source for target, source in own.items() if source})
    others = _others(domain) if own else {}
    _refuse_bases(domain, document, own, others)
    for target, source in own.items() if others else ():
        other = source and (others.get(source) or others.get(_in_other_words(domain, source)))
        if source and other:
            raise Refused(
                f"{domain.subject}: disks[{target}]: domain {other} writes into {'/'.join(source[1:])}, and runs; give"
                " each its own, or both 'shareable: true'"
            )


def _refuse_bases(domain, document, own: dict, others: dict) -> None:
    """Refused where a disk is built on what is written into, by itself or another guest; see C(check)."""
    told = "what is built on it would break; give each its own, or make one 'readonly: true'"
    written = {source: target for target, source in own.items() if source}
    read = _read_below(domain) if written else {}
    for disk in document.iterfind("devices/disk"):
        target = disk.find("target").get("dev")
        for base in _bases(domain, source_of(disk)):
            if base in written:
                raise Refused(
                    f"{domain.subject}: disks[{target}]: it is built on {written[base]}, which is written into, and"
                    f" {told}"
                )
            if base in others:
                raise Refused(
                    f"{domain.subject}: disks[{target}]: domain {others[base]} writes into {base[-1]}, on which it is"
                    f" built, and {told}"
                )
    for source, target in written.items():
        path = path_of(domain.conn, domain.planned, source) or ""
        if read.get(path, domain.name) != domain.name:
            raise Refused(
                f"{domain.subject}: disks[{target}]: domain {read[path]} runs on a disk that is built on it, and {told}"
            )


def _bases(domain, source: tuple | None):
    """What a disk is built on, each as a volume or a file, in those words and in the other ones."""
    seen = set()
    while source and source[0] in ("file", "volume") and source not in seen:
        seen.add(source)
        volume = source if source[0] == "volume" else _in_other_words(domain, source)
        if not volume:
            return
        base = domain.planned.once(f"base of {volume}", lambda volume=volume: _base(domain, *volume[1:]))
        if not base:
            return
        yield from (base, _in_other_words(domain, base))
        source = base


def _base(domain, pool: str, name: str) -> tuple:
    try:
        words = Volume(domain.conn, {"pool": pool, "name": name}, domain.planned).existing() or {}
    except Refused:
        return ()
    backing = words.get("backing") or {}
    if backing.get("volume"):
        return ("volume", backing.get("pool") or pool, backing["volume"])
    return ("file", backing["path"]) if backing.get("path") else ()


def _read_below(domain) -> dict[str, str]:
    """The guest that runs on something built on each file, now."""

    def ask() -> dict[str, str]:
        found: dict[str, str] = {}
        for guest, tree in running(domain.conn, domain.planned):
            for source in tree.iterfind("devices/disk//backingStore/source[@file]"):
                found[source.get("file", "")] = guest.name()
        return found

    now = domain.planned.once("disks that are built on", ask)
    changed = () if domain.planned.many else domain.planned.of("domain")
    return {path: name for path, name in now.items() if name not in changed}


def _refuse_twice(domain, own: dict[str, tuple]) -> None:
    """Refused where a guest has one file as two of its disks. C(own): the source of each that it writes into."""
    mixed = len({source[0] for source in own.values()}) > 1
    seen: dict[tuple, str] = {}
    for target, source in own.items():
        for known in (source, _in_other_words(domain, source) if mixed else ()):
            if known in seen:
                raise Refused(
                    f"{domain.subject}: disks[{target}]: it is {seen[known]} already; give each its own, or both"
                    " 'shareable: true'"
                )
        seen[source] = target


def _in_other_words(domain, source: tuple) -> tuple:
    """A volume as its file, a file as the volume that it is; C(()) where libvirt knows of none."""
    if source[0] == "volume":
        return ("file", path_of(domain.conn, domain.planned, source))
    handle = lookup(domain.conn.storageVolLookupByPath, source[1], libvirt.VIR_ERR_NO_STORAGE_VOL)
    return () if handle is None else ("volume", handle.storagePoolLookupByVolume().name(), handle.name())


def _written(disk) -> tuple | None:
    """The source of a disk that is written to, as C(source_of) tells it, where it is a file or a volume."""
    source = source_of(disk)
    if source is None or source[0] not in ("file", "volume") or disk.get("device") in _READ:
        return None
    return source if all(disk.find(place) is None for place in ("readonly", "shareable", "transient")) else None


def _others(domain) -> dict[tuple, str]:
    """The other guest that writes into each source, now or by what is planned."""
    now = domain.planned.once("disk writers", lambda: _writers(domain))
    planned = {words.get("name"): words for words in domain.planned.all("domain")}
    found = {
        source: name
        for source, name in now.items()
        # Those of one stack are stopped and started side by side.
        if domain.planned.many or not (name in planned or domain.planned.removes("domain", name))
    }
    for name, words in planned.items():
        for disk in words.get("disks", ()) if words.get("state") in _OPEN else ():
            source = ("volume", disk.get("pool"), disk["volume"]) if "volume" in disk else ("file", disk.get("file"))
            if disk.get("device") not in _READ and not disk.get("readonly") and not disk.get("shareable"):
                found[source] = name
    return {source: name for source, name in found.items() if name != domain.name}


def _writers(domain) -> dict[tuple, str]:
    guests = running(domain.conn, domain.planned)
    found = ((_written(disk), guest.name()) for guest, tree in guests for disk in tree.iterfind("devices/disk"))
    return {source: name for source, name in found if source}
