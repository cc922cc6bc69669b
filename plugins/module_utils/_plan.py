# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan: what becomes different, and the steps that make it so, in order. Private to this collection.

Check mode prints the plan, the real run prints the same plan and then runs its steps: there is no second way.
"""

from __future__ import annotations

from typing import Callable

from ansible_collections.virtops.libvirt.plugins.module_utils._diff import Change
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused, libvirt_words
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt


class Step:
    """One call that writes. C(why) completes "to ..."; C(undo) takes it back where a later step fails."""

    __slots__ = ("run", "undo", "why")

    def __init__(self, why: str, run: Callable[[], object], undo: Callable[[], object] | None = None):
        self.why, self.run, self.undo = why, run, undo


class Plan:
    """What a task does to one object.

    C(before), C(after): the object in the words of the options, {} where it is not there.
    C(xml_before), C(xml_after): its document as text. C(pending): changes that wait for the next start.
    C(also): those of the changes that are about other objects. C(unchecked): what a read-only connection could not see.
    """

    def __init__(self, subject: str):
        self.subject = subject
        self.changes: list[Change] = []
        self.steps: list[Step] = []
        self.pending: list[Change] = []
        self.also: list[Change] = []
        self.before: dict = {}
        self.after: dict = {}
        self.xml_before = self.xml_after = ""
        self.unchecked: list[str] = []
        self._done: list[Step] = []

    def diff(self) -> list[dict]:
        """What Ansible prints with C(--diff): the options first, then the XML."""
        pairs = [("options", self.before, self.after), ("XML", self.xml_before, self.xml_after)]
        # What neither shows, such as another content of a seed.
        unseen = self.changes if all(old == new for _what, old, new in pairs) else self.also
        before, after = ({one.path: getattr(one, side) for one in unseen} for side in ("before", "after"))
        pairs.append(("changes", before, after))
        headers = [(f"{self.subject} ({what})", old, new) for what, old, new in pairs if self.changes and old != new]
        return [{"before_header": h, "after_header": h, "before": old, "after": new} for h, old, new in headers]

    def run(self) -> None:
        """Run the steps; where one fails, take back what was done and say what could not be taken back."""
        for step in self.steps:
            try:
                step.run()
            except (Failed, Refused, OSError, libvirt.libvirtError) as error:
                raise Failed(self._failure(step, error) + self._undone()) from error
            self._done.append(step)

    def take_back(self) -> list[str]:
        """Take back all steps that were carried out, the last one first; words on what stands all the same."""
        stands = []
        while self._done:
            step = self._done.pop()
            try:
                if step.undo is None:
                    stands.append(step.why)
                else:
                    step.undo()
            except (OSError, Failed, libvirt.libvirtError):
                stands.append(step.why)
        return stands[::-1]

    def _undone(self) -> str:
        """What came of taking the steps back."""
        done = bool(self._done)
        stands = self.take_back()
        if stands:
            return f". Done before that, and still so: {', '.join(stands)}"
        return ". What was done before that was taken back" if done else ". Nothing was changed"

    def _failure(self, step: Step, error: Exception) -> str:
        if isinstance(error, libvirt.libvirtError):
            return f"{self.subject}: could not {step.why}; {libvirt_words(error)}"
        return f"{self.subject}: could not {step.why}; {error}"
