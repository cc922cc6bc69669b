# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a snapshot: the document whole, whether libvirt can, and the call. Private to this collection.

The rules are those of libvirt's QEMU driver (qemuSnapshotPrepare, qemuSnapshotCreateAlignDisks).
"""

from __future__ import annotations

import contextlib
import os
from functools import partial

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_no_directory
from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._place import ensure
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot import leftovers, merging, releases
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.schema import EXTERNAL, INTERNAL, LEFT_OUT
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.sleep import sleep_of

_WAKE = "set it to running"


def complete(document, guest, location: str, with_memory: bool, named: bool) -> None:
    """Say in the document of a new snapshot what libvirt would choose by itself, and where its files lie.

    C(named): the task says which disks are taken, and no other one is.
    """
    listed = {entry.get("name"): entry for entry in document.findall("disks/disk")}
    for disk in guest.disks:
        entry = listed.get(disk.target)
        if entry is None:
            entry = etree.SubElement(ensure(document, "disks"), "disk", name=disk.target)
            chosen = LEFT_OUT if named or listed or not disk.writable else disk.default or location
        else:
            chosen = entry.get("snapshot") or disk.default or location
        entry.set("snapshot", chosen)
        if chosen == EXTERNAL:
            _overlay(entry, disk, document.findtext("name"))
    memory = ensure(document, "memory")
    if not memory.get("snapshot") or (with_memory and location == EXTERNAL):
        memory.set("snapshot", location if with_memory else LEFT_OUT)
    if memory.get("snapshot") == EXTERNAL and not memory.get("file"):
        _memory_file(document, memory, guest)
    ensure(document, "state").text = _state(guest, memory.get("snapshot"))


def _state(guest, memory: str) -> str:
    """In which state of the guest it is taken, as libvirt says that of one without the memory of a guest that is on."""
    if memory != LEFT_OUT:
        return guest.state
    return "disk-snapshot" if guest.active else "shutoff"


def _overlay(entry, disk, name: str) -> None:
    """The file that a disk is written to from now: beside its own, named as libvirt names it."""
    source = ensure(entry, "source")
    if not source.attrib and disk.path and (disk.source or ("",))[0] != "block":
        source.set("file", f"{os.path.splitext(disk.path)[0]}.{name}")
    driver = ensure(entry, "driver")
    if not driver.get("type"):
        driver.set("type", "qcow2")


def _memory_file(document, memory, guest) -> None:
    """The file of the memory: beside the first overlay."""
    overlay = document.find("disks/disk/source[@file]")
    if overlay is not None:
        directory = os.path.dirname(overlay.get("file"))
        memory.set("file", os.path.join(directory, f"{guest.name}.{document.findtext('name')}.mem"))


def why_not(guest, tree, document, quiesce: bool) -> str:
    """Why libvirt would not take the snapshot that a whole document describes, C("") where it would."""
    chosen = {entry.get("name"): entry.get("snapshot") for entry in document.findall("disks/disk")}
    memory = document.find("memory").get("snapshot")
    return (
        _wrong_guest(guest, tree, chosen)
        or _asleep(guest, tree, memory, chosen)
        or _wrong_mix(chosen, memory)
        or _wrong_memory(guest, memory, chosen, document.find("memory").get("file"))
        or (_not_internal(guest, chosen) if INTERNAL in chosen.values() else "")
        or _bad_name(guest, chosen, document.findtext("name"))
        or _taken_already(guest, chosen, document.findtext("name"))
        or (_not_external(guest, document) if EXTERNAL in chosen.values() else "")
        or (_not_quiet(guest, memory, chosen) if quiesce else "")
    )


def _wrong_guest(guest, tree, chosen: dict) -> str:
    if guest.state == states.SAVED:
        return "its memory is saved, and disks without it are no whole state; set it to running or stopped first"
    unknown = sorted(set(chosen) - {disk.target for disk in guest.disks})
    if unknown:
        has = ", ".join(disk.target for disk in guest.disks) or "none"
        return f"it has no disk {' and '.join(unknown)} (it has: {has}); correct 'disks'"
    return merging.in_the_way(guest, tree)


def _asleep(guest, tree, memory: str, chosen: dict) -> str:
    sleep = sleep_of(guest, tree)
    if not sleep or memory == LEFT_OUT:
        return ""
    if sleep.went_back:
        return "" if memory == EXTERNAL else f"{sleep.words}, and QEMU writes into its disks when it runs; {_WAKE}"
    # What it was given then to write into is awake; before 10.9 that is enough.
    awake = tree.snaps[sleep.name].overlays if guest.version < releases.INTERNAL_WITH_UEFI else {}
    if memory == INTERNAL and all(target in awake for target, where in chosen.items() if where == INTERNAL):
        return ""
    return f"{sleep.words}, and QEMU gives it once only; {_WAKE}"


def _wrong_mix(chosen: dict, memory: str) -> str:
    taken = set(chosen.values()) - {LEFT_OUT}
    if not taken and memory == LEFT_OUT:
        return "nothing of it would be taken: it has no disk that is written to, or 'disks' names none"
    both = taken | {memory}
    if {INTERNAL, EXTERNAL} <= both:
        return "internal and external parts do not go into one snapshot; use one 'location' for disks and memory"
    if memory == INTERNAL and INTERNAL not in taken:
        return "its memory lies within a disk, and no disk is taken; use 'location: external'"
    return ""


def _wrong_memory(guest, memory: str, chosen: dict, path: str | None) -> str:
    if memory != LEFT_OUT and not guest.active:
        return f"it is {guest.state} and has no memory to take; take 'memory' out"
    if memory == LEFT_OUT and guest.active and INTERNAL in chosen.values():
        return "an internal snapshot of a guest that is on takes its memory along; use 'location: external' without it"
    kept = guest.what_keeps_its_memory() if memory != LEFT_OUT else ""
    if kept:
        return f"QEMU cannot save the memory of a guest that has {kept}; use 'location: external' and 'memory: false'"
    if memory == EXTERNAL:
        if not path:
            return "it is not known where its memory is to be written; give 'memory_file'"
        return _wrong_file(guest, path, "memory_file", lambda: leftovers.why_memory_stays(guest, path))
    return ""


def _not_internal(guest, chosen: dict) -> str:
    for disk in guest.disks:
        where = chosen[disk.target]
        if where == INTERNAL and disk.format != "qcow2":
            return f"its disk {disk.target} is {disk.format}, and only qcow2 has room for snapshots"
        if where == INTERNAL and not guest.active and disk.source is not None and disk.source[0] == "network":
            return f"its disk {disk.target} is not on this host, and it is off"
        if where != INTERNAL and disk.source is not None and not disk.readonly:
            return f"an internal snapshot takes all disks, and {disk.target} is left out"
    if not guest.uefi:
        return ""
    if not guest.active:
        old = guest.version < releases.INTERNAL_WITH_UEFI_OFF
        return "it has UEFI firmware, which libvirt refuses before 9.3" if old else ""
    if guest.version < releases.INTERNAL_WITH_UEFI:
        return "it has UEFI firmware, which libvirt refuses before 10.9 while the guest is on"
    variables = guest.tree.find("os/nvram")
    if variables is not None and variables.get("format", "raw") != "qcow2":
        return "the variables of its UEFI firmware are kept in a raw file, and only qcow2 has room for snapshots"
    return ""


def _bad_name(guest, chosen: dict, name: str) -> str:
    if INTERNAL in chosen.values() and guest.active and releases.is_no_job(guest.version, name):
        return (
            "QEMU takes only letters, digits, '.', '_' and '-' in the name of an internal one while the guest is on;"
            " give another name, or 'location: external'"
        )
    return ""


def _taken_already(guest, chosen: dict, name: str) -> str:
    """A disk may have an internal snapshot that libvirt was told to forget, or was killed at.

    QEMU takes a second one of that name from an image that is off, and goes back to the first. The monitor's own
    command took its place, and the job of newer versions fails.
    """
    if guest.active and guest.version < releases.INTERNAL_WITH_UEFI:
        return ""
    for disk in guest.disks:
        if chosen[disk.target] == INTERNAL and name in leftovers.inside(guest, disk.path):
            return (
                f"its disk {disk.target} has an internal snapshot of that name already, of which libvirt does not know;"
                " give another name, or remove it with 'qemu-img snapshot -d' while the guest is off"
            )
    return ""


def _not_external(guest, document) -> str:
    disks = {disk.target: disk for disk in guest.disks}
    for entry in document.findall("disks/disk"):
        if entry.get("snapshot") == EXTERNAL:
            reason = _no_overlay(guest, disks[entry.get("name")], entry)
            if reason:
                return reason
    if not guest.active and guest.handle is not None and guest.handle.listAllCheckpoints(0):
        return "it has checkpoints and is off, which libvirt does not bring together; start it, or remove them"
    return ""


def _no_overlay(guest, disk, entry) -> str:
    where = f"its disk {disk.target}"
    kind = entry.find("driver").get("type")
    if kind not in ("qcow2", "qed"):
        return f"{where}: the overlay cannot be {kind}; use qcow2"
    if disk.source is None or disk.readonly:
        return f"{where} is {'empty' if disk.source is None else 'read-only'}; take it out of 'disks'"
    if disk.shareable:
        return f"{where} is shared with other guests; take it out of 'disks'"
    if disk.device == "lun" and guest.active:
        return f"{where} is a SCSI device that is passed through; take it out of 'disks'"
    if disk.source[0] == "network" and not guest.active:
        return f"{where} is not on this host, and it is off; start it first"
    if not entry.find("source").attrib:
        return f"{where}: it is not known where its overlay is to lie; give 'file'"
    path = entry.find("source").get("file")
    if not path:
        return ""
    option = f"disks[{disk.target}].file"
    return _wrong_file(guest, path, option, lambda: leftovers.why_overlay_stays(guest, path, disk.path))


def _wrong_file(guest, path: str, option: str, why_it_stays) -> str:
    if not path.startswith("/"):
        return f"{option}: {path!r} is not an absolute path"
    reason = why_it_stays() if guest.exists(path) else ""
    if reason:
        return f"{option}: {path} {reason}"
    directory = os.path.dirname(path)
    planned = any(words.get("path") == directory for words in guest.planned.all("pool"))
    if guest.is_local and not planned and is_no_directory(directory):
        return f"{option}: the directory of {path} is not there; make it, or give another one"
    return ""


def in_the_way(guest, document) -> dict:
    """{path: why it may not go} of files that are there already in places that a document gives to new ones."""
    bases = {disk.target: disk.path for disk in guest.disks}
    memory, found = document.find("memory").get("file"), {}
    if memory:
        found[memory] = partial(leftovers.why_memory_stays, guest, memory)
    for entry in document.findall("disks/disk"):
        path = entry.find("source").get("file") if entry.get("snapshot") == EXTERNAL else None
        if path:
            found[path] = partial(leftovers.why_overlay_stays, guest, path, bases[entry.get("name")])
    return {path: why_not for path, why_not in found.items() if guest.exists(path)}


def _not_quiet(guest, memory: str, chosen: dict) -> str:
    if INTERNAL in chosen.values() or memory != LEFT_OUT:
        return "'quiesce' is for external snapshots without memory; take 'memory' and 'location' out, or 'quiesce'"
    if guest.state != states.RUNNING:
        return f"'quiesce' asks the guest itself, and it is {guest.state}; take 'quiesce' out"
    if not guest.has_agent:
        return "'quiesce' needs its guest agent, which is not connected; install qemu-guest-agent in it and start it"
    return ""


def take(guest, text: str, memory: str, external: bool, quiesce: bool) -> None:
    """Take it; file systems that were frozen for it are thawed whatever comes."""
    flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC
    if external and memory == LEFT_OUT:
        flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
    if memory == EXTERNAL and guest.state == states.RUNNING:
        # The guest goes on while its memory is written.
        flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_LIVE
    if not quiesce:
        guest.handle.snapshotCreateXML(text, flags)
        return
    # A daemon that ended between freezing and thawing left the guest frozen, and it refuses to freeze again: thawed,
    # it is asked once more.
    for last in (False, True):
        try:
            guest.handle.snapshotCreateXML(text, flags | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE)
            return
        except libvirt.libvirtError:
            with contextlib.suppress(libvirt.libvirtError):
                guest.handle.fsThaw()
            if last:
                raise
