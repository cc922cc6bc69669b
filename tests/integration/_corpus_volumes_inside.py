# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes documents of volumes through all that a task does with one, in a pool of files inside an isolated libvirt host.

Paths of documents come on standard input, and an outcome a line goes to standard output.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import libvirt
from _corpus_inside import URI, Trial, Wrong, expect, run_command
from lxml import etree

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Planned
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import connection, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._converge import converge
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume

POOL = "images"
# Moved by whoever reads the file.
FIGURES = ("target/timestamps", "backingStore/timestamps")


def placed(text: str, writer, directory: Path) -> str:
    """The document with what it refers to made, and without gigabytes that it would have allocated."""
    document = etree.fromstring(text.encode())
    for element in document.findall("allocation"):
        element.text = "0"
        element.attrib.pop("unit", None)
    for backing in document.findall("backingStore"):
        kind = backing.find("format")
        base = directory / f"base.{'raw' if kind is None else kind.get('type')}"
        # What QEMU cannot make libvirt cannot use.
        run_command(["qemu-img", "create", "-q", "-f", base.suffix[1:], str(base), "1M"])
        backing.find("path").text = str(base)
    for secret in document.iter("secret"):
        about = f"<secret ephemeral='no' private='no'><uuid>{secret.get('uuid')}</uuid></secret>"
        writer.secretDefineXML(about).setValue(b"geheim")
    return etree.tostring(document, encoding="unicode")


class VolumeTrial(Trial):
    """One document of a volume on its way."""

    def _pool(self, conn):
        return conn.storagePoolLookupByName(POOL)

    def refusal(self, text: str, _flags: int = 0) -> str:
        """What libvirt has against a document; the volume stays where it has nothing."""
        try:
            self._create(text)
        except libvirt.libvirtError as error:
            return str(error)
        return ""

    def _create(self, text: str) -> None:
        """What libvirt makes of a document by itself, or at the second attempt of QEMU to measure its own speed."""
        for left in reversed(range(20)):
            try:
                self._pool(self.writer).createXML(text, 0)
                return
            except libvirt.libvirtError as error:
                if "accurate CPU usage" not in str(error) or not left:
                    raise

    def there(self) -> str | None:
        volume = lookup(self._pool(self.reader).storageVolLookupByName, self.name, libvirt.VIR_ERR_NO_STORAGE_VOL)
        if volume is None:
            return None
        document = etree.fromstring(volume.XMLDesc(0))
        for place in FIGURES:
            for element in document.findall(place):
                element.getparent().remove(element)
        return etree.tostring(document, encoding="unicode")

    def task(self, check: bool, options: dict) -> dict:
        volume = Volume(
            self.reader if check else self.writer, {"pool": POOL, **options}, Planned(run_command=run_command)
        )
        return converge(volume, check)

    def run(self) -> None:
        self.unchanged("adopt", xml=self.text)
        # To derive a key takes seconds of a processor by design: the one that libvirt made serves.
        if not etree.fromstring(self.text).findall(".//encryption"):
            self.change("absent", xml=self.text, state="absent")
            expect(self.there() is None, "absent: it is still there")
            self.change("create", xml=self.text)
        self.unchanged("what libvirt wrote", xml=self.there())
        words = self.task(True, {"name": self.name})["volume"]
        self.unchanged("its words", **{name: value for name, value in words.items() if name != "path"})

    def clean(self) -> None:
        volume = lookup(self._pool(self.writer).storageVolLookupByName, self.name, libvirt.VIR_ERR_NO_STORAGE_VOL)
        if volume is not None:
            volume.delete()

    def outcome(self) -> tuple[str, str]:
        """(what became of the document, why): "refused" by libvirt and by us, "pass" or "fail"."""
        refusal = self.refusal(self.text)
        before = self._pool(self.reader).listVolumes()
        try:
            if not refusal:
                self.run()
                return "pass", ""
            self.task(False, {"xml": self.text})
        except (Wrong, Refused, Failed, libvirt.libvirtError) as error:
            left = self._pool(self.reader).listVolumes()
            return ("refused" if refusal and left == before else "fail"), str(error)
        finally:
            self.clean()
        return "fail", f"libvirt refuses it, and the module does not: {refusal}"


def main(directory: Path) -> None:
    with connection(URI, True) as reader, connection(URI, False) as writer:
        for line in sys.stdin.read().splitlines():
            text = placed(Path(line).read_text(encoding="utf-8"), writer, directory)
            what, why = VolumeTrial(reader, writer, text).outcome()
            print(json.dumps({"file": line, "outcome": what, "why": why}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
