# SPDX-License-Identifier: GPL-3.0-or-later
"""Merges of external snapshots that outlive whoever began them. Private to this collection.

Before libvirt is asked to merge, the guest's own metadata note which snapshot goes and in which state the guest was;
behind it the note is gone. A note that is found is of a merge that was interrupted. libvirt may still be at it, as its
call goes on without its caller. Where its daemon ended, it may have left the QEMU that it started for it, or some of
the disks may be merged (it goes on with the others only where the snapshot is one of those alone), or all of them, and
it does not know.
"""

from __future__ import annotations

import contextlib
import copy
import os

from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot import metadata
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.schema import EXTERNAL, LEFT_OUT, MERGE
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.tree import source_of
from ansible_collections.virtops.libvirt.plugins.module_utils._wait import wait_for_lifecycle
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import parse, printed

# What libvirt answers where it has no figures of a job that runs, or is too busy with it (virErrorNumber
# INTERNAL_ERROR, OPERATION_TIMEOUT), as numbers: libvirt may be missing where this is read.
AT_WORK = (1, 68)
# Seconds within which a block job ends that is told to, and what is said where it does not.
_ENDS, _STAYS = 60, "there is no end to the block job that was left on its disk "
_DISKS = "domain/devices/disk"
_MARK = "snapshotDeleteInProgress"


def interrupted(guest) -> tuple[str, str]:
    """(the snapshot whose merge began and has not ended, the state of the guest then); C("") twice for none."""
    note = guest.actual.tree.find(f"metadata/{{{MERGE}}}merge")
    return ("", "") if note is None else (note.get("snapshot"), note.get("state"))


def in_the_way(guest, tree, merged: str = "") -> str:
    """Why nothing can be done with the guest's disks now, C("") where it can.

    C(tree) may be what earlier steps of the plan make of it. C(merged): the snapshot that is to be merged.
    """
    begun = interrupted(guest)[0]
    if begun in tree.snaps and begun != merged:
        return f"the merge of its snapshot {begun} was interrupted; delete that one again first"
    if guest.busy_disk and not begun:
        return f"a block job runs on its disk {guest.busy_disk}; wait for its end"
    return ""


@contextlib.contextmanager
def noted(guest, snap):
    """While the block runs the guest notes that the snapshot is merged; still so where it is left half done."""
    _note(guest, printed(etree.Element("merge", snapshot=snap.name, state=guest.state)))
    try:
        yield
    except libvirt.libvirtError:
        # The daemon itself may be what has ended.
        with contextlib.suppress(libvirt.libvirtError):
            if not merged(guest.anew(), snap):
                _note(guest, None)
        raise
    _note(guest, None)


def _note(guest, text: str | None) -> None:
    """Write the note into the guest's definition, or take it out."""
    kind, config = libvirt.VIR_DOMAIN_METADATA_ELEMENT, libvirt.VIR_DOMAIN_AFFECT_CONFIG
    guest.handle.setMetadata(kind, text, text and "merging", MERGE, config)


def forget(guest, name: str) -> None:
    """Take the note out, where it is about this snapshot."""
    if interrupted(guest)[0] == name:
        _note(guest, None)


def merged(guest, snap) -> list[str]:
    """The disks of which libvirt has merged the files of a snapshot already, although it still knows it."""
    written = guest.snapshots().written(snap)
    return [target for target, overlay in written.items() if overlay and _is_merged(guest, snap, target, overlay)]


def _is_merged(guest, snap, target: str, overlay: tuple) -> bool:
    origin = snap.origins.get(target)
    if origin is None:
        return False
    new, old = guest.path_of(overlay), guest.path_of(origin)
    # The file goes when all of it is in the other one. The pools of another host may not know it yet.
    if guest.is_local and not guest.exists(new) and guest.exists(old):
        return True
    chain = guest.chain(target) if guest.active else []
    return new not in chain and old in chain


def finish(guest, name: str, merge) -> None:
    """See an interrupted merge through, whatever is left of it. C(merge(guest, snap)) has libvirt merge the rest."""
    wait_for_lifecycle(guest.conn, guest.handle, lambda: not _at_work(guest.handle), float("inf"), str)
    guest = _released(guest.anew())
    snap = guest.snapshots().snaps.get(name)
    if snap is not None:
        done = merged(guest, snap)
        rest = sorted(set(snap.overlays) - set(done))
        if done:
            _follow(guest, snap, done, rest)
            guest = guest.anew()
        if rest:
            merge(guest, guest.snapshots().snaps[name])
        else:
            _discard(guest, snap)
    forget(guest, name)


def _at_work(handle) -> bool:
    """Whether libvirt itself is still at it."""
    try:
        return handle.jobStats()["type"] != libvirt.VIR_DOMAIN_JOB_NONE
    except libvirt.libvirtError as error:
        if handle.isActive() and error.get_error_code() not in AT_WORK:
            raise
        return bool(handle.isActive())


def _released(guest):
    """The guest as it was before, without the QEMU or the block jobs that a daemon left that ended in between.

    A job that is ended before its end leaves the disk on the snapshot's file, which has all that it had.
    """
    if guest.state == states.PAUSED and interrupted(guest)[1] == states.STOPPED and not _has_run(guest):
        guest.handle.destroy()
        return guest.anew()
    for target in guest.busy_disks:
        # It may be ending by itself.
        with contextlib.suppress(libvirt.libvirtError):
            guest.handle.blockJobAbort(target, 0)
    wait_for_lifecycle(guest.conn, guest.handle, lambda: not guest.busy_disk, _ENDS, lambda: _STAYS + guest.busy_disk)
    return guest.anew()


def _has_run(guest) -> bool:
    """Whether a guest that was started for a merge was let go on since: whoever runs reads its disks."""
    return any(guest.handle.blockStats(disk.target)[0] for disk in guest.disks if disk.source)


def _follow(guest, snap, done: list[str], rest: list[str]) -> None:
    """Write down what was merged: in the guest, in the other snapshots and, where a part is left, in itself."""
    origins = {disk.find("target").get("dev"): disk for disk in parse(_text(guest, snap)).iterfind(_DISKS)}
    written = guest.snapshots().written(snap)

    def lay(disks) -> bool:
        moved = [_lie_on(disk, written, origins) for disk in disks if disk.find("target").get("dev") in done]
        return True in moved

    for other in guest.snapshots().snaps.values():
        document = parse(_text(guest, other))
        if other.name == snap.name and rest:
            _leave_out(document, done)
        elif not (lay(_disks_of(document)) | _unmark(document, done)) or other.name == snap.name:
            continue
        metadata.replace(guest, guest.handle.snapshotLookupByName(other.name), document)
    definition = parse(guest.handle.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE))
    if lay(definition.findall("devices/disk")):
        guest.conn.defineXML(printed(definition))


def _text(guest, snap) -> str:
    return guest.handle.snapshotLookupByName(snap.name).getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE)


def _disks_of(document) -> list:
    return [disk for tag in ("domain", "inactiveDomain") for disk in document.findall(f"{tag}/devices/disk")]


def _lie_on(disk, written: dict, origins: dict) -> bool:
    """Have a disk of a document lie on what the snapshot's file was merged into; whether it lay on that."""
    target = disk.find("target").get("dev")
    overlay, origin = written[target], origins[target]
    chain = [source_of(one) for one in (disk, *disk.iter("backingStore"))]
    if overlay not in chain:
        return False
    if chain[0] == overlay:
        disk.set("type", origin.get("type"))
        disk.replace(disk.find("source"), copy.deepcopy(origin.find("source")))
        if disk.find("driver") is not None and origin.find("driver") is not None:
            disk.find("driver").set("type", origin.find("driver").get("type", "raw"))
    # What is behind it libvirt finds in the files.
    for behind in disk.findall("backingStore"):
        disk.remove(behind)
    return True


def _unmark(document, done: list[str]) -> bool:
    """Take libvirt's mark out of what was being merged into; whether there was one (snapshotDeleteInProgress)."""
    disks = [disk for disk in document.findall("disks/disk") if disk.get("name") in done]
    marks = [mark for disk in disks for mark in disk.findall(_MARK)]
    for mark in marks:
        mark.getparent().remove(mark)
    return bool(marks)


def _leave_out(document, done: list[str]) -> None:
    """Have a snapshot be one of the other disks alone: so libvirt merges what is left of it."""
    for disk in document.findall("disks/disk"):
        if disk.get("name") in done:
            disk[:] = []
            disk.attrib.pop("type", None)
            disk.set("snapshot", LEFT_OUT)


def _discard(guest, snap) -> None:
    """Have libvirt forget a snapshot of which nothing is left but its memory."""
    guest.handle.snapshotLookupByName(snap.name).delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
    if snap.memory == EXTERNAL and guest.is_local:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(snap.memory_file)
