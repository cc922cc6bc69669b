# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a secret, and where they stand in its XML (formatsecret). Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import FIXED, Field
from ansible_collections.virtops.libvirt.plugins.module_utils._values import UUID, YES_NO

# The element that names what a secret of each type is for.
USAGES = {"volume": "volume", "ceph": "name", "iscsi": "target", "tls": "name", "vtpm": "name"}


class Usage(Field):
    """C(usage): its element has another name for each type."""

    def _tags(self):
        return "usage", ""

    def owner(self, element):
        usage = element.find("usage")
        return None if usage is None else usage.find(USAGES.get(usage.get("type"), "name"))

    def made(self, element):
        usage = element.find("usage")
        tag = USAGES[usage.get("type")]
        found = usage.find(tag)
        if found is None:
            found = usage.makeelement(tag)
            usage.append(found)
        return found


USAGE = Usage("usage", "usage/name", effect=FIXED)
FIELDS = (
    Field("uuid", "uuid", UUID, effect=FIXED),
    Field("type", "usage/@type", choices=tuple(USAGES), effect=FIXED),
    USAGE,
    Field("description", "description"),
    Field("ephemeral", "@ephemeral", YES_NO),
    Field("private", "@private", YES_NO),
)
# What libvirt adds by itself.
FILLED = frozenset({"uuid"})
# What it means where nothing is said (virSecretDefParse).
DEFAULTS = {"ephemeral": "no", "private": "no"}
