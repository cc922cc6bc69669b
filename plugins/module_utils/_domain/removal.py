# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove a domain, with what belongs to it. Private to this collection, imported only for a removal."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.overlays import Overlays
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.schema import FIELDS
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._field import read
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt


def check(domain, actual) -> None:
    """Refused where the guest is protected, and where a volume is named that is not its own."""
    words = {} if actual is None else read(FIELDS, actual.tree)
    if words.get("protected") and domain.asked.get("protected") is not False:
        raise Refused(f"{domain.subject}: it is protected; set 'protected: false' to remove it all the same")
    own = {f"{disk.get('pool')}/{disk.get('volume')}" for disk in words.get("disks", [])}
    for name in domain.options.get("remove_volumes") or ():
        if name.count("/") != 1 or not all(name.split("/")):
            raise Refused(f"{domain.subject}: remove_volumes: {name!r} is not a volume; write it as POOL/VOLUME")
        if (
            actual is not None
            and name not in own
            and not Overlays(domain, actual, actual.tree).has(("volume", *name.split("/")))
        ):
            raise Refused(f"{domain.subject}: remove_volumes: no disk of it is on {name}; correct the name")


def remove_volumes(domain, plan) -> None:
    """Add the removal of the named volumes that are there; Refused where another guest has one of them."""
    from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume
    from ansible_collections.virtops.libvirt.plugins.module_utils._volume.users import defined_on

    for name in domain.options["remove_volumes"]:
        pool, _slash, volume = name.partition("/")
        # The guest itself, which goes with them, may still run on them.
        options = {"pool": pool, "name": volume, "state": "absent", "_but_for": domain.name}
        removal = Volume(domain.conn, options, domain.planned).plan()
        where = removal.before.get("path", ""), pool, volume
        other = defined_on(domain.conn, domain.planned, *where, domain.name) if removal.changes else ""
        if other:
            raise Refused(f"{domain.subject}: remove_volumes: domain {other} has {pool}/{volume} too; take it out")
        for change in removal.changes:
            change.path = f"remove_volumes[{name}]"
        plan.changes += removal.changes
        plan.also += removal.changes
        plan.steps += removal.steps


def undefine(conn, handle) -> None:
    """Remove a definition with all that libvirt keeps beside it; volumes stay."""
    flags = 0
    for name in ("MANAGED_SAVE", "SNAPSHOTS_METADATA", "CHECKPOINTS_METADATA", "NVRAM"):
        flags |= getattr(libvirt, "VIR_DOMAIN_UNDEFINE_" + name)
    if conn.getLibVersion() >= 8009000:
        flags |= getattr(libvirt, "VIR_DOMAIN_UNDEFINE_TPM", 0)
    handle.undefineFlags(flags)
