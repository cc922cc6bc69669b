# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes: what is there, what is wanted, and the libvirt calls. Private to this collection."""

from __future__ import annotations

import copy
import functools
import operator
import os
from typing import Any

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Actual
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._diff import CONFIG, Change
from ansible_collections.virtops.libvirt.plugins.module_utils._field import FIXED, LIVE, NEXT_BOOT
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._place import append
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.asked import algorithm, based, refuse_mixture
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.pooled import InPool
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.schema import (
    CREATED_ONLY,
    EXTRA,
    FIELDS,
    FILLED,
    OLDEST,
)

# No seed and no config is larger.
_WHOLE = 64 << 20


class Volume(InPool):
    """One volume of a pool."""

    kind = root = "volume"
    schema = "storagevol"
    fields = FIELDS
    filled = FILLED
    created_only = CREATED_ONLY
    edit_effect = FIXED
    info_options = {"pool": {"type": "str", "required": True}}
    extra = EXTRA
    confidential = ("cloud_init", "ignition")
    # What its content takes of the pool, in bytes, once that was looked at.
    content_space = 0

    def __init__(self, conn, options, planned=None):
        super().__init__(conn, options, planned)
        self._uses: list | None = None
        # Whether its file is there, in an active pool, and libvirt does not know of it yet.
        self.unlisted = False
        refuse_mixture(self)
        algorithm(self)
        self.content: Any = self._content()
        self.unchecked += self.content.unchecked if self.content else []

    def _content(self):
        """What the volume is filled with, a C(Content) of C(content.py); None for an empty one."""
        source, cloud_init = self.options.get("source"), self.options.get("cloud_init")
        if not source and not cloud_init and self.options.get("ignition") is None:
            return None
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.content import Image, Seed
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.ignition import Ignition
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.origin import origin

        if source:
            sent = self.options.get("_sent")
            return Image(origin(source, self.pool, self.subject, self.planned.execute, self.other, sent), self.subject)
        if cloud_init:
            return Seed(cloud_init, self.name, self.subject)
        return Ignition(self.options["ignition"], self.subject)

    @property
    def subject(self):
        return f"volume {self.pool}/{self.name}"

    def other(self, pool: str, name: str) -> Volume:
        return type(self)(self.conn, {"pool": pool, "name": name}, self.planned)

    # --- what is there ----------------------------------------------------------------------------------------------

    def actual(self) -> Actual | None:
        # What a check-mode run would have made of it is out of reach with its pool.
        return self.read() if self.planned.removes("pool", self.pool) else super().actual()

    def read(self) -> Actual | None:
        pool, there, self.unlisted = self.pool_handle(), self._listed(), False
        if there is None and not self._is_active(pool):
            self._refuse_without_pool(pool)
            return self._in_inactive_pool()
        if there is None:
            handle = lookup(pool.storageVolLookupByName, self.name, libvirt.VIR_ERR_NO_STORAGE_VOL)
        else:
            handle = there.get(self.name)
        if self.state == "present" and self.content and self._is_unfinished(pool):
            return None
        if handle is None:
            return self._unlisted_file()
        # Listed until the pool is looked through, and gone: a revert to a snapshot does that.
        text = lookup(functools.partial(self._document, there or {}), handle, libvirt.VIR_ERR_NO_STORAGE_VOL)
        return None if text is None else Actual(handle, text, active=False)

    def _document(self, there: dict, handle) -> str:
        ask = operator.methodcaller("XMLDesc", 0)
        return self.planned.ask(f"documents of {self.pool}", self.kind, self.pool, there, handle, ask)

    def _is_unfinished(self, pool) -> bool:
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.places import unfinished

        return unfinished(pool, self.name)

    def _in_inactive_pool(self) -> Actual | None:
        """The volume as its file tells, in a pool of a directory that is inactive and will be active by then."""
        directory = self.pool_words().get("path")
        if not directory or self.pool_words().get("type", "dir") != "dir" or not is_local(self.conn):
            return None
        path = os.path.join(directory, self.name)
        there = os.path.isfile(path) or self.planned.get("volume", self.name, self.pool)
        if there and not self._will_be_active():
            self._refuse_inactive()
        return self._of_file(path)

    def _unlisted_file(self) -> Actual | None:
        """The volume as its file tells, where that came into the directory of an active pool behind libvirt's back."""
        path = os.path.join(self.directory() or "/", self.name)
        found = self._of_file(path) if self.directory() and os.path.isfile(path) else None
        self.unlisted = found is not None
        return found

    def _of_file(self, path: str) -> Actual | None:
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.unlisted import document

        text = self.planned.once(f"file {path}", lambda: document(self, path))
        return None if text is None else Actual(None, text, active=False)

    def handle_now(self):
        if self.read() is not None and self.unlisted:
            from ansible_collections.virtops.libvirt.plugins.module_utils._volume.refresh import refresh

            refresh(self.pool_handle())
        return super().handle_now()

    def place(self):
        """Where content is written to: a directory, or libvirt."""
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume import places

        directory = self.pool_words().get("path") or ""
        encrypted = bool(self.wanted.get("encryption"))
        # A pool that this check-mode run would have made has no directory yet.
        writable = directory and (self.pool_handle() is None or os.access(directory, os.W_OK))
        if self.in_files() and is_local(self.conn) and writable and not encrypted:
            return places.Directory(directory)
        return places.Remote(self.conn, self.pool_words().get("type", "dir"), self.in_files())

    def space(self) -> int:
        """What making it takes of its pool at once, in bytes."""
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.new import space

        return space(self)

    def uses(self) -> list:
        """The disks of running guests that are on the volume, each a C(users.Use)."""
        if self._uses is None:
            from ansible_collections.virtops.libvirt.plugins.module_utils._volume import users

            actual = self.actual()
            path = actual.tree.findtext("target/path") if actual else ""
            self._uses = users.disks_on(self.conn, self.planned, path or "", self.pool, self.name)
        return self._uses

    def refuse_running(self, what: str, done: str) -> None:
        """Refused where a guest writes into the volume; C(what), C(done): see C(users.refuse)."""
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.users import refuse

        refuse(self.uses(), what, done)

    def capacity_of(self, document) -> int:
        """The size in a document, bytes."""
        return next(field for field in FIELDS if field.name == "capacity").read(document)

    def format_of(self, document) -> str:
        """The format in a document."""
        found = document.find("target/format")
        return found.get("type") if found is not None else "raw"

    def format_now(self) -> str:
        """The format of the volume as it is by now, "" where it is not there."""
        actual = self.actual()
        return self.format_of(actual.tree) if actual else ""

    # --- what is wanted ---------------------------------------------------------------------------------------------

    def skeleton(self):
        element = etree.Element("volume")
        append(element, "name").text = self.name
        # Without it libvirt allocates the whole capacity of a raw volume (formatstorage, "allocation").
        append(element, "allocation").text = "0"
        # Without it some versions make an image of this one, others of the next.
        if self.wanted.get("compat") == OLDEST:
            append(element, "target/compat").text = OLDEST
        return element

    def printed(self, document):
        # Whoever reads a file moves its time of access, and so a plan and the run of it would show two different ones.
        document = copy.deepcopy(document)
        if document is not None:
            etree.strip_elements(document, "timestamps", with_tail=False)
        return super().printed(document)

    @classmethod
    def hidden(cls, options):
        source, found = options.get("source"), super().hidden(options)
        if not isinstance(source, dict):
            return found
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.urls import confidential, list_url

        return found | confidential(source.get("url"), list_url(source.get("checksum")))

    def prepare(self, actual):
        self._uses = None
        needs: list = []
        if self.wanted.get("backing"):
            needs.append(based(self, actual, self.wanted["backing"]))
        if actual is not None:
            self._prepare_existing(actual)
        elif self.xml is None:
            from ansible_collections.virtops.libvirt.plugins.module_utils._volume import new

            new.defaults(self, needs)
            if self.content and self.content.imported:
                self.content.creation = new.creation(self)

    def _prepare_existing(self, actual) -> None:
        """Words that mean for a volume that is there what it has already."""
        if self.content_differs(actual):
            self.wanted["capacity"] = self.content.measure()["capacity"]
        if self.wanted.get("format") == "raw" and self.is_partition():
            del self.wanted["format"]
        if self.wanted.get("format") == "raw":
            # libvirt looks into a raw volume and calls what it finds there by name: iso, for a seed.
            found = actual.tree.find("target/format")
            self.wanted["format"] = "iso" if found is not None and found.get("type") == "iso" else "raw"
        now = self.capacity_of(actual.tree)
        if self.wanted.get("capacity", now) != now:
            from ansible_collections.virtops.libvirt.plugins.module_utils._volume.capacity import rounded

            self.wanted["capacity"] = rounded(self, self.wanted["capacity"], now)
        if self.wanted.get("encryption"):
            # libvirt tells that a volume is encrypted, and by which secret only until it looks at it again.
            self.wanted["encryption"] = {"format": self.wanted["encryption"]["format"]}

    def content_differs(self, actual) -> bool:
        """Whether a volume that is there shall have another content."""
        if self.content is None or self.content.imported:
            return False
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.reading import of_volume

        return of_volume(self, actual, self.content.differs, self.content.head) or False

    def words(self, document, actual_state, autostart):
        words = {"pool": self.pool, **super().words(document, actual_state, autostart)}
        if "encryption" in words:
            words["encryption"] = {"format": words["encryption"]["format"]}
        path = document.findtext("target/path")
        if path is None:
            directory = self.pool_words().get("path")
            path = os.path.join(directory, self.name) if directory else None
        return {**words, "path": path} if path else words

    def adapt(self, wanted, base, actual):
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.document import leave_out_untold

        leave_out_untold(wanted, base, self.wanted)
        size = wanted.find("capacity")
        if size is not None and self.capacity_of(wanted) != self.capacity_of(base):
            from ansible_collections.virtops.libvirt.plugins.module_utils._volume.capacity import rounded

            size.text = str(rounded(self, self.capacity_of(wanted), self.capacity_of(base)))
            size.set("unit", "bytes")

    # --- changes ----------------------------------------------------------------------------------------------------

    def changes(self, actual, target, edits):
        changes = super().changes(actual, target, edits)
        if actual is None:
            return changes
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.change import check

        check(self, actual, target, changes)
        return changes

    def more_changes(self, actual):
        found = [Change("known", False, True, CONFIG)] if self.unlisted else []
        if self.content_differs(actual):
            from ansible_collections.virtops.libvirt.plugins.module_utils._volume.reading import of_volume

            before, after = of_volume(self, actual, self.content.differences, _WHOLE)
            found.append(Change(self.content.option, before, after, NEXT_BOOT))
        return found

    def effect_off(self, change, actual):
        if self.content is not None and change.path == self.content.option:
            # What a guest is told at its boot is read when it starts, whatever the state of those that have it now.
            return NEXT_BOOT
        through_guest = change.path == "capacity" or change.path.startswith("backing")
        return LIVE if through_guest and self.uses() else super().effect_off(change, actual)

    # --- steps ------------------------------------------------------------------------------------------------------

    def write_steps(self, actual, target, changes):
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.change import steps

        return steps(self, actual, target, changes)

    # --- the end ----------------------------------------------------------------------------------------------------

    def check_absent(self, actual):
        self._uses = None
        if actual is not None:
            from ansible_collections.virtops.libvirt.plugins.module_utils._volume import removal

            removal.check(self, actual.tree.findtext("target/path") or "")
            removal.check_wipe(self)

    def absent_steps(self, actual):
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.removal import steps

        return steps(self)
