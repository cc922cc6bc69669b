# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse what libvirt would accept now and fail at later. Private to this collection, imported only before a change."""

from __future__ import annotations

import re

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._domain import accepted, devices, machine
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.parts import HOSTDEVS
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.resources import KIB
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.schema import DISKS, INTERFACES
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.storage import OPTIONAL
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._values import CPUSET

# What a guest cannot do without, where else it may stand, and an example of it.
_NEEDED = (
    ("memory", "cpu/numa/cell", "<memory unit='GiB'>1</memory>"),
    ("os/type", "os/type", "<os><type>hvm</type></os>"),
)
_MAC = re.compile(r"<mac address='([0-9a-f:]+)'")
# Types of NICs whose filter libvirt keeps (virDomainNetDefParseXML).
_FILTERED = ("network", "bridge", "ethernet")
# States for which the guest has to start.
_STARTED = ("running", "paused", "saved", "restarted")


def check(domain, actual, target) -> None:
    """Refused for what a guest cannot do without, and networks, volumes and MACs that are not to be had."""
    for place, other, example in _NEEDED:
        if target.find(place) is None and target.find(other) is None:
            raise Refused(f"{domain.subject}: its xml has no <{place.replace('/', '><')}>; add for example {example}")
    _rename(domain, actual)
    words = domain.values(target)
    if actual is None:
        _uuid(domain, words.get("uuid") or target.findtext("sysinfo/system/entry[@name='uuid']"))
    _memory(domain, words)
    _cpu(domain, words, target.get("type"))
    devices.check(domain, target, words)
    if domain.xml is None:
        _numbers(domain, target, words)
    machine.check(domain, actual, target)
    before = {} if actual is None else domain.values(actual.tree)
    old_nics = {nic.get("mac"): nic for nic in before.get("interfaces", [])}
    for nic in words.get("interfaces", []):
        _connection(domain, actual, nic, old_nics.get(nic.get("mac"), {}))
    old_disks = {disk["target"]: disk for disk in before.get("disks", [])}
    spared = {disk.find("target").get("dev") for disk in target.iterfind(OPTIONAL)}
    for disk in words.get("disks", []):
        _source(domain, actual, disk, old_disks.get(disk["target"], {}), disk["target"] in spared)
    _boot_order(domain, words)
    _macs(domain, {nic["mac"] for nic in words.get("interfaces", []) if "mac" in nic} - set(old_nics))
    accepted.check(domain, actual, target)


def _rename(domain, actual) -> None:
    before = None if actual is None else actual.tree.findtext("name")
    if before and before != domain.name and actual.runs:
        raise Refused(f"{domain.subject}: it is {actual.state} under the name {before}; stop it first to rename it")


def _uuid(domain, uuid: str | None) -> None:
    """A new guest's UUID may be that of another one, whose document it was made from."""
    if not uuid:
        return
    handle = lookup(domain.conn.lookupByUUIDString, uuid, libvirt.VIR_ERR_NO_DOMAIN)
    owners = domain.planned.once(
        "UUIDs", lambda: {one.get("uuid"): one["name"] for one in domain.planned.all("domain")}
    )
    name = owners.get(uuid) if handle is None else handle.name()
    if name not in (None, domain.name) and not domain.planned.removes("domain", name):
        raise Refused(f"{domain.subject}: uuid {uuid} is that of domain {name} already; give another one, or none")
    owners[uuid] = domain.name


def _memory(domain, words: dict) -> None:
    now, most = words.get("current_memory", 0), words.get("memory", 0)
    if "current_memory" in domain.wanted and now > most:
        raise Refused(
            f"{domain.subject}: current_memory {KIB.show(now)} is more than its memory, {KIB.show(most)};"
            " make one fit the other"
        )


def _cpu(domain, words: dict, virt_type: str) -> None:
    cpu = words.get("cpu", {})
    if virt_type == "qemu" and domain.wanted.get("cpu", {}).get("mode") == "host-passthrough":
        raise Refused(f"{domain.subject}: cpu.mode host-passthrough needs virt_type kvm; 'maximum' is the most of qemu")
    if {"features", "nested"} & set(cpu) and not {"mode", "model"} & set(cpu):
        raise Refused(f"{domain.subject}: cpu has features and no model to add them to; give 'mode' or 'model'")
    if cpu.get("mode") == "custom" and "model" not in cpu and domain.xml is None:
        raise Refused(f"{domain.subject}: cpu.mode custom needs a model; give 'model', or another mode")
    most = words.get("max_vcpus", words.get("vcpus", 1))
    topology = cpu.get("topology", {})
    if topology:
        product = 1
        for number in topology.values():
            product *= number
        if product != most:
            raise Refused(
                f"{domain.subject}: cpu.topology makes {product} processors, and the guest can have {most};"
                " make both the same"
            )


def _numbers(domain, target, words: dict) -> None:
    """Refused for what needs processors, I/O threads or slots that the guest does not have (virDomainDefValidate)."""
    most, threads = words.get("max_vcpus", words.get("vcpus", 1)), words.get("iothreads", 0)
    cpus = [cell["cpus"] for cell in words.get("cpu", {}).get("cells", []) if "cpus" in cell]
    cells = sum(len(CPUSET.numbers(one)) for one in cpus)
    if cells > most:
        raise Refused(
            f"{domain.subject}: cpu.cells have {cells} processors, and the guest can have {most};"
            " make one fit the other"
        )
    users = [(f"disks[{disk['target']}].iothread", disk.get("iothread", 0)) for disk in words.get("disks", [])]
    pins = words.get("cputune", {}).get("iothread_pins", [])
    for what, number in [*users, *((f"cputune.iothread_pins[{pin['iothread']}]", pin["iothread"]) for pin in pins)]:
        # Who numbers the threads himself may have any.
        if number > threads and target.find("iothreadids") is None:
            raise Refused(
                f"{domain.subject}: {what} needs I/O thread {number}, and iothreads is {threads}; make them fit"
            )
    _modules(domain, words)


def _modules(domain, words: dict) -> None:
    """Refused for memory devices that there is no room for (qemuDomainDefValidateMemoryHotplug)."""
    devices, most = words.get("memory_devices", []), words.get("max_memory", {})
    if not devices:
        return
    if not most:
        raise Refused(f"{domain.subject}: memory_devices need slots; give 'max_memory'")
    sizes = sum(device["size"] for device in devices)
    room = most["size"] - words["memory"] + sizes
    if sizes > room:
        raise Refused(
            f"{domain.subject}: memory_devices are {KIB.show(sizes)} together, and max_memory leaves {KIB.show(room)}"
            " beside the memory that the guest starts with; make one fit the other"
        )


def _must_be_there(domain, actual, option: str, is_new: bool) -> bool:
    """Whether what an item of C(option) refers to has to exist by now.

    libvirt keeps a document whatever it refers to, and only a start needs it; an option says that it is there.
    """
    if domain.state not in _STARTED:
        return is_new and option in domain.wanted
    return is_new or domain.state == "restarted" or not actual.active


def _source(domain, actual, disk: dict, old: dict, is_optional: bool) -> None:
    where = f"{domain.subject}: disks[{disk['target']}]"
    if ("pool" in disk) != ("volume" in disk):
        raise Refused(f"{where}: 'pool' and 'volume' go together; give both")
    needs_one = not old and domain.xml is None and disk.get("device") not in ("cdrom", "floppy")
    if needs_one and not {"volume", "file", "block", "network"} & set(disk):
        raise Refused(f"{where}: it has no source; give 'pool' and 'volume', 'file', 'block' or 'network'")
    is_new = (disk.get("pool"), disk.get("volume")) != (old.get("pool"), old.get("volume"))
    if "volume" in disk and not is_optional and _must_be_there(domain, actual, "disks", is_new):
        _volume_words(domain, disk)


def _boot_order(domain, words: dict) -> None:
    for field in (DISKS, INTERFACES, HOSTDEVS) if domain.wanted.get("boot", {}).get("devices") else ():
        for number, item in enumerate(domain.wanted.get(field.name, [])):
            if "boot" in item:
                raise Refused(
                    f"{domain.subject}: boot.devices does not go with the 'boot' of"
                    f" {field.name}[{field.label(item) or number}], an order of its own; take one of them out"
                )
    seen: dict = {}
    for field in (DISKS, INTERFACES, HOSTDEVS):
        for number, item in enumerate(words.get(field.name, [])):
            what = f"{field.name}[{field.label(item) or number}]"
            other = seen.setdefault(item["boot"], what) if "boot" in item else what
            if other != what:
                raise Refused(
                    f"{domain.subject}: {what}: boot {item['boot']} is that of {other} too; give each its own"
                )


def _connection(domain, actual, nic: dict, old: dict) -> None:
    where = f"{domain.subject}: interfaces[{nic.get('mac', '')}]"
    connected = {"network", "bridge", "direct"} & set(nic) or nic.get("type") in ("user", "ethernet")
    if not old and domain.xml is None and not connected:
        raise Refused(f"{where}: it has no connection; give 'network', 'bridge' or 'direct', or 'type: user'")
    _filter(domain, actual, nic, old.get("filter", {}), where)
    name = nic.get("network")
    if not name or not _must_be_there(domain, actual, "interfaces", name != old.get("network")):
        return
    if domain.planned.get("network", name):
        return
    if lookup(domain.conn.networkLookupByName, name, libvirt.VIR_ERR_NO_NETWORK) is None:
        raise Refused(f"{where}: there is no network {name}; make it with virtops.libvirt.network, or correct the name")


def _filter(domain, actual, nic: dict, old: dict, where: str) -> None:
    wanted = nic.get("filter", {})
    if not wanted.get("name") or not _must_be_there(domain, actual, "interfaces", wanted != old):
        return
    if domain.xml is None and nic.get("type") not in _FILTERED:
        raise Refused(f"{where}: libvirt has no filter for a NIC of type {nic['type']}; take 'filter' out")
    from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.references import (
        filters,
        in_words,
        lacking,
    )

    lacks = lacking(in_words(wanted), filters(domain.conn, domain.planned))
    if lacks:
        raise Refused(f"{where}.filter: {lacks}")


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
    if not new:
        return
    owners = domain.planned.once("MACs", lambda: _owners(domain.conn, domain.planned.all("domain")))
    for mac in new:
        name = owners.get(mac, domain.name)
        if name != domain.name and not domain.planned.removes("domain", name):
            raise Refused(f"{domain.subject}: MAC {mac} belongs to domain {name} already; give another one")
    owners.update(dict.fromkeys(new, domain.name))


def _owners(conn, planned: list[dict]) -> dict[str, str]:
    """The guest that has each MAC, or would have it by then."""
    found = {nic["mac"]: one["name"] for one in planned for nic in one.get("interfaces", ()) if "mac" in nic}
    named = {one["name"] for one in planned}
    for handle in (one for one in conn.listAllDomains(0) if one.name() not in named):
        # Somebody may have removed it since it was listed.
        text = lookup(handle.XMLDesc, libvirt.VIR_DOMAIN_XML_INACTIVE, libvirt.VIR_ERR_NO_DOMAIN) or ""
        found.update(dict.fromkeys(_MAC.findall(text), handle.name()))
    return found
