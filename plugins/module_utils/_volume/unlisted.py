# SPDX-License-Identifier: GPL-3.0-or-later
"""A volume of which libvirt does not tell, by its file. Private to this collection, imported only for such a one.

It tells of none in an inactive pool, such as one without autostart behind a boot of its host, and of none that others
put into the directory of an active one since libvirt looked through it. What lies there is there all the same.
"""

from __future__ import annotations

import os
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_no_directory
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import image
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.schema import OLDEST

# Where an ISO image says what it is (ECMA-119, 8.1.2).
_ISO = (0x8001, b"CD001")
# How the features of a qcow2 image are called by qemu-img and by libvirt.
_FEATURES = (("lazy-refcounts", "lazy_refcounts"), ("extended-l2", "extended_l2"))


def document(volume, path: str) -> str | None:
    """The document of the volume in a file, as libvirt would write it; None where no file is to be seen there."""
    if not os.path.isfile(path) or not os.access(path, os.R_OK):
        return None
    status = os.stat(path)
    about = image.describe(volume.planned.execute, path, volume.subject)
    element = ET.Element("volume", type="file")
    for name, value in (("name", volume.name), ("key", path)):
        ET.SubElement(element, name).text = value
    for name, size in (("capacity", about["virtual-size"]), ("allocation", status.st_blocks * 512)):
        ET.SubElement(element, name, unit="bytes").text = str(size)
    target = ET.SubElement(element, "target")
    ET.SubElement(target, "path").text = path
    ET.SubElement(target, "format", type=_format(about["format"], path))
    permissions = ET.SubElement(target, "permissions")
    shown = {"mode": f"{status.st_mode & 0o7777:04o}", "owner": status.st_uid, "group": status.st_gid}
    for name, number in shown.items():
        ET.SubElement(permissions, name).text = str(number)
    timestamps = ET.SubElement(target, "timestamps")
    ET.SubElement(timestamps, "mtime").text = "{}.{:09}".format(*divmod(status.st_mtime_ns, 10**9))
    _tell_more(element, target, about)
    return ET.tostring(element, encoding="unicode")


def refuse_in_the_way(volume, directory: str) -> None:
    """Refused where a new volume has no place: its pool's directory is gone, or something else has the name."""
    if is_no_directory(directory):
        raise Refused(
            f"{volume.subject}: the directory of pool {volume.pool}, {directory}, is not there; bring it back, or"
            " have the pool made anew with virtops.libvirt.pool"
        )
    path = os.path.join(directory, volume.name)
    if os.path.lexists(path) and not os.path.isfile(path):
        raise Refused(f"{volume.subject}: {path} is there, and no file; choose another name, or remove it")


def _format(found: str, path: str) -> str:
    """What libvirt calls a format that QEMU found: an encrypted image is raw to it, and an ISO image has a name."""
    if found == "luks":
        return "raw"
    if found != "raw":
        return found
    with open(path, "rb") as file:
        file.seek(_ISO[0])
        return "iso" if file.read(len(_ISO[1])) == _ISO[1] else "raw"


def _tell_more(element, target, about: dict) -> None:
    """Whether it is encrypted, what a qcow2 image has of its own, and the base of any image."""
    data = (about.get("format-specific") or {}).get("data", {})
    if about.get("encrypted"):
        ET.SubElement(target, "encryption", format="luks")
    if about["format"] == "qcow2":
        if data.get("compat") != OLDEST:
            ET.SubElement(target, "compat").text = data.get("compat")
        ET.SubElement(target, "clusterSize", unit="B").text = str(about["cluster-size"])
        features = ET.SubElement(target, "features")
        for name in (ours for theirs, ours in _FEATURES if data.get(theirs)):
            ET.SubElement(features, name)
    if about.get("backing-filename"):
        base = ET.SubElement(element, "backingStore")
        ET.SubElement(base, "path").text = about.get("full-backing-filename") or about["backing-filename"]
        if about.get("backing-filename-format"):
            ET.SubElement(base, "format", type=about["backing-filename-format"])
