# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes documents of storage pools through all that a task does with one, inside an isolated libvirt host.

Paths of documents come on standard input, and an outcome a line goes to standard output.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import libvirt
from _corpus_inside import URI, Trial, expect, outcome
from lxml import etree

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import connection, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._converge import converge
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.steps import Pool

# What may be taken out of a document, as far as libvirt takes it without.
OPTIONAL = (
    *("source/auth", "source/initiator", "source/vendor", "source/product", "source/protocol"),
    *("features", "refresh"),
)
FIGURES = ("uuid", "capacity", "allocation", "available", "target/permissions")


def shape(text: str) -> list:
    """What is in a document, whatever its order: a list that is given is matched by identity."""
    return sorted((e.tag, sorted(e.attrib.items()), (e.text or "").strip()) for e in etree.fromstring(text).iter())


def without(text: str, places) -> str:
    """A document without these places, and without extensions in namespaces of their own."""
    document = etree.fromstring(text.encode())
    for place in places:
        for element in document.findall(place):
            element.getparent().remove(element)
    for element in [child for child in document if isinstance(child.tag, str) and child.tag.startswith("{")]:
        if places == OPTIONAL:
            document.remove(element)
    return etree.tostring(document, encoding="unicode")


def moved(text: str) -> str:
    """A document with another source or target."""
    document = etree.fromstring(text.encode())
    for place, attribute in (("source/host", "name"), ("source/device", "path"), ("source/adapter", "name")):
        element = document.find(place)
        if element is not None and element.get(attribute):
            element.set(attribute, element.get(attribute) + "2")
    # Where nothing else names the pool, its source does.
    for place in ("source/name", "target/path") if document.find("name") is not None else ():
        element = document.find(place)
        if element is not None and element.text:
            element.text = element.text.strip() + "2"
    return etree.tostring(document, encoding="unicode")


class PoolTrial(Trial):
    """One document of a pool on its way."""

    validate = libvirt.VIR_STORAGE_POOL_DEFINE_VALIDATE

    def __init__(self, reader, writer, text):
        super().__init__(reader, writer, text)
        # Some kinds have their name from the source.
        self.name = self.name or etree.fromstring(text.encode()).findtext("source/name")

    def refusal(self, text: str, flags: int = 0) -> str:
        try:
            pool = self.writer.storagePoolDefineXML(text, flags)
        except libvirt.libvirtError as error:
            return str(error)
        try:
            # What this host cannot build, such as what only btrfs can.
            if etree.fromstring(text.encode()).get("type") in ("dir", "fs", "netfs"):
                pool.build(0)
        except libvirt.libvirtError as error:
            return str(error)
        finally:
            pool.undefine()
        return ""

    def there(self) -> str | None:
        pool = lookup(self.reader.storagePoolLookupByName, self.name, libvirt.VIR_ERR_NO_STORAGE_POOL)
        return None if pool is None else pool.XMLDesc(libvirt.VIR_STORAGE_XML_INACTIVE)

    def task(self, check: bool, options: dict) -> dict:
        return converge(Pool(self.reader if check else self.writer, options), check)

    def fresh(self, text: str) -> str:
        """What libvirt makes of a document where nothing was before."""
        pool = self.writer.storagePoolDefineXML(text, 0)
        try:
            return without(pool.XMLDesc(libvirt.VIR_STORAGE_XML_INACTIVE), FIGURES)
        finally:
            pool.undefine()

    def run(self) -> None:
        edits = {}
        for what, text in (("move", moved(self.text)), ("take out", without(self.text, OPTIONAL))):
            if not self.refusal(text, self.validate):
                edits[what] = (text, self.fresh(text))
        as_it_is = self.fresh(self.text)
        self.change("create", xml=self.text)
        self.unchanged("what libvirt wrote", xml=self.there())
        self.unchanged("its words", **self.task(True, {"name": self.name})["pool"])
        for what, (text, expected) in edits.items():
            if expected != as_it_is:
                self.change(what, xml=text)
                expect(self._is(expected), f"{what}: {self.there()} instead of {expected}")
                self.change(f"{what} and back", xml=self.text)
        expect(self._is(as_it_is), f"back: {self.there()} instead of {as_it_is}")
        self.change("absent", xml=self.text, state="absent")
        expect(self.there() is None, "absent: it is still there")
        self.writer.storagePoolDefineXML(self.text, 0)
        self.unchanged("adopt", xml=self.text)

    def _is(self, expected: str) -> bool:
        return shape(without(self.there(), FIGURES)) == shape(expected)

    def clean(self) -> None:
        pool = lookup(self.writer.storagePoolLookupByName, self.name, libvirt.VIR_ERR_NO_STORAGE_POOL)
        if pool is not None:
            pool.undefine()


def main() -> None:
    with connection(URI, True) as reader, connection(URI, False) as writer:
        for line in sys.stdin.read().splitlines():
            what, why = outcome(PoolTrial(reader, writer, Path(line).read_text(encoding="utf-8")))
            print(json.dumps({"file": line, "outcome": what, "why": why}), flush=True)


if __name__ == "__main__":
    main()
