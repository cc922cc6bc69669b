# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse what libvirt would accept now and fail at later. Private to this collection, imported only before a change."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt


def check(domain, actual, words: dict) -> None:
    """Refused for a network, pool or volume that is not there, and for a MAC address that another guest has."""
    before = {} if actual is None else domain.words(actual.tree, "", None)
    old_nics = {nic.get("mac"): nic for nic in before.get("interfaces", [])}
    for nic in words.get("interfaces", []):
        _connection(domain, nic, old_nics.get(nic.get("mac"), {}))
    old_disks = {(disk.get("pool"), disk.get("volume")) for disk in before.get("disks", [])}
    for disk in words.get("disks", []):
        if ("pool" in disk) != ("volume" in disk):
            raise Refused(f"{domain.subject}: disks[{disk['target']}]: 'pool' and 'volume' go together; give both")
        if "volume" in disk and (disk["pool"], disk["volume"]) not in old_disks:
            _volume_words(domain, disk)
    _macs(domain, {nic["mac"] for nic in words.get("interfaces", []) if "mac" in nic} - set(old_nics))


def _connection(domain, nic: dict, old: dict) -> None:
    where = f"{domain.subject}: interfaces[{nic.get('mac', '')}]"
    if not old and domain.xml is None and not {"network", "bridge"} & set(nic):
        raise Refused(f"{where}: it has no connection; give 'network' or 'bridge'")
    name = nic.get("network")
    if not name or name == old.get("network") or domain.planned.get("network", name):
        return
    if lookup(domain.conn.networkLookupByName, name, libvirt.VIR_ERR_NO_NETWORK) is None:
        raise Refused(f"{where}: there is no network {name}; make it with virtops.libvirt.network, or correct the name")


def disk_format(domain, disk: dict) -> str:
    """The format of a new disk for which the task gives none; Refused where only a guess could tell it."""
    if "volume" in disk and "pool" in disk:
        found = _volume_words(domain, disk).get("format", "raw")
        return "raw" if found == "iso" else found
    if disk.get("device") in ("cdrom", "floppy") or not {"file", "block"} & set(disk):
        return "raw"
    path = disk.get("file") or disk.get("block")
    raise Refused(f"{domain.subject}: disks[{disk['target']}]: the format of {path} is not known; give 'format'")


def _volume_words(domain, disk: dict) -> dict:
    from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume

    where = f"{domain.subject}: disks[{disk['target']}]"
    try:
        words = Volume(domain.conn, {"pool": disk["pool"], "name": disk["volume"]}, domain.planned).existing()
    except Refused as error:
        raise Refused(f"{where}: {error}") from None
    if words is None:
        name = f"{disk['pool']}/{disk['volume']}"
        raise Refused(f"{where}: there is no volume {name}; make it with virtops.libvirt.volume, or correct the name")
    return words


def _macs(domain, new: set) -> None:
    """Only new addresses are looked for, because all guests have to be read for it."""
    for handle in domain.conn.listAllDomains(0) if new else ():
        name = handle.name()
        if name == domain.name:
            continue
        text = handle.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        for mac in new:
            if f"'{mac}'" in text:
                raise Refused(f"{domain.subject}: MAC {mac} belongs to domain {name} already; give another one")
