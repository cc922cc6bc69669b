# SPDX-License-Identifier: GPL-3.0-or-later
"""How content gets into a pool, so that a volume has its name only when it is whole. Private to this collection.

Where this process can write into the pool's directory, a hidden file gets the volume's name by a rename (C(Directory)).
Everywhere else libvirt writes it (C(Remote)), and it has no rename. There a volume NAME.unfinished stands beside it as
long as it is not whole: whoever finds that takes NAME for not there, and makes it anew.
"""

from __future__ import annotations

import os
import stat
import tempfile
import time

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._place import append, ensure
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import image, streams
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.origin import discard
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.refresh import refresh
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.schema import FILE_POOLS
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import printed

# Pools that make volumes of any name, and take content for them.
_NAMING_POOLS = (*FILE_POOLS, "logical", "rbd", "zfs", "gluster", "vstorage")
_MARK = ".unfinished"
# Seconds for libvirt to end what it is at.
_PATIENCE = 600
_HIDDEN = (".part", ".download", ".unpacked", ".sent")
# How the name of a note beside such a file ends, and the longest name of a file, in bytes (NAME_MAX).
_NOTE, _NAME_MAX = ".from", 255


def hidden(path: str) -> str:
    """What the names of the files begin with that are made beside a volume."""
    return os.path.join(os.path.dirname(path), f".{os.path.basename(path)}")


def sweep(path: str) -> None:
    """Remove what interrupted runs left beside a volume."""
    for suffix in _HIDDEN:
        discard(hidden(path) + suffix)


class Directory:
    """A pool's directory, into which this process writes."""

    def __init__(self, directory: str):
        self.directory = directory

    def refuse(self, volume) -> None:
        """Refused for a name that has no room for what the files beside the volume are called until it is whole."""
        more = max(map(len, _HIDDEN)) + len(f".{_NOTE}")
        if len(volume.name.encode()) + more > _NAME_MAX:
            raise Refused(
                f"{volume.subject}: its name has no room for that of the file that it is until it is whole, which"
                f" {volume.content.option!r} needs; give one of {_NAME_MAX - more} bytes at most"
            )

    def write(self, volume, content, document) -> None:
        """Put C(content) there as the volume, whole or not at all."""
        path = os.path.join(self.directory, volume.name)
        capacity, kind = volume.capacity_of(document), volume.format_of(document)
        permissions = {**_permissions(path), **(volume.wanted.get("permissions") or {})}

        def write(part: str, lock: int) -> None:
            # Nobody else may read it while it is being written.
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            content.write(part, kind, capacity, lock)
            permit(part, permissions)

        image.put(path, write, replace=content.option != "source")
        refresh(volume.pool_handle())


class Remote:
    """A pool that only libvirt writes into. C(stages): content goes into a volume of its own first, of which libvirt
    makes the wanted one; else right into that.
    """

    def __init__(self, conn, kind: str, stages: bool):
        self.conn, self.kind, self.stages = conn, kind, stages

    def refuse(self, volume) -> None:
        if self.kind not in _NAMING_POOLS:
            raise Refused(
                f"{volume.subject}: a pool of type {self.kind} cannot hold a mark beside an unfinished volume, which"
                f" {volume.content.option!r} needs there; make the volume empty, and fill it by other means"
            )

    def write(self, volume, content, document) -> None:
        """Put C(content) there as the volume."""
        pool = volume.pool_handle()
        forget_unfinished(pool, volume.name)
        kind, capacity = volume.format_of(document), volume.capacity_of(document)
        with tempfile.TemporaryDirectory(prefix="virtops-") as scratch:
            beside = os.path.join(scratch, "image")
            # What libvirt copies once more it can convert, too.
            with content.file(beside, kind, capacity, self.stages) as path:
                self._fill(volume, pool, path, document)

    def _fill(self, volume, pool, path: str, document) -> None:
        size = os.path.getsize(path)
        mark = pool.createXML(_raw(volume.name + _MARK, size if self.stages else 512), 0)
        existing = lookup(pool.storageVolLookupByName, volume.name, libvirt.VIR_ERR_NO_STORAGE_VOL)
        if existing is not None:
            existing.delete(0)
        try:
            if self.stages:
                streams.upload(self.conn, mark, path)
                refresh(pool)
                _copy(pool, volume, document, pool.storageVolLookupByName(volume.name + _MARK))
            else:
                streams.upload(self.conn, pool.createXML(printed(document), 0), path)
        except BaseException:
            forget_unfinished(pool, volume.name)
            raise
        pool.storageVolLookupByName(volume.name + _MARK).delete(0)
        refresh(pool)

    def clone(self, volume, source, document) -> None:
        """Let libvirt copy another volume."""
        pool = volume.pool_handle()
        forget_unfinished(pool, volume.name)
        mark = pool.createXML(_raw(volume.name + _MARK, 512), 0)
        try:
            _copy(pool, volume, document, source)
        except BaseException:
            forget_unfinished(pool, volume.name)
            raise
        mark.delete(0)
        refresh(pool)


def _copy(pool, volume, document, source) -> None:
    """A volume with the content of another one; libvirt gives it the size of that."""
    made, capacity = pool.createXMLFrom(printed(document), source, 0), volume.capacity_of(document)
    if made.info()[1] < capacity:
        made.resize(capacity, 0)


def _raw(name: str, size: int) -> str:
    element = etree.Element("volume")
    append(element, "name").text = name
    append(element, "capacity").text = str(max(size, 512))
    append(element, "allocation").text = "0"
    ensure(element, "target/format").set("type", "raw")
    return printed(element)


def unfinished(pool, name: str) -> bool:
    """Whether a volume, if it is there, was never filled to its end."""
    return lookup(pool.storageVolLookupByName, name + _MARK, libvirt.VIR_ERR_NO_STORAGE_VOL) is not None


def forget_unfinished(pool, name: str) -> None:
    """Remove a volume that is marked as not whole, and then its mark."""
    mark = lookup(pool.storageVolLookupByName, name + _MARK, libvirt.VIR_ERR_NO_STORAGE_VOL)
    if mark is None:
        return
    half = lookup(pool.storageVolLookupByName, name, libvirt.VIR_ERR_NO_STORAGE_VOL)
    if half is not None:
        _delete(half)
    mark.delete(0)


def _delete(half) -> None:
    """Delete a volume when libvirt has come to the end of what an interrupted run had it do, which it goes on with."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            half.delete(0)
            return
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_OPERATION_INVALID or time.monotonic() > deadline:
                raise
        # libvirt has no event for it.
        time.sleep(0.2)


def _permissions(path: str) -> dict:
    """Owner, group and mode (canonical values) of a file that is there; for a new one what libvirt itself gives
    (VIR_STORAGE_DEFAULT_VOL_PERM_MODE).
    """
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return {"mode": "0600"}
    return {"mode": f"{stat.S_IMODE(status.st_mode):04o}", "owner": status.st_uid, "group": status.st_gid}


def permit(path: str, permissions: dict) -> None:
    """Give a file the owner, group, mode and label (canonical values) that are wanted."""
    if "owner" in permissions or "group" in permissions:
        os.chown(path, permissions.get("owner", -1), permissions.get("group", -1))
    if "mode" in permissions:
        os.chmod(path, int(permissions["mode"], 8))
    if permissions.get("label"):
        try:
            os.setxattr(path, "security.selinux", permissions["label"].encode() + b"\0")
        except OSError as error:
            raise Failed(f"the label {permissions['label']} cannot be set: {error.strerror}") from error
