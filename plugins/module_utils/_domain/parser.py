# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt's own parser has against a domain, before anything is written. Private to this collection, imported only
before a change.

Over a connection that only reads, libvirt parses no document. But its C(test) driver lives in the library itself, keeps
what it is given in the memory of this process, and parses and validates with the same code as the driver for QEMU
(https://libvirt.org/drvtest.html), short of what that driver adds of its own.
"""

from __future__ import annotations

import copy
import functools
import tempfile

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import opened
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, libvirt_words
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._place import remove
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import printed


def problem(domain, document) -> str:
    """What libvirt says against a document, "" where it takes it, or where this libvirt is another than the host's."""
    parser = _parser()
    # Another version knows other elements.
    if parser is None or domain.conn.getLibVersion() != libvirt.getVersion():
        return ""
    try:
        parser.defineXML(printed(_for_any_driver(document))).undefine()
    except libvirt.libvirtError as error:
        what = "it" if domain.xml is None else "its XML"
        return f"libvirt refuses {what}; correct it; {libvirt_words(error)}"
    return ""


@functools.cache
def _parser():
    """A connection to an empty host in the memory of this process; None where there is none.

    libvirt may be built without it, and its file needs room in the directory for temporary ones.
    """
    try:
        # That of test:///default is the same for all who open it.
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
            file.write("<node/>")
            file.flush()
            return opened(f"test://{file.name}", False)
    except (Failed, OSError):
        return None


def _for_any_driver(document):
    """A document without what is not a matter of the parser but of the driver for QEMU."""
    document = copy.deepcopy(document)
    for source in document.iterfind("devices/disk//source[@fdgroup]"):
        del source.attrib["fdgroup"]
    # A definition for QEMU has the memory of its cells whatever it says (VIR_DOMAIN_DEF_PARSE_ABI_UPDATE).
    if document.find("cpu/numa/cell") is not None:
        remove(document, "memory")
    devices = document.find("devices")
    # QEMU's machines come with one.
    if devices is not None and devices.find("controller[@type='usb']") is None:
        etree.SubElement(devices, "controller", type="usb")
    return document
