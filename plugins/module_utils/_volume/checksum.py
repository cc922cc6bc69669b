# SPDX-License-Identifier: GPL-3.0-or-later
"""The checksum that content must have: given itself, or in a list at a URL. Private to this collection."""

from __future__ import annotations

import hashlib
import re

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.urls import list_url, plain

# What coreutils write: "HEX  NAME", with "*" before the name of a file that was read as binary; and with --tag.
_GNU = re.compile(r"([0-9a-fA-F]{32,128})(?:\s+\*?(\S.*))?")
_BSD = re.compile(r"\w+\s*\((.+)\)\s*=\s*([0-9a-fA-F]{32,128})")


class Checksum:
    """The option C(checksum): C(ALGORITHM:HEX), or C(ALGORITHM:URL) of a list that has C(name).

    C(text_at(url)): what stands there; Refused where it cannot be had.
    """

    def __init__(self, option: str, subject: str, name: str, text_at):
        self.algorithm, _sep, wanted = option.partition(":")
        self.subject = subject
        if not wanted or self.algorithm not in hashlib.algorithms_available or "shake" in self.algorithm:
            raise Refused(
                f"{subject}: checksum {option!r} is not of the form 'sha256:HEX' or 'sha256:URL of a list of them'"
            )
        self._url = list_url(option)
        self._hex = "" if self._url else wanted.strip().lower()
        self._name, self._text_at = name, text_at
        digits = hashlib.new(self.algorithm).digest_size * 2
        if self._hex and not re.fullmatch(f"[0-9a-f]{{{digits}}}", self._hex):
            raise Refused(
                f"{subject}: checksum {option!r} is not of the form 'sha256:HEX': {self.algorithm} has {digits}"
                " hexadecimal digits"
            )

    def find(self) -> str:
        """The digest that is wanted, in hexadecimal digits; Refused where the list does not have it."""
        if not self._hex:
            self._hex = self._listed(self._text_at(self._url))
        return self._hex

    def _listed(self, text: str) -> str:
        found: dict[str, str] = {}
        for line in text.splitlines():
            gnu, bsd = _GNU.fullmatch(line.strip()), _BSD.fullmatch(line.strip())
            if bsd:
                found[bsd[1]] = bsd[2]
            elif gnu:
                found[gnu[2] or ""] = gnu[1]
        for name, digest in found.items():
            if name.rpartition("/")[2] == self._name:
                return digest.lower()
        # A list of one file may leave its name out.
        if set(found) == {""}:
            return found[""].lower()
        raise Refused(
            f"{self.subject}: the list {plain(self._url)} has no {self.algorithm} checksum of {self._name}; correct the"
            " URL, or give the checksum itself"
        )

    def digest(self, path: str) -> str:
        """The digest of a file."""
        return digest(path, self.algorithm)

    def mismatch(self, path: str, what: str) -> str:
        """What is wrong with a file, C("") where it is the one that is meant."""
        return self.differs(self.digest(path), what)

    def differs(self, found: str, what: str) -> str:
        """What is wrong where C(found) is not the digest that is wanted."""
        wanted = self.find()
        if found == wanted:
            return ""
        return (
            f"{what} has the {self.algorithm} checksum {found}, not {wanted};"
            " the file is damaged or another one: get it again, or correct the checksum"
        )

    def refuse(self, path: str) -> None:
        """Refused unless the file is the one that is meant; for what can be read while planning."""
        wrong = self.mismatch(path, path)
        if wrong:
            raise Refused(f"{self.subject}: {wrong}")

    def fail(self, path: str, what: str) -> None:
        """Failed unless the file is the one that is meant; for what was fetched."""
        wrong = self.mismatch(path, what)
        if wrong:
            raise Failed(wrong)


def digest(path: str, algorithm: str) -> str:
    """The digest of a file in hexadecimal digits."""
    found = hashlib.new(algorithm)
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            found.update(block)
    return found.hexdigest()
