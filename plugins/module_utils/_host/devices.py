# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices of a host, by the words that the options of a guest have for them. Private to this collection.

Source: "Node devices XML format" of libvirt.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt


def devices(conn) -> list[dict]:
    """All devices of the host, ordered by name; one that is gone meanwhile is left out."""
    texts = (lookup(one.XMLDesc, 0, libvirt.VIR_ERR_NO_NODE_DEVICE) for one in conn.listAllDevices(0))
    found = [_device(ET.fromstring(text)) for text in texts if text]  # noqa: S314 (libvirt's own)
    return sorted(found, key=lambda one: one["name"])


def _device(tree) -> dict:
    capability = tree.find("capability")
    kind = capability.get("type")
    words = {
        "name": tree.findtext("name"),
        "parent": tree.findtext("parent"),
        "path": tree.findtext("path"),
        "driver": tree.findtext("driver/name"),
        "type": kind,
        "vendor": _label(capability.find("vendor")),
        "product": _label(capability.find("product")),
        **_MORE.get(kind, _nothing)(capability),
    }
    return {name: value for name, value in words.items() if value not in (None, "")}


def _label(element) -> str | None:
    """What a maker or a product is called, else its number."""
    return None if element is None else (element.text or "").strip() or element.get("id")


def _nothing(_capability) -> dict:
    return {}


def _pci(capability) -> dict:
    domain, bus, slot, function = (int(capability.findtext(part)) for part in ("domain", "bus", "slot", "function"))
    group = capability.find("iommuGroup")
    return {
        "address": f"{domain:04x}:{bus:02x}:{slot:02x}.{function:x}",
        "class": capability.findtext("class"),
        "iommu_group": None if group is None else int(group.get("number")),
        "mdev_types": [one.get("id") for one in capability.iterfind("capability[@type='mdev_types']/type")] or None,
    }


def _usb(capability) -> dict:
    return {"bus": int(capability.findtext("bus")), "device": int(capability.findtext("device"))}


def _net(capability) -> dict:
    link = capability.find("link")
    return {
        "interface": capability.findtext("interface"),
        "mac": capability.findtext("address"),
        "link": None if link is None else link.get("state"),
    }


def _storage(capability) -> dict:
    size = capability.findtext("size")
    return {"block": capability.findtext("block"), "size": None if size is None else int(size)}


def _mdev(capability) -> dict:
    return {"uuid": capability.findtext("uuid"), "mdev_type": capability.find("type").get("id")}


_MORE = {"pci": _pci, "usb_device": _usb, "net": _net, "storage": _storage, "mdev": _mdev}
