# SPDX-License-Identifier: GPL-3.0-or-later
"""What a volume is filled with: an image that is imported, or a seed for cloud-init. Private to this collection.

Both are made on the host that the module runs on, whole or not at all.
"""

from __future__ import annotations

import os

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import image, seed


class Image:
    """The option C(source): an image file on this host. It is looked at when the volume is made, and never again."""

    option = "source"
    unchecked: list[str] = []

    def __init__(self, options: dict, subject: str, execute):
        self.path, self.checksum, self.subject = options["path"], options.get("checksum"), subject
        self.execute = execute
        self.format: str = options.get("format") or ""
        self.why = f"import {self.path} as {subject}"

    def measure(self) -> dict:
        """C(format), and in bytes C(capacity) that it needs and C(space) that it takes; Refused for a wrong file."""
        if not os.path.isfile(self.path):
            raise Refused(f"{self.subject}: its source {self.path} is not a file on this host; correct the path")
        if self.checksum:
            image.verify(self.path, self.checksum, self.subject)
        about = image.describe(self.execute, self.path, self.subject, self.format)
        self.format = self.format or about["format"]
        return {
            "format": self.format,
            "capacity": about["virtual-size"],
            "space": os.stat(self.path).st_blocks * 512,
        }

    def differs(self, _path: str) -> bool:
        return False

    def differences(self, _path: str) -> tuple[dict, dict]:
        return {}, {}

    def write(self, path: str, volume_format: str, capacity: int, lock: int) -> None:
        image.convert(self.execute, self.path, self.format, path, volume_format, capacity, lock)


class Seed:
    """The option C(cloud_init): compared by the digest that every seed carries."""

    option = "cloud_init"

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

    def write(self, path: str, _volume_format: str, _capacity: int, _lock: int) -> None:
        seed.write(path, self.files, self.subject)
