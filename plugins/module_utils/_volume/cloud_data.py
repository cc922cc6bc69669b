# SPDX-License-Identifier: GPL-3.0-or-later
"""What cloud-init takes in the files of a seed, and what is refused before one is written. Private to this collection.

A message names the option and the line, never what stands there: it may be a password.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused

# First lines by which user-data is known, in lower case. cloud-init's ("User data formats"; longer words that begin
# alike are of the same kinds), then those that cloudbase-init knows too ("Userdata").
_FIRST_LINES = (
    "#cloud-config",
    "#!",
    "#include",
    "#part-handler",
    "#cloud-boothook",
    "#upstart-job",
    "## template: jinja",
    "#ps1",
    "rem cmd",
    "<script>",
    "<powershell>",
)
# A message of several parts is looked for in so many characters (cloud-init, convert_string).
_MIME = re.compile(r"^mime-version:", re.IGNORECASE | re.MULTILINE)
_MIME_WITHIN = 4096
_MAPPING = re.compile(r"^[\"']?[A-Za-z_][\w -]*[\"']?\s*:(\s|$)")


class Checker:
    """Refuses what cloud-init would not take; C(unchecked) gets what could not be looked at, in words."""

    def __init__(self, subject: str):
        self.subject, self.unchecked = subject, []  # type: str, list[str]

    def user_data(self, option: str, value) -> None:
        """C(user_data) or C(vendor_data): a mapping, or text of a kind that its first line tells."""
        text = self._text(option, value)
        if not text or _MIME.search(text[:_MIME_WITHIN]):
            return
        first, _newline, rest = text.lstrip().partition("\n")
        if first.lower().startswith("## template:"):
            # What it will say is known in the guest only.
            self._first_line(option, rest)
            return
        kind = self._first_line(option, text)
        if kind == "#cloud-config":
            self._parsed(option, text, dict, "mapping")
        elif kind == "#cloud-config-archive":
            self._parsed(option, text, list, "list")

    def _first_line(self, option: str, text: str) -> str:
        """The first word of the first line, which tells the kind; Refused where it is none that is known."""
        first = text.lstrip().partition("\n")[0].lower()
        if not first.startswith(_FIRST_LINES):
            raise Refused(f"{self.subject}: {option} {_unknown(text)}")
        return first.split()[0]

    def meta_data(self, value) -> Any:
        """C(meta_data); the mapping that it is, None where that is not known."""
        text = self._text("meta_data", value)
        return self._parsed("meta_data", text, dict, "mapping") if text else value or {}

    def network_config(self, value) -> None:
        """C(network_config): a mapping of version 1 or 2."""
        text = self._text("network_config", value)
        parsed = self._parsed("network_config", text, dict, "mapping") if text else value
        if not parsed:
            return
        inside = parsed.get("network") if set(parsed) == {"network"} else parsed
        if not isinstance(inside, dict) or (inside.get("version") not in (1, 2) and inside.get("config") != "disabled"):
            raise Refused(
                f"{self.subject}: network_config says no version that cloud-init knows; give 'version: 2', as in"
                " netplan, or 'version: 1' with a list 'config'"
            )
        if inside.get("version") == 1 and not isinstance(inside.get("config"), list):
            raise Refused(
                f"{self.subject}: network_config of version 1 has no list 'config'; give it, or write it in version 2"
            )

    def _text(self, option: str, value) -> str:
        """C(value) where it is text that says something; Refused where it is neither text nor a mapping."""
        if not isinstance(value, (str, dict, type(None))):
            raise Refused(f"{self.subject}: {option} is of type {type(value).__name__}; give a mapping, or text")
        return value if isinstance(value, str) and value.strip() else ""

    def _parsed(self, option: str, text: str, kind: type, word: str):
        """What the YAML in C(text) says, None where no library can tell."""
        try:
            return self._kind(option, json.loads(text), kind, word)
        except ValueError:
            pass
        try:
            import yaml
        except ImportError:
            self.unchecked.append(
                f"{option}: it was not parsed, because the Python library yaml (python3-yaml) is not on this host"
            )
            return None
        try:
            said = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f", see line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            raise Refused(f"{self.subject}: {option} is no YAML{where}; correct it, or give a mapping") from None
        return self._kind(option, {} if said is None else said, kind, word)

    def _kind(self, option: str, said, kind: type, word: str):
        if said and not isinstance(said, kind):
            raise Refused(f"{self.subject}: {option} is no {word} but of type {type(said).__name__}; correct it")
        return said


def _unknown(text: str) -> str:
    """What is wrong with text that is of no known kind, and what to do."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "---"))]
    if lines and _MAPPING.match(lines[0]):
        return (
            "is text that looks like cloud-config and lacks its first line, without which cloud-init ignores it;"
            " begin it with '#cloud-config', or give a mapping"
        )
    return (
        "is text whose first line is of no kind that cloud-init knows; begin cloud-config with '#cloud-config' and a"
        " script with '#!', give a mapping, or, for a guest that reads it otherwise, say 'validate: false'"
    )
