# SPDX-License-Identifier: GPL-3.0-or-later
"""Packed images: what they are packed with, known from their first bytes, and unpacking. Private to this collection."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import shutil
import subprocess
import zlib
from typing import Any

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.sparse import Writer

# RFC 1952, the .xz file format 2.1.1.1, bzip2's block header, RFC 8878 3.1.1.
_MAGIC = {"gz": b"\x1f\x8b", "xz": b"\xfd7zXZ\x00", "bz2": b"BZh", "zst": b"\x28\xb5\x2f\xfd"}
_DAMAGED = (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, OSError, ValueError)


def packed_with(head: bytes) -> str:
    """C(gz), C(xz), C(bz2) or C(zst) for a file that begins with C(head); C("") where it is not packed."""
    return next((name for name, magic in _MAGIC.items() if head.startswith(magic)), "")


def need(how: str, subject: str) -> None:
    """Refused where this host cannot unpack it."""
    if how == "zst" and _zstandard() is None and not shutil.which("zstd"):
        raise Refused(
            f"{subject}: its source is packed with zstd, and this host cannot unpack that; install zstd or"
            " python3-zstandard"
        )


def _zstandard() -> Any:
    try:
        import zstandard
    except ImportError:
        return None
    return zstandard


@contextlib.contextmanager
def opened(path: str, how: str):
    """What is packed in a file, as a stream of bytes."""
    if how == "zst" and _zstandard() is None:
        with subprocess.Popen(["zstd", "-dcq", "--", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            yield process.stdout
            _rest, said = process.communicate()
            if process.returncode:
                raise Failed(f"zstd says: {said.decode(errors='replace').strip()}")
        return
    if how == "zst":
        with open(path, "rb") as file:
            yield _zstandard().ZstdDecompressor().stream_reader(file, read_across_frames=True)
        return
    libraries: dict[str, Any] = {"gz": gzip.open, "xz": lzma.open, "bz2": bz2.open}
    with libraries[how](path, "rb") as stream:
        yield stream


def unpack(path: str, how: str, destination: str, what: str) -> None:
    """Write what is packed in a file into another one, with holes for its zeros."""
    try:
        with opened(path, how) as stream, Writer(destination) as writer:
            for block in iter(lambda: stream.read(1 << 20), b""):
                writer.write(block)
    except _DAMAGED as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise Failed(f"{what} cannot be unpacked ({how}): {error}; get it again") from error


def size(path: str, how: str, subject: str) -> int:
    """How many bytes are packed in a file, which must be read for that."""
    try:
        with opened(path, how) as stream:
            return sum(len(block) for block in iter(lambda: stream.read(1 << 20), b""))
    except (*_DAMAGED, Failed) as error:
        raise Refused(f"{subject}: {path} cannot be unpacked ({how}): {error}; get it again") from error


def first(head: bytes, how: str) -> bytes:
    """The first bytes of what is packed, of which C(head) are the first bytes; at most 1 MiB."""
    limit = 1 << 20
    with contextlib.suppress(*_DAMAGED):
        if how == "gz":
            return zlib.decompressobj(31).decompress(head, limit)
        if how == "xz":
            return lzma.LZMADecompressor().decompress(head, limit)
        if how == "bz2":
            return bz2.BZ2Decompressor().decompress(head, limit)
        if _zstandard() is not None:
            return _zstandard().ZstdDecompressor().stream_reader(io.BytesIO(head)).read(limit)
        return subprocess.run(["zstd", "-dcq"], input=head, capture_output=True, check=False).stdout[:limit]
    return b""
