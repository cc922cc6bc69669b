# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a guest and its snapshots, and the pools that they lie in. Private to this collection.

libvirt makes and removes them without a word to its pools, which know them from their next refresh on.
"""

from __future__ import annotations

import contextlib
import os

from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.refresh import refresh

# Seconds for which a pool is waited for in which volumes are being made; its next refresh tells it all the same.
_PATIENCE = 10


def known(guest) -> set[str]:
    """The paths of its disks, and of what its snapshots write to and keep memory in."""
    tree = guest.snapshots()
    sources = [*tree.active.values(), *(source for snap in tree.snaps.values() for source in snap.overlays.values())]
    found = {guest.path_of(source) for source in set(sources) if source}
    found |= {snap.memory_file for snap in tree.snaps.values()}
    return {path for path in found if path}


def refresh_pools(conn, paths: set[str]) -> None:
    """Let libvirt look through the active pools of directories in which one of the files lies, or lay."""
    for directory in sorted({os.path.dirname(path) for path in paths}):
        # Most files lie in none, and what was done stands although a pool cannot be looked through.
        with contextlib.suppress(libvirt.libvirtError):
            # It finds active pools only (storagePoolLookupByTargetPathCallback); since libvirt 4.1.
            refresh(conn.storagePoolLookupByTargetPath(directory), _PATIENCE)
