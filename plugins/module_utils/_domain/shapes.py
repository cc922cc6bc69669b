# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides about the shape of an element of a guest, in a document too. Private to this collection, and imported
only where a document is laid over another.
"""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._diff import deciding
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.nics import NIC_TYPES
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.parts import CHARACTER_TYPES
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.schema import FIELDS
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.storage import DISK_TYPES, FILESYSTEM_TYPES

# Types that no option names.
_IMPLIED = {
    "devices/disk": DISK_TYPES,
    "devices/interface": NIC_TYPES,
    "devices/filesystem": FILESYSTEM_TYPES,
    "devices/parallel": CHARACTER_TYPES,
    "devices/redirdev": CHARACTER_TYPES,
}
SHAPES = deciding(FIELDS)
for _place, _decides in _IMPLIED.items():
    SHAPES.setdefault(_place, []).append(("@type", _decides))
