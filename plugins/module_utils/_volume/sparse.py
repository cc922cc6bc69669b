# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with holes: find the data in them, and write without filling them. Private to this collection."""

from __future__ import annotations

import errno
import os

# What is looked at for zeros at a time; smaller ones would make more extents than they save space.
BLOCK = 1 << 16
_ZEROS = bytes(BLOCK)


def extents(descriptor: int, start: int = 0):
    """(offset, length, whether there is data) of every part of an open file from C(start) on, in order (lseek(2))."""
    size = os.fstat(descriptor).st_size
    while start < size:
        try:
            data = os.lseek(descriptor, start, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            data = size
        if data > start:
            yield start, data - start, False
        if data < size:
            start = os.lseek(descriptor, data, os.SEEK_HOLE)
            yield data, start - data, True
        else:
            start = size


class Writer:
    """Writes a file from C(offset) on, with a hole for every block of zeros. C(close) sets its size."""

    def __init__(self, path: str, offset: int = 0):
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.ftruncate(self._descriptor, offset)
        self.offset = offset

    def write(self, data: bytes) -> None:
        for start in range(0, len(data), BLOCK):
            block = data[start : start + BLOCK]
            if block == (_ZEROS if len(block) == BLOCK else bytes(len(block))):
                self.skip(len(block))
            else:
                self.put(block)

    def put(self, data: bytes) -> None:
        """Data that is known to be no zeros."""
        done = os.pwrite(self._descriptor, data, self.offset)
        self.offset += done
        if done < len(data):
            self.put(data[done:])

    def skip(self, length: int) -> None:
        """A hole."""
        self.offset += length

    def close(self) -> None:
        try:
            os.ftruncate(self._descriptor, self.offset)
        finally:
            os.close(self._descriptor)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()
