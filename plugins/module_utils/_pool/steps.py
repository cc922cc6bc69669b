# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage pools: the libvirt calls. Private to this collection."""

from __future__ import annotations

import copy

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.schema import CREATED_ONLY, FIELDS, FILLED
from ansible_collections.virtops.libvirt.plugins.module_utils._switched import SwitchedResource

# Building these makes a directory; building the others would format a device.
_BUILT = ("dir", "netfs")
# libvirt refuses two of these with one path ("Storage source conflict").
_FILES = ("dir", "fs", "netfs")


class Pool(SwitchedResource):
    """One storage pool."""

    kind = root = "pool"
    schema = "storagepool"
    fields = FIELDS
    filled = FILLED
    created_only = CREATED_ONLY
    extra = {**SwitchedResource.extra, "remove_target": {"type": "bool", "default": False}}

    def printed(self, document):
        # How full a pool is changes while others write, and so a plan and the run of it would show two figures.
        document = copy.deepcopy(document)
        if document is not None:
            etree.strip_elements(document, "capacity", "allocation", "available", with_tail=False)
        return super().printed(document)

    def find(self):
        return lookup(self.conn.storagePoolLookupByName, self.name, libvirt.VIR_ERR_NO_STORAGE_POOL)

    def texts(self, handle, active):
        return handle.XMLDesc(libvirt.VIR_STORAGE_XML_INACTIVE), handle.XMLDesc(0) if active else ""

    def start(self):
        self.find().create(0)

    def define(self, text, new=False):
        flags = getattr(libvirt, "VIR_STORAGE_POOL_DEFINE_VALIDATE", 0) if new else 0
        return self.conn.storagePoolDefineXML(text, flags)

    def skeleton(self):
        element = super().skeleton()
        element.set("type", self.wanted.get("type", "dir"))
        return element

    def check(self, actual, target):
        path = target.findtext("target/path")
        if target.get("type") == "dir" and not path:
            raise Refused(f"{self.subject}: a pool of type dir needs its directory; give 'path'")
        if path and (not path.startswith("/") or ".." in path.split("/")) and target.get("type") in _BUILT:
            raise Refused(f"{self.subject}: path {path!r} must be absolute and without '..'")
        if path and target.get("type") in _FILES and (actual is None or path != actual.tree.findtext("target/path")):
            self._refuse_shared(path)

    def _refuse_shared(self, path: str) -> None:
        for other in self.conn.listAllStoragePools(0):
            if other.name() == self.name:
                continue
            if f"<path>{path}</path>" in other.XMLDesc(0):
                raise Refused(f"{self.subject}: path {path} is that of pool {other.name()} already; choose another one")

    def first_steps(self, target):
        if target.get("type") not in _BUILT:
            return []
        return [Step(f"make the directory {target.findtext('target/path')}", lambda: self.find().build(0))]

    def absent_steps(self, actual):
        steps = super().absent_steps(actual)
        if self.options.get("remove_target") and actual.tree.get("type") in _BUILT:
            # libvirt's delete is an rmdir: it refuses a directory that still holds something.
            path = actual.tree.findtext("target/path")
            at = 1 if actual.active else 0
            steps.insert(
                at,
                Step(f"remove the empty directory {path}", lambda: self.find().delete(0), lambda: self.find().build(0)),
            )
        return steps
