# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes documents of networks through all that a task does with one, inside an isolated libvirt host.

Paths of documents come on standard input, and an outcome a line goes to standard output.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import libvirt
from _corpus_inside import URI, Trial, expect, outcome
from _corpus_pools_inside import shape
from lxml import etree

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import connection, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._converge import converge
from ansible_collections.virtops.libvirt.plugins.module_utils._network.addresses import PREFIX, ROUTE_PREFIX
from ansible_collections.virtops.libvirt.plugins.module_utils._network.steps import Network

# What may be taken out of a document, as far as libvirt takes it without.
OPTIONAL = (
    *("domain", "dns/txt", "dns/srv", "dns/host", "dns/forwarder", "mtu", "vlan", "bandwidth", "port", "portgroup"),
    *("ip/tftp", "ip/dhcp", "route", "forward/nat", "virtualport", "ip/dhcp/range/lease", "ip/dhcp/bootp"),
)
# What libvirt chooses for a network that is new.
CHOSEN = ("uuid", "mac")


def without(text: str, *places: str) -> str:
    """A document without these places."""
    document = etree.fromstring(text.encode())
    for place in places:
        for element in document.findall(place):
            element.getparent().remove(element)
    return etree.tostring(document, encoding="unicode")


def in_words(text: str) -> str:
    """A document as it is made from the words of the options, which say one thing in one way only."""
    document = etree.fromstring(without(text, "metadata").encode())
    for tag, prefix in (("ip", PREFIX), ("route", ROUTE_PREFIX)):
        for element in document.findall(tag):
            element.set("prefix", str(prefix.read(element)))
            element.attrib.pop("netmask", None)
            if element.get("family") == "ipv4":
                del element.attrib["family"]
    return etree.tostring(document, encoding="unicode")


def other(text: str) -> str:
    """A document with other numbers, devices and switches."""
    document = etree.fromstring(text.encode())
    for element in document.iter(etree.Element):
        for name, value in element.attrib.items():
            if value in ("yes", "no"):
                element.set(name, "no" if value == "yes" else "yes")
            elif name in ("average", "peak", "burst", "metric", "priority", "weight", "expiry", "delay", "size", "id"):
                element.set(name, str(int(value) + 1) if value.isdecimal() else value)
            elif name == "dev":
                element.set(name, value + "9")
    return etree.tostring(document, encoding="unicode")


class NetworkTrial(Trial):
    """One document of a network on its way."""

    validate = libvirt.VIR_NETWORK_DEFINE_VALIDATE

    def refusal(self, text: str, flags: int = 0) -> str:
        try:
            network = self.writer.networkDefineXMLFlags(text, flags)
        except libvirt.libvirtError as error:
            return str(error)
        network.undefine()
        return ""

    def there(self) -> str | None:
        network = lookup(self.reader.networkLookupByName, self.name, libvirt.VIR_ERR_NO_NETWORK)
        return None if network is None else network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)

    def task(self, check: bool, options: dict) -> dict:
        return converge(Network(self.reader if check else self.writer, options), check)

    def fresh(self, text: str) -> str:
        """What libvirt makes of a document where nothing was before."""
        network = self.writer.networkDefineXML(text)
        try:
            return without(network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE), *CHOSEN)
        finally:
            network.undefine()

    def run(self) -> None:
        edits = {}
        texts = {f"take out {place}": without(self.text, place) for place in OPTIONAL}
        for what, text in {"change": other(self.text), **texts}.items():
            if not self.refusal(text, self.validate):
                edits[what] = (text, self.fresh(text))
        as_it_is = self.fresh(self.text)
        self.change("create", xml=self.text)
        self.unchanged("what libvirt wrote", xml=self.there())
        words = self.task(True, {"name": self.name})["network"]
        self.unchanged("its words", **words)
        for what, (text, expected) in edits.items():
            if shape(expected) != shape(as_it_is):
                self.change(what, xml=text)
                self.must_be(what, expected)
                self.change(f"{what} and back", xml=self.text)
        self.must_be("back", as_it_is)
        self.change("absent", xml=self.text, state="absent")
        expect(self.there() is None, "absent: it is still there")
        self.change("create from its words", **words)
        self.must_be("create from its words", in_words(as_it_is))
        self.change("absent again", name=self.name, state="absent")
        self.writer.networkDefineXML(self.text)
        self.unchanged("adopt", xml=self.text)

    def must_be(self, what: str, expected: str) -> None:
        now, then = shape(without(self.there(), *CHOSEN)), shape(expected)
        expect(
            now == then, f"{what}: it has {[e for e in now if e not in then]} for {[e for e in then if e not in now]}"
        )

    def clean(self) -> None:
        network = lookup(self.writer.networkLookupByName, self.name, libvirt.VIR_ERR_NO_NETWORK)
        if network is not None:
            network.undefine()


def main() -> None:
    with connection(URI, True) as reader, connection(URI, False) as writer:
        for line in sys.stdin.read().splitlines():
            what, why = outcome(NetworkTrial(reader, writer, Path(line).read_text(encoding="utf-8")))
            print(json.dumps({"file": line, "outcome": what, "why": why}), flush=True)


if __name__ == "__main__":
    main()
