# SPDX-License-Identifier: GPL-3.0-or-later
"""Block jobs of running guests: start one and see it through. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._wait import wait_for_block_job


def pull(conn, domain, target: str) -> None:
    """Copy what the bases of a disk hold into its image, until it needs none.

    A pull that runs already, of a run that was interrupted, is waited for. Failed where it ends before its end; what
    it has copied by then stays, and the bases with it.
    """
    events: list[int] = []

    def ended() -> bool:
        if libvirt.VIR_DOMAIN_BLOCK_JOB_FAILED in events:
            raise Failed(f"the block job of disk {target} failed; libvirt's log of domain {domain.name()} says why")
        if libvirt.VIR_DOMAIN_BLOCK_JOB_CANCELED in events:
            raise Failed(f"somebody ended the block job of disk {target}")
        if not domain.isActive():
            raise Failed(f"domain {domain.name()} stopped meanwhile")
        return not domain.blockJobInfo(target, 0)

    def start() -> None:
        if not domain.blockJobInfo(target, 0):
            domain.blockPull(target, 0, 0)

    wait_for_block_job(conn, domain, target, start, ended, events.append)
