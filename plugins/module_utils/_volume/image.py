# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that become volumes: what qemu-img says of them, their checksum, and a copy that is whole or not there.

Private to this collection. All of it happens on the host that the module runs on.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.schema import GROWING, WRITABLE
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.sparse import BLOCK, Writer

__all__ = ["WRITABLE"]

# Formats that qemu-img can check, and its answer for what cannot be right; mere leaks harm nobody (qemu-img(1)).
_CHECKED, _CORRUPT = ("qcow2", "qed", "vdi", "vmdk", "vhdx"), 2
# Seconds to wait for another run that writes into the same directory.
_PATIENCE = 600


def describe(execute, path: str, subject: str, image_format: str = "", shown: str = "") -> dict:
    """C(format) and C(virtual-size) (bytes) of an image, as C(qemu-img info) tells them, also while a guest uses it.

    C(execute): runs a command. C(image_format): what it is said to be; Refused where it is not. C(shown): what
    messages call the file.
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
        said = errors.strip().replace(path, shown or path)
        raise Refused(f"{subject}: {shown or path} cannot be read as an image; qemu-img says: {said}")
    return json.loads(output)


def refuse_damaged(execute, path: str, about: dict, subject: str, shown: str = "") -> None:
    """Refused for an image that lacks some of what its tables point to, as one that was cut off does: QEMU reads that
    as zeros without a word. C(about): what C(describe) told of it.
    """
    if about["format"] not in _CHECKED:
        return
    code, output, _errors = execute(["qemu-img", "check", "--force-share", "-f", about["format"], path])
    if code == _CORRUPT:
        counted = next((line for line in output.splitlines() if "errors were found" in line), "it has errors").strip()
        raise Refused(
            f"{subject}: {shown or path} is damaged, or not whole; get it anew; qemu-img check says: {counted}"
        )


def chain(execute, path: str, subject: str) -> list[str]:
    """The files of an image and of all that it is built on, the image first."""
    code, output, errors = execute(["qemu-img", "info", "--force-share", "--backing-chain", "--output=json", path])
    if code:
        raise Refused(f"{subject}: {path} cannot be read as an image; qemu-img says: {errors.strip()}")
    return [one["filename"] for one in json.loads(output)]


def leans_on(about: dict) -> str:
    """The other file that an image needs, of which C(describe) told C(about); C("") where it is whole."""
    extra = (about.get("format-specific") or {}).get("data", {})
    return about.get("backing-filename") or extra.get("data-file") or ""


def part(path: str) -> str:
    """Where a volume's file is written until it is whole."""
    return os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.part")


def put(path: str, write, replace: bool) -> None:
    """Make a file whole or not at all: C(write(PART, lock)) fills another name, and then it gets its own.

    What an interrupted run left under the other name goes first. Without C(replace) a file that is there stays.
    """
    unfinished = part(path)
    with alone(os.path.dirname(path)) as lock:
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
def alone(directory: str):
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


def convert(execute, source: str, source_format: str, destination: str, wanted: dict, lock: int | None) -> None:
    """Copy an image with its holes into a new file.

    C(wanted): C(format), C(options) for it (qemu-img(1), "-o"), whether to C(compress) what is in it, and the C(size)
    that it shall have, in bytes; None: that of the source.
    """
    into, size = wanted["format"], wanted.get("size")
    # Without it QEMU fills the last cylinder up.
    settings = [*(wanted.get("options") or ()), *(["force_size=on"] if into == "vpc" else [])]
    options = ["-o", ",".join(settings)] if settings else []
    at_once = size is not None and into not in GROWING
    if at_once:
        tool(execute, ["qemu-img", "create", "-q", "-f", into, *options, destination, str(size)], lock)
        options = ["-n", "--target-is-zero"]
    options += ["-c"] if wanted.get("compress") else []
    tool(execute, ["qemu-img", "convert", "-f", source_format, "-O", into, *options, source, destination], lock)
    if size is not None and not at_once:
        resize(execute, destination, into, size, lock)


def resize(execute, path: str, image_format: str, capacity: int, lock: int | None, shrink: bool = False) -> None:
    """Make an image larger, or smaller with C(shrink); bytes."""
    flags = ["--shrink"] if shrink else []
    tool(execute, ["qemu-img", "resize", *flags, "-f", image_format, path, str(capacity)], lock)


def tool(execute, command: list[str], lock: int | None = None) -> None:
    """Run a command; Failed with what it says. C(lock) is handed to it, so that it holds it as long as it runs."""
    code, _output, errors = execute(command, pass_fds=[] if lock is None else [lock])
    if code:
        raise Failed(f"{command[0]} {command[1]} says: {errors.strip()}")


def spread(packed: str, path: str, extents: list | None, size: int) -> None:
    """Move a file, or write one of C(size) bytes from its data alone, C(extents): (offset, length) in order."""
    if extents is None:
        shutil.move(packed, path)
        return
    with open(packed, "rb") as source, Writer(path) as writer:
        for offset, length in extents:
            writer.skip(offset - writer.offset)
            for start in range(0, length, BLOCK):
                writer.write(source.read(min(BLOCK, length - start)))
        writer.skip(size - writer.offset)
