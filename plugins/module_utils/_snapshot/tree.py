# SPDX-License-Identifier: GPL-3.0-or-later
"""The snapshots of a guest as libvirt knows them, and what they become while a plan is made.

Private to this collection.

A snapshot stands for the state at the moment when it was taken. Its disks in C(disks) are where an external one writes
on from then (the overlay), and those in its C(domain) where the state itself lies.
"""

from __future__ import annotations

import os
import time
from typing import Callable
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.schema import EXTERNAL, INTERNAL, LABELS
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume

# Words for the states of a guest in a snapshot (formatsnapshot, "state").
_STATES = {"running": "running", "paused": "paused", "shutoff": "stopped", "disk-snapshot": "stopped"}


def source_of(disk) -> tuple | None:
    """Where a disk of a document has its data: (type, what names it there), None where it is empty."""
    source = disk.find("source")
    if source is None:
        return None
    if source.get("file"):
        return ("file", source.get("file"))
    if source.get("dev"):
        return ("block", source.get("dev"))
    if source.get("volume"):
        return ("volume", source.get("pool"), source.get("volume"))
    return ("network", source.get("protocol"), source.get("name")) if source.get("name") else None


def path_of(conn, planned, source: tuple) -> str | None:
    """The path of a disk's source on the host, None where it has none; that of a volume is asked of libvirt."""
    if source[0] == "network":
        return None
    if source[0] != "volume":
        return source[1]
    try:
        words = Volume(conn, {"pool": source[1], "name": source[2]}, planned).existing()
    except Refused:
        return None
    return (words or {}).get("path")


def sources(domain) -> dict:
    """{target: source} of the disks in the document of a guest."""
    disks = [] if domain is None else domain.findall("devices/disk")
    return {disk.find("target").get("dev"): source_of(disk) for disk in disks}


def _format_of(disk, usual: str) -> str:
    driver = disk.find("driver")
    return usual if driver is None else driver.get("type", usual)


def _labels(tree) -> dict | None:
    """The labels in the document of a snapshot, None where this collection did not make it."""
    place = f"domain/metadata/{{{LABELS}}}snapshot"
    if tree.find(place) is None:
        return None
    return {label.get("name"): label.text or "" for label in tree.findall(f"{place}/{{{LABELS}}}label")}


class Snap:
    """One snapshot, from its document.

    C(locations): {target: internal, external, manual or no}. C(overlays): {target: source} of its external disks.
    C(origins): {target: source} of the guest's disks when it was taken. C(created): seconds since 1970. C(labels):
    None for one that this collection did not make. C(guest): where it is only planned, the document of the guest that
    it is taken of. C(went_back): whether the guest is planned to go back to it.
    """

    guest, went_back = "", False

    def __init__(self, tree):
        self.tree = tree
        self.name = tree.findtext("name")
        self.parent: str | None = tree.findtext("parent/name")
        self.created = int(tree.findtext("creationTime") or time.time())
        self.raw_state = tree.findtext("state") or ""
        memory = tree.find("memory")
        self.memory = memory.get("snapshot", "no") if memory is not None else "no"
        self.memory_file = memory.get("file") if memory is not None else None
        disks = tree.findall("disks/disk")
        self.locations = {disk.get("name"): disk.get("snapshot", "no") for disk in disks}
        self.overlays = {disk.get("name"): source_of(disk) for disk in disks if disk.get("snapshot") == EXTERNAL}
        self.origins = sources(tree.find("domain"))
        self.labels = _labels(tree)
        # Formats of these images, by their sources.
        self.formats = {source_of(disk): _format_of(disk, "raw") for disk in tree.findall("domain/devices/disk")}
        self.formats.update({source_of(disk): _format_of(disk, "qcow2") for disk in disks})

    @property
    def is_planned(self) -> bool:
        """Whether it is one that is yet to be taken."""
        return self.tree.find("creationTime") is None

    @property
    def is_back(self) -> bool:
        """Whether the guest went back to it since it was taken: libvirt has it write on in new files from then on.

        Their names end in the second of that (qemuSnapshotRevertExternalPrepare), by which alone it can be told, and
        before in the name of the snapshot.
        """
        ends = {os.path.splitext(source[-1])[1][1:] for source in self.overlays.values() if source} - {self.name}
        return self.went_back or any(end.isdecimal() and int(end) >= self.created for end in ends)

    @property
    def is_external(self) -> bool:
        """What libvirt takes it for: one external part is enough (virDomainSnapshotIsExternal)."""
        return self.memory == EXTERNAL or EXTERNAL in self.locations.values()

    @property
    def location(self) -> str:
        return EXTERNAL if self.is_external else INTERNAL

    @property
    def state(self) -> str:
        """The state in which a revert leaves the guest."""
        return _STATES.get(self.raw_state, self.raw_state)


def documents(handle) -> tuple[list[str], str | None]:
    """(the documents of a guest's snapshots, the name of the current one) as libvirt tells them."""
    handles = handle.listAllSnapshots(0) if handle is not None else []
    # One may go while the others are asked: with the end of a merge that an interrupted run began.
    told = [(one, lookup(one.getXMLDesc, 0, libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT)) for one in handles]
    there = [one for one, text in told if text]
    current = (one.getName() for one in there if lookup(one.isCurrent, 0, libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT))
    return [text for _one, text in told if text], next(current, None)


class Tree:
    """All snapshots of a guest. C(active): {target: source} of the guest's own disks as they are now."""

    def __init__(self, texts: list[str], current: str | None, active: dict):
        snaps = [Snap(ET.fromstring(text)) for text in texts]  # noqa: S314 (libvirt's own)
        self.snaps = {snap.name: snap for snap in snaps}
        self.current, self.active = current, dict(active)
        self.formats = {source: name for snap in snaps for source, name in snap.formats.items()}

    def ordered(self) -> list[Snap]:
        """From the oldest to the newest; two of one second, as one grew out of the other."""
        return sorted(self.snaps.values(), key=lambda snap: (snap.created, len(self.ancestors(snap.name)), snap.name))

    def children(self, name: str) -> list[str]:
        return [snap.name for snap in self.snaps.values() if snap.parent == name]

    def descendants(self, name: str) -> list[str]:
        """Those below a snapshot, each behind those below itself: the order in which they can be deleted."""
        found: list[str] = []
        for child in self.children(name):
            found += [*self.descendants(child), child]
        return found

    def ancestors(self, name: str | None) -> list[str]:
        """A snapshot and those above it."""
        found: list[str] = []
        while name is not None and name in self.snaps:
            found.append(name)
            name = self.snaps[name].parent
        return found

    def parent_with(self, snap: Snap, target: str) -> Snap | None:
        """The nearest one above that has a part in a disk."""
        for name in self.ancestors(snap.parent):
            if self.snaps[name].locations.get(target, "no") != "no":
                return self.snaps[name]
        return None

    def origins(self, target: str) -> list[tuple]:
        """What the disk of the guest lies on by its snapshots: its own source, and behind it those it grew out of."""
        found = [self.active.get(target)]
        if self.current and self._is_new_branch(target):
            found.append(self.snaps[self.current].origins.get(target))
        grown = {}
        for snap in self.snaps.values():
            for place in (snap.overlays, self.written(snap)):
                grown[place.get(target)] = snap.origins.get(target)
        while found[-1] in grown and grown[found[-1]] not in found:
            found.append(grown[found[-1]])
        return [one for one in found if one]

    def written(self, snap: Snap) -> dict:
        """{target: source} of where was written what came after a snapshot (qemuSnapshotExternalGetSnapDiskSrc).

        That is its overlay, and another file since the guest went back to it.
        """
        found, children = dict(snap.overlays), self.children(snap.name)
        for target in found:
            source = None
            if len(children) == 1:
                source = self.snaps[children[0]].origins.get(target)
            elif snap.name == self.current and not children and self._is_new_branch(target):
                source = self.active.get(target)
            if source not in (None, snap.origins.get(target)):
                found[target] = source
        return found

    def _is_new_branch(self, target: str) -> bool:
        """Whether the disk is a file that libvirt made at a revert: no snapshot knows it."""
        known = {place.get(target) for snap in self.snaps.values() for place in (snap.overlays, snap.origins)}
        return self.active.get(target) not in known

    def grew_again(self, snap: Snap) -> bool:
        """Whether the guest went back to an external snapshot and writes on into files of that revert."""
        return snap.name == self.current and any(self._is_new_branch(target) for target in snap.overlays)

    def lay_over(self, story: list[dict], path_of: Callable[[tuple], str | None]) -> None:
        """What earlier tasks of a check-mode run would have made of them: entries of C(Planned) in their order.

        Beside what those have, C(guest) is the document of the guest that a new one is taken of, C(forgotten) is true
        where the content of one that goes stays, and C(reverted) where the guest goes back to it. C(path_of(source)):
        where a disk lies on the host.
        """
        for entry in story:
            name, words = entry["name"], entry["words"]
            there = self.snaps.get(name)
            if there is not None and not words:
                (self.forget if entry.get("forgotten") else self.remove)(there)
            elif words and there is None:
                self.add(Snap(ET.fromstring(entry["xml"])))  # noqa: S314 (the text is our own)
                self.snaps[name].guest = entry.get("guest", "")
                # They get into the document with the guest, which is not in it yet.
                self.snaps[name].labels = words.get("labels", {})
            elif words and "labels" in words:
                self.snaps[name].labels = words["labels"]
            if entry.get("reverted"):
                self.go_back(self.snaps[name], path_of)

    def go_back(self, snap: Snap, path_of: Callable[[tuple], str | None]) -> None:
        """What a revert makes of them; libvirt writes on in new files beside what an external one lies on."""
        self.current, snap.went_back = snap.name, True
        self.active.update(snap.origins)
        for target in snap.overlays:
            origin = snap.origins.get(target)
            path = path_of(origin) if origin else None
            # Its name has the second in which it is made.
            self.active[target] = ("file", f"{os.path.splitext(path or '')[0]}.0")
            self.formats[self.active[target]] = "qcow2"

    def add(self, snap: Snap) -> None:
        """What taking a snapshot makes of them."""
        snap.parent, snap.origins = self.current, dict(self.active)
        self.snaps[snap.name] = snap
        self.current = snap.name
        self.active.update(snap.overlays)
        self.formats.update(snap.formats)

    def forget(self, snap: Snap) -> None:
        """What deleting a snapshot without its content makes of them."""
        del self.snaps[snap.name]
        for child in self.children(snap.name):
            self.snaps[child].parent = snap.parent
        if self.current == snap.name:
            self.current = snap.parent

    def remove(self, snap: Snap) -> None:
        """What deleting a snapshot with its content makes of them: what lay on its overlays lies on their origins."""
        written = self.written(snap)
        self.forget(snap)
        for target, overlay in written.items():
            for place in [self.active, *(other.origins for other in self.snaps.values())]:
                if place.get(target) == overlay:
                    place[target] = snap.origins.get(target)
