# SPDX-License-Identifier: GPL-3.0-or-later
"""A NoCloud seed for cloud-init: an ISO 9660 image with the label cidata. Private to this collection.

The digest of what is in it stands in the image's volume set identifier, a field of fixed place (ECMA-119, 8.4.19), so
that an existing seed is compared by one short read.
"""

from __future__ import annotations

import hashlib
import json
import os

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused

# The primary volume descriptor is sector 16 of 2048 bytes; the identifier is its bytes 190 to 317.
_DESCRIPTOR = 16 * 2048
_SET_IDENTIFIER = (_DESCRIPTOR + 190, 128)


def files(options: dict, name: str) -> dict[str, str]:
    """The files of a seed from the option C(cloud_init); mappings become JSON, which is YAML too."""
    meta = options.get("meta_data") or {"instance-id": name}
    contents = {"meta-data": _text(meta), "user-data": _text(options.get("user_data") or {}, "#cloud-config\n")}
    if options.get("network_config"):
        contents["network-config"] = _text(options["network_config"])
    return contents


def _text(value, first_line: str = "") -> str:
    if isinstance(value, str):
        return value if value.endswith("\n") else value + "\n"
    return first_line + json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def digest(contents: dict[str, str]) -> str:
    """What tells one seed from another."""
    return hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest().upper()


def digest_of(path: str) -> str:
    """The digest in an existing seed, C("") in another file."""
    offset, size = _SET_IDENTIFIER
    with open(path, "rb") as stream:
        stream.seek(offset)
        return stream.read(size).decode("ascii", "replace").strip()


def is_seed(path: str) -> bool:
    """Whether a file is an ISO 9660 image with the label of a seed (ECMA-119, 8.4.2 and 8.4.7)."""
    with open(path, "rb") as stream:
        stream.seek(_DESCRIPTOR)
        sector = stream.read(2048)
    return sector[1:6] == b"CD001" and sector[40:72].decode("ascii", "replace").strip().lower() == "cidata"


def write(path: str, contents: dict[str, str], subject: str) -> None:
    """Make the image at C(path)."""
    iso = _library(subject).PyCdlib()
    iso.new(interchange_level=4, joliet=3, rock_ridge="1.09", vol_ident="cidata", vol_set_ident=digest(contents))
    try:
        for number, (name, text) in enumerate(sorted(contents.items())):
            data = text.encode()
            iso.add_fp(_stream(data), len(data), f"/FILE{number}.;1", rr_name=name, joliet_path=f"/{name}")
        iso.write(path)
    finally:
        iso.close()
    os.truncate(path, size(contents))


def size(contents: dict[str, str]) -> int:
    """The image's size in bytes, in whole MiB, so that a change of a few words leaves it as it is.

    64 sectors hold the descriptors, each file takes whole sectors.
    """
    sectors = 64 + sum(len(text.encode()) // 2048 + 1 for text in contents.values())
    return -(-sectors * 2048 // 2**20) * 2**20


def need_library(subject: str) -> None:
    """Refused where the library that writes the image is not there."""
    _library(subject)


def _library(subject: str):
    try:
        import pycdlib
    except ImportError:
        raise Refused(
            f"{subject}: cloud_init needs the Python library pycdlib on this host; install python3-pycdlib"
        ) from None
    return pycdlib


def _stream(data: bytes):
    from io import BytesIO

    return BytesIO(data)
