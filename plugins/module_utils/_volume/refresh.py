# SPDX-License-Identifier: GPL-3.0-or-later
"""Have libvirt look a pool through. Private to this collection."""

from __future__ import annotations

import time

from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt

# It refuses to while it makes a volume there, whoever asked for that (storagePoolRefresh). No event tells the end.
_BUSY = "asynchronous jobs"
_PATIENCE, _SECONDS_BETWEEN = 600, 0.02


def refresh(pool, patience: float = _PATIENCE) -> None:
    """Let libvirt see what is in a pool, as soon as it makes no volume there; libvirtError where that takes longer."""
    deadline = time.monotonic() + patience
    while True:
        try:
            pool.refresh(0)
            return
        except libvirt.libvirtError as error:
            if _BUSY not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(_SECONDS_BETWEEN)
