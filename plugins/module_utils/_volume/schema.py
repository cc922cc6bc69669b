# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a volume, and where they stand in its XML (formatstorage). Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import FIXED, LIVE, Field, Group
from ansible_collections.virtops.libvirt.plugins.module_utils._values import (
    MODE,
    NAME,
    NUMBER,
    UUID,
    YES_NO,
    Default,
    Size,
)

FORMATS = ("raw", "qcow2", "qcow", "vmdk", "vdi", "vpc", "qed", "bochs", "cloop", "dmg", "iso", "luks")
# Those that qemu-img can make, and those of them that can lie on a backing file (qemu-img(1)).
WRITABLE = ("raw", "qcow2", "qcow", "vmdk", "vdi", "vpc", "qed")
LAYERED = ("qcow2", "qcow", "vmdk", "qed")
# The only format of a base of some (vmdk: qemu-img; qed: libvirt 9.0 tells of no volume that is one on another).
ONLY_ON = {"vmdk": "vmdk", "qed": "raw"}
# Those of which it can put an image on another base, or on none (measured on 7.2).
REBASING = ("qcow2", "qed")
# Those of which it can give an image another size (measured on 7.2).
GROWING, SHRINKING = ("raw", "qcow2", "qed", "luks"), ("raw", "qcow2")
# virStorageVolWipeAlgorithm; all but these two are done by the program scrub.
WIPES = ("zero", "trim", "nnsa", "dod", "bsi", "gutmann", "schneier", "pfitzner7", "pfitzner33", "random")
UNAIDED_WIPES = ("zero", "trim")
# Pools whose volumes are files in one directory.
FILE_POOLS = ("dir", "fs", "netfs")
CAPACITY = Size()
# The versions of qcow2, the first for QEMU before 2012.
OLDEST, _NEWER = "0.10", "1.1"


class _Compat(Default):
    """libvirt tells of none in an image of the old version but for one that it has just made."""

    def read(self, text):
        return None if text == self.nothing else text


FIELDS = (
    Field("name", "name", NAME),
    Field("capacity", "capacity", CAPACITY, effect=LIVE),
    Field("format", "target/format/@type", choices=FORMATS, effect=FIXED),
    Field("compat", "target/compat", _Compat(OLDEST), choices=(OLDEST, _NEWER), effect=FIXED),
    Field("cluster_size", "target/clusterSize", Size(), effect=FIXED),
    Group(
        "features",
        "target/features",
        (
            Field("lazy_refcounts", "lazy_refcounts", YES_NO, present=True, effect=FIXED),
            Field("extended_l2", "extended_l2", YES_NO, present=True, effect=FIXED),
        ),
        effect=FIXED,
    ),
    Field("nocow", "target/nocow", YES_NO, present=True, effect=FIXED),
    Group(
        "permissions",
        "target/permissions",
        (
            Field("mode", "mode", MODE),
            Field("owner", "owner", NUMBER),
            Field("group", "group", NUMBER),
            Field("label", "label"),
        ),
    ),
    Group(
        "encryption",
        "target/encryption",
        (
            Field("format", "@format", choices=("luks",), required=True, effect=FIXED),
            Group(
                "secret",
                "secret",
                (
                    Field("uuid", "@uuid", UUID, effect=FIXED, secret=False),
                    Field("usage", "@usage", effect=FIXED, secret=False),
                ),
                finish=lambda element, _wanted: element.set("type", "passphrase"),
                effect=FIXED,
                secret=False,
            ),
        ),
        optional=True,
        effect=FIXED,
    ),
    # What changes of it a task allows is said by the option "rebase".
    Group(
        "backing",
        "backingStore",
        (
            Field("volume", "", NAME),
            Field("pool", "", NAME),
            Field("path", "path", effect=LIVE),
            Field("format", "format/@type", choices=FORMATS, effect=LIVE),
        ),
        optional=True,
        effect=LIVE,
    ),
)
# Options that are no part of the document, or that libvirt answers with figures of its own.
EXTRA = {
    "pool": {"type": "str", "required": True},
    "allocation": {"type": "str"},
    "preallocation": {"type": "str", "choices": ["metadata", "falloc"]},
    "allow_shrink": {"type": "bool", "default": False},
    "rebase": {"type": "str", "choices": ["never", "safe", "unsafe"], "default": "never"},
    "wipe": {"type": "str"},
    "force": {"type": "bool", "default": False},
    "source": {
        "type": "dict",
        "options": {
            "path": {"type": "path"},
            "remote_src": {"type": "bool", "default": True},
            "url": {"type": "str"},
            "volume": {"type": "str"},
            "pool": {"type": "str"},
            "uri": {"type": "str"},
            "checksum": {"type": "str"},
            "format": {"type": "str"},
            "decompress": {"type": "bool", "default": True},
            "headers": {"type": "dict", "no_log": True},
            "username": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "validate_certs": {"type": "bool", "default": True},
            "ca_path": {"type": "path"},
            "use_proxy": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 30},
            "retries": {"type": "int", "default": 5},
        },
    },
    "cloud_init": {
        "type": "dict",
        "options": {
            "user_data": {"type": "raw"},
            "vendor_data": {"type": "raw"},
            "meta_data": {"type": "raw"},
            "network_config": {"type": "raw"},
            "instance_id": {"type": "str", "choices": ["name", "content"]},
            "validate": {"type": "bool", "default": True},
        },
    },
    "ignition": {"type": "raw"},
    # What the action plugin has of a file on the controller (_volume/origin.py, Sent).
    "_sent": {"type": "dict"},
}
# Figures and states that libvirt answers, whatever was asked when the volume was made.
CREATED_ONLY = (
    "@type",
    "key",
    "allocation",
    "physical",
    "source",
    "target/path",
    "target/timestamps",
    "target/encryption/secret",
    "target/encryption/cipher",
    "target/encryption/ivgen",
    "backingStore/timestamps",
    "backingStore/permissions",
)
# What libvirt adds to the document of a volume, whether it was asked for or not (measured on 9.0).
FILLED = frozenset(
    {
        "@type",
        "key",
        "capacity",
        "allocation",
        "physical",
        "source",
        "target",
        "target/path",
        "target/permissions",
        "target/permissions/owner",
        "target/permissions/group",
        "target/permissions/mode",
        "target/permissions/label",
        "target/timestamps",
        "target/compat",
        "target/format",
        "target/clusterSize",
        "target/features",
        "target/nocow",
        "target/encryption",
        "target/encryption/secret",
        "target/encryption/cipher",
        "target/encryption/ivgen",
        "backingStore",
        "backingStore/permissions",
        "backingStore/timestamps",
        "backingStore/format",
    }
)
