# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove a domain, with what belongs to it. Private to this collection, imported only for a removal."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.overlays import Overlays
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.schema import FIELDS
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._field import read
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._running import documents


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

    for name in domain.options["remove_volumes"]:
        pool, _slash, volume = name.partition("/")
        # The guest itself, which goes with them, may still run on them.
        options = {"pool": pool, "name": volume, "state": "absent", "_but_for": domain.name}
        removal = Volume(domain.conn, options, domain.planned).plan()
        if removal.changes:
            _refuse_shared(domain, pool, volume, removal.before.get("path", ""))
        for change in removal.changes:
            change.path = f"remove_volumes[{name}]"
        plan.changes += removal.changes
        plan.also += removal.changes
        plan.steps += removal.steps


def _refuse_shared(domain, pool: str, volume: str, path: str) -> None:
    for name, tree in _others(domain).items():
        if any(
            (one.get("pool"), one.get("volume")) == (pool, volume) or (path and path in one.attrib.values())
            for one in tree.iter()
        ):
            raise Refused(f"{domain.subject}: remove_volumes: domain {name} has {pool}/{volume} too; take it out")


def _others(domain) -> dict[str, ET.Element]:
    """The documents of all other guests, as they would be by now in a check-mode run."""
    found = {handle.name(): tree for handle, tree in documents(domain.conn, 0, libvirt.VIR_DOMAIN_XML_INACTIVE)}
    for name, entry in domain.planned.of("domain").items():
        if not entry["words"]:
            found.pop(name, None)
        elif entry["xml"]:
            found[name] = ET.fromstring(entry["xml"])  # noqa: S314 (the text is our own)
    found.pop(domain.name, None)
    return found


def undefine(conn, handle) -> None:
    """Remove a definition with all that libvirt keeps beside it; volumes stay."""
    flags = 0
    for name in ("MANAGED_SAVE", "SNAPSHOTS_METADATA", "CHECKPOINTS_METADATA", "NVRAM"):
        flags |= getattr(libvirt, "VIR_DOMAIN_UNDEFINE_" + name)
    if conn.getLibVersion() >= 8009000:
        flags |= getattr(libvirt, "VIR_DOMAIN_UNDEFINE_TPM", 0)
    handle.undefineFlags(flags)
