# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a storage pool, and where they stand in its XML (formatstorage). Private to this collection."""

from __future__ import annotations

import re

from ansible_collections.virtops.libvirt.plugins.module_utils._field import FIXED, Field, Group, Items
from ansible_collections.virtops.libvirt.plugins.module_utils._place import remove
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.kinds import FORMATS, KINDS
from ansible_collections.virtops.libvirt.plugins.module_utils._scalars import Mapping, Scalars
from ansible_collections.virtops.libvirt.plugins.module_utils._values import (
    COUNT,
    MODE,
    NAME,
    NUMBER,
    UUID,
    YES_NO,
    Hex,
    Text,
    Uuid,
)

# Extensions that libvirt has in namespaces of their own (formatstorage, "Storage pool namespaces").
_MOUNT = "{http://libvirt.org/schemas/storagepool/fs/1.0}"
_RBD = "{http://libvirt.org/schemas/storagepool/rbd/1.0}"


class Path(Text):
    """A path in the form that libvirt gives it: no slash twice, none at its end (virFileSanitizePath)."""

    def parse(self, raw):
        return self.read(super().parse(raw))

    def read(self, text):
        return (re.sub("/+", "/", text).rstrip("/") or "/") if text else ""


class Wwn(Text):
    """A world wide name: 16 hexadecimal digits (virValidateWWN)."""

    def parse(self, raw):
        if not re.fullmatch("[0-9a-fA-F]{16}", str(raw)):
            raise ValueError(f"{raw!r} is not a world wide name of 16 hexadecimal digits; quote it in YAML")
        return str(raw)


class SecretUuid(Uuid):
    """A UUID that libvirt's schema lets be any text; what is none stays as it is, and is refused later."""

    def read(self, text):
        try:
            return super().read(text)
        except ValueError:
            return text


class Sole(Field):
    """What its element says is all that the element is for."""

    def remove(self, owner):
        remove(owner, self.element_path.partition("/")[0])


def _one_of_both(element, wanted):
    for name in ("usage", "uuid"):
        if name not in wanted:
            element.attrib.pop(name, None)


CLEAN, WWN, SECRET_UUID = Path(), Wwn(), SecretUuid()


def _of_its_type(element, wanted):
    """Take out what the other type of adapter, or the other way to name it, has."""
    if wanted.get("type") == "fc_host":
        element.attrib.pop("name", None)
        remove(element, "parentaddr")
    elif wanted.get("type") == "scsi_host":
        for name in set(element.attrib) - {"type", "name"}:
            del element.attrib[name]
        if "name" in wanted:
            remove(element, "parentaddr")
        else:
            element.attrib.pop("name", None)


PATH = Field("path", "target/path", CLEAN)
PERMISSIONS = Group(
    "permissions",
    "target/permissions",
    (
        Field("mode", "mode", MODE),
        Field("owner", "owner", NUMBER),
        Field("group", "group", NUMBER),
        Field("label", "label"),
    ),
)
SECRET = Field("uuid", "@uuid", SECRET_UUID)
AUTH = Group(
    "auth",
    "auth",
    (
        Field("type", "@type", choices=("chap", "ceph"), required=True),
        Field("username", "@username", required=True),
        Group(
            "secret",
            "secret",
            (Field("usage", "@usage"), SECRET),
            finish=_one_of_both,
            required=True,
            secret=False,
        ),
    ),
    optional=True,
)
ADAPTER = Group(
    "adapter",
    "adapter",
    (
        Field("type", "@type", choices=("scsi_host", "fc_host"), required=True),
        Field("name", "@name"),
        Group(
            "address",
            "parentaddr",
            (
                Field("unique_id", "@unique_id", NUMBER),
                Field("domain", "address/@domain", Hex(4)),
                Field("bus", "address/@bus", Hex(2)),
                Field("slot", "address/@slot", Hex(2)),
                Field("function", "address/@function", Hex(1)),
            ),
        ),
        Field("wwnn", "@wwnn", WWN),
        Field("wwpn", "@wwpn", WWN),
        Field("parent", "@parent"),
        Field("parent_wwnn", "@parent_wwnn", WWN),
        Field("parent_wwpn", "@parent_wwpn", WWN),
        Field("parent_fabric_wwn", "@parent_fabric_wwn", WWN),
        Field("managed", "@managed", YES_NO),
    ),
    optional=True,
    finish=_of_its_type,
)
SOURCE = Group(
    "source",
    "source",
    (
        Items(
            "hosts", "host", (Field("name", "@name", required=True), Field("port", "@port", COUNT)), identity=("name",)
        ),
        Sole("dir", "dir/@path", CLEAN),
        Items(
            "devices",
            "device",
            (Field("path", "@path", required=True), Field("part_separator", "@part_separator", YES_NO)),
            identity=("path",),
        ),
        Field("name", "name"),
        Field("format", "format/@type", choices=FORMATS),
        ADAPTER,
        Sole("initiator", "initiator/iqn/@name"),
        AUTH,
        Sole("protocol_version", "protocol/@ver"),
        Sole("vendor", "vendor/@name"),
        Sole("product", "product/@name"),
    ),
)
FIELDS = (
    Field("name", "name", NAME),
    Field("uuid", "uuid", UUID, effect=FIXED),
    Field("type", "@type", choices=tuple(KINDS), effect=FIXED),
    SOURCE,
    PATH,
    PERMISSIONS,
    Group("features", "features", (Field("cow", "cow/@state", YES_NO),)),
    Scalars("mount_options", f"{_MOUNT}mount_opts/{_MOUNT}option/@name"),
    Mapping("rbd_options", f"{_RBD}config_opts/{_RBD}option/@value", key="name"),
    Field("volume_allocation", "refresh/volume/@allocation", choices=("default", "capacity")),
)
# Figures that libvirt answers.
CREATED_ONLY = ("capacity", "allocation", "available", "source/device/freeExtent")
# What libvirt adds by itself to the persistent document of a pool (measured on 9.0): figures, and what it finds of the
# directory of an active pool.
FILLED = frozenset(
    {
        "uuid",
        *CREATED_ONLY,
        "target/permissions",
        *(f"target/permissions/{name}" for name in ("mode", "owner", "group", "label")),
        "source/adapter/parentaddr/address/@domain",
    }
)
