# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a document against the schema that libvirt installs, so that check mode refuses what the real run would.

Private to this collection, and imported only where a document is about to change: reading a schema takes time.
"""

from __future__ import annotations

import copy
import os

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local
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


def left_to_libvirt(conn, name: str, flag: int) -> int:
    """C(flag), which has libvirt check a new document itself; 0 where the plan was checked by its own schema.

    libvirt reads the schema anew for each document, which costs more than the definition of a guest.
    """
    return 0 if available(name) and is_local(conn) else flag


def _schema(name: str):
    if name not in _loaded:
        _loaded[name] = etree.RelaxNG(etree.parse(os.path.join(DIRECTORY, name + ".rng")))
    return _loaded[name]


def validate(document, name: str, subject: str, text: str) -> None:
    """Refused names what is wrong, its line and that line of C(text); without a schema here nothing is checked."""
    if accepts(document, name):
        return
    errors = list(_schema(name).error_log)
    what, line = _culprit(document, _schema(name)) or (errors[0].message, errors[0].line)
    lines = text.splitlines()
    where = f" (line {line}: {lines[line - 1].strip()})" if 0 < (line or 0) <= len(lines) else ""
    raise Refused(f"{subject}: libvirt's schema refuses its XML: {what}{where}; correct it")


def _culprit(document, schema) -> tuple[str, int] | None:
    """(words, line) for the smallest thing without which the document would do, None where no single one is to blame.

    libxml2 itself names the element around an interleave, which is most often the whole document.
    """
    count = sum(1 for _element in document.iter())
    # Behind come the deeper ones: those are named first, and attributes before the element that has them.
    for number in range(count - 1, 0, -1):
        element = _numbered(document, number)
        for name in element.attrib:
            trial = copy.deepcopy(document)
            del _numbered(trial, number).attrib[name]
            if schema.validate(trial):
                return f"{name}={element.get(name)!r} of <{element.tag}>", element.sourceline
        trial = copy.deepcopy(document)
        gone = _numbered(trial, number)
        gone.getparent().remove(gone)
        if schema.validate(trial):
            said = f"{element.text}</{element.tag}>" if element.text and not len(element) else ""
            named = "".join(f" {name}={value!r}" for name, value in element.attrib.items())
            return f"<{element.tag}{named}>{said} in <{element.getparent().tag}>", element.sourceline
    return None


def _numbered(document, number: int):
    return next(element for place, element in enumerate(document.iter()) if place == number)
