# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a snapshot, and where they stand in its XML (formatsnapshot). Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import FIXED, LIVE, Field, Items
from ansible_collections.virtops.libvirt.plugins.module_utils._scalars import Mapping
from ansible_collections.virtops.libvirt.plugins.module_utils._values import NAME, TEXT, Bool

# libvirt keeps a description of a snapshot and nothing else of ours, but it keeps the whole guest with it: the labels
# stand in the metadata of that.
LABELS = "urn:virtops:libvirt:snapshot"
# In the metadata of the guest: which of its snapshots is being merged.
MERGE = "urn:virtops:libvirt:merge"
INTERNAL, EXTERNAL, LEFT_OUT = "internal", "external", "no"
LOCATIONS = (INTERNAL, EXTERNAL)


class _Taken(Bool):
    """Whether something is part of a snapshot; where it lies is a matter of its own."""

    def read(self, text):
        return text != LEFT_OUT

    def text(self, value):
        return INTERNAL if value else LEFT_OUT


FIELDS = (
    Field("name", "name", NAME),
    Field("description", "description", TEXT, effect=LIVE),
    Mapping("labels", f"domain/metadata/{{{LABELS}}}snapshot/{{{LABELS}}}label", key="name", effect=LIVE),
    Field("memory", "memory/@snapshot", _Taken(), effect=FIXED),
    Field("memory_file", "memory/@file", effect=FIXED),
    Items(
        "disks",
        "disks/disk",
        (
            Field("target", "@name", required=True, effect=FIXED),
            Field("location", "@snapshot", choices=(*LOCATIONS, LEFT_OUT), effect=FIXED),
            Field("file", "source/@file", effect=FIXED),
            Field("format", "driver/@type", choices=("qcow2", "qed"), effect=FIXED),
        ),
        identity=("target",),
        effect=FIXED,
    ),
)
# What libvirt writes about a snapshot by itself.
CREATED_ONLY = ("state", "creationTime", "parent", "domain", "inactiveDomain", "cookie", "active", "revertDisks")
FILLED = frozenset(
    {*CREATED_ONLY, "memory", "memory/@snapshot", "memory/@file", "disks", "disks/disk", "disks/disk/source"}
    | {"disks/disk/driver", "disks/disk/@snapshot", "disks/disk/@type", "name"}
)
