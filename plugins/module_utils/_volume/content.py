# SPDX-License-Identifier: GPL-3.0-or-later
"""What a volume is filled with: an image that is imported, or a seed for cloud-init. Private to this collection.

Both are made on the host that the module runs on, whole or not at all.
"""

from __future__ import annotations

import contextlib
import os

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._values import Size
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import image, seed
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.origin import Origin, vanishing
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.schema import GROWING


class Content:
    """What a volume is filled with. C(option): which option says it; C(why): what filling it does."""

    option = why = ""
    # Looked at when the volume is made, and never again.
    imported = False
    # So many first bytes of a volume tell whether it has this content.
    head = 0
    # What could not be looked at, in words.
    unchecked: list[str] = []

    def measure(self) -> dict:
        """C(format), and in bytes C(capacity) that it needs (None: not known yet) and C(space) that it takes."""
        raise NotImplementedError

    def differs(self, _path: str) -> bool:
        """Whether a volume that is there, as a file, has another content than it shall have."""
        return False

    def differences(self, _path: str) -> tuple:
        """(what is there, what is wanted) in words that say nothing of what may be secret."""
        return "another content", "the content of this task"

    def write(self, path: str, volume_format: str, capacity: int, lock: int | None) -> None:
        """Make a file of it, of C(capacity) bytes for the guest. C(lock): see C(image.put)."""
        raise NotImplementedError

    @contextlib.contextmanager
    def file(self, beside: str, volume_format: str, capacity: int, _any_format: bool):
        """The path of such a file, for the time that it is needed. C(beside): how names begin that may be used."""
        with vanishing(beside + ".whole") as path:
            self.write(path, volume_format, capacity, None)
            yield path


class Image(Content):
    """The option C(source): an image. C(creation): options of the new image's format, as qemu-img takes them."""

    option = "source"
    imported = True

    def __init__(self, origin: Origin, subject: str):
        self.origin, self.subject = origin, subject
        self.creation: list[str] = []
        self.why = f"import {origin.shown} as {subject}"

    def measure(self) -> dict:
        return self.origin.measure()

    def write(self, path, volume_format, capacity, lock):
        with self.origin.brought(path.removesuffix(".part")) as source:
            about = self._looked_at(source, capacity)
            size = None if capacity == about["virtual-size"] else capacity
            as_it_is = self.origin.own and about["format"] == volume_format and not self.creation
            if as_it_is and (size is None or volume_format in GROWING):
                os.rename(source, path)
                if size is not None:
                    image.resize(self.origin.execute, path, volume_format, size, lock)
            else:
                wanted = {"format": volume_format, "options": self.creation, "size": size}
                image.convert(self.origin.execute, source, about["format"], path, wanted, lock)

    @contextlib.contextmanager
    def file(self, beside, volume_format, capacity, any_format):
        with self.origin.brought(beside) as source:
            about = self._looked_at(source, capacity)
            same = about["format"] == volume_format and about["virtual-size"] == capacity and not self.creation
            if "backing-filename" not in about and (any_format or same):
                yield source
                return
            with vanishing(beside + ".whole") as whole:
                kind = about["format"] if any_format else volume_format
                size = None if any_format or capacity == about["virtual-size"] else capacity
                wanted = {"format": kind, "options": self.creation, "size": size}
                image.convert(self.origin.execute, source, about["format"], whole, wanted, None)
                yield whole

    def _looked_at(self, path: str, capacity: int) -> dict:
        """What qemu-img says of what was brought, which may be another one than was planned with."""
        about = image.describe(self.origin.execute, path, self.subject, self.origin.format, self.origin.shown)
        self.origin.refuse_leaning(about)
        if self.origin.own:
            # What was downloaded, sent or unpacked may have come in part.
            image.refuse_damaged(self.origin.execute, path, about, self.subject, self.origin.shown)
        if about["virtual-size"] > capacity:
            size = Size()
            raise Failed(
                f"{self.origin.shown} has {size.show(about['virtual-size'])}, which is more than the capacity"
                f" {size.show(capacity)}"
            )
        return about


class Seed(Content):
    """The option C(cloud_init): compared by the digest that every seed carries."""

    option = "cloud_init"
    # An ISO image tells what it is, and a seed its digest, within its first sectors.
    head = 18 * 2048

    def __init__(self, options: dict, name: str, subject: str):
        self.files, self.unchecked = seed.files(options, name, subject)
        self.subject = subject
        self.why = f"write the cloud-init seed {subject}"

    def measure(self) -> dict:
        seed.need_library(self.subject)
        size = seed.size(self.files)
        return {"format": "iso", "capacity": size, "space": size}

    def differs(self, path: str) -> bool:
        if not seed.is_seed(path):
            raise Refused(
                f"{self.subject}: it exists and is no cloud-init seed, and what is in it would be lost;"
                " choose another name, or remove it first"
            )
        return seed.digest_of(path) != seed.digest(self.files)

    def differences(self, path: str) -> tuple[dict, dict]:
        """(what is there, what is wanted) of the files that differ, in words; a password may be in each of them."""
        there = seed.contents_of(path, self.subject)
        names = [name for name in sorted({*there, *self.files}) if there.get(name) != self.files.get(name)]
        options = {name: name.replace("-", "_") for name in names}
        return (
            {options[name]: "another content" if name in there else None for name in names},
            {options[name]: "the content of this task" if name in self.files else None for name in names},
        )

    def write(self, path: str, _volume_format: str, _capacity: int, _lock: int | None) -> None:
        seed.write(path, self.files, self.subject)
