# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes: the libvirt calls, and the files that become volumes. Private to this collection."""

from __future__ import annotations

import os

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._diff import Change
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._resource import Actual, Resource
from ansible_collections.virtops.libvirt.plugins.module_utils._values import NAME, Size
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import image, seed
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.schema import FIELDS, FILLED
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import append, parse, printed

# Pools whose volumes are files in one directory.
_FILE_POOLS = ("dir", "fs", "netfs")


class Volume(Resource):
    """One volume of a pool."""

    kind = root = "volume"
    schema = "storagevol"
    fields = FIELDS
    filled = FILLED
    extra = {
        "pool": {"type": "str", "required": True},
        "source": {
            "type": "dict",
            "options": {"path": {"type": "path", "required": True}, "checksum": {"type": "str"}, "format": {"type": "str"}},
        },
        "cloud_init": {
            "type": "dict",
            "options": {
                "user_data": {"type": "raw"},
                "meta_data": {"type": "raw"},
                "network_config": {"type": "raw"},
            },
        },
    }

    def __init__(self, conn, options, planned=None):
        self.pool = NAME.parse(options["pool"])
        super().__init__(conn, options, planned)
        self.handle = lookup(conn.storagePoolLookupByName, self.pool, libvirt.VIR_ERR_NO_STORAGE_POOL)
        self.source = options.get("source")
        self.seed = seed.files(options["cloud_init"], self.name) if options.get("cloud_init") else None
        if self.source and self.seed:
            raise Refused(f"{self.subject}: 'source' and 'cloud_init' both say what is in it; give one of them")

    @property
    def subject(self):
        return f"volume {self.pool}/{self.name}"

    # --- what is there ----------------------------------------------------------------------------------------------

    def read(self) -> Actual | None:
        if self.handle is None:
            self.handle = lookup(self.conn.storagePoolLookupByName, self.pool, libvirt.VIR_ERR_NO_STORAGE_POOL)
        if self.handle is None or not self.handle.isActive():
            return self._without_pool()
        handle = lookup(self.handle.storageVolLookupByName, self.name, libvirt.VIR_ERR_NO_STORAGE_VOL)
        if handle is None:
            return None
        return Actual(handle, parse(handle.XMLDesc(0)), active=False)

    def _without_pool(self) -> None:
        planned = self.planned.get("pool", self.pool)
        if self.state == "absent" or (planned and planned.get("state") == "active"):
            return
        if self.handle is None and not planned:
            raise Refused(f"{self.subject}: there is no pool {self.pool}; make it with virtops.libvirt.pool, or correct the name")
        raise Refused(f"{self.subject}: pool {self.pool} is not active; start it with virtops.libvirt.pool and 'state: active'")

    def pool_document(self):
        """The document of the pool, None where an earlier task of this check-mode run would have made it."""
        return parse(self.handle.XMLDesc(0)) if self.handle is not None else None

    # --- what is wanted ---------------------------------------------------------------------------------------------

    def skeleton(self):
        element = etree.Element("volume")
        append(element, "name").text = self.name
        return element

    def prepare(self, actual):
        backing = self.wanted.get("backing")
        if backing and "volume" in backing:
            found = self._backing_words(backing.pop("volume"), backing.pop("pool", self.pool))
            self.wanted["backing"] = {"path": found["path"], "format": found["format"], **backing}
            self.backing_capacity = Size().parse(found["capacity"])
        if actual is not None or self.xml is not None:
            return
        self._defaults()

    def _backing_words(self, name: str, pool: str) -> dict:
        """C(path), C(format) and C(capacity) of the volume that this one is a clone of."""
        planned = self.planned.get("volume", name, pool)
        if planned:
            return planned
        owner = lookup(self.conn.storagePoolLookupByName, pool, libvirt.VIR_ERR_NO_STORAGE_POOL)
        handle = lookup(owner.storageVolLookupByName, name, libvirt.VIR_ERR_NO_STORAGE_VOL) if owner else None
        if handle is None:
            raise Refused(
                f"{self.subject}: its backing volume {pool}/{name} is not there; make it with virtops.libvirt.volume, or correct the name"
            )
        document = parse(handle.XMLDesc(0))
        return {**self.words(document, "", None), "path": document.findtext("target/path")}

    def _defaults(self) -> None:
        """Capacity and format of a new volume where the task leaves them to its source."""
        if self.seed:
            seed.need_library(self.subject)
            self.wanted.setdefault("format", "raw")
            self.wanted["capacity"] = seed.size(self.seed)
        if self.source:
            about = self._source()
            self.wanted.setdefault("format", self.source.get("format") or about["format"])
            self._at_least(about["virtual-size"], f"its source {self.source['path']}")
        if "backing" in self.wanted:
            self.wanted.setdefault("format", "qcow2")
            if getattr(self, "backing_capacity", None) is None:
                self.backing_capacity = image.describe(self.wanted["backing"]["path"], self.subject)["virtual-size"]
            self._at_least(self.backing_capacity, "its backing volume")
        self.wanted.setdefault("format", "raw")
        if "capacity" not in self.wanted:
            raise Refused(f"{self.subject}: a new volume needs a size; give 'capacity', 'source' or 'backing'")

    def _at_least(self, size: int, what: str) -> None:
        size = Size().parse(f"{size} B")
        if self.wanted.setdefault("capacity", size) < size:
            asked, needed = Size().show(self.wanted["capacity"]), Size().show(size)
            raise Refused(f"{self.subject}: capacity {asked} is too small for {what}, which has {needed}; give at least {needed}")

    def _source(self) -> dict:
        path = self.source["path"]
        if not os.path.isfile(path):
            raise Refused(f"{self.subject}: its source {path} is not a file on this host; correct the path")
        if self.source.get("checksum"):
            image.verify(path, self.source["checksum"], self.subject)
        return image.describe(path, self.subject)

    def check(self, actual, target):
        if actual is not None:
            return
        document = self.pool_document()
        written = bool(self.source or self.seed)
        if written and document is not None and document.get("type") not in _FILE_POOLS:
            raise Refused(
                f"{self.subject}: pool {self.pool} is of type {document.get('type')};"
                f" 'source' and 'cloud_init' need one of {', '.join(_FILE_POOLS)}"
            )
        if written and "://" in self.conn.getURI().replace(":///", ""):
            raise Refused(f"{self.subject}: 'source' and 'cloud_init' write files on the host of libvirt; run the task there")
        if self.source and document is not None:
            needed, free = os.stat(self.source["path"]).st_blocks * 512, self.handle.info()[3]
            if needed > free:
                raise Refused(
                    f"{self.subject}: pool {self.pool} has {Size().show(free)} free, and the source takes {Size().show(needed)};"
                    " make room, or use another pool"
                )

    def words(self, document, actual_state, autostart):
        words = super().words(document, actual_state, autostart)
        return {"pool": self.pool, **words, **self._path_words(document)}

    def _path_words(self, document) -> dict:
        path = document.findtext("target/path")
        if path is None:
            pool = self.pool_document()
            directory = pool.findtext("target/path") if pool is not None else (self.planned.get("pool", self.pool) or {}).get("path")
            path = os.path.join(directory, self.name) if directory else None
        return {"path": path} if path else {}

    # --- steps ------------------------------------------------------------------------------------------------------

    def _changes(self, actual, target, edits):
        changes = super()._changes(actual, target, edits)
        before = Size().read(actual.document.findtext("capacity")) if actual else 0
        after = self.wanted.get("capacity", before)
        if actual and after < before:
            raise Refused(
                f"{self.subject}: capacity {Size().show(after)} is less than its {Size().show(before)}; shrinking loses data and is not done"
            )
        if actual and self.seed and self._seed_differs(actual):
            changes.append(Change("cloud_init", "another seed", "the seed of this task", "next_boot"))
        return changes

    def _seed_differs(self, actual) -> bool:
        return seed.digest_of(actual.document.findtext("target/path")) != seed.digest(self.seed)

    def write_steps(self, actual, target, changes):
        steps = []
        if actual is None:
            if self.source:
                steps.append(Step(f"import {self.source['path']} as {self.subject}", lambda: self._import(target), self._delete))
            elif not self.seed:
                text = printed(target)
                steps.append(Step(f"create {self.subject}", lambda: self._pool().createXML(text, 0), self._delete))
        elif any(change.path == "capacity" for change in changes):
            size = self.wanted["capacity"]
            steps.append(Step(f"grow {self.subject} to {Size().show(size)}", lambda: self.read().handle.resize(size, 0)))
        if self.seed and (actual is None or any(change.path == "cloud_init" for change in changes)):
            steps.append(Step(f"write the cloud-init seed {self.subject}", self._write_seed, self._delete if actual is None else None))
        return steps

    def absent_steps(self, actual):
        return [Step(f"delete {self.subject}", self._delete)]

    def _pool(self):
        if self.handle is None:
            raise Failed(f"pool {self.pool} is gone")
        return self.handle

    def _delete(self) -> None:
        self.read().handle.delete(0)

    def _put(self, write) -> None:
        path = os.path.join(parse(self._pool().XMLDesc(0)).findtext("target/path"), self.name)
        image.put(path, write)
        self._pool().refresh(0)

    def _write_seed(self) -> None:
        self._put(lambda path: seed.write(path, self.seed, self.subject))

    def _import(self, target) -> None:
        about = image.describe(self.source["path"], self.subject)
        source_format = self.source.get("format") or about["format"]
        self._put(
            lambda path: image.convert(
                self.source["path"], source_format, path, self.wanted["format"], self.wanted["capacity"]
            )
        )
