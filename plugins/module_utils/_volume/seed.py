# SPDX-License-Identifier: GPL-3.0-or-later
"""A NoCloud seed for cloud-init: an ISO 9660 image with the label cidata. Private to this collection.

The digest of what is in it stands in the image's volume set identifier, a field of fixed place (ECMA-119, 8.4.19), so
that an existing seed is compared by one short read.
"""

from __future__ import annotations

import hashlib
import json
import os
import re

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.cloud_data import Checker

# The primary volume descriptor is sector 16 of 2048 bytes; the identifier is its bytes 190 to 317.
_DESCRIPTOR = 16 * 2048
_SET_IDENTIFIER = (_DESCRIPTOR + 190, 128)
# Characters that JSON leaves as they are, and YAML does not take or takes for the end of a line (YAML 1.1, 4.1, 4.2).
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def files(options: dict, name: str, subject: str) -> tuple[dict[str, str], list[str]]:
    """(the files of a seed from the option C(cloud_init), what in them could not be looked at).

    Mappings become JSON, which is YAML too. Refused for what cloud-init would not take.
    """
    checker = Checker(subject)
    if options.get("validate", True):
        for option in ("user_data", "vendor_data"):
            checker.user_data(option, options.get(option))
        checker.network_config(options.get("network_config"))
    contents = {"user-data": _text(options.get("user_data") or {}, "#cloud-config\n")}
    if options.get("vendor_data"):
        contents["vendor-data"] = _text(options["vendor_data"], "#cloud-config\n")
    if options.get("network_config"):
        contents["network-config"] = _text(_network(options["network_config"]))
    contents["meta-data"] = _meta_data(options, name, contents, checker)
    return contents, checker.unchecked


def _network(value):
    """The network-config itself: older versions of cloud-init do not take it below a key C(network)."""
    return value["network"] if isinstance(value, dict) and set(value) == {"network"} else value


def _meta_data(options: dict, name: str, contents: dict[str, str], checker: Checker) -> str:
    """The file meta-data; a mapping without instance-id gets one."""
    given = options.get("meta_data") or {}
    known = checker.meta_data(given)
    has = "instance-id" in known if known is not None else "instance-id" in given
    policy = options.get("instance_id")
    if policy and has:
        raise Refused(
            f"{checker.subject}: meta_data has an instance-id, and instance_id says what it shall be; take one of them"
            " out"
        )
    if isinstance(given, str):
        if policy:
            raise Refused(
                f"{checker.subject}: meta_data is text, which is taken as it is; give a mapping for instance_id, or put"
                " the instance-id into the text"
            )
        return _text(given)
    if has:
        return _text(given)
    own = name if policy != "content" else f"{name}-{digest({**contents, 'meta-data': _text(given)})[:16].lower()}"
    return _text({**given, "instance-id": own})


def _text(value, first_line: str = "") -> str:
    if isinstance(value, str):
        return value if value.endswith("\n") else value + "\n"
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
    return first_line + _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


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


def contents_of(path: str, subject: str) -> dict[str, str]:
    """The files in an existing seed, whoever made it."""
    library = _library(subject)
    iso = library.PyCdlib()
    try:
        iso.open(path)
        facade = iso.get_rock_ridge_facade() if iso.has_rock_ridge() else iso.get_joliet_facade()
        return {name: _read(facade, name) for name in map(_name, facade.list_children("/")) if name}
    except library.pycdlibexception.PyCdlibException as error:
        raise Refused(f"{subject}: the seed that is there cannot be read ({error}); remove it first") from None
    finally:
        iso.close()


def _name(record) -> str:
    if not record.is_file():
        return ""
    if record.rock_ridge is not None:
        return record.rock_ridge.name().decode()
    return record.file_identifier().decode("utf-16-be")


def _read(facade, name: str) -> str:
    data = _stream(b"")
    facade.get_file_from_iso_fp(data, "/" + name)
    return data.getvalue().decode("utf-8", "replace")


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
