# SPDX-License-Identifier: GPL-3.0-or-later
"""Content of volumes through libvirt's streams, with its holes. Private to this collection.

libvirt-python's own loops take 64 KiB at a time; a message of the protocol carries four times as much.
"""

from __future__ import annotations

import os
import queue
import threading

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.sparse import Writer, extents

# virnetprotocol.x: VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX, less its header.
_CHUNK = 262120
# Pieces that may wait to be written, some 4 MiB.
_AHEAD = 16


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
        with Writer(path) as writer, _Behind() as behind:
            _receive(stream, writer, behind.do, libvirt.VIR_STREAM_RECV_STOP_AT_HOLE if sparse else 0)
    except BaseException:
        stream.abort()
        raise
    stream.finish()


class _Behind:
    """Carries out calls in order in a thread of its own, so that the next piece comes while one is written.

    Neither libvirt's call nor the one that writes holds the interpreter's lock. An error of a call is raised by the
    next C(do), or at the end.
    """

    def __init__(self):
        # One for the limit of the other: a queue that has a limit itself is written in Python and costs more.
        self._calls: queue.SimpleQueue = queue.SimpleQueue()
        self._room: queue.SimpleQueue = queue.SimpleQueue()
        for _piece in range(_AHEAD):
            self._room.put(None)
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="volume-writer")

    def do(self, call, argument) -> None:
        if self._error is not None:
            raise self._error
        self._room.get()
        self._calls.put((call, argument))

    def _run(self) -> None:
        for call, argument in iter(self._calls.get, None):
            # Behind an error all is taken and nothing done, so that nobody waits for room.
            if self._error is None:
                try:
                    call(argument)
                except Exception as error:  # noqa: BLE001 (whoever waits for it raises it)
                    self._error = error
            self._room.put(None)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_exception):
        self._calls.put(None)
        self._thread.join()
        if kind is None and self._error is not None:
            raise self._error


def _receive(stream, writer: Writer, do, flags: int) -> None:
    # Where libvirt tells the holes, all else is data.
    write = writer.put if flags else writer.write
    while True:
        data = stream.recvFlags(_CHUNK, flags) if flags else stream.recv(_CHUNK)
        # The binding answers with an integer where the C call does: -2 is "nothing yet", -3 is a hole.
        if data == -3:
            do(writer.skip, stream.recvHole(0))
        elif isinstance(data, int):
            raise Failed(f"libvirt's stream answers with {data}")
        elif data:
            do(write, data)
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
