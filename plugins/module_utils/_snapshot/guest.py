# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest whose snapshots are managed, as far as they depend on it. Private to this collection."""

from __future__ import annotations

import os

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.agent import CHANNEL
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.tree import Tree, documents, path_of, source_of

# Devices whose state QEMU cannot save (qemuMigrationSrcIsAllowed), and the words for them.
_NOT_SAVED = (
    ("devices/hostdev[@type='pci']", "a PCI device of the host"),
    ("devices/hostdev[@type='mdev']", "a mediated device of the host"),
    ("devices/interface[@type='hostdev']", "a NIC of the host"),
)


class Disk:
    """One disk of a guest: C(path) is where its file or device lies, None where it has none on the host."""

    def __init__(self, guest: Guest, element):
        self.target = element.find("target").get("dev")
        self.device = element.get("device", "disk")
        self.source = source_of(element)
        driver = element.find("driver")
        self.format = driver.get("type", "raw") if driver is not None else "raw"
        self.readonly = element.find("readonly") is not None
        self.shareable = element.find("shareable") is not None
        # How the guest's own document wants it to be treated (formatdomain, "snapshot").
        self.default = element.get("snapshot")
        self._guest = guest

    @property
    def path(self) -> str | None:
        return None if self.source is None else self._guest.path_of(self.source)

    @property
    def writable(self) -> bool:
        """Whether there is something in it that changes."""
        return self.source is not None and not self.readonly and self.device in ("disk", "lun")


class Guest:
    """A guest by its name; Refused where it is not there. C(tree): the document that it runs with, else its own."""

    def __init__(self, conn, name: str, planned):
        self.conn, self.name, self.planned = conn, name, planned
        actual = Domain(conn, {"name": name}, planned).actual()
        if actual is None:
            raise Refused(f"domain {name}: there is none of this name; make it first, or correct 'domain'")
        self.actual, self.handle = actual, actual.handle
        self.state, self.active = actual.state, actual.active
        self.tree = actual.live_tree if self.active and actual.live_tree is not None else actual.tree
        self.disks = [Disk(self, element) for element in self.tree.findall("devices/disk")]
        self._sources = {disk.target: disk.source for disk in self.disks}
        self._version: int | None = None
        self._documents: tuple[list[str], str | None] | None = None
        if planned.story("snapshot", name):
            self._lay_over(self.snapshots())

    @property
    def subject(self) -> str:
        return f"domain {self.name}"

    @property
    def version(self) -> int:
        if self._version is None:
            self._version = self.conn.getLibVersion()
        return self._version

    @property
    def is_local(self) -> bool:
        """Whether libvirt runs on the host that the task runs on."""
        return is_local(self.conn)

    @property
    def went_back(self) -> bool:
        """Whether it is paused because it was so in the snapshot that it went back to."""
        if self.state != states.PAUSED:
            return False
        if self.planned.of("domain").get(self.name, {}).get("went_back"):
            return True
        if self.handle is None:
            return False
        return self.handle.state()[1] == libvirt.VIR_DOMAIN_PAUSED_FROM_SNAPSHOT

    @property
    def uefi(self) -> bool:
        return self.tree.find("os/loader[@type='pflash']") is not None

    @property
    def has_agent(self) -> bool:
        return self.tree.find(f"devices/channel/target[@name='{CHANNEL}'][@state='connected']") is not None

    def anew(self) -> Guest:
        """The same guest as it is now."""
        return Guest(self.conn, self.name, self.planned)

    @property
    def busy_disks(self) -> list[str]:
        """The disks that a block job runs on. Of a commit below the disk's own file its document says nothing."""
        # One that a check-mode run only planned to start has none.
        if not self.active or self.handle is None or not self.handle.isActive():
            return []
        return [disk.target for disk in self.disks if disk.source and self.handle.blockJobInfo(disk.target, 0)]

    @property
    def busy_disk(self) -> str:
        """The first of those disks, C("") for none."""
        return next(iter(self.busy_disks), "")

    def chain(self, target: str) -> list[str | None]:
        """The paths of what a disk of a running guest lies on, its own file first."""
        disk = next(one for one in self.tree.findall("devices/disk") if one.find("target").get("dev") == target)
        found = [source_of(one) for one in (disk, *disk.iter("backingStore"))]
        return [self.path_of(source) for source in found if source]

    def what_keeps_its_memory(self) -> str:
        """What of it cannot be saved with its memory, C("") where all can."""
        found = [words for place, words in _NOT_SAVED if self.tree.find(place) is not None]
        return " and ".join(found)

    def path_of(self, source: tuple) -> str | None:
        """The path of a disk's source on the host, None where it has none."""
        return path_of(self.conn, self.planned, source)

    def exists(self, path: str) -> bool:
        """Whether a file is there; for a host that is not this one, as far as its pools know."""
        if self.is_local:
            return os.path.exists(path)
        return lookup(self.conn.storageVolLookupByPath, path, libvirt.VIR_ERR_NO_STORAGE_VOL) is not None

    def snapshots(self) -> Tree:
        """All its snapshots as they are; whoever plans may change what it gets."""
        if self._documents is None:
            self._documents = documents(self.handle)
        tree = Tree(*self._documents, self._sources)
        tree.lay_over(self.planned.story("snapshot", self.name), self.path_of)
        return tree

    def _lay_over(self, tree: Tree) -> None:
        """Have the disks where a check-mode run would have left them."""
        for disk in self.disks:
            source = tree.active.get(disk.target)
            if source != disk.source:
                disk.source, disk.format = source, tree.formats.get(source, disk.format)
