# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a domain for its disks and file systems. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import Field, Group, Items
from ansible_collections.virtops.libvirt.plugins.module_utils._place import ensure, make_room
from ansible_collections.virtops.libvirt.plugins.module_utils._values import (
    ALIAS,
    COUNT,
    LIMIT,
    NAME,
    ON_OFF,
    Bool,
    Default,
)

PRESENT = Bool()
MEDIA = "the medium of a CD-ROM or floppy drive"
# Attributes and children of a disk's <source> that belong to each type of it (formatdomain, "disk").
_DISK_SOURCES = {
    "volume": ("pool", "volume"),
    "file": ("file",),
    "block": ("dev",),
    "network": ("protocol", "name", "query"),
}
# Options that name what a disk is on, on the host.
PLACES = ("pool", "volume", "file", "block")
LIMITS = (
    *(f"{what}_{unit}_sec" for unit in ("bytes", "iops") for what in ("total", "read", "write")),
    *(f"{what}_{unit}_sec_max" for unit in ("bytes", "iops") for what in ("total", "read", "write")),
    "size_iops_sec",
)


# What goes with which types and buses of disks (formatdomain, "Hard drives, floppy disks, CDROMs").
DISK_TYPES: dict[str, tuple] = {
    **{f"source/@{name}": (kind,) for kind, names in _DISK_SOURCES.items() for name in names},
    **{
        f"source/@{name}": () for name in ("mode", "index", "dir", "type", "tls", "tlsHostname", "namespace", "managed")
    },
    "source/@startupPolicy": ("file", "block", "volume"),
    "source/*": (),
    "backingStore": (),
}
_OF_VIRTIO = ("queues", "queue_size", "event_idx", "packed", "ats", "iommu", "page_per_vq")
_BUSES: dict[str, tuple] = {
    "address": (),
    "@model": ("virtio",),
    **{f"driver/@{name}": ("virtio",) for name in _OF_VIRTIO},
    "driver/@iothread": ("virtio",),
    "driver/@ioeventfd": ("virtio",),
    "vendor": ("scsi",),
    "product": ("scsi",),
    "wwn": ("scsi", "ide"),
    "target/@rotation_rate": ("scsi", "sata", "ide"),
    "target/@removable": ("usb",),
}


# Disks that a guest starts without where their medium is not there.
OPTIONAL = "devices/disk[source][target]/source[@startupPolicy='optional']/.."


def default_bus(target: str) -> str:
    """The bus that a disk's name stands for, as libvirt has it (formatdomain, "target")."""
    return {"v": "virtio", "h": "ide", "f": "fdc", "u": "usb"}.get(target[:1], "scsi")


def _kind(wanted) -> str | None:
    """The type of a disk that the options imply."""
    return next((name for name in _DISK_SOURCES if name in wanted), None)


def _begin_disk(element, wanted):
    kind = _kind(wanted)
    if kind:
        make_room(element, element.get("type"), kind, DISK_TYPES)


def _finish_disk(element, wanted):
    """What the chosen source and device imply: C(type), the old source's attributes, the driver, the bus."""
    kind = _kind(wanted)
    if kind:
        element.set("type", kind)
        source = ensure(element, "source")
        for name in [
            name for name in source.attrib if name not in _DISK_SOURCES[kind] and name not in ("index", "startupPolicy")
        ]:
            del source.attrib[name]
        for host in source.findall("host") if kind != "network" else ():
            source.remove(host)
    if not element.get("device"):
        element.set("device", "disk")
    driver = element.find("driver")
    if driver is not None and not driver.get("name"):
        driver.set("name", "qemu")
    target = element.find("target")
    if not target.get("bus"):
        target.set("bus", default_bus(target.get("dev", "")))


def has_controller(tree, kind: str) -> bool:
    """Whether a document has a controller of a kind, such as C(scsi)."""
    return tree.find(f"devices/controller[@type='{kind}']") is not None


DISKS = Items(
    "disks",
    "devices/disk",
    (
        Field("target", "target/@dev", required=True),
        Field("alias", "alias/@name", ALIAS),
        Field("bus", "target/@bus", choices=("virtio", "scsi", "sata", "usb", "ide", "fdc"), decides=_BUSES),
        Field(
            "device",
            "@device",
            choices=("disk", "cdrom", "floppy", "lun"),
            # libvirt writes it for a CD-ROM.
            decides={"readonly": ("cdrom", "floppy", "lun")},
        ),
        Field("pool", "source/@pool", NAME, only="volume", by="update", when=MEDIA),
        Field("volume", "source/@volume", NAME, only="volume", by="update", when=MEDIA),
        Field("file", "source/@file", only="file", by="update", when=MEDIA),
        Field("block", "source/@dev", only="block", by="update", when=MEDIA),
        Group(
            "network",
            "source",
            (
                Field(
                    "protocol",
                    "@protocol",
                    choices=("nbd", "iscsi", "rbd", "gluster", "http", "https", "ssh"),
                    decides=dict.fromkeys(("*", "@name", "@query", "@tls", "@tlsHostname"), ()),
                ),
                Field("name", "@name"),
                Items(
                    "hosts",
                    "host",
                    (
                        Field("name", "@name"),
                        Field("port", "@port", COUNT),
                        Field("transport", "@transport", Default("tcp"), choices=("tcp", "rdma", "unix")),
                        Field("socket", "@socket"),
                    ),
                    identity=("name", "socket"),
                ),
            ),
            only="network",
        ),
        # An empty drive that runs has none.
        Field("format", "driver/@type", runs_as={"raw": (None,)}),
        Field(
            "cache", "driver/@cache", choices=("default", "none", "writethrough", "writeback", "directsync", "unsafe")
        ),
        Field("io", "driver/@io", choices=("native", "threads", "io_uring")),
        Field("discard", "driver/@discard", choices=("ignore", "unmap")),
        Field("detect_zeroes", "driver/@detect_zeroes", choices=("off", "on", "unmap")),
        Field("queues", "driver/@queues", COUNT),
        Field("iothread", "driver/@iothread", COUNT),
        Field("readonly", "readonly", PRESENT, present=True),
        Field("shareable", "shareable", PRESENT, present=True),
        Field("serial", "serial"),
        Field("wwn", "wwn"),
        Group("iotune", "iotune", tuple(Field(name, name, LIMIT, by="iotune") for name in LIMITS)),
        Field("boot", "boot/@order", COUNT),
    ),
    identity=("target",),
    one_of=("volume", "file", "block", "network"),
    begin=_begin_disk,
    finish=_finish_disk,
    by="plug",
    when="on the buses virtio, scsi and usb, with a free PCIe port where one is needed",
)


# What goes with which types and drivers of file systems (formatdomain, "Filesystems").
FILESYSTEM_TYPES: dict[str, tuple] = {"source": (), "driver": (), "binary": (), "@accessmode": ()}
_FILESYSTEM_DRIVERS: dict[str, tuple] = {
    "binary": ("virtiofs",),
    "driver/@queue": ("virtiofs",),
    **dict.fromkeys(("readonly", "@accessmode", "@multidevs", "@fmode", "@dmode", "driver/@wrpolicy"), ("path",)),
}


def _begin_filesystem(element, wanted):
    # An option speaks of no other type.
    if "source" in wanted:
        make_room(element, element.get("type"), "mount", FILESYSTEM_TYPES)
        element.set("type", "mount")


def _finish_filesystem(element, _wanted):
    if not element.get("type"):
        element.set("type", "mount")
    if not element.get("accessmode"):
        element.set("accessmode", "passthrough")


FILESYSTEMS = Items(
    "filesystems",
    "devices/filesystem",
    (
        Field("target", "target/@dir", required=True),
        Field("alias", "alias/@name", ALIAS),
        Field("source", "source/@dir"),
        Field("driver", "driver/@type", choices=("virtiofs", "path"), decides=_FILESYSTEM_DRIVERS),
        Field("accessmode", "@accessmode", choices=("passthrough", "mapped", "squash")),
        Field("readonly", "readonly", PRESENT, present=True),
        Field("queue", "driver/@queue", COUNT),
        Field("cache", "binary/cache/@mode", choices=("none", "always")),
        Field("xattr", "binary/@xattr", ON_OFF),
    ),
    identity=("target",),
    begin=_begin_filesystem,
    finish=_finish_filesystem,
    by="plug",
    when="with the driver virtiofs and a free PCIe port",
)
FIELDS = (DISKS, FILESYSTEMS)
