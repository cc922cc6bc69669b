# SPDX-License-Identifier: GPL-3.0-or-later
"""The document: parse and print it, take a place out of it.

Private to this collection. Parsing never resolves an entity or opens a connection.
"""

from __future__ import annotations

import copy

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import Element, etree
from ansible_collections.virtops.libvirt.plugins.module_utils._place import remove

MASK = "********"
# The namespace of what we keep in an object's <metadata>.
NAMESPACE = "https://virtops.github.io/libvirt/1"


def parse(text: str | bytes, what: str = "xml", root: str = "") -> Element:
    """Parse a document without comments and blank text.

    Refused names C(what), the line and the parser's reason; a DOCTYPE or another root than C(root) is refused too.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_blank_text=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        element = etree.fromstring(text.encode() if isinstance(text, str) else text, parser)
    except etree.XMLSyntaxError as error:
        raise Refused(f"{what}: not well-formed XML: {error.msg}") from None
    if element.getroottree().docinfo.doctype:
        raise Refused(f"{what}: a DOCTYPE is not allowed; write the document without it")
    for node in element.iter():
        if not len(node) and node.text is not None and not node.text.strip():
            node.text = None
    if root and element.tag != root:
        raise Refused(f"{what}: the document is <{element.tag}>, but <{root}> is needed")
    return element


def printed(element: Element | None) -> str:
    """The document as text, two spaces a level; C("") for none."""
    if element is None:
        return ""
    element = copy.deepcopy(element)
    etree.indent(element)
    return etree.tostring(element, encoding="unicode") + "\n"


def secrets(document: Element) -> list[Element]:
    """The elements that carry a password (formatdomain, "graphics")."""
    return [] if document is None else document.xpath("//*[@passwd]")


def without_secrets(document: Element) -> Element:
    """A copy without passwords: what can be shown, and what a read-only connection sees."""
    document = copy.deepcopy(document)
    for element in document.iter():
        element.attrib.pop("passwd", None)
    return document


def drop(owner: Element, place: str) -> None:
    """Take an element, or an attribute of the root (C(@name)), out."""
    if place.startswith("@"):
        owner.attrib.pop(place[1:], None)
    else:
        remove(owner, place)
