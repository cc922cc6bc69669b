# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a storage pool, and where they stand in its XML (formatstorage). Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import FIXED, Field, Group
from ansible_collections.virtops.libvirt.plugins.module_utils._values import MODE, NAME, NUMBER, UUID

TYPES = (
    "dir",
    "fs",
    "netfs",
    "logical",
    "disk",
    "iscsi",
    "iscsi-direct",
    "scsi",
    "mpath",
    "rbd",
    "gluster",
    "zfs",
    "vstorage",
)
FIELDS = (
    Field("name", "name", NAME),
    Field("uuid", "uuid", UUID, effect=FIXED),
    Field("type", "@type", choices=TYPES, effect=FIXED),
    Field("path", "target/path"),
    Group(
        "permissions",
        "target/permissions",
        (
            Field("mode", "mode", MODE),
            Field("owner", "owner", NUMBER),
            Field("group", "group", NUMBER),
        ),
    ),
)
# Figures that libvirt answers.
CREATED_ONLY = ("capacity", "allocation", "available")
# What libvirt adds by itself to the persistent document of a pool (measured on 9.0).
FILLED = frozenset({"uuid", "capacity", "allocation", "available", "source", "target/permissions"})
