# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a document against the schema that libvirt installs, so that check mode refuses what the real run would.

Private to this collection, and imported only where a document is about to change: reading a schema takes 0.1 s.
"""

from __future__ import annotations

import os

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import printed

DIRECTORY = "/usr/share/libvirt/schemas"
_loaded: dict = {}


def available(name: str) -> bool:
    """Whether this host has libvirt's schema C(name)."""
    return os.path.exists(os.path.join(DIRECTORY, name + ".rng"))


def validate(document, name: str, subject: str) -> None:
    """Refused names the line, the element and the reason; without a schema on this host nothing is checked."""
    if not available(name):
        return
    if name not in _loaded:
        _loaded[name] = etree.RelaxNG(etree.parse(os.path.join(DIRECTORY, name + ".rng")))
    schema = _loaded[name]
    # Parsed anew, so that the lines are those of the text that the user can see.
    text = printed(document)
    if not schema.validate(etree.fromstring(text)):
        raise Refused(f"{subject}: libvirt's schema refuses its XML: {_reason(schema.error_log, text)}")


def _reason(log, text: str) -> str:
    """The deepest of the errors: libxml2 reports a wrong leaf and then every element around it."""
    lines = text.splitlines()
    best = max(log, key=lambda entry: (entry.line, -log.index(entry) if hasattr(log, "index") else 0))
    return f"{best.message} (line {best.line}: {lines[best.line - 1].strip()})"
