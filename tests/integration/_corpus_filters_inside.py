# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes documents of network filters through all that a task does with one, inside an isolated libvirt host.

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
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.steps import NWFilter


class FilterTrial(Trial):
    """One document of a filter on its way."""

    validate = libvirt.VIR_NWFILTER_DEFINE_VALIDATE

    def __init__(self, reader, writer, text):
        self.reader, self.writer, self.text = reader, writer, text
        document = etree.fromstring(text.encode())
        self.name = document.get("name")
        self.needs = {one.get("filter") for one in document.iter("filterref")}

    def refusal(self, text: str, flags: int = 0) -> str:
        try:
            self.writer.nwfilterDefineXMLFlags(text, flags).undefine()
        except libvirt.libvirtError as error:
            return str(error)
        return ""

    def there(self) -> str | None:
        found = lookup(self.reader.nwfilterLookupByName, self.name, libvirt.VIR_ERR_NO_NWFILTER)
        return None if found is None else found.XMLDesc(0)

    def task(self, check: bool, options: dict) -> dict:
        return converge(NWFilter(self.reader if check else self.writer, options), check)

    def run(self) -> None:
        # libvirt takes a reference to what is not there.
        for name in self.needs - {self.name}:
            self.writer.nwfilterDefineXML(f"<filter name='{name}'/>")
        self.change("create", xml=self.text)
        written = self.there()
        self.unchanged("what libvirt wrote", xml=written)
        words = self.task(True, {"name": self.name})["nwfilter"]
        self.unchanged("its words", **words)
        self.change("absent", xml=self.text, state="absent")
        expect(self.there() is None, "absent: it is still there")
        self.change("create by its words", **words)
        anew = self.there()
        expect(shape(anew) == shape(written), f"by its words: {anew} instead of {written}")
        if words.get("rules"):
            self.change("one rule less", name=self.name, rules=words["rules"][1:])
            self.change("and back", xml=self.text)
            expect(shape(self.there()) == shape(written), f"back: {self.there()} instead of {written}")
        self.change("absent again", name=self.name, state="absent")
        self.writer.nwfilterDefineXML(self.text)
        self.unchanged("adopt", xml=self.text)

    def clean(self) -> None:
        for found in self.writer.listAllNWFilters(0):
            found.undefine()


def shape(text: str) -> list:
    """What is in a document in its order; hexadecimal numbers as decimal ones. Of rules and references each has its own
    order.
    """
    document = etree.fromstring(text.encode())
    found = [(document.tag, sorted(document.attrib.items()))]
    for entry in sorted(document, key=lambda one: one.tag):
        found += [(one.tag, sorted((key, _plain(value)) for key, value in one.attrib.items())) for one in entry.iter()]
    return found


def _plain(value: str) -> str:
    return str(int(value, 16)) if value.startswith("0x") else value


def main() -> None:
    with connection(URI, True) as reader, connection(URI, False) as writer:
        for line in sys.stdin.read().splitlines():
            what, why = outcome(FilterTrial(reader, writer, Path(line).read_text(encoding="utf-8")))
            print(json.dumps({"file": line, "outcome": what, "why": why}), flush=True)


if __name__ == "__main__":
    main()
