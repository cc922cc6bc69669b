# SPDX-License-Identifier: GPL-3.0-or-later
"""Go back to a snapshot: whether libvirt can, and the calls. Private to this collection.

The rules are those of libvirt's QEMU driver (qemuSnapshotRevertValidate), and one of our own: what grew out of the
disks that an internal snapshot lies in would be lost.
"""

from __future__ import annotations

import contextlib
import os
import time

from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot import merging, metadata, releases
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.schema import EXTERNAL, LABELS

_FORCE = "set 'force: true' to do it all the same"


def why_not(guest, tree, snap, force: bool) -> str:
    """Why the guest cannot, or should not, go back to a snapshot; C("") where it can."""
    reason = merging.in_the_way(guest, tree)
    if reason:
        return reason
    if snap.raw_state == "pmsuspended":
        return "it was taken of a guest that slept, to which QEMU cannot go back"
    if guest.state == states.SAVED and snap.memory == "no" and not force:
        return f"the memory of the guest is saved and does not go with other disks; {_FORCE}, which discards it"
    return _not_external(guest, tree, snap) if snap.is_external else _not_internal(guest, tree, snap, force)


def _not_external(guest, tree, snap) -> str:
    if "<externalSnapshot/>" not in guest.conn.getCapabilities():
        return "it is external, and libvirt goes back to those from 9.9 on; update libvirt"
    for target, source in snap.origins.items():
        if source is None or source[0] not in ("file", "volume"):
            return f"its disk {target} is no file, and libvirt makes a new one beside it"
        path = guest.path_of(source)
        if not snap.is_planned and (path is None or not guest.exists(path)):
            return f"the file of its disk {target}, {path or source}, is not there any more"
    if any(source[0] == "volume" for source in snap.origins.values()) and tree.grew_again(snap):
        return "its disks are volumes of a pool, and the guest went back to it already; take another snapshot now"
    if snap.memory == EXTERNAL and not snap.is_planned and not guest.exists(snap.memory_file):
        return f"the file of its memory, {snap.memory_file}, is not there any more"
    return ""


def _not_internal(guest, tree, snap, force: bool) -> str:
    fault = (
        ""
        if force
        else releases.fault_of_revert(
            guest.version,
            snap.memory != "no",
            guest.uefi,
            lambda: releases.mended_by_distribution(guest.planned.execute),
        )
    )
    if fault:
        return fault
    grown = sorted(
        other.name
        for other in tree.snaps.values()
        if any(
            source == snap.origins.get(target) for target, source in other.origins.items() if target in other.overlays
        )
    )
    if grown and not force:
        return f"{' and '.join(grown)} grew out of the disks that would change, and would be lost; {_FORCE}"
    return ""


def revert(guest, snap, power_state: str | None, force: bool, reset_nvram: bool) -> None:
    """Go back."""
    handle = guest.handle.snapshotLookupByName(snap.name)
    if snap.is_external and any(source and source[0] == "volume" for source in snap.origins.values()):
        metadata.write_volumes_as_files(guest, handle)
        handle = guest.handle.snapshotLookupByName(snap.name)
    flags = 0
    if power_state:
        flags |= getattr(libvirt, f"VIR_DOMAIN_SNAPSHOT_REVERT_{power_state.upper()}")
    if force:
        flags |= libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_FORCE
    if reset_nvram:
        flags |= libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_RESET_NVRAM
    if snap.is_external:
        _wait_for_names(guest, snap)
    guest.handle.revertToSnapshot(handle, flags)
    # Only now, as a revert that fails leaves the guest as it was; and it would be woken up with it at its next start.
    if guest.state == states.SAVED:
        guest.handle.managedSaveRemove(0)
    _clean(guest)


def _wait_for_names(guest, snap) -> None:
    """Wait until the second is over in which the guest went back before: libvirt names the new files by seconds.

    It would stop a guest that is on before it finds out (qemuSnapshotRevertExternalPrepare).
    """
    stems = [os.path.splitext(guest.path_of(source) or "")[0] for source in snap.origins.values() if source]
    while any(guest.exists(f"{stem}.{int(time.time())}") for stem in stems):
        time.sleep(0.1)


def _clean(guest) -> None:
    """Take the snapshot's labels out of the guest, which came back with it."""
    flags = libvirt.VIR_DOMAIN_AFFECT_CONFIG
    if guest.handle.isActive():
        flags |= libvirt.VIR_DOMAIN_AFFECT_LIVE
    # It has none where the snapshot has none.
    with contextlib.suppress(libvirt.libvirtError):
        guest.handle.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, None, None, LABELS, flags)
