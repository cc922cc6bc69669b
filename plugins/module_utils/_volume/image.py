# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that become volumes: what qemu-img says of them, their checksum, and a copy that is whole or not there.

Private to this collection. All of it happens on the host that the module runs on.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused

# Seconds to wait for another run that writes into the same directory.
_PATIENCE = 600


def describe(execute, path: str, subject: str, image_format: str = "") -> dict:
    """C(format) and C(virtual-size) (bytes) of an image, as C(qemu-img info) tells them, also while a guest uses it.

    C(execute): runs a command. C(image_format): what it is said to be; Refused where it is not.
    """
    known = ["-f", image_format] if image_format else []
    command = ["qemu-img", "info", "--force-share", "--output=json", *known, path]
    try:
        code, output, errors = execute(command)
    except FileNotFoundError:
        raise Refused(
            f"{subject}: qemu-img is not on this host, and it reads images; install qemu-utils (qemu-img)"
        ) from None
    if code:
        raise Refused(f"{subject}: {path} cannot be read as an image; qemu-img says: {errors.strip()}")
    return json.loads(output)


def verify(path: str, checksum: str, subject: str) -> None:
    """Refused unless C(checksum) ("sha256:HEX") is the one of the file."""
    algorithm, _sep, wanted = checksum.partition(":")
    if not wanted or algorithm not in hashlib.algorithms_available:
        raise Refused(f"{subject}: checksum {checksum!r} is not of the form 'sha256:HEX'")
    digest = hashlib.new(algorithm)
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    if digest.hexdigest() != wanted.strip().lower():
        raise Refused(
            f"{subject}: {path} has the {algorithm} checksum {digest.hexdigest()}, not {wanted};"
            " the file is damaged or another one: get it again, or correct the checksum"
        )


def part(path: str) -> str:
    """Where a volume's file is written until it is whole."""
    return os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.part")


def put(path: str, write, replace: bool) -> None:
    """Make a file whole or not at all: C(write(PART, lock)) fills another name, and then it gets its own.

    What an interrupted run left under the other name goes first. Without C(replace) a file that is there stays.
    """
    unfinished = part(path)
    with _alone(os.path.dirname(path)) as lock:
        if os.path.exists(path) and not replace:
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(unfinished)
        try:
            write(unfinished, lock)
            with open(unfinished, "rb") as stream:
                os.fsync(stream.fileno())
            os.rename(unfinished, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(unfinished)
            raise


@contextlib.contextmanager
def _alone(directory: str):
    """Hold the one lock for writing files into a pool's directory; yields its descriptor.

    qemu-img inherits it: where the module is killed, the next run waits until that has come to its end too.
    """
    lock = os.open(directory, os.O_RDONLY)
    deadline = time.monotonic() + _PATIENCE
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Failed(f"another run writes into {directory} since {_PATIENCE} s; wait for it") from None
                # flock has no deadline of its own.
                time.sleep(0.1)
        yield lock
    finally:
        os.close(lock)


def convert(
    execute, source: str, source_format: str, destination: str, wanted_format: str, capacity: int, lock: int
) -> None:
    """Copy an image with its holes, in another format where asked, grown to C(capacity) bytes."""
    for command in (
        ["qemu-img", "convert", "-f", source_format, "-O", wanted_format, source, destination],
        ["qemu-img", "resize", "-f", wanted_format, destination, str(capacity)],
    ):
        code, _output, errors = execute(command, pass_fds=[lock])
        if code:
            raise Failed(f"{command[0]} {command[1]} says: {errors.strip()}")
