# SPDX-License-Identifier: GPL-3.0-or-later
"""Change what libvirt keeps of a snapshot, without touching its content. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import write
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._place import ensure
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.schema import FIELDS, LABELS
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.tree import source_of
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import parse, printed


def redefine(guest, handle, edit) -> None:
    """Have C(edit(document)) change the snapshot's own document, with its secrets, and give it back to libvirt."""
    document = parse(handle.getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE))
    edit(document)
    replace(guest, handle, document)


def replace(guest, handle, document) -> None:
    """Give libvirt another document of a snapshot that it has."""
    flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
    # libvirt takes none of the two from the document (virDomainSnapshotCreateXML).
    if handle.isCurrent():
        flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT
    if document.findtext("state") == "disk-snapshot":
        flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
    guest.handle.snapshotCreateXML(printed(document), flags)


def note(guest, handle, words: dict) -> None:
    """Write description and labels, and that the snapshot is of this collection's making."""

    def edit(document):
        ensure(document, f"domain/metadata/{{{LABELS}}}snapshot")
        write(FIELDS, document, words)

    redefine(guest, handle, edit)


def write_volumes_as_files(guest, handle) -> None:
    """Write the disks of the guest as the snapshot knows it as files: libvirt compares them with files.

    It neither goes back to an external snapshot of a guest whose disks are volumes of a pool, nor merges it while the
    guest is off, nor where it was taken while the guest was off (qemuSnapshotRevertValidate,
    qemuSnapshotDeleteExternalPrepare).
    """

    def edit(document):
        for disk in [*document.findall("domain/devices/disk"), *document.findall("inactiveDomain/devices/disk")]:
            source = source_of(disk)
            if source is None or source[0] != "volume":
                continue
            path = guest.path_of(source)
            element = disk.find("source")
            for name in ("pool", "volume", "mode"):
                element.attrib.pop(name, None)
            element.set("file", path)
            disk.set("type", "file")

    redefine(guest, handle, edit)
