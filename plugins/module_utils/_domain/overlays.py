# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that something has the guest write elsewhere is still the disk that the task names.

Private to this collection, imported only where a disk's source differs. An external snapshot, and a revert to one, put
a new file in the place of the disk, and so does whoever makes an overlay by hand; putting the old one back would lose
what was written since. A volume and the file that it is are the same, too.
"""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.storage import PLACES
from ansible_collections.virtops.libvirt.plugins.module_utils._place import ensure
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.tree import (
    Tree,
    documents,
    path_of,
    source_of,
    sources,
)


def _source(disk: dict) -> tuple | None:
    """The source of a disk in canonical values, as C(source_of) has it."""
    if "volume" in disk:
        return ("volume", disk.get("pool"), disk["volume"])
    return next(((key, disk[key]) for key in ("file", "block") if key in disk), None)


class Overlays:
    """What the disks of an existing guest, C(actual), grew out of. C(tree): its definition."""

    def __init__(self, domain, actual, tree):
        self.domain, self.actual = domain, actual
        self.tree = Tree(*documents(domain.find()), sources(tree))

    def has(self, volume: tuple) -> bool:
        """Whether one of the disks grew out of a volume."""
        return any(self.grew_out_of(target, volume) for target in self.tree.active)

    def grew_out_of(self, target: str | None, asked: tuple | None) -> bool:
        """Whether the file of a disk is, or grew out of, what the task names for it."""
        if target is None or asked is None:
            return False
        found = self.tree.origins(target)
        if found[:1] == [asked]:
            return False
        return asked in found or ("file", path_of(self.domain.conn, self.domain.planned, asked)) in found

    def lies_on(self, target: str | None, asked: tuple | None) -> bool:
        """Whether the file of a disk is the task's by the guest's snapshots, or by what is below that file."""
        if self.grew_out_of(target, asked):
            return True
        now = self.tree.active.get(target)
        if target is None or asked is None or now is None:
            return False
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.backing import lies_on

        return lies_on(self.domain, self.actual, target, now[1], asked)


def _moved(disks: list[dict], there: list[dict]) -> list[tuple[dict, dict]]:
    """(wanted, actual) disks of one target of which the actual one is on another file."""
    now = {disk["target"]: disk for disk in there if "file" in disk}
    pairs = [(disk, now[disk["target"]]) for disk in disks if disk["target"] in now]
    return [pair for pair in pairs if _source(pair[0]) not in (None, _source(pair[1]))]


def follow(domain, actual, there: list[dict]) -> None:
    """Let the task's canonical disks mean the files that they are written to now; C(there): those of the guest."""
    moved = _moved(domain.wanted.get("disks", ()), there)
    overlays = Overlays(domain, actual, actual.tree) if moved else None
    for disk, now in moved:
        if overlays and overlays.lies_on(disk["target"], _source(disk)):
            for key in PLACES:
                disk.pop(key, None)
            disk["file"] = now["file"]
            if "format" in disk and "format" in now:
                disk["format"] = now["format"]


def follow_document(domain, wanted, base, actual) -> None:
    """The same for the disks of the user's document."""
    now = sources(base)
    overlays = None
    for disk in wanted.findall("devices/disk"):
        target = disk.find("target")
        target = target.get("dev") if target is not None else None
        asked, is_now = source_of(disk), now.get(target)
        if asked is None or is_now is None or is_now[0] != "file" or asked == is_now:
            continue
        overlays = overlays or Overlays(domain, actual, base)
        if overlays.lies_on(target, asked):
            _write(disk, next(one for one in base.findall("devices/disk") if one.find("target").get("dev") == target))


def _write(disk, now) -> None:
    source = disk.find("source")
    for name in ("pool", "volume", "file", "dev", "mode"):
        source.attrib.pop(name, None)
    source.set("file", now.find("source").get("file"))
    disk.set("type", "file")
    if now.find("driver") is not None and disk.find("driver") is not None:
        ensure(disk, "driver").set("type", now.find("driver").get("type", "raw"))
