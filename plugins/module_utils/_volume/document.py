# SPDX-License-Identifier: GPL-3.0-or-later
"""What a document says that libvirt does not tell of a volume that is there. Private to this collection.

libvirt keeps no document of a volume: it makes one of what it finds in the file. So what it does not tell there was
either done when the volume was made, or is of no meaning on this host, and is no difference. An option is another
thing: there the user is told.
"""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._xml import drop

# (uid_t) -1 and (gid_t) -1: that of whoever makes the file (virStorageVolDefParseXML).
_ANYBODY = ("-1", "4294967295")
# Told only where the host has SELinux, and where the file system is btrfs.
_UNTOLD = {"label": "target/permissions/label", "nocow": "target/nocow"}


def leave_out_untold(wanted, base, options: dict) -> None:
    """Take out of the user's document C(wanted) what C(base), libvirt's own one, has no word on.

    C(options): canonical options that were laid over the user's document.
    """
    asked = {**options, **(options.get("permissions") or {})}
    for option, place in _UNTOLD.items():
        if option not in asked and base.find(place) is None:
            drop(wanted, place)
    for name in ("owner", "group"):
        if (wanted.findtext(f"target/permissions/{name}") or "").strip() in _ANYBODY:
            drop(wanted, f"target/permissions/{name}")
    # As large as it needs to be.
    if (wanted.findtext("capacity") or "").strip() == "0":
        drop(wanted, "capacity")
