# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes guests that are off through one change each, inside an isolated libvirt host.

  _changes_inside.py    rows on standard input, an outcome a line on standard output, "" where all is as it should be

A row is {"before": options, "between": options, "after": options, "refused": words, "gone": place}: a task makes the
guest, another one may change it, and the last one does, which is checked, applied and repeated, after which nothing is
at the place; or, with words, it is refused by both with them in the sentence.
"""

from __future__ import annotations

import json
import sys

import libvirt
from _corpus_inside import URI, Trial, Wrong, expect
from lxml import etree

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import connection
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused

NAME = "guest"


class Change(Trial):
    """One change of a guest."""

    def run_row(self, row: dict) -> None:
        self.task(False, row["before"])
        if row.get("between"):
            self.task(False, row["between"])
        if row.get("refused"):
            self._refused(row["after"], row["refused"])
        else:
            self.change("the change", **row["after"])
        if row.get("gone"):
            expect(etree.fromstring(self.there()).find(row["gone"]) is None, f"{row['gone']} is still there")

    def _refused(self, options: dict, words: str) -> None:
        before = self.there()
        said = [self._refusal(check, options) for check in (True, False)]
        expect(said[0] == said[1], f"check mode said {said[0]!r}, the run {said[1]!r}")
        expect(words in said[0], f"it said {said[0]!r}")
        expect(self.there() == before, "the refused task changed the guest")

    def _refusal(self, check: bool, options: dict) -> str:
        try:
            return f"not refused: {self.task(check, options)['changes']}"
        except Refused as error:
            return str(error)


def outcome(trial: Change, row: dict) -> str:
    try:
        trial.run_row(row)
    except (Wrong, Refused, Failed, libvirt.libvirtError) as error:
        return str(error)
    finally:
        trial.clean()
    return ""


def main() -> None:
    text = f"<domain><name>{NAME}</name></domain>"
    with connection(URI, True) as reader, connection(URI, False) as writer:
        for line in sys.stdin:
            print(json.dumps(outcome(Change(reader, writer, text), json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
