# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a domain, and where they stand in its XML (formatdomain). Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import FIXED, LIVE, Field, Group, Items
from ansible_collections.virtops.libvirt.plugins.module_utils._values import (
    COUNT,
    MAC,
    NAME,
    UUID,
    Bool,
    Size,
    derived_mac,
)

PRESENT = Bool()
# Attributes and children of a disk's <source> that belong to each type of it (formatdomain, "disk").
_DISK_SOURCES = {"volume": ("pool", "volume"), "file": ("file",), "block": ("dev",)}


def _finish_disk(element, wanted):
    """What the chosen source and device imply: C(type), the old source's attributes, the driver, the bus."""
    kind = next((name for name in _DISK_SOURCES if name in wanted), None)
    if kind:
        element.set("type", kind)
        source = element.find("source")
        for name in [
            name for name in source.attrib if name not in _DISK_SOURCES[kind] and name not in ("index", "startupPolicy")
        ]:
            del source.attrib[name]
    if not element.get("device"):
        element.set("device", "disk")
    driver = element.find("driver")
    if driver is not None and not driver.get("name"):
        driver.set("name", "qemu")
    target = element.find("target")
    if not target.get("bus"):
        target.set("bus", {"v": "virtio", "h": "ide", "f": "fdc"}.get(target.get("dev", "")[:1], "scsi"))


def _finish_interface(element, wanted):
    """What the chosen source implies, and the MAC that a new NIC gets: the plan must know it."""
    kind = next((name for name in ("network", "bridge") if name in wanted), None)
    if kind:
        element.set("type", kind)
        source = element.find("source")
        for name in [name for name in source.attrib if name in ("network", "bridge") and name != kind]:
            del source.attrib[name]
    if element.find("mac") is None:
        root = element.getroottree().getroot()
        number = root.findall("devices/interface").index(element)
        mac = element.makeelement("mac", address=derived_mac(root.findtext("name"), str(number)))
        element.insert(0, mac)
    if element.find("model") is None:
        element.append(element.makeelement("model", type="virtio"))


DISKS = Items(
    "disks",
    "devices/disk",
    (
        Field("target", "target/@dev", required=True),
        Field("bus", "target/@bus", choices=("virtio", "scsi", "sata", "usb", "ide", "fdc")),
        Field("device", "@device", choices=("disk", "cdrom", "floppy", "lun")),
        Field("pool", "source/@pool", NAME, only="volume"),
        Field("volume", "source/@volume", NAME, only="volume"),
        Field("file", "source/@file", only="file"),
        Field("block", "source/@dev", only="block"),
        Field("format", "driver/@type"),
        Field(
            "cache", "driver/@cache", choices=("default", "none", "writethrough", "writeback", "directsync", "unsafe")
        ),
        Field("discard", "driver/@discard", choices=("ignore", "unmap")),
        Field("readonly", "readonly", PRESENT, present=True),
        Field("serial", "serial"),
        Field("boot", "boot/@order", COUNT),
    ),
    identity=("target",),
    one_of=("volume", "file", "block"),
    finish=_finish_disk,
)
INTERFACES = Items(
    "interfaces",
    "devices/interface",
    (
        Field("mac", "mac/@address", MAC),
        Field("network", "source/@network", NAME, only="network"),
        Field("bridge", "source/@bridge", NAME, only="bridge"),
        Field("model", "model/@type"),
        Field("mtu", "mtu/@size", COUNT),
        Field("link", "link/@state", choices=("up", "down")),
        Field("boot", "boot/@order", COUNT),
    ),
    identity=("mac",),
    one_of=("network", "bridge"),
    finish=_finish_interface,
)
FIELDS = (
    Field("name", "name", NAME),
    Field("uuid", "uuid", UUID, effect=FIXED),
    Field("title", "title", effect=LIVE),
    Field("description", "description", effect=LIVE),
    Field("virt_type", "@type", choices=("kvm", "qemu")),
    Field("arch", "os/type/@arch"),
    Field("machine", "os/type/@machine"),
    Field("memory", "memory", Size("KiB", least=1024)),
    Field("vcpus", "vcpu", COUNT),
    Group(
        "cpu",
        "cpu",
        (
            Field("mode", "@mode", choices=("host-passthrough", "host-model", "maximum", "custom")),
            Field("model", "model"),
        ),
    ),
    DISKS,
    INTERFACES,
)
