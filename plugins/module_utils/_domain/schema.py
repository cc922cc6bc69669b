# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a domain, and where they stand in its XML (formatdomain). Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._domain import firmware, nics, parts, resources, storage
from ansible_collections.virtops.libvirt.plugins.module_utils._field import FIXED, Field
from ansible_collections.virtops.libvirt.plugins.module_utils._scalars import Mapping
from ansible_collections.virtops.libvirt.plugins.module_utils._values import NAME, UUID, YES_NO

DISKS = storage.DISKS
INTERFACES = nics.INTERFACES
# Arches of PCs, as libvirt names them.
PC = ("x86_64", "i686")
# What we keep of a guest in its own metadata: its labels, and whether it may be removed.
GUEST = "urn:virtops:libvirt:guest"
IDENTITY = (
    Field("name", "name", NAME, when="only while the guest is off"),
    Field("uuid", "uuid", UUID, effect=FIXED),
    Field("title", "title", by="text"),
    Field("description", "description", by="text"),
    Mapping("labels", f"metadata/{{{GUEST}}}guest/{{{GUEST}}}label", key="name", by="guest"),
    Field("protected", f"metadata/{{{GUEST}}}guest/@protected", YES_NO, by="guest"),
    Field("virt_type", "@type", choices=("kvm", "qemu")),
    Field("arch", "os/type/@arch"),
    Field("machine", "os/type/@machine"),
    Field("emulator", "devices/emulator"),
)
FIELDS = (*IDENTITY, *resources.FIELDS, *firmware.FIELDS, *storage.FIELDS, *nics.FIELDS, *parts.FIELDS)
