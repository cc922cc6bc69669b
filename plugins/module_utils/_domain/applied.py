# SPDX-License-Identifier: GPL-3.0-or-later
"""What we applied last, kept in the domain's own metadata: the third side of the three-way comparison.

Private to this collection. The element holds the user's document as it was applied, and an C(echo) for every place
where libvirt then said something else: its own rewriting, which is no drift.
"""

from __future__ import annotations

import copy

from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree
from ansible_collections.virtops.libvirt.plugins.module_utils._place import ensure
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import NAMESPACE, without_secrets

PREFIX = "virtops"
_TAG = f"{{{NAMESPACE}}}applied"
_ECHO = f"{{{NAMESPACE}}}echo"


def find(document):
    """Our element in a document, or None."""
    return document.find(f"metadata/{_TAG}")


def read(document):
    """(document applied last or None, {path: (asked, got)})."""
    element = find(document)
    if element is None:
        return None, {}
    echoes = {echo.get("path"): (echo.get("asked"), echo.get("got")) for echo in element.findall(_ECHO)}
    return element.find("domain"), echoes


def without(document):
    """A document without our element, and without a C(<metadata>) that held nothing else."""
    if find(document) is None:
        return document
    document = copy.deepcopy(document)
    find(document).getparent().remove(find(document))
    if not len(document.find("metadata")):
        document.remove(document.find("metadata"))
    return document


def write(document, wanted) -> None:
    """Note C(wanted) in a document that is about to be defined; secrets are left out."""
    old = find(document)
    if old is not None:
        old.getparent().remove(old)
    element = etree.SubElement(ensure(document, "metadata"), _TAG, nsmap={PREFIX: NAMESPACE})
    element.append(without_secrets(wanted))


def add_echoes(document, edits) -> None:
    """Note libvirt's rewriting, the edits that are left, in a document that is about to be defined."""
    element = find(document)
    if element is None:
        element = etree.SubElement(ensure(document, "metadata"), _TAG, nsmap={PREFIX: NAMESPACE})
    for edit in edits:
        for old in [echo for echo in element.findall(_ECHO) if echo.get("path") == edit.key]:
            element.remove(old)
        echo = etree.SubElement(element, _ECHO, path=edit.key)
        for name, value in (("asked", edit.after), ("got", edit.before)):
            if value is not None:
                echo.set(name, value)
