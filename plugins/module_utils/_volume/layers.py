# SPDX-License-Identifier: GPL-3.0-or-later
"""What images lean on: their bases, and files that have their data. Private to this collection.

libvirt tells the base of each volume as the image says it, and only that: neither a symbolic link on the way, nor a
file between that is no volume, nor a data file. Where the files can be read, the headers of qcow2 tell it all; a run
of qemu-img for each of hundreds would take seconds.
"""

from __future__ import annotations

import json
import os
import re
import struct

# The header of qcow2 (docs/interop/qcow2.txt of QEMU): magic, version, offset and length of the base's name.
_HEADER = struct.Struct(">4sIQI")
_MAGIC = b"QFI\xfb"
# The bit of the incompatible features (from byte 72 on) that says that the data is in a file of its own; where the
# length of the header stands; and the header extension with the name of that file.
_EXTERNAL_DATA, _FEATURES, _LENGTH, _DATA_FILE = 1 << 2, 72, 100, 0x44415441
# A header, its extensions and the name of the base lie in the first cluster, which has 64 KiB most often.
_FIRST = 1 << 16


def plain(path: str, beside: str = "") -> str:
    """The file that a base's name means: C(json:) and C(file:) are QEMU's own ways to say it, and a relative one is
    looked for where the image C(beside) lies.
    """
    if path.startswith("json:"):
        path = _in_json(path[len("json:") :])
    path = re.sub("^file:(//)?", "", path)
    return os.path.realpath(os.path.join(os.path.dirname(beside) or "/", path)) if path else ""


def _in_json(text: str) -> str:
    """The file name in a description of a block device, flat or nested (qapi/block-core.json)."""
    try:
        node = json.loads(text)
    except ValueError:
        return ""
    while isinstance(node, dict):
        flat = [value for key, value in node.items() if key.rpartition(".")[2] == "filename"]
        node = flat[0] if flat else node.get("file")
    return node if isinstance(node, str) else ""


def of_file(path: str) -> list[str]:
    """The files that an image leans on, as C(plain) gives them; none where it cannot be read or is no qcow2."""
    try:
        with open(path, "rb") as file:
            head = file.read(_FIRST)
    except OSError:
        return []
    if len(head) < _LENGTH + 4 or not head.startswith(_MAGIC):
        return []
    _magic, version, offset, length = _HEADER.unpack_from(head)
    found = [head[offset : offset + length]] if offset else []
    if version >= 3 and struct.unpack_from(">Q", head, _FEATURES)[0] & _EXTERNAL_DATA:
        found += [data for kind, data in _extensions(head) if kind == _DATA_FILE]
    return [plain(os.fsdecode(name), path) for name in found if name]


def _extensions(head: bytes):
    """(kind, data) of each header extension, which are padded to multiples of 8 bytes; kind 0 ends them."""
    (place,) = struct.unpack_from(">I", head, _LENGTH)
    while place + 8 <= len(head):
        kind, length = struct.unpack_from(">II", head, place)
        if not kind:
            return
        yield kind, head[place + 8 : place + 8 + length]
        place += 8 + -(-length // 8) * 8


def below(path: str, known: dict[str, list[str]]) -> set[str]:
    """All files that an image leans on, those of its bases too. C(known): what was found of each file before."""
    found: set[str] = set()
    left = [path]
    while left:
        image = left.pop()
        if image not in known:
            known[image] = of_file(image)
        left += [base for base in known[image] if base not in found]
        found.update(known[image])
    return found
