# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest's document says of it, in the words of the options of the module domain. Private to this collection."""

from __future__ import annotations

import os
from functools import cached_property
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._domain import agent
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.schema import DISKS, FIELDS, INTERFACES
from ansible_collections.virtops.libvirt.plugins.module_utils._field import Field, read, shown
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.schema import PATH
from ansible_collections.virtops.libvirt.plugins.module_utils._stack.owner import stack_of


def _chosen(fields, *names: str) -> tuple:
    return tuple(field for field in fields if field.name in names)


_LIBOSINFO = "http://libosinfo.org/xmlns/libvirt/domain/1.0"
_ABOUT = _chosen(FIELDS, "title", "description", "labels", "memory", "vcpus")
_NIC = _chosen(INTERFACES.fields, "mac", "network", "bridge")
_DISK = _chosen(DISKS.fields, "pool", "file", "block")
_OS = Field("os", f"metadata/{{{_LIBOSINFO}}}libosinfo/{{{_LIBOSINFO}}}os/@id")
# The variables that are known only with a document, and what they are where it says nothing.
NOTHING: dict = {
    "libvirt_title": "",
    "libvirt_description": "",
    "libvirt_labels": {},
    "libvirt_memory": "",
    "libvirt_vcpus": None,
    "libvirt_networks": [],
    "libvirt_interfaces": [],
    "libvirt_pools": [],
    "libvirt_os": "",
    "libvirt_stack": "",
}


class Pools:
    """The active pools of a host by the directories they are; asked when a disk names a file."""

    def __init__(self, conn):
        self._conn = conn

    @cached_property
    def _by_path(self) -> dict[str, str]:
        found = {}
        for pool in self._conn.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE):
            text = lookup(pool.XMLDesc, 0, libvirt.VIR_ERR_NO_STORAGE_POOL)
            path = None if text is None else PATH.read(ET.fromstring(text))  # noqa: S314 (libvirt's own)
            if path:
                found[path] = pool.name()
        return found

    def holding(self, disk: dict) -> str | None:
        """The pool that a disk is in, None where it is in none."""
        if "pool" in disk:
            return disk["pool"]
        path = disk.get("file") or disk.get("block")
        return self._by_path.get(os.path.dirname(path)) if path else None


class Document:
    """What is needed of a guest's document, whose tree is let go at once: the memory of a thousand trees takes time.

    C(variables): every variable of C(NOTHING), where C(pools) are given. C(nics): C(mac), and C(network) or C(bridge),
    of each. C(has_agent): whether its agent has connected.
    """

    def __init__(self, text: str, pools: Pools | None):
        tree = ET.fromstring(text)  # noqa: S314 (libvirt's own)
        self.nics = [read(_NIC, element) for element in INTERFACES.elements(tree)]
        self.has_agent = agent.has_agent(tree)
        self.variables = {} if pools is None else self._variables(tree, pools)

    def _variables(self, tree, pools: Pools) -> dict:
        held = [pools.holding(read(_DISK, element)) for element in DISKS.elements(tree)]
        known = {
            **shown(_ABOUT, read(_ABOUT, tree)),
            "interfaces": self.nics,
            "networks": list(dict.fromkeys(nic["network"] for nic in self.nics if "network" in nic)),
            "pools": list(dict.fromkeys(name for name in held if name)),
            "os": _os(_OS.read(tree) or ""),
            "stack": stack_of(tree) or "",
        }
        return {**NOTHING, **{f"libvirt_{name}": value for name, value in known.items()}}


def _os(identity: str) -> str:
    """C(debian-12) of libosinfo's C(http://debian.org/debian/12)."""
    return urlsplit(identity).path.strip("/").replace("/", "-")
