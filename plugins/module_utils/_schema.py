# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a document against the schema that libvirt installs, so that check mode refuses what the real run would.

Private to this collection, and imported only where a document is about to change: reading a schema takes 0.1 s.
"""

from __future__ import annotations

import os

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree

DIRECTORY = "/usr/share/libvirt/schemas"
_loaded: dict = {}


def available(name: str) -> bool:
    """Whether this host has libvirt's schema C(name)."""
    return os.path.exists(os.path.join(DIRECTORY, name + ".rng"))


def accepts(document, name: str) -> bool:
    """Whether libvirt's schema takes a document; True without a schema on this host."""
    return not available(name) or _schema(name).validate(document)


def _schema(name: str):
    if name not in _loaded:
        _loaded[name] = etree.RelaxNG(etree.parse(os.path.join(DIRECTORY, name + ".rng")))
    return _loaded[name]


def validate(document, name: str, subject: str, text: str) -> None:
    """Refused names the reason, the line and that line of C(text); without a schema on this host nothing is checked."""
    if not accepts(document, name):
        reason = _reason(list(_schema(name).error_log), text.splitlines())
        raise Refused(f"{subject}: libvirt's schema refuses its XML: {reason}")


def _reason(errors: list, lines: list[str]) -> str:
    """The first error of the deepest line: libxml2 reports a wrong leaf and then every element around it."""
    best = max(errors, key=lambda error: error.line)
    if not 0 < best.line <= len(lines):
        return best.message
    return f"{best.message} (line {best.line}: {lines[best.line - 1].strip()})"
