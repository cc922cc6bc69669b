# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage pools: the libvirt calls. Private to this collection."""

from __future__ import annotations

import copy

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._diff import Change
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, libvirt_words
from ansible_collections.virtops.libvirt.plugins.module_utils._field import NEXT_BOOT, read
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._place import append
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._pool import host
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.kinds import KINDS, kind_of
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.schema import (
    CREATED_ONLY,
    FIELDS,
    FILLED,
    PATH,
    PERMISSIONS,
    SOURCE,
)
from ansible_collections.virtops.libvirt.plugins.module_utils._switched import SwitchedResource
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.refresh import refresh


class Pool(SwitchedResource):
    """One storage pool."""

    kind = root = "pool"
    schema = "storagepool"
    fields = FIELDS
    filled = FILLED
    created_only = CREATED_ONLY
    extra = {
        **SwitchedResource.extra,
        "build": {"type": "str", "choices": ["never", "missing", "overwrite"], "default": "never"},
        "refresh": {"type": "bool", "default": False},
        "remove_target": {"type": "bool", "default": False},
    }

    def __init__(self, conn, options, planned=None):
        super().__init__(conn, options, planned)
        # What is different about the directory itself, and the document that is about to be defined.
        self._drift: list[Change] = []
        self._target = None

    def _parsed(self, text):
        document = super()._parsed(text)
        if document is not None and not self.options.get("name") and document.find("name") is None:
            source = document.findtext("source/name") if kind_of(document).names else None
            if source:
                # libvirt calls the pool by it, too.
                append(document, "name").text = source
        return document

    # --- what is there ----------------------------------------------------------------------------------------------

    def find(self):
        return lookup(self.conn.storagePoolLookupByName, self.name, libvirt.VIR_ERR_NO_STORAGE_POOL)

    def texts(self, handle, active):
        return handle.XMLDesc(libvirt.VIR_STORAGE_XML_INACTIVE), handle.XMLDesc(0) if active else ""

    @classmethod
    def told_beside(cls, conn, names, _params, _planned):
        figures = {}
        for handle in conn.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE):
            if handle.name() in names:
                figures[handle.name()] = dict(zip(("capacity", "allocation", "available"), handle.info()[1:]))
        return {"figures": figures}

    def devices(self, document) -> list:
        """The devices of the source."""
        found = (SOURCE.read(document) or {}).get("devices", ())
        return [host.Device(self.planned.execute, device["path"]) for device in found]

    def printed(self, document):
        # How full a pool is changes while others write, and so a plan and the run of it would show two figures.
        document = copy.deepcopy(document)
        if document is not None:
            etree.strip_elements(document, "capacity", "allocation", "available", with_tail=False)
        return super().printed(document)

    def words(self, document, actual_state, autostart):
        words = super().words(document, actual_state, autostart)
        if "permissions" not in kind_of(document).more:
            # Those of what is mounted there.
            words.pop("permissions", None)
        return words

    # --- what is wanted ---------------------------------------------------------------------------------------------

    def plan(self):
        self._target, self._drift, self.unchecked = None, [], []
        plan = super().plan()
        told = {change.path for change in (*plan.pending, *plan.changes)}
        plan.pending += [change for change in self._drift if change.path not in told]
        plan.unchecked = list(self.unchecked)
        return plan

    def skeleton(self):
        element = super().skeleton()
        element.set("type", self.wanted["type"])
        return element

    def prepare(self, actual):
        if self.options.get("refresh") and actual is not None and self._stays_active(actual):
            from ansible_collections.virtops.libvirt.plugins.module_utils._pool.checks import check_refresh

            check_refresh(self, actual)
        if self.xml is not None:
            return
        kind = KINDS[self.wanted.setdefault("type", "dir")] if actual is None else kind_of(actual.tree)
        # As libvirt does; its own schema wants to read it for some kinds.
        if kind.names and actual is None:
            self.wanted["source"] = {"name": self.name, **self.wanted.get("source", {})}
        name = self.wanted.get("source", {}).get("name")
        if kind.target not in ("", "given") and name:
            self.wanted.setdefault("path", kind.target.format(name))

    def adapt(self, wanted, base, actual):
        from ansible_collections.virtops.libvirt.plugins.module_utils._pool.document import settle

        settle(wanted, base)

    def check(self, actual, target):
        from ansible_collections.virtops.libvirt.plugins.module_utils._pool import checks

        checks.check(self, actual, target)
        if self._starts(actual):
            checks.check_start(self, target, self._device_step(actual, target) is not None)
        elif actual is None:
            self._device_step(actual, target)
        if self.state == "inactive" and actual is not None:
            checks.check_stop(self, actual)

    def finish(self, target):
        self._target = target

    def more_changes(self, actual):
        """What differs about the directory, as far as it can be put right: libvirt builds no active pool."""
        self._drift = self._permissions(actual)
        return [] if self._stays_active(actual) else self._drift

    def _permissions(self, actual) -> list[Change]:
        if "permissions" not in kind_of(actual.tree).more or not is_local(self.conn):
            return []
        wanted = self.wanted if self.xml is None else read((PATH, PERMISSIONS), self.declared())
        path = actual.tree.findtext("target/path")
        # Of a directory that is about to be another one, the definition says all.
        found = host.permissions(path) if wanted.get("path", path) == path else None
        return [
            Change(f"permissions.{name}", found[name], value, NEXT_BOOT)
            for name, value in wanted.get("permissions", {}).items()
            # Whoever writes -1 leaves it to libvirt (virStorageDefParsePerms).
            if found is not None and found.get(name, value) != value and value != -1
        ]

    def changes(self, actual, target, edits):
        found = super().changes(actual, target, edits)
        # The definition may differ in the same place; that is told once, as the definition has it.
        paths = [change.path for change in found]
        return [change for number, change in enumerate(found) if change.path not in paths[:number]]

    def _starts(self, actual) -> bool:
        return self.state == "active" and not (actual is not None and actual.active)

    def _stays_active(self, actual) -> bool:
        return actual.active and self.state != "inactive"

    # --- steps ------------------------------------------------------------------------------------------------------

    def start(self):
        self.find().create(0)

    def define(self, text, new=False):
        flags = 0
        if new and hasattr(libvirt, "VIR_STORAGE_POOL_DEFINE_VALIDATE"):
            from ansible_collections.virtops.libvirt.plugins.module_utils._schema import left_to_libvirt

            flags = left_to_libvirt(self.conn, self.schema, libvirt.VIR_STORAGE_POOL_DEFINE_VALIDATE)
        return self.conn.storagePoolDefineXML(text, flags)

    def write_steps(self, actual, target, changes):
        defined = [change for change in changes if change not in self._drift]
        return super().write_steps(actual, target, defined) if defined or actual is None else []

    def first_steps(self, target):
        from ansible_collections.virtops.libvirt.plugins.module_utils._pool.build import directory_step

        steps = [directory_step(self, target, False)] if kind_of(target).directory else []
        device = self._device_step(None, target)
        return steps + ([device] if device else [])

    def _device_step(self, actual, target):
        if (self.options.get("build") or "never") == "never":
            return None
        from ansible_collections.virtops.libvirt.plugins.module_utils._pool.build import device_step

        return device_step(self, target, actual is None)

    def state_steps(self, actual):
        steps = super().state_steps(actual)
        if actual is None or self._stays_active(actual):
            return steps
        # Between a stop and a start, since libvirt builds no active pool.
        at = 0 if self._starts(actual) else len(steps)
        return steps[:at] + self._rebuilding(actual) + steps[at:]

    def _rebuilding(self, actual) -> list[Step]:
        """Steps that build what an existing pool lacks."""
        target = actual.tree if self._target is None else self._target
        kind, steps = kind_of(target), []
        if kind.directory:
            from ansible_collections.virtops.libvirt.plugins.module_utils._pool.build import directory_step

            path = target.findtext("target/path")
            moved = path != actual.tree.findtext("target/path")
            if self._drift and not moved:
                steps.append(directory_step(self, target, True))
            elif moved or (self._starts(actual) and is_local(self.conn) and host.permissions(path) is None):
                steps.append(directory_step(self, target, False))
        device = self._device_step(actual, target) if self._starts(actual) else None
        return steps + ([device] if device else [])

    def ready(self):
        """Look again at what is in it, if the task asks for it: libvirt learns of files that others brought."""
        handle = self.find() if self.options.get("refresh") and self.state != "absent" else None
        if handle is not None and handle.isActive():
            try:
                refresh(handle)
            except libvirt.libvirtError as error:
                raise Failed(
                    f"{self.subject}: what is in it could not be read again, and libvirt may have stopped it for"
                    f" that; {libvirt_words(error)}"
                ) from error
        return {}

    # --- removal ----------------------------------------------------------------------------------------------------

    def check_absent(self, actual):
        if actual is not None:
            from ansible_collections.virtops.libvirt.plugins.module_utils._pool.checks import check_removal

            check_removal(self, actual)

    def absent_steps(self, actual):
        steps = super().absent_steps(actual)
        if self.options.get("remove_target"):
            from ansible_collections.virtops.libvirt.plugins.module_utils._pool.build import removal_step

            # libvirt deletes no active pool, and none that it does not know any more: a transient one is kept for it.
            steps.insert(1 if actual.active else 0, removal_step(self, actual))
            if not actual.persistent:
                text = actual.text
                define = Step(f"define {self.subject}, to keep it until then", lambda: self.define(text))
                steps = [define, *steps, Step(f"undefine {self.subject}", self.undefine)]
        return steps
