# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection that notes every call of libvirt made through it, and through what it hands out."""

from __future__ import annotations

from typing import Any

import libvirt

# Calls that only read; every other one counts as a write.
READS = {
    "XMLDesc", "autostart", "close", "domainListGetStats", "getCapabilities", "getLibVersion",
    "getStoragePoolCapabilities", "getURI", "hasManagedSaveImage", "info", "isActive", "isPersistent",
    "listAllDomains", "listAllNetworks", "listAllStoragePools", "listAllVolumes", "lookupByName",
    "lookupByUUIDString", "managedSaveGetXMLDesc", "name", "networkLookupByName", "state",
    "storagePoolLookupByName", "storageVolLookupByName",
}  # fmt: skip
HANDLES = (libvirt.virDomain, libvirt.virNetwork, libvirt.virStoragePool, libvirt.virStorageVol)


class Recording:
    """Stands before a libvirt object; C(calls) is shared by all that came from one connection."""

    def __init__(self, target: Any, calls: list[str]):
        self._target, self.calls = target, calls

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._target, name)
        if not callable(attribute):
            return attribute

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            if name == "XMLDesc" and not isinstance(self._target, libvirt.virDomain):
                # The test driver knows no inactive documents of networks and pools.
                args = (0,)
            if name == "undefineFlags":
                # Nor anything that a guest of QEMU leaves beside its definition.
                args = (
                    args[0]
                    & (libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA),
                )
            return wrapped(attribute(*map(bare, args), **kwargs), self.calls)

        return call

    @property
    def writes(self) -> list[str]:
        return [name for name in self.calls if name not in READS]


def wrapped(answer: Any, calls: list[str]) -> Any:
    if isinstance(answer, list):
        return [wrapped(item, calls) for item in answer]
    return Recording(answer, calls) if isinstance(answer, HANDLES) else answer


def bare(argument: Any) -> Any:
    """What stands behind recorders, for libvirt itself."""
    if isinstance(argument, list):
        return [bare(item) for item in argument]
    return argument._target if isinstance(argument, Recording) else argument
