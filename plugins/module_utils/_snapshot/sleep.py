# SPDX-License-Identifier: GPL-3.0-or-later
"""Paused guests whose QEMU stands as behind a migration, until they have run. Private to this collection.

Writing the memory of a paused guest into a file leaves QEMU so: it does not write the memory again, and leaves alone
the disks that it had then. Coming back to such a memory starts another one, which writes the memory, but has not opened
the disks for writing yet (BDRV_O_INACTIVE): nothing is written within them or merged.
"""

from __future__ import annotations

from typing import NamedTuple

from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.schema import EXTERNAL


class Sleep(NamedTuple):
    """Since when: C(name) of the snapshot, and whether the guest went back to it."""

    name: str
    went_back: bool

    @property
    def words(self) -> str:
        return f"the guest is paused since it {'went back to' if self.went_back else 'gave its memory to'} {self.name}"


def sleep_of(guest, tree) -> Sleep | None:
    """The sleep of a paused guest, None where it can have run meanwhile. C(tree): its snapshots."""
    for name in tree.ancestors(tree.current) if guest.state == "paused" else ():
        snap = tree.snaps[name]
        if snap.memory == EXTERNAL and snap.raw_state == "paused":
            went_back = snap.is_back or tree.written(snap) != snap.overlays
            return Sleep(name, went_back) if guest.went_back or not went_back else None
        if snap.raw_state not in ("disk-snapshot", "paused") or (snap.raw_state == "paused" and guest.went_back):
            break
    return None
