# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there, and what earlier tasks of a check-mode run would have put there. Private to this collection."""

from __future__ import annotations

from typing import Any, Callable
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._xml import parse

# Filled by the collection's action plugins: what earlier tasks of a check-mode run would have made.
PLANNED = {"_planned": {"type": "list", "elements": "dict"}}


class Actual:
    """One object as libvirt answers it: C(handle), the persistent C(text), C(active), and the text it runs with.

    C(state) and C(autostart) are words of the options. C(tree) is for reading, by the standard library; C(document) is
    for editing, by lxml, which costs 10 ms to import: a task with nothing to do never asks for it.
    C(handle) is None for an object that a check-mode run only planned.
    """

    def __init__(
        self, handle, text: str, *, active: bool, state: str = "", autostart: bool | None = None, live_text=""
    ):
        self.handle, self.text, self.active = handle, text, active
        self.state, self.autostart, self.live_text = state, autostart, live_text
        self._tree: Any = None
        self._live_tree: Any = None
        self._document: Any = None

    @property
    def tree(self):
        if self._tree is None:
            self._tree = ET.fromstring(self.text)  # noqa: S314 (the text is libvirt's own)
        return self._tree

    @property
    def live_tree(self):
        """The tree of the running object, None where it is off."""
        if self._live_tree is None and self.live_text:
            self._live_tree = ET.fromstring(self.live_text)  # noqa: S314 (libvirt's own)
        return self._live_tree

    @property
    def runs(self) -> bool:
        """Whether it has a state beside its definition: it is active, or its memory is saved."""
        return self.active or bool(self.live_text)

    @property
    def document(self):
        if self._document is None:
            self._document = parse(self.text)
        return self._document

    @property
    def persistent(self) -> bool:
        return self.handle is None or bool(self.handle.isPersistent())


class Planned:
    """Objects that earlier tasks of the same check-mode run would have made, changed or removed.

    An entry is a dict of C(kind), C(name), C(pool), C(words) (the object in the words of the options, {} where it is
    removed), C(xml) (its document, None where that stays as it is), and where there is something to tell C(live) (the
    document that it runs with), C(went_back) (whether it did to a snapshot) and C(stack) (the one that makes it).
    C(run_command): AnsibleModule's, for what libvirt has no call for.
    """

    def __init__(self, entries=(), run_command: Callable[..., tuple[int, str, str]] | None = None):
        self._run_command: Any = run_command
        self._entries: dict[tuple, dict] = {}
        self._story: list[dict] = []
        self._answers: dict[str, Any] = {}
        # Whether many objects are planned beside each other, so that it pays to ask about all that there are.
        self.many = False
        # Asks about them before the answers are needed, an C(_ahead.Asker), where there is one.
        self.asker: Any = None
        for entry in entries:
            self.add(entry)

    def add(self, entry: dict) -> None:
        """Note one more object."""
        key = (entry["kind"], entry.get("pool"), entry["name"])
        before = self._entries.get(key) or {}
        # What does not change with it.
        kept = ["xml", "live", "stack"] if entry["words"] else []
        # One that is in another state since then has run.
        if entry["words"].get("state") == (before.get("words") or {}).get("state"):
            kept.append("went_back")
        if before and not before["words"]:
            # What is there is not the same any more.
            entry = {**entry, "anew": True}
        kept.append("anew")
        self._entries[key] = {**entry, **{name: entry.get(name) or before.get(name) for name in kept}}
        self._story.append(entry)

    @property
    def executes(self) -> bool:
        """Whether there is an AnsibleModule to run commands."""
        return self._run_command is not None

    def execute(self, command: list[str], **options) -> tuple[int, str, str]:
        """Exit code, output and errors of a command whose words stay as they are; OSError where it is missing."""
        return self._run_command(command, expand_user_and_vars=False, handle_exceptions=False, **options)

    def forget(self) -> None:
        """Let go of all answers and of what was planned: it is being made now."""
        self._entries.clear()
        self._story.clear()
        self._answers.clear()

    def once(self, question: str, ask):
        """What C(ask()) answers; asked once for all objects that are planned beside each other."""
        if question not in self._answers:
            self._answers[question] = ask()
        return self._answers[question]

    def ask(self, question: str, kind: str, pool: str | None, handles: dict, handle, ask):
        """What C(ask(handle)) answers of one of the C(handles) by name, which may have been asked already."""
        if self.asker is None:
            return ask(handle)
        ahead = self.once(question, lambda: self.asker.ahead(kind, pool, handles, ask))
        return ahead.take(handle.name(), lambda: ask(handle))

    def get(self, kind: str, name: str, pool: str | None = None) -> dict | None:
        """The words of a planned object; None where nothing is planned or where its removal is."""
        return (self._entries.get((kind, pool, name)) or {}).get("words") or None

    @property
    def entries(self) -> list[dict]:
        """All of them."""
        return list(self._entries.values())

    def of(self, kind: str, pool: str | None = None) -> dict[str, dict]:
        """All entries of a kind by name: C(words) is {} where it would be removed."""
        return {key[2]: entry for key, entry in self._entries.items() if key[:2] == (kind, pool)}

    def story(self, kind: str, pool: str | None = None) -> list[dict]:
        """All that would have become of objects of a kind, in the order of the tasks."""
        return [entry for entry in self._story if (entry["kind"], entry.get("pool")) == (kind, pool)]

    def removes(self, kind: str, name: str, pool: str | None = None) -> bool:
        """Whether an object would be gone by now."""
        entry = self._entries.get((kind, pool, name))
        return entry is not None and not entry["words"]

    def all(self, kind: str) -> list[dict]:
        """The words of all planned objects of a kind."""
        return [entry["words"] for entry in self.entries if entry["kind"] == kind and entry["words"]]

    def laid_over(
        self, actual: Actual | None, kind: str, name: str, pool: str | None, off: tuple, completed
    ) -> Actual | None:
        """The object as it would be by now; C(off): the words of its states in which it does not run.

        C(completed(text)): the document of a new one as libvirt would keep it.
        """
        entry = self._entries.get((kind, pool, name))
        if entry is None or not entry["words"]:
            return actual if entry is None else None
        words = entry["words"]
        actual = None if entry["anew"] else actual
        state = words.get("state", "")
        active = bool(state) and state not in off
        text = entry.get("xml") or (actual.text if actual else "")
        if actual is None and text:
            text = completed(text)
        return Actual(
            actual.handle if actual else None,
            text,
            active=active,
            state=state,
            autostart=words.get("autostart", actual.autostart if actual else None),
            # It went on running, as far as is known here, or would have started with its definition.
            # A guest whose memory is saved goes on with it.
            live_text=(entry.get("live") or (actual.live_text if actual else "") or text)
            if active or state == "saved"
            else "",
        )
