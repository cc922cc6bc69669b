# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes documents of domains through all that a task does with one, inside an isolated libvirt host.

  _corpus_inside.py VARIANT [whole]    paths of documents on standard input, an outcome a line on standard output

VARIANT is "plain" (documents as they stand) or "bare" (without UUID and MAC addresses, as people write them). All
documents of a variant go through one process, with one connection that reads and one that writes; check mode has only
the former. A bare document has a name of its own, so that both variants can be on their way at the same time. Each is
made, changed and removed in both; what else there is to ask is asked of it in one of them, or with "whole" in both.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import traceback
from pathlib import Path

import libvirt
from lxml import etree

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Planned
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import connection, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._converge import converge
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.removal import undefine
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused

URI = "qemu:///system"
PLANNED = ("changed", "changes", "steps", "diff")
EVERYTHING = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE


def bare(text: str) -> str:
    """A document without UUID and MAC addresses, and with another name."""
    document = etree.fromstring(text.encode())
    # libvirt takes the UUID from what the guest's BIOS is to say, if it stands nowhere else.
    for place in ("uuid", "sysinfo/system/entry[@name='uuid']", "devices/interface/mac"):
        for element in document.findall(place):
            element.getparent().remove(element)
    name = document.find("name")
    if name is not None:
        name.text = f"{(name.text or '').strip()}-bare"
    return etree.tostring(document, encoding="unicode")


def rearranged(text: str) -> str:
    """The same in another order of attributes and of elements of different kinds, and with memory in bytes."""
    document = etree.fromstring(text.encode(), etree.XMLParser(remove_comments=True, remove_blank_text=True))
    for element in document.iter(etree.Element):
        attributes = list(element.attrib.items())
        element.attrib.clear()
        element.attrib.update(reversed(attributes))
        for tag in dict.fromkeys(child.tag for child in element):
            for child in reversed(element.findall(tag)):
                element.insert(0, child)
    memory = document.find("memory")
    if memory is not None and memory.get("unit", "KiB") == "KiB":
        memory.text, memory.attrib["unit"] = str(int(memory.text) * 1024), "b"
    return etree.tostring(document, encoding="unicode")


def edited(text: str, more: bool) -> str:
    """A document with another title; with C(more) also without its last device, and with twice the memory."""
    document = etree.fromstring(text.encode())
    title = document.find("title")
    if title is None:
        title = etree.SubElement(document, "title")
    title.text = "edited"
    if more:
        devices = [child for child in document.iterfind("devices/*") if child.tag != "emulator"]
        if devices:
            devices[-1].getparent().remove(devices[-1])
        for memory in document.findall("memory"):
            memory.text = str(int(memory.text) * 2)
    return etree.tostring(document, encoding="unicode")


@functools.cache
def capabilities(conn):
    """What the host can do."""
    return etree.fromstring(conn.getCapabilities())


def run_command(command: list[str], **_options) -> tuple[int, str, str]:
    """What AnsibleModule lends a volume."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


class Wrong(Exception):
    """What a document did not pass."""


class Trial:
    """One document on its way."""

    # The flag with which libvirt asks its own schema.
    validate = libvirt.VIR_DOMAIN_DEFINE_VALIDATE

    def __init__(self, reader, writer, text: str, whole: bool = True):
        self.reader, self.writer, self.text, self.whole = reader, writer, text, whole
        self.name = (etree.fromstring(text.encode()).findtext("name") or "").strip()

    def refusal(self, text: str, flags: int = 0) -> str:
        """What libvirt has against a document, "" if it takes it; nothing is left of it."""
        try:
            domain = self.writer.defineXMLFlags(text, flags)
        except libvirt.libvirtError as error:
            return str(error)
        undefine(self.writer, domain)
        return ""

    def foreseen(self) -> str:
        """What check mode has against the document, "" if nothing."""
        try:
            self.task(True, {"xml": self.text})
        except Refused as error:
            return str(error)
        return ""

    def refused(self, foreseen: str) -> str:
        """The outcome of a document that libvirt refuses as it stands."""
        if foreseen:
            return "refused"
        try:
            self.task(False, {"xml": self.text})
        except (Refused, Failed, libvirt.libvirtError):
            return "unforeseen"
        finally:
            self.clean()
        return "made"

    def there(self) -> str | None:
        """All that libvirt keeps of the guest, None where there is none."""
        domain = lookup(self.reader.lookupByName, self.name, libvirt.VIR_ERR_NO_DOMAIN)
        return None if domain is None else self.writer.lookupByName(self.name).XMLDesc(EVERYTHING)

    def task(self, check: bool, options: dict) -> dict:
        options = {"timeout": 10, "force": False, **options}
        planned = Planned(run_command=run_command)
        # They do not change meanwhile, and libvirt takes longer over them than over all else that a task asks.
        planned.once("capabilities", lambda: capabilities(self.reader))
        return converge(Domain(self.reader if check else self.writer, options, planned), check)

    def change(self, what: str, **options) -> None:
        """Check, apply and repeat a task that changes something."""
        before = self.there()
        plan = self.task(True, options)
        expect(plan["changed"] and plan["changes"] and plan["diff"], f"{what}: nothing is planned")
        expect(self.there() == before, f"{what}: check mode changed the guest")
        real = self.task(False, options)
        for key in PLANNED:
            expect(real[key] == plan[key], f"{what}: {key}: planned {plan[key]}, done {real[key]}")
        self.unchanged(f"repeat of {what}", **options)

    def unchanged(self, what: str, **options) -> None:
        """Check and apply a task for which there is nothing to do."""
        before = self.there()
        for mode, check in (("check", True), ("run", False)):
            result = self.task(check, options)
            expect(not result["changed"], f"{what} ({mode}): {json.dumps(result['changes'])}")
            expect(self.there() == before, f"{what} ({mode}): the XML is another one")

    def run(self) -> None:
        """All that a document goes through; Wrong says where it ended."""
        more = edited(self.text, True)
        edit = edited(self.text, False) if self.refusal(more) else more
        self.change("create", xml=self.text)
        if self.whole:
            self.unchanged("rearranged", xml=rearranged(self.text))
            self.change("options", name=self.name, title="by option", description="of both")
            expect(self.title() == "by option", "options: the title is not there")
        self.change("edit", xml=edit)
        expect(self.title() == "edited", "edit: the title is not there")
        if self.whole:
            self.unchanged("what libvirt wrote", xml=self.there())
        self.change("absent", xml=edit, state="absent")
        expect(self.there() is None, "absent: it is still there")
        if self.whole:
            self._adopt()

    def title(self) -> str | None:
        return etree.fromstring(self.there().encode()).findtext("title")

    def _adopt(self) -> None:
        """What somebody defined by other means: libvirt's rewriting may look like a change, once."""
        self.writer.defineXML(self.text)
        plan, real = (self.task(check, {"xml": self.text}) for check in (True, False))
        for key in PLANNED:
            expect(real[key] == plan[key], f"adopt: {key}: planned {plan[key]}, done {real[key]}")
        self.unchanged("repeat of adopt", xml=self.text)

    def clean(self) -> None:
        domain = lookup(self.writer.lookupByName, self.name, libvirt.VIR_ERR_NO_DOMAIN)
        if domain is not None:
            undefine(self.writer, domain)


def expect(holds, what: str) -> None:
    if not holds:
        raise Wrong(what)


def outcome(trial: Trial) -> tuple[str, str]:
    """(what became of a document, why): "refused" by libvirt, "unforeseen" if check mode does not
    refuse it, too, "made" if what the task makes of it is taken, refused by libvirt's "schema" only, "pass" or "fail".
    """
    text = trial.text
    if trial.refusal(text, trial.validate):
        refusal, said = trial.refusal(text), trial.foreseen()
        if refusal:
            return trial.refused(said), refusal
        if not said:
            return "fail", "libvirt's schema refuses it, and check mode does not"
        return ("schema" if "schema" in said else "fail"), said
    try:
        trial.run()
    except (Wrong, Refused, Failed, libvirt.libvirtError) as error:
        return "fail", str(error)
    except Exception:  # noqa: BLE001 -- whatever it is, it is the document's outcome
        return "fail", traceback.format_exc()
    finally:
        trial.clean()
    return "pass", ""


def main(variant: str, *how: str) -> None:
    with connection(URI, True) as reader, connection(URI, False) as writer:
        for number, line in enumerate(sys.stdin.read().splitlines()):
            text = Path(line).read_text(encoding="utf-8")
            whole = "whole" in how or ("plain", "bare")[number % 2] == variant
            what, why = outcome(Trial(reader, writer, bare(text) if variant == "bare" else text, whole))
            print(json.dumps({"file": line, "outcome": what, "why": why}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
