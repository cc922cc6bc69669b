# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete a snapshot: whether libvirt can, which way it goes, and the calls. Private to this collection.

The content of an external one is merged into what it grew out of, so that the guest keeps what it has now. The rules
are those of libvirt's QEMU driver (qemuSnapshotDeleteValidate, qemuSnapshotDeleteExternalPrepare), which are others
from 9.9 on.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot import merging, metadata, releases
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.schema import EXTERNAL, INTERNAL
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.sleep import sleep_of

_METADATA = "set 'metadata_only: true' to forget it and leave its files as they are"


class Way:
    """How a snapshot goes: C(words) for the user, or C(reason) why it cannot go.

    C(merges): an interruption leaves something half done. C(begun): that is how it was found.
    C(paused): libvirt of this release needs the guest to be on, so it is started for it without running.
    C(as_files): volumes in the snapshot's document have to be written as files first.
    """

    def __init__(self, words: str = "", reason: str = "", **how: bool):
        self.words, self.reason = words, reason
        self.merges, self.begun, self.paused, self.as_files = (
            how.get(one, False) for one in ("merges", "begun", "paused", "as_files")
        )


def way(guest, tree, snap) -> Way:
    """The way on which a snapshot is deleted with its content."""
    if merging.interrupted(guest)[0] == snap.name:
        return Way("merged into what it grew out of, as an interrupted run began it", begun=True)
    return _way(guest, tree, snap)


def _way(guest, tree, snap) -> Way:
    """The way on which libvirt deletes it."""
    return _external_way(guest, tree, snap) if snap.is_external else _internal_way(guest, tree, snap)


def _internal_way(guest, tree, snap) -> Way:
    fault = releases.fault_of_delete(guest.version, guest.active, guest.uefi)
    if fault:
        return Way(reason=fault)
    if guest.active:
        if releases.is_no_job(guest.version, snap.name):
            return Way(
                reason="QEMU deletes only internal ones with letters, digits, '.', '_' and '-' in their names while the"
                f" guest is on; stop the guest, or {_METADATA}"
            )
        moved = [target for target in snap.locations if tree.active.get(target) != snap.origins.get(target)]
        if moved:
            return Way(
                reason=f"the guest is on and writes {' and '.join(moved)} to other files by now, so that QEMU does not"
                f" reach it; stop the guest, or {_METADATA}"
            )
    return Way("out of its disks")


def _external_way(guest, tree, snap) -> Way:
    if guest.version < releases.DELETES_EXTERNAL:
        return Way(reason=f"libvirt before 9.0 does not delete external snapshots; {_METADATA}")
    reason = merging.in_the_way(guest, tree, snap.name)
    if reason:
        return Way(reason=reason)
    merges = snap.name == tree.current or bool(tree.children(snap.name))
    if guest.version >= releases.REVERTS_EXTERNAL:
        if not merges:
            return Way("with its files", reason=_takes_image_along(guest, tree, snap))
        reason = _not_in_line(tree, snap)
    else:
        reason = _not_in_chain(tree, snap)
    reason = reason or _on_internal(tree, snap) or _below_internal(tree, snap)
    if reason:
        return Way(reason=reason)
    sleep = sleep_of(guest, tree)
    alone = sleep and (
        snap.name in tree.ancestors(sleep.name) or guest.conn.getVersion() >= releases.QEMU_LEAVES_ALL_ALONE
    )
    if sleep and alone:
        return Way(
            reason=f"{sleep.words}, and QEMU leaves its disks alone until it has run; set it to running or stopped"
            " first"
        )
    on_volumes = any(source and source[0] == "volume" for source in snap.origins.values())
    if guest.active:
        return Way("merged into what it grew out of", merges=True, as_files=on_volumes and not tree.grew_again(snap))
    if guest.state == states.SAVED:
        return Way(reason="its memory is saved, and merging needs the guest; set it to running or stopped first")
    if on_volumes and tree.grew_again(snap):
        return Way(reason=f"its disks are volumes of a pool, which libvirt merges while the guest is on; {_METADATA}")
    deep = guest.version < releases.REVERTS_EXTERNAL and any(
        tree.active.get(target) != overlay for target, overlay in snap.overlays.items()
    )
    words = "by the guest, which is started paused for it" if deep else "by a QEMU that does not run"
    return Way(f"merged into what it grew out of, {words}", merges=True, paused=deep, as_files=on_volumes)


def _takes_image_along(guest, tree, snap) -> str:
    """Why libvirt before 11.0 would delete the disk of the internal snapshot that an external one grew out of."""
    if guest.version >= releases.KEEPS_INTERNAL_PARENT or snap.parent != tree.current:
        return ""
    parent = tree.snaps.get(snap.parent or "")
    if parent is None or parent.is_external:
        return ""
    return f"libvirt before 11.0 deletes the disk in which {parent.name} lies together with it; {_METADATA}"


def _not_in_line(tree, snap) -> str:
    """Why libvirt from 9.9 on does not merge it."""
    children = tree.children(snap.name)
    if snap.name == tree.current and children:
        return (
            f"the guest went back to it, and {_names(children)} grew out of it too;"
            " delete those first (children: true), or go to another one"
        )
    if snap.name not in tree.ancestors(tree.current):
        return (
            f"it is on another branch than the guest, and {_names(children)} grew out of it;"
            " delete those first (children: true)"
        )
    if len(children) > 1:
        return f"{_names(children)} grew out of it, and libvirt merges into one only; delete the others first"
    return ""


def _not_in_chain(tree, snap) -> str:
    """Why libvirt before 9.9 does not merge it."""
    lost = [target for target, overlay in snap.overlays.items() if overlay not in tree.origins(target)]
    if lost:
        return f"the disk {' and '.join(lost)} of the guest does not lie on its files; {_METADATA}"
    return ""


def _on_internal(tree, snap) -> str:
    """An external one right above an internal one: libvirt does not merge into a disk that has snapshots."""
    for target in snap.overlays:
        parent = tree.parent_with(snap, target)
        if parent is not None and not parent.is_external:
            return (
                f"the internal snapshot {parent.name} lies in the disk that it would be merged into;"
                f" delete that first, while the guest is off"
            )
    return ""


def _below_internal(tree, snap) -> str:
    """Internal ones in the files of an external one, which go when they are merged: libvirt 9.0 loses them."""
    written = tree.written(snap)
    lost = [
        other.name
        for other in tree.snaps.values()
        for target, place in written.items()
        if other.locations.get(target) == INTERNAL and other.origins.get(target) == place
    ]
    if lost:
        return f"its files also hold {_names(set(lost))}, which would be lost; delete that first (children: true)"
    return ""


def _names(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))


def delete(guest, snap, chosen: Way) -> None:
    """Delete it on the way that was found."""
    if chosen.begun:
        finish(guest, snap.name)
        return
    with merging.noted(guest, snap) if chosen.merges else contextlib.nullcontext():
        _delete(guest, snap, chosen)


def finish(guest, name: str) -> None:
    """See an interrupted merge through."""
    merging.finish(guest, name, _merge_rest)


def _merge_rest(guest, snap) -> None:
    """Merge what an interrupted run left."""
    chosen = _way(guest, guest.snapshots(), snap)
    if chosen.reason:
        raise Failed(chosen.reason)
    _delete(guest, snap, chosen)


def _delete(guest, snap, chosen: Way) -> None:
    handle = guest.handle.snapshotLookupByName(snap.name)
    if chosen.as_files:
        metadata.write_volumes_as_files(guest, handle)
        handle = guest.handle.snapshotLookupByName(snap.name)
    with _paused(guest) if chosen.paused else contextlib.nullcontext():
        handle.delete(0)
    if snap.memory == EXTERNAL and guest.version < releases.DELETES_MEMORY_FILE and guest.is_local:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(snap.memory_file)


def forget(guest, snap) -> None:
    """Delete what libvirt knows of it; its files, or what is in the disks, stay."""
    handle = guest.handle.snapshotLookupByName(snap.name)
    handle.delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
    merging.forget(guest, snap.name)


@contextlib.contextmanager
def _paused(guest):
    # It goes with whoever started it.
    guest.handle.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED | libvirt.VIR_DOMAIN_START_AUTODESTROY)
    try:
        yield
    finally:
        guest.handle.destroy()
