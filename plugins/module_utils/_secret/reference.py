# SPDX-License-Identifier: GPL-3.0-or-later
"""What refers to a secret: pools, and whatever else has one. Private to this collection."""

from __future__ import annotations

import functools

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt


def refuse_unknown(resource, secret_type: str, secret: dict) -> None:
    """Refused where there is no secret with C(usage), of this type, or C(uuid), nor would be in a check-mode run."""
    if "uuid" in secret:
        named, find = secret["uuid"], resource.conn.secretLookupByUUIDString
        what = f"secret with the UUID {named}"
    else:
        named, number = secret["usage"], getattr(libvirt, f"VIR_SECRET_USAGE_TYPE_{secret_type.upper()}")
        find = functools.partial(resource.conn.secretLookupByUsage, number)
        what = f"secret of type {secret_type} with the usage {named}"
    handle = lookup(find, named, libvirt.VIR_ERR_NO_SECRET)
    # One that is there may be planned by the other of its names.
    names = {named} if handle is None else {named, handle.UUIDString(), handle.usageID()}
    entries = resource.planned.of("secret").items()
    planned = [entry["words"] for name, entry in entries if not names.isdisjoint((name, entry["words"].get("uuid")))]
    if not (planned[-1] if planned else handle):
        raise Refused(f"{resource.subject}: there is no {what}; make it with virtops.libvirt.secret")
