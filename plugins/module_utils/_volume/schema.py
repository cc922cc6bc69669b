# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a volume, and where they stand in its XML (formatstorage). Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import FIXED, LIVE, Field, Group
from ansible_collections.virtops.libvirt.plugins.module_utils._values import NAME, Size

FORMATS = ("raw", "qcow2", "qcow", "vmdk", "vdi", "vpc", "qed", "bochs", "cloop", "dmg", "iso", "luks")
# Those that qemu-img can make, and those of them that can lie on a backing file (qemu-img(1)).
WRITABLE = ("raw", "qcow2", "qcow", "vmdk", "vdi", "vpc", "qed", "luks")
LAYERED = ("qcow2", "qcow", "vmdk", "qed")
FIELDS = (
    Field("name", "name", NAME),
    Field("capacity", "capacity", Size(), effect=LIVE),
    Field("format", "target/format/@type", choices=FORMATS, effect=FIXED),
    Group(
        "backing",
        "backingStore",
        (
            Field("volume", "", NAME),
            Field("pool", "", NAME),
            Field("path", "path", effect=FIXED),
            Field("format", "format/@type", choices=FORMATS, effect=FIXED),
        ),
        effect=FIXED,
    ),
)
# Figures and states that libvirt answers, whatever was asked when the volume was made.
CREATED_ONLY = (
    "@type",
    "key",
    "allocation",
    "physical",
    "source",
    "target/path",
    "target/timestamps",
    "backingStore/timestamps",
)
# What libvirt adds to the document of a volume, whether it was asked for or not (measured on 9.0).
FILLED = frozenset(
    {
        "@type",
        "key",
        "capacity",
        "allocation",
        "physical",
        "source",
        "target",
        "target/path",
        "target/permissions",
        "target/timestamps",
        "target/compat",
        "target/format",
        "target/clusterSize",
        "target/features",
        "backingStore",
        "backingStore/permissions",
        "backingStore/timestamps",
        "backingStore/format",
    }
)
