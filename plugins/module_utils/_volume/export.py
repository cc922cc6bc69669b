# SPDX-License-Identifier: GPL-3.0-or-later
"""A volume's content as a file on the host that runs the task. Private to this collection.

The file has the time of the volume's last change as its own, as C(cp --preserve) would give it: by that, its format and
its size it is known to be of the volume as it is, so that a task with nothing to do reads no content.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from typing import Any
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Actual
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local, is_no_directory, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._field import Field, Group, parse, write
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._resource import Resource
from ansible_collections.virtops.libvirt.plugins.module_utils._values import MODE, NUMBER, Size
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import image, places, streams, users
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.origin import vanishing
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import parse as parse_xml
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import printed

FORMATS = ("raw", "qcow2", "qcow", "vmdk", "vdi", "vpc", "qed")
# What an encrypted raw volume is called by qemu-img, which looks into it.
_LUKS = "luks"
# By itself qemu-img rounds the size of such an image to what a disk of 1983 could have.
_CREATION = {"vpc": ["force_size=on"]}
# Parts of a second that all file systems worth a backup keep (SMB and NTFS: 100 ns).
_TICK = 100
# What nobody knows before an earlier task of a check-mode run is done for real.
_LATER = "when the volume is made"
_SIZE = Size()
FIELDS = (
    Field("path", "path", required=True),
    Field("format", "format", choices=FORMATS),
    Group(
        "permissions",
        "permissions",
        (Field("mode", "mode", MODE), Field("owner", "owner", NUMBER), Field("group", "group", NUMBER)),
    ),
)
# What follows from the volume, and is no option.
FOLLOWING = (Field("capacity", "capacity", _SIZE), Field("written", "written"))


class Export(Resource):
    """One file with the content of a volume."""

    kind = root = "export"
    states = ("present",)
    fields = (*FIELDS, *FOLLOWING)
    extra = {
        "pool": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "compress": {"type": "bool", "default": False},
        "replace": {"type": "bool", "default": False},
    }

    def __init__(self, conn, options, planned=None):
        super().__init__(conn, options, planned)
        self.volume = Volume(conn, {"pool": options["pool"], "name": options["name"]}, self.planned)
        self._of: Any = None
        self._writes = True
        if options.get("compress") and options.get("format") not in (None, "qcow2"):
            raise Refused(f"{self.subject}: 'compress' is of the format qcow2; take it out, or choose that format")

    @classmethod
    def argument_spec(cls):
        options = {field.name: field.spec() for field in FIELDS}
        options["path"] = {"type": "path", "required": True}
        return {**options, **cls.extra}

    def _name(self):
        path = self.options["path"]
        if not os.path.isabs(path) or os.path.normpath(path) != path or path == "/" or not path.isprintable():
            raise Refused(f"export {path!r}: path is not an absolute path of a file, without '..' and '/' at its end")
        return path

    # --- what is there ----------------------------------------------------------------------------------------------

    def plan(self):
        self._of, self._writes = None, True
        return super().plan()

    @property
    def source(self) -> Actual:
        """The volume, which must be there."""
        if self._of is None:
            self._of = self.volume.actual()
        if self._of is None:
            raise Refused(
                f"{self.subject}: {self.volume.subject} is not there; make it with virtops.libvirt.volume, or correct"
                " the name"
            )
        return self._of

    @property
    def encrypted(self) -> bool:
        return self.source.tree.find("target/encryption") is not None

    def _source_format(self) -> str:
        """The volume's format, as qemu-img calls it."""
        found = self.volume.format_of(self.source.tree)
        if self.encrypted and found in ("raw", _LUKS):
            return _LUKS
        return "raw" if found == "iso" else found

    def _format(self) -> str:
        """The format that the file gets."""
        if self.options.get("compress"):
            return "qcow2"
        found = self._source_format()
        return self.options.get("format") or (found if found in (*FORMATS, _LUKS) else "raw")

    def actual(self) -> Actual | None:
        words = self.planned.get(self.kind, self.name, self.options["pool"])
        if words is None:
            return self.read()
        document = etree.Element(self.root)
        write(self.fields, document, parse(self.fields, {**words, "written": self._written()}))
        return Actual(None, printed(document), active=False)

    def read(self) -> Actual | None:
        try:
            status = os.lstat(self.name)
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"{self.subject}: it is there and no plain file; give the path of a file")
        about = self._described()
        told = {
            "path": self.name,
            "format": about["format"],
            "capacity": str(about["virtual-size"]),
            "written": _shown(status.st_mtime_ns),
        }
        document = ET.Element(self.root)
        for name, text in told.items():
            ET.SubElement(document, name).text = text
        permissions = ET.SubElement(document, "permissions")
        mode = f"{stat.S_IMODE(status.st_mode):04o}"
        for name, text in (("mode", mode), ("owner", str(status.st_uid)), ("group", str(status.st_gid))):
            ET.SubElement(permissions, name).text = text
        return Actual(None, ET.tostring(document, encoding="unicode"), active=False)

    def _described(self) -> dict:
        """What the file is: what the task wants, where that fits, else what it looks like.

        What a guest wrote at the start of a raw disk may look like any format.
        """
        with contextlib.suppress(Refused):
            about = image.describe(self.volume.planned.execute, self.name, self.subject, self._format())
            if _SIZE.read(str(about["virtual-size"])) == self.volume.capacity_of(self.source.tree):
                return about
        return image.describe(self.volume.planned.execute, self.name, self.subject)

    # --- what is wanted ---------------------------------------------------------------------------------------------

    def skeleton(self):
        return parse_xml(f"<{self.root}/>")

    def printed(self, document):
        # The document is our own, and says what the options say.
        return ""

    def prepare(self, actual):
        # A directory in a pool of files is a volume, too.
        if not self.volume.in_files() or self.source.tree.get("type", "file") != "file":
            raise Refused(
                f"{self.subject}: {self.volume.subject} is no file, and libvirt does not tell when it was written last,"
                " by which an export is compared; export it by other means"
            )
        self.wanted.update(format=self._format(), capacity=self.volume.capacity_of(self.source.tree))
        if actual is not None:
            self.wanted["written"] = self._written()

    def _written(self) -> str:
        """When the volume was written last, in words."""
        if self.planned.get("volume", self.volume.name, self.volume.pool) is not None:
            self.unchecked = ["written"]
            return _LATER
        return _shown(_nanoseconds(self.source.tree))

    def words(self, document, actual_state, autostart):
        return {"pool": self.volume.pool, "name": self.volume.name, **super().words(document, actual_state, autostart)}

    # --- changes ----------------------------------------------------------------------------------------------------

    def changes(self, actual, target, edits):
        changes = super().changes(actual, target, edits)
        if actual is None:
            return changes
        other = [change.path for change in changes if not change.path.startswith("permissions")]
        self._writes = bool(other)
        if other and not self.options.get("replace"):
            raise Refused(
                f"{self.subject}: it is there and not of {self.volume.subject} as that is now ({', '.join(other)});"
                " set 'replace: true' to put the volume's content in its place, or give another path"
            )
        return changes

    def check(self, actual, target):
        if not self._writes:
            return
        self.volume.refuse_running(f"{self.subject}: {self.volume.subject}", "exported")
        if self.encrypted and (self._format() != self._source_format() or self.options.get("compress")):
            raise Refused(
                f"{self.subject}: {self.volume.subject} is encrypted and is exported as it lies, as"
                f" {self._source_format()}; take 'format' and 'compress' out"
            )
        self._check_base()
        self._check_place()

    def _check_base(self) -> None:
        base = self.source.tree.findtext("backingStore/path")
        if base and (self.encrypted or not self._readable()):
            raise Refused(
                f"{self.subject}: {self.volume.subject} is built on {base}, which cannot be read with it;"
                " take the base into it first ('backing: {}' of virtops.libvirt.volume), or run the task on libvirt's"
                " own host, as root"
            )

    def _check_place(self) -> None:
        directory = os.path.dirname(self.name)
        if is_no_directory(directory):
            raise Refused(f"{self.subject}: there is no directory {directory}; make it, or correct the path")
        if not os.access(directory, os.W_OK):
            raise Refused(f"{self.subject}: this user may not write into {directory}; set 'become: true'")
        if is_local(self.conn):
            real = os.path.join(os.path.realpath(directory), os.path.basename(self.name))
            self._check_others(*{self.name: 0, real: 0})
        if self._as_it_lies():
            needed, free = int(self.source.tree.findtext("allocation") or 0), os.statvfs(directory)
            if needed > free.f_bavail * free.f_frsize:
                raise Refused(
                    f"{self.subject}: {directory} has {_SIZE.show(free.f_bavail * free.f_frsize)} free, and"
                    f" {self.volume.subject} takes {_SIZE.show(needed)}; make room, or give another path"
                )

    def _check_others(self, *paths: str) -> None:
        """Refused where one of the paths, which all lead to the file, is a disk of its own right."""
        for path in paths:
            other = lookup(self.conn.storageVolLookupByPath, path, libvirt.VIR_ERR_NO_STORAGE_VOL)
            if other is not None:
                raise Refused(
                    f"{self.subject}: it is volume {other.storagePoolLookupByVolume().name()}/{other.name()};"
                    " give a path that no volume has, or copy with 'source' of virtops.libvirt.volume"
                )
            pool = lookup(
                self.conn.storagePoolLookupByTargetPath, os.path.dirname(path), libvirt.VIR_ERR_NO_STORAGE_POOL
            )
            if pool is not None and os.path.lexists(path):
                raise Refused(
                    f"{self.subject}: it is a file of pool {pool.name()}, of which libvirt does not know yet; give"
                    " another path"
                )
            guest = next(iter(users.disks_on(self.conn, self.planned, path, "", "")), None)
            if guest:
                raise Refused(f"{self.subject}: domain {guest.name} runs on it; give another path")

    def _readable(self) -> bool:
        """Whether this process can read the volume's file itself."""
        path = self.source.tree.findtext("target/path") or ""
        return is_local(self.conn) and (self.source.handle is None or os.access(path, os.R_OK))

    def _as_it_lies(self) -> bool:
        """Whether the file becomes the same as that of the volume, with all that is in the image beside its content."""
        base = self.source.tree.findtext("backingStore/path")
        return self._format() == self._source_format() and not base and not self.options.get("compress")

    # --- steps ------------------------------------------------------------------------------------------------------

    def write_steps(self, actual, target, changes):
        permissions = next(field for field in FIELDS if field.name == "permissions").read(target) or {}
        if not self._writes:
            why = f"set the permissions of {self.name}"
            return [Step(why, lambda: places.permit(self.name, self.wanted["permissions"]))]
        why = f"write {self.volume.subject} into {self.name} as {self._format()}"
        return [Step(why, lambda: self._write(permissions))]

    def _write(self, permissions: dict) -> None:
        self._of = None
        before = _nanoseconds(self.source.tree)

        def make(part: str, lock: int) -> None:
            # Nobody else may read what is in it, before its permissions are what they shall be.
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            self._fill(part, lock)
            self._of = None
            if _nanoseconds(self.source.tree) != before:
                raise Failed(f"{self.volume.subject} was written into meanwhile; run the task again when nobody does")
            places.permit(part, permissions)
            os.utime(part, ns=(before, before))
            if os.stat(part).st_mtime_ns // _TICK * _TICK != before:
                raise Failed(
                    "its file system does not keep the time of a file exactly, by which an export is known; give a path"
                    " on another one"
                )

        image.put(self.name, make, replace=bool(self.options.get("replace")))

    def _fill(self, part: str, lock: int) -> None:
        execute, found, wanted = self.volume.planned.execute, self._source_format(), self._format()
        # What an interrupted run downloaded is gone before and after.
        with vanishing(part + ".download") as downloaded:
            path = self._brought(downloaded)
            other = image.leans_on(image.describe(execute, path, self.subject, found, self.volume.subject))
            if other and path == downloaded:
                raise Failed(f"{self.volume.subject} leans on the file {other}, which did not come with it")
            if not self._as_it_lies() or other:
                options = {"options": _CREATION.get(wanted), "compress": self.options.get("compress")}
                image.convert(execute, path, found, part, {"format": wanted, **options}, lock)
            elif path == downloaded:
                os.rename(path, part)
            else:
                image.convert(execute, path, "raw", part, {"format": "raw"}, lock)

    def _brought(self, downloaded: str) -> str:
        """The path of a file with the volume's image: its own, or one that is made for it."""
        if self._readable():
            return self.source.tree.findtext("target/path")
        streams.download(self.conn, self.source.handle, downloaded)
        return downloaded


def _nanoseconds(tree) -> int:
    """When the volume was written last, as exactly as any file system keeps it."""
    whole, _point, part = (tree.findtext("target/timestamps/mtime") or "0").partition(".")
    return (int(whole) * 10**9 + int(f"{part:0<9}"[:9])) // _TICK * _TICK


def _shown(nanoseconds: int) -> str:
    """A time in words, in UTC."""
    whole, part = divmod(nanoseconds, 10**9)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{part // _TICK:07d}Z"
