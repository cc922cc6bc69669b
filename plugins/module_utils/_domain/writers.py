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

_READ = ("cdrom", "floppy")
# In these states, in the words of the options, a guest has its disks open.
_OPEN = ("running", "paused")


def check(domain, document) -> None:
    """Refused where a guest would write into a file that it, or another running guest, writes into already."""
    own = {disk.find("target").get("dev"): _written(disk) for disk in document.iterfind("devices/disk")}
    _refuse_twice(domain, {target: source for target, source in own.items() if source})
    others = _others(domain) if any(own.values()) else {}
    for target, source in own.items() if others else ():
        other = source and (others.get(source) or others.get(_in_other_words(domain, source)))
        if source and other:
            raise Refused(
                f"{domain.subject}: disks[{target}]: domain {other} writes into {'/'.join(source[1:])}, and runs; give"
                " each its own, or both 'shareable: true'"
            )


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
