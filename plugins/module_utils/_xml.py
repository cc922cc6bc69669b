# SPDX-License-Identifier: GPL-3.0-or-later
"""The document: parse and print it, take a place out of it.

Private to this collection. Parsing never resolves an entity or opens a connection.
"""

from __future__ import annotations

import copy
import re

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import Element, etree
from ansible_collections.virtops.libvirt.plugins.module_utils._place import remove

MASK = "********"
# The namespace of what we keep in an object's <metadata>.
NAMESPACE = "https://virtops.github.io/libvirt/1"
# What secrets() looks for, in text.
_SECRET = re.compile(r"""\spasswd\s*=\s*(?:'([^']+)'|"([^"]+)")|<cookie\s[^>]*>([^<]+)""")


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


def secrets(document: Element) -> set[str]:
    """The secrets in a document: what libvirt tells only with VIR_DOMAIN_XML_SECURE."""
    if document is None:
        return set()
    return set(document.xpath("//@passwd")) | {cookie.text for cookie in document.xpath("//cookies/*") if cookie.text}


def secrets_in(text: str) -> set[str]:
    """The same of a document as it is written, also where it is none that can be read."""
    return {secret for found in _SECRET.finditer(text) for secret in found.groups() if secret}


def drop_secrets(document: Element) -> None:
    """Take the secrets out of a document."""
    for element in document.iter():
        element.attrib.pop("passwd", None)
    for cookies in document.findall(".//cookies"):
        cookies.getparent().remove(cookies)


def is_secret(place: str) -> bool:
    """Whether a place in a document is one of a secret."""
    return place.endswith("/@passwd") or "/cookies" in place


def without_secrets(document: Element) -> Element:
    """A copy without secrets: what can be shown, and what a read-only connection sees."""
    document = copy.deepcopy(document)
    drop_secrets(document)
    return document


def drop(owner: Element, place: str) -> None:
    """Take an element, or an attribute of the root (C(@name)), out."""
    if place.startswith("@"):
        owner.attrib.pop(place[1:], None)
    else:
        remove(owner, place)
