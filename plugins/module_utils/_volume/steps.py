# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes: the libvirt calls. Private to this collection."""

from __future__ import annotations

import copy
import functools
import os
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Actual
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._diff import Change
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._field import FIXED, NEXT_BOOT
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._place import append
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._resource import Resource
from ansible_collections.virtops.libvirt.plugins.module_utils._values import Size
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import image, seed
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.content import Image, Seed
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.ignition import Ignition
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.schema import (
    CREATED_ONLY,
    FIELDS,
    FILLED,
    LAYERED,
    WRITABLE,
)
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import printed

# Pools whose volumes are files in one directory.
_FILE_POOLS = ("dir", "fs", "netfs")
_SIZE = Size()


def _capacity(document) -> int:
    return next(field for field in FIELDS if field.name == "capacity").read(document)


class Volume(Resource):
    """One volume of a pool."""

    kind = root = "volume"
    schema = "storagevol"
    fields = FIELDS
    filled = FILLED
    created_only = CREATED_ONLY
    edit_effect = FIXED
    extra = {
        "pool": {"type": "str", "required": True},
        "source": {
            "type": "dict",
            "options": {
                "path": {"type": "path", "required": True},
                "checksum": {"type": "str"},
                "format": {"type": "str"},
            },
        },
        "cloud_init": seed.SPEC,
        "ignition": {"type": "raw"},
    }
    confidential = ("cloud_init", "ignition")

    def __init__(self, conn, options, planned=None):
        self.pool = options["pool"]
        super().__init__(conn, options, planned)
        self._pool_handle = None
        self.content = self._content(options.get("source"), options.get("cloud_init"), options.get("ignition"))
        self.unchecked += self.content.unchecked if self.content else []

    def _content(self, source, cloud_init, ignition):
        given = [name for name in ("source", "cloud_init", "ignition", "backing") if self.options.get(name)]
        if len(given) > 1:
            both = " and ".join(map(repr, given))
            raise Refused(f"{self.subject}: {both} both say what is in it; give one of them")
        if (cloud_init or ignition) and (
            self.options.get("capacity") or self.asked.get("format", "raw") not in ("raw", "iso" if cloud_init else "")
        ):
            what = "a seed" if cloud_init else "an Ignition config"
            raise Refused(
                f"{self.subject}: {what} has a size and a format of its own; take 'capacity' and 'format' out"
            )
        if self.xml is not None and (source or cloud_init or ignition):
            raise Refused(
                f"{self.subject}: 'source', 'cloud_init' and 'ignition' do not go with 'xml'; give the options instead"
                " of it"
            )
        if source:
            return Image(source, self.subject, self._execute)
        if ignition is not None:
            return Ignition(ignition, self.subject)
        return Seed(cloud_init, self.name, self.subject) if cloud_init else None

    @property
    def subject(self):
        return f"volume {self.pool}/{self.name}"

    def _execute(self, command: list[str], **options) -> tuple[int, str, str]:
        """Exit code, output and errors of a command whose words stay as they are; OSError where it is missing."""
        return self.run_command(command, expand_user_and_vars=False, handle_exceptions=False, **options)

    # --- what is there ----------------------------------------------------------------------------------------------

    def _pool(self):
        """libvirt's handle of the pool, None where it is not there."""
        if self._pool_handle is None:
            self._pool_handle = lookup(self.conn.storagePoolLookupByName, self.pool, libvirt.VIR_ERR_NO_STORAGE_POOL)
        return self._pool_handle

    def read(self) -> Actual | None:
        pool = self._pool()
        if pool is None or not pool.isActive():
            self._refuse_without_pool(pool)
            return None
        handle = lookup(pool.storageVolLookupByName, self.name, libvirt.VIR_ERR_NO_STORAGE_VOL)
        return None if handle is None else Actual(handle, handle.XMLDesc(0), active=False)

    def _refuse_without_pool(self, pool) -> None:
        planned = self.planned.get("pool", self.pool)
        if self.state == "absent" or (planned and planned.get("state") == "active"):
            return
        advice = "make it with virtops.libvirt.pool, or correct the name"
        if pool is None and not planned:
            raise Refused(f"{self.subject}: there is no pool {self.pool}; {advice}")
        raise Refused(f"{self.subject}: pool {self.pool} is not active; start it with 'state: active' of its module")

    def _pool_words(self) -> dict:
        """C(type) and C(path) of the pool, also of one that this check-mode run would have made."""
        pool = self._pool()
        if pool is None:
            return self.planned.get("pool", self.pool) or {}
        document = ET.fromstring(pool.XMLDesc(0))  # noqa: S314 (the text is libvirt's own)
        return {"type": document.get("type"), "path": document.findtext("target/path")}

    # --- what is wanted ---------------------------------------------------------------------------------------------

    def skeleton(self):
        element = etree.Element("volume")
        append(element, "name").text = self.name
        # Without it libvirt allocates the whole capacity of a raw volume (formatstorage, "allocation").
        append(element, "allocation").text = "0"
        return element

    def printed(self, document):
        # Whoever reads a file moves its time of access, and so a plan and the run of it would show two different ones.
        document = copy.deepcopy(document)
        if document is not None:
            etree.strip_elements(document, "timestamps", with_tail=False)
        return super().printed(document)

    def prepare(self, actual):
        needs = self._prepare_backing()
        if actual is not None and self.content and self.content.differs(actual.tree.findtext("target/path")):
            self.wanted["capacity"] = self.content.measure()["capacity"]
        if actual is None and self.xml is None:
            self._defaults(needs)
        elif actual is not None and self.wanted.get("format") == "raw":
            # libvirt looks into a raw volume and calls what it finds there by name: iso, for a seed.
            found = actual.tree.find("target/format")
            self.wanted["format"] = "iso" if found is not None and found.get("type") == "iso" else "raw"

    def _prepare_backing(self) -> list:
        """Put path and format in the place of the backing volume's name; [(bytes it needs, its words)]."""
        backing = self.wanted.get("backing")
        if not backing:
            return []
        if "volume" not in backing:
            if "path" not in backing:
                raise Refused(f"{self.subject}: backing names no base; give 'volume' or 'path'")
            about = functools.partial(image.describe, self._execute, backing["path"], self.subject)
            return [(lambda: about()["virtual-size"], "its backing file")]
        name, pool = backing.pop("volume"), backing.pop("pool", self.pool)
        words = self._backing_words(name, pool)
        for key in ("path", "format"):
            backing.setdefault(key, words[key])
        return [(lambda: _SIZE.parse(words["capacity"]), f"its backing volume {pool}/{name}")]

    def _backing_words(self, name: str, pool: str) -> dict:
        words = type(self)(self.conn, {"pool": pool, "name": name}, self.planned).existing()
        if not words:
            advice = "make it with virtops.libvirt.volume, or correct the name"
            raise Refused(f"{self.subject}: its backing volume {pool}/{name} is not there; {advice}")
        return words

    def _defaults(self, needs: list) -> None:
        """Capacity and format of a new volume where the task leaves them to what it is made from."""
        if "backing" in self.wanted:
            self.wanted.setdefault("format", "qcow2")
        if self.content:
            about = self.content.measure()
            self._refuse_content(about["space"])
            self.wanted.setdefault("format", about["format"])
            needs.append((lambda: about["capacity"], f"its {self.content.option}"))
        self._refuse_format(self.wanted.setdefault("format", "raw"))
        for size, what in needs:
            self._at_least(_SIZE.parse(f"{size()} B"), what)
        if "capacity" not in self.wanted:
            raise Refused(f"{self.subject}: a new volume needs a size; give 'capacity', 'source' or 'backing'")

    def _refuse_format(self, volume_format: str) -> None:
        if volume_format not in WRITABLE and not (self.content and self.content.option == "cloud_init"):
            raise Refused(
                f"{self.subject}: QEMU cannot make an image of format {volume_format}; choose {', '.join(WRITABLE)}"
            )
        if "backing" in self.wanted and volume_format not in LAYERED:
            raise Refused(
                f"{self.subject}: the format {volume_format} cannot have a backing volume; choose {', '.join(LAYERED)}"
            )

    def _at_least(self, size: int, what: str) -> None:
        asked = self.wanted.setdefault("capacity", size)
        if asked < size:
            needed = _SIZE.show(size)
            raise Refused(
                f"{self.subject}: capacity {_SIZE.show(asked)} is too small for {what}, which has {needed};"
                f" give at least {needed}"
            )

    def _refuse_content(self, space: int) -> None:
        """Refused where this host cannot write a file into the pool."""
        words = self._pool_words()
        if words.get("type", "dir") not in _FILE_POOLS:
            raise Refused(
                f"{self.subject}: pool {self.pool} is of type {words['type']}, and {self.content.option!r} needs"
                f" one of {', '.join(_FILE_POOLS)}"
            )
        if not self.conn.getURI().partition("://")[2].startswith("/"):
            raise Refused(
                f"{self.subject}: {self.content.option!r} writes a file on libvirt's own host; run the task there"
            )
        free = self._pool().info()[3] if self._pool() is not None else space
        if space > free:
            raise Refused(
                f"{self.subject}: pool {self.pool} has {_SIZE.show(free)} free, and {self.content.option!r} takes"
                f" {_SIZE.show(space)}; make room, or use another pool"
            )

    def words(self, document, actual_state, autostart):
        words = {"pool": self.pool, **super().words(document, actual_state, autostart)}
        path = document.findtext("target/path")
        if path is None:
            directory = self._pool_words().get("path")
            path = os.path.join(directory, self.name) if directory else None
        return {**words, "path": path} if path else words

    # --- steps ------------------------------------------------------------------------------------------------------

    def changes(self, actual, target, edits):
        changes = super().changes(actual, target, edits)
        if actual is None:
            return changes
        before, after = (_capacity(document) for document in (actual.document, target))
        if after < before and self.content is None:
            raise Refused(
                f"{self.subject}: capacity {_SIZE.show(after)} is less than its {_SIZE.show(before)};"
                " shrinking would lose data and is not done"
            )
        return changes

    def more_changes(self, actual):
        if self.content and self.content.differs(actual.tree.findtext("target/path")):
            before, after = self.content.differences(actual.tree.findtext("target/path"))
            return [Change(self.content.option, before, after, NEXT_BOOT)]
        return []

    def effect_off(self, change, actual):
        # What a guest is told at its boot is read when it starts, whatever the state of those that have it now.
        seeds = self.content is not None and change.path == self.content.option
        return NEXT_BOOT if seeds else super().effect_off(change, actual)

    def write_steps(self, actual, target, changes):
        capacity = _capacity(target)
        if actual is None:
            if self.content:
                return [Step(self.content.why, lambda: self._write_content(capacity), self._delete)]
            return [Step(f"create {self.subject}", lambda: self._pool().createXML(printed(target), 0), self._delete)]
        if self.content and any(change.path == self.content.option for change in changes):
            return [Step(self.content.why, lambda: self._write_content(capacity))]
        return [Step(f"grow {self.subject} to {_SIZE.show(capacity)}", lambda: self.handle_now().resize(capacity, 0))]

    def absent_steps(self, actual):
        return [Step(f"delete {self.subject}", self._delete)]

    def _delete(self) -> None:
        self.handle_now().delete(0)

    def _write_content(self, capacity: int) -> None:
        directory = self._pool_words().get("path")
        if directory is None:
            raise Failed(f"pool {self.pool} is gone")
        volume_format, path = self.wanted.get("format", "raw"), os.path.join(directory, self.name)

        def write(part: str, lock: int) -> None:
            self.content.write(part, volume_format, capacity, lock)

        image.put(path, write, replace=self.content.option != "source")
        self._pool().refresh(0)
