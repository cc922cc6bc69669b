# SPDX-License-Identifier: GPL-3.0-or-later
"""Content of volumes through libvirt's streams, with its holes. Private to this collection.

libvirt-python's own loops take 64 KiB at a time; a message of the protocol carries four times as much.
"""

from __future__ import annotations

import os

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.sparse import Writer, extents

# virnetprotocol.x: VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX, less its header.
_CHUNK = 262120


def upload(conn, volume, path: str) -> None:
    """Write a file over a volume from its first byte on."""
    with open(path, "rb") as file:
        descriptor = file.fileno()
        stream = conn.newStream(0)
        sparse = conn.getLibVersion() >= 3004000
        flags = libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM if sparse else 0
        volume.upload(stream, 0, os.fstat(descriptor).st_size, flags)
        try:
            for offset, length, data in extents(descriptor) if sparse else ((0, os.fstat(descriptor).st_size, True),):
                if data:
                    _send(stream, descriptor, offset, length)
                else:
                    stream.sendHole(length, 0)
        except BaseException:
            stream.abort()
            raise
        stream.finish()


def _send(stream, descriptor: int, offset: int, length: int) -> None:
    end = offset + length
    while offset < end:
        data = os.pread(descriptor, min(_CHUNK, end - offset), offset)
        if not data:
            raise Failed("the file became shorter while it was read")
        while data:
            sent = stream.send(data)
            if sent < 0:
                raise Failed("libvirt's stream takes nothing more")
            offset, data = offset + sent, data[sent:]


def download(conn, volume, path: str) -> None:
    """Write what is in a volume into a file."""
    stream = conn.newStream(0)
    sparse = conn.getLibVersion() >= 3004000
    volume.download(stream, 0, 0, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM if sparse else 0)
    try:
        with Writer(path) as writer:
            _receive(stream, writer, libvirt.VIR_STREAM_RECV_STOP_AT_HOLE if sparse else 0)
    except BaseException:
        stream.abort()
        raise
    stream.finish()


def _receive(stream, writer: Writer, flags: int) -> None:
    while True:
        data = stream.recvFlags(_CHUNK, flags) if flags else stream.recv(_CHUNK)
        # The binding answers with an integer where the C call does: -2 is "nothing yet", -3 is a hole.
        if data == -3:
            writer.skip(stream.recvHole(0))
        elif isinstance(data, int):
            raise Failed(f"libvirt's stream answers with {data}")
        elif data:
            # Where libvirt tells the holes, all else is data.
            (writer.put if flags else writer.write)(data)
        else:
            return


def first(conn, volume, length: int) -> bytes:
    """The first bytes of a volume; libvirtError where the connection may only read."""
    stream = conn.newStream(0)
    volume.download(stream, 0, length, 0)
    found = b""
    while len(found) < length:
        data = stream.recv(length - len(found))
        if not data or isinstance(data, int):
            break
        found += data
    stream.abort()
    return found
