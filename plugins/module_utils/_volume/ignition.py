# SPDX-License-Identifier: GPL-3.0-or-later
"""A config for Ignition (Fedora CoreOS, Flatcar): JSON in a raw volume. Private to this collection.

A guest gets it by fw_cfg, or as a disk with the serial C(ignition) where its machine has no fw_cfg.
"""

from __future__ import annotations

import json
import os
import re

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.content import Content

# As far as fw_cfg and a sector of a disk are concerned any size would do; this one stays when a few words change.
# White space behind JSON is part of it (RFC 8259, 2).
_BLOCK = 4096
# More than that is no config but somebody's disk: Ignition itself fetches what is large.
_LARGEST = 16 << 20
# The versions that a guest could know (Ignition, "Configuration specifications").
_VERSION = re.compile(r"[23]\.\d+\.\d+(-\w+)?")


class Ignition(Content):
    """The option C(ignition): compared by its bytes."""

    option, head = "ignition", _LARGEST + 1

    def __init__(self, config, subject: str):
        self.subject = subject
        self.why = f"write the Ignition config {subject}"
        text = json.dumps(self._checked(config), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        data = text.encode("utf-8", "surrogatepass") + b"\n"
        self.data = data.ljust(-(-len(data) // _BLOCK) * _BLOCK, b"\n")

    def _checked(self, config):
        """The config as a mapping; Refused, without a word of what is in it, where it is none."""
        if isinstance(config, str):
            try:
                config = json.loads(config)
            except ValueError as error:
                where = f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
                raise Refused(
                    f"{self.subject}: ignition is no JSON, see {where}; correct it, or translate a Butane config with"
                    " butane first"
                ) from None
        about = config.get("ignition") if isinstance(config, dict) else None
        version = about.get("version") if isinstance(about, dict) else None
        if not isinstance(version, str) or not _VERSION.fullmatch(version):
            butane = isinstance(config, dict) and "variant" in config
            advice = "translate the Butane config with butane first" if butane else "give it, such as '3.4.0'"
            raise Refused(f"{self.subject}: ignition has no ignition.version that Ignition knows; {advice}")
        return config

    def measure(self) -> dict:
        return {"format": "raw", "capacity": len(self.data), "space": len(self.data)}

    def differs(self, path: str) -> bool:
        with open(path, "rb") as stream:
            there = stream.read(_LARGEST + 1)
        if not _is_config(there):
            raise Refused(
                f"{self.subject}: it exists and is no Ignition config, and what is in it would be lost;"
                " choose another name, or remove it first"
            )
        return there != self.data

    def write(self, path: str, _volume_format: str, _capacity: int, _lock: int | None) -> None:
        # Not for all users of the host: the pool's permissions are those of disks, which have no passwords to read.
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(self.data)


def _is_config(data: bytes) -> bool:
    """Whether a file is a config, or empty as one that libvirt made."""
    if len(data) > _LARGEST:
        return False
    try:
        config = json.loads(data.rstrip(b"\0"))
    except ValueError:
        return False
    return isinstance(config, dict) and "ignition" in config
