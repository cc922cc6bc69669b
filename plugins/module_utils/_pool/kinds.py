# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of storage pools: what each is made of, and what libvirt's calls do to it. Private to this collection."""

from __future__ import annotations

_FILE_SYSTEMS = (
    *("auto", "ext2", "ext3", "ext4", "ufs", "iso9660", "udf", "gfs", "gfs2", "vfat", "hfs+", "xfs", "ocfs2", "vmfs"),
)
_SHARES = ("auto", "nfs", "glusterfs", "cifs")
_TABLES = ("unknown", "dos", "dvh", "gpt", "mac", "bsd", "pc98", "sun", "lvm2")
_GROUPS = ("unknown", "lvm2")
# Every format of a source, each once.
FORMATS = tuple(dict.fromkeys((*_FILE_SYSTEMS, *_SHARES, *_TABLES, *_GROUPS)))
_MODEL = ("vendor", "product")


class Kind:
    """One type of pool (virStoragePoolTypeInfo and the storage backends of libvirt).

    C(needs), C(takes): options of C(source) that it must, and may, have; of those in C(single) one item only.
    C(formats): of its source, the default first, () if it has none. C(target): "given" by the task, "" if it has
    none, else the pattern by which it follows from the source's name. C(names): whether the source's name is the
    pool's where it is not given. C(directory): building it makes a directory. C(makes): what building it makes on
    the source's devices. C(takes_away): stopping it takes its volumes from guests that use them.
    """

    __slots__ = (
        "directory",
        "formats",
        "makes",
        "more",
        "names",
        "needs",
        "single",
        "takes",
        "takes_away",
        "target",
    )

    def __init__(
        self,
        needs=(),
        may=(),
        *,
        single=(),
        formats=(),
        target="given",
        names=False,
        directory=False,
        makes="",
        takes_away=False,
        more=(),
    ):
        self.needs, self.takes, self.single = needs, (*needs, *may, *(("format",) if formats else ())), single
        self.formats, self.target, self.names, self.directory = formats, target, names, directory
        # Options beside those of the source.
        self.makes, self.takes_away, self.more = makes, takes_away, more


_ISCSI = ("hosts", "devices")
KINDS = {
    "dir": Kind((), _MODEL, directory=True, more=("permissions", "features")),
    "fs": Kind(
        ("devices",),
        _MODEL,
        single=("devices",),
        formats=_FILE_SYSTEMS,
        directory=True,
        makes="file system",
        takes_away=True,
        more=("features", "mount_options"),
    ),
    "netfs": Kind(
        ("hosts", "dir"),
        ("protocol_version", *_MODEL),
        single=("hosts",),
        formats=_SHARES,
        directory=True,
        takes_away=True,
        more=("mount_options",),
    ),
    "logical": Kind(
        (),
        ("name", "devices", *_MODEL),
        formats=("lvm2", "unknown"),
        target="/dev/{}",
        names=True,
        makes="volume group",
        takes_away=True,
    ),
    "disk": Kind(("devices",), _MODEL, single=("devices",), formats=_TABLES, makes="partition table"),
    "iscsi": Kind(_ISCSI, ("initiator", "auth", *_MODEL), single=_ISCSI, takes_away=True),
    "iscsi-direct": Kind((*_ISCSI, "initiator"), ("auth",), single=_ISCSI, target=""),
    "scsi": Kind(("adapter",), _MODEL, takes_away=True),
    "mpath": Kind(),
    "rbd": Kind(("hosts", "name"), ("auth",), target="", more=("rbd_options", "volume_allocation")),
    "gluster": Kind(("hosts",), ("name", "dir"), single=("hosts",), target="", names=True),
    "zfs": Kind((), ("name", "devices"), target="/dev/zvol/{}", names=True, makes="ZFS pool"),
    "vstorage": Kind((), ("name",), names=True, directory=True),
}
# What only a document can name, such as sheepdog, is libvirt's own affair.
OTHER = Kind(target="", names=True)
# Options that some kinds have only; the others of FIELDS are everybody's.
SPECIAL = ("permissions", "features", "mount_options", "rbd_options", "volume_allocation")


def kind_of(document) -> Kind:
    """The kind of the pool that a document describes."""
    return KINDS.get(document.get("type"), OTHER)
