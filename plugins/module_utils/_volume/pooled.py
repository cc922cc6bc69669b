# SPDX-License-Identifier: GPL-3.0-or-later
"""The pool that a volume is in, as it is by then. Private to this collection."""

from __future__ import annotations

import functools
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._resource import Resource
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.schema import FILE_POOLS


class InPool(Resource):
    """What is in a pool: one that libvirt has, or one that earlier tasks of a check-mode run would have left."""

    def __init__(self, conn, options, planned=None):
        self.pool = options["pool"]
        self._pool_handle = None
        super().__init__(conn, options, planned)

    def forget(self):
        super().forget()
        self._pool_handle = None
        self.__dict__.pop("_pool_words", None)

    def pool_handle(self):
        """libvirt's handle of the pool, None where it is not there, or would not be by now in a check-mode run."""
        if self.planned.removes("pool", self.pool):
            return None
        if self._pool_handle is None:
            find = functools.partial(
                lookup, self.conn.storagePoolLookupByName, self.pool, libvirt.VIR_ERR_NO_STORAGE_POOL
            )
            self._pool_handle = self.planned.once(f"pool {self.pool}", find) if self.planned.many else find()
        return self._pool_handle

    def _listed(self) -> dict | None:
        """All volumes of the pool by name, looked at together where many are planned; else, or if it is off, None."""

        def ask() -> dict | None:
            pool = self.pool_handle()
            return {handle.name(): handle for handle in pool.listAllVolumes(0)} if self._is_active(pool) else None

        return self.planned.once(f"volumes of {self.pool}", ask) if self.planned.many else None

    def _is_active(self, pool) -> bool:
        """Whether libvirt tells the volumes of a pool, and would do so by now in a check-mode run."""
        planned = (self.planned.get("pool", self.pool) or {}).get("state", "active")
        return pool is not None and planned == "active" and bool(pool.isActive())

    def _will_be_active(self) -> bool:
        return (self.planned.get("pool", self.pool) or {}).get("state") == "active"

    def _refuse_without_pool(self, pool) -> None:
        if self.state == "absent" or self._will_be_active():
            return
        advice = "make it with virtops.libvirt.pool, or correct the name"
        if pool is None and not self.planned.get("pool", self.pool):
            raise Refused(f"{self.subject}: there is no pool {self.pool}; {advice}")
        self._refuse_inactive()

    def _refuse_inactive(self):
        raise Refused(f"{self.subject}: pool {self.pool} is not active; start it with 'state: active' of its module")

    def directory(self) -> str:
        """Where its pool has its files, C("") where it has none, or none that can be seen here."""
        return (self.pool_words().get("path") or "") if self.in_files() and is_local(self.conn) else ""

    @functools.cached_property
    def _pool_words(self) -> dict:
        return self.planned.once(f"words of pool {self.pool}", self._asked_pool)

    def _asked_pool(self) -> dict:
        pool = self.pool_handle()
        if pool is None:
            return self.planned.get("pool", self.pool) or {}
        document = ET.fromstring(pool.XMLDesc(0))  # noqa: S314 (the text is libvirt's own)
        return {"type": document.get("type"), "path": document.findtext("target/path")}

    def pool_words(self) -> dict:
        """C(type) and C(path) of the pool, also of one that this check-mode run would have made."""
        return self._pool_words

    def in_files(self) -> bool:
        """Whether the pool's volumes are files, which have formats."""
        return self.pool_words().get("type", "dir") in FILE_POOLS

    def is_partition(self) -> bool:
        """Whether the pool's volumes are partitions of a disk."""
        return self.pool_words().get("type") == "disk"

    def free_space(self) -> int | None:
        """What the pool has free, in bytes; None where it is only planned."""
        pool = self.pool_handle()
        return pool.info()[3] if pool is not None else None
