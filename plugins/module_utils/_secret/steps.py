# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets: the libvirt calls. Private to this collection."""

from __future__ import annotations

import base64
import binascii
import functools

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Actual
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._diff import CONFIG, Change
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._resource import Resource
from ansible_collections.virtops.libvirt.plugins.module_utils._secret.schema import (
    DEFAULTS,
    FIELDS,
    FILLED,
    USAGE,
    USAGES,
)
from ansible_collections.virtops.libvirt.plugins.module_utils._values import UUID
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import printed


def _number(secret_type: str) -> int:
    """libvirt's number of a type."""
    return getattr(libvirt, f"VIR_SECRET_USAGE_TYPE_{secret_type.upper()}")


def _set_from(before: str | None) -> Change:
    """The change of a value, which itself appears nowhere."""
    return Change("value", before, "that of the task", CONFIG)


class Secret(Resource):
    """One secret. It has no name: what it is for (type and usage) names it, or else its UUID."""

    kind = root = schema = "secret"
    fields = FIELDS
    filled = FILLED
    extra = {
        "value": {"type": "str", "no_log": True},
        "value_encoding": {"type": "str", "choices": ["text", "base64"], "default": "text"},
        "update_value": {
            "type": "str",
            "choices": ["if_different", "on_create", "always"],
            "default": "if_different",
        },
    }

    def __init__(self, conn, options, planned=None):
        super().__init__(conn, options, planned)
        self._value = self._decoded(options.get("value"), options.get("value_encoding") or "text")
        self._old_value: bytes | None = None

    def _decoded(self, value: str | None, encoding: str) -> bytes | None:
        if value is None:
            return None
        try:
            decoded = value.encode() if encoding == "text" else base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise Refused(f"{self.subject}: its value is no base64; correct it, or take 'value_encoding' out") from None
        if not decoded:
            raise Refused(f"{self.subject}: its value is empty, which libvirt does not keep; give one, or take it out")
        return decoded

    def _name(self):
        of_xml = (lambda _name: None) if self.xml is None else (lambda name: self._told(self.xml, name))
        self._usage = (self.options.get("type") or of_xml("type"), self.options.get("usage") or of_xml("usage"))
        self._uuid = self.options.get("uuid") or of_xml("uuid")
        name = self._usage[1] or self._uuid
        if not name:
            raise Refused("secret: nothing names it; give 'type' and 'usage', or 'uuid'")
        if self._usage[1] and not self._usage[0]:
            raise Refused(f"secret {name}: 'usage' alone does not name it; give 'type' too")
        return name

    @staticmethod
    def _told(document, name: str):
        return next(field for field in FIELDS if field.name == name).read(document)

    def secrets(self):
        return {self._value.decode(errors="ignore")} if self._value else set()

    @classmethod
    def called(cls, handle):
        return {handle.UUIDString(), handle.usageID() or handle.UUIDString()}

    @classmethod
    def options_of(cls, handle):
        types = {_number(name): name for name in USAGES}
        usage = {"type": types[handle.usageType()], "usage": handle.usageID()} if handle.usageID() else {}
        return {"uuid": handle.UUIDString(), **usage}

    @classmethod
    def options_of_words(cls, words):
        return {key: words[key] for key in ("uuid", "type", "usage") if key in words}

    # --- what is there ----------------------------------------------------------------------------------------------

    def read(self):
        handle = None
        secret_type, usage = self._usage
        if secret_type and usage:
            find = functools.partial(self.conn.secretLookupByUsage, _number(secret_type))
            handle = lookup(find, usage, libvirt.VIR_ERR_NO_SECRET)
        if handle is None and self._uuid:
            uuid = UUID.parse(self._uuid)
            handle = lookup(self.conn.secretLookupByUUIDString, uuid, libvirt.VIR_ERR_NO_SECRET)
        return None if handle is None else Actual(handle, handle.XMLDesc(0), active=False)

    def more_changes(self, actual):
        """The value, where it is to be another one: as far as libvirt tells it."""
        self._old_value = None
        how = self.options.get("update_value") or "if_different"
        if self._value is None or actual.handle is None or how == "on_create":
            return []
        if how == "always":
            return [_set_from("whichever it was")]
        try:
            self._old_value = actual.handle.value(0)
        except libvirt.libvirtError as error:
            return self._untold(error)
        return [] if self._old_value == self._value else [_set_from("another one")]

    def _untold(self, error) -> list[Change]:
        """What is to be done where libvirt tells no value."""
        code = error.get_error_code()
        if code == libvirt.VIR_ERR_NO_SECRET:
            return [_set_from(None)]
        if code == libvirt.VIR_ERR_INVALID_SECRET:
            self.unchecked.append("value: it is private, so that libvirt tells it to nobody")
        elif code == libvirt.VIR_ERR_OPERATION_DENIED:
            self.unchecked.append("value: libvirt tells it only to who may write")
        else:
            raise error
        return []

    # --- what is wanted ---------------------------------------------------------------------------------------------

    def plan(self):
        self.unchecked = []
        plan = super().plan()
        plan.unchecked = list(self.unchecked)
        return plan

    def skeleton(self):
        return etree.Element("secret")

    def adapt(self, wanted, base, actual):
        for name, value in DEFAULTS.items():
            wanted.set(name, wanted.get(name, value))

    def check(self, actual, target):
        if actual is not None and actual.tree.get("private") == "yes" and target.get("private") != "yes":
            raise Refused(
                f"{self.subject}: it is private, and libvirt never takes that back; take 'private' out, or remove the"
                " secret and make it anew"
            )
        if target.find("usage") is not None and not USAGE.read(target):
            raise Refused(f"{self.subject}: its type says no more than what it is for; give 'usage'")
        volume = target.findtext("usage/volume") or "/"
        if not volume.startswith("/"):
            raise Refused(f"{self.subject}: usage {volume!r} must be the absolute path of a volume")

    # --- steps ------------------------------------------------------------------------------------------------------

    def write_steps(self, actual, target, changes):
        steps, text = [], printed(target)
        if actual is None:
            steps.append(Step(f"define {self.subject}", lambda: self._define(text), self._undefine))
        elif any(change.path != "value" for change in changes):
            old = actual.text
            steps.append(Step(f"define {self.subject} anew", lambda: self._define(text), lambda: self._define(old)))
        value, before = self._value, self._old_value
        if value is not None and (actual is None or any(change.path == "value" for change in changes)):
            undo = (lambda: self._set(before)) if before is not None else None
            steps.append(Step(f"set the value of {self.subject}", lambda: self._set(value), undo))
        return steps

    def _define(self, text: str) -> None:
        self.conn.secretDefineXML(text, 0)

    def _set(self, value: bytes) -> None:
        self.handle_now().setValue(value, 0)

    def _undefine(self) -> None:
        self.handle_now().undefine()

    def settle(self, again):
        always = self.options.get("update_value") == "always"
        return [change for change in again.changes if not (always and change.path == "value")]

    def absent_steps(self, actual):
        return [Step(f"undefine {self.subject}", self._undefine)]
