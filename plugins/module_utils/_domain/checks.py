# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse what libvirt would accept now and fail at later. Private to this collection, imported only before a change."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt


def check(domain, actual, words: dict) -> None:
    """Refused for a network, pool or volume that is not there, and for a MAC address that another guest has."""
    before = {} if actual is None else domain.words(actual.document, "", None)
    old_networks = {nic.get("network") for nic in before.get("interfaces", [])}
    for nic in words.get("interfaces", []):
        if nic.get("network") and nic["network"] not in old_networks:
            _network(domain, nic["network"])
        if "network" not in nic and "bridge" not in nic and domain.xml is None:
            raise Refused(
                f"{domain.subject}: interfaces[{nic.get('mac')}]: it has no connection; give 'network' or 'bridge'"
            )
    old_disks = {(disk.get("pool"), disk.get("volume")) for disk in before.get("disks", [])}
    for disk in words.get("disks", []):
        if ("pool" in disk) != ("volume" in disk):
            raise Refused(f"{domain.subject}: disks[{disk['target']}]: 'pool' and 'volume' go together; give both")
        if "volume" in disk and (disk["pool"], disk["volume"]) not in old_disks:
            _volume(domain, disk)
    _macs(domain, {nic["mac"] for nic in words.get("interfaces", []) if "mac" in nic}, before)


def _network(domain, name: str) -> None:
    if domain.planned.get("network", name) or lookup(domain.conn.networkLookupByName, name, libvirt.VIR_ERR_NO_NETWORK):
        return
    raise Refused(
        f"{domain.subject}: there is no network {name}; make it with virtops.libvirt.network, or correct the name"
    )


def _volume(domain, disk: dict) -> None:
    pool, volume = disk["pool"], disk["volume"]
    where = f"{domain.subject}: disks[{disk['target']}]"
    if domain.planned.get("volume", volume, pool):
        return
    owner = lookup(domain.conn.storagePoolLookupByName, pool, libvirt.VIR_ERR_NO_STORAGE_POOL)
    if owner is None:
        raise Refused(f"{where}: there is no pool {pool}; make it with virtops.libvirt.pool, or correct the name")
    if not owner.isActive():
        raise Refused(f"{where}: pool {pool} is not active; start it with virtops.libvirt.pool and 'state: active'")
    if lookup(owner.storageVolLookupByName, volume, libvirt.VIR_ERR_NO_STORAGE_VOL) is None:
        raise Refused(
            f"{where}: there is no volume {volume} in pool {pool};"
            " make it with virtops.libvirt.volume, or correct the name"
        )


def _macs(domain, wanted: set, before: dict) -> None:
    """Only new addresses are looked for, because all guests have to be read for it."""
    new = wanted - {nic.get("mac") for nic in before.get("interfaces", [])}
    if not new:
        return
    for handle in domain.conn.listAllDomains(0):
        name = handle.name()
        if name == domain.name:
            continue
        text = handle.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        for mac in new:
            if f"'{mac}'" in text:
                raise Refused(f"{domain.subject}: MAC {mac} belongs to domain {name} already; give another one")
