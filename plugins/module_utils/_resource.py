# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way of an object through the house: desired, actual, plan, (check mode stops here), apply, read back.

Private to this collection. A kind of object is a subclass that says how to find, read and write it; nothing here
knows a kind, and nothing assumes one object a process: any number can be planned over one connection.
"""

from __future__ import annotations

import copy

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Actual, Planned
from ansible_collections.virtops.libvirt.plugins.module_utils._diff import CONFIG, Change
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._field import (
    agree,
    parse,
    read,
    shown,
    specs,
    write,
)
from ansible_collections.virtops.libvirt.plugins.module_utils._kind import Kind
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Plan, Step
from ansible_collections.virtops.libvirt.plugins.module_utils._values import NAME
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import parse as parse_xml
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import secrets, secrets_in


class Resource(Kind):
    """One object as a task declares it.

    C(options): the task's options as Ansible gives them. Raises Refused at once for what no libvirt could take.
    """

    def __init__(self, conn, options: dict, planned: Planned | None = None):
        self.conn, self.options, self.planned = conn, options, planned or Planned()
        self.state = options.get("state") or "present"
        self.xml = self._parsed(options.get("xml"))
        self.name = self._name()
        # What could not be compared, because libvirt does not tell it over a read-only connection.
        self.unchecked: list[str] = []
        self.asked = parse(self.fields, {**options, "name": self.name or None}, self.subject)
        # What the task says of the object as it is; and that with what lists keep that it only adds to.
        self.named: dict = {}
        self.wanted: dict = {}
        self._values: dict = {}

    def values(self, document) -> dict:
        """Canonical values of a document that does not change any more; each is read once."""
        known = self._values.get(id(document))
        if known is None:
            try:
                found = read(self.fields, document)
            except ValueError as error:
                raise Refused(f"{self.subject}: its XML: {error}; correct it") from None
            # With the document itself, so that its id is no other's meanwhile.
            self._values[id(document)] = known = (document, found)
        return known[1]

    def forget(self) -> None:
        """Let go of documents that were only needed for the plan."""
        self._values.clear()

    def _parsed(self, text: str | None):
        if not text:
            return None
        return parse_xml(text, f"{self.kind} xml", self.root)

    @classmethod
    def argument_spec(cls) -> dict:
        """The argument spec of the kind's module."""
        return {
            **specs(cls.fields),
            **cls.extra,
            "state": {"type": "str", "choices": list(cls.states), "default": "present"},
            "xml": {"type": "str"},
        }

    @classmethod
    def hidden(cls, options: dict) -> set[str]:
        """Values in options that must appear nowhere, also where nothing else of the task can be read."""
        return secrets_in(str(options.get("xml") or ""))

    def secrets(self) -> set[str]:
        """Values that must appear nowhere."""
        return secrets(self.xml) | self.hidden(self.options)

    @property
    def adds(self) -> bool:
        """Whether the task adds to lists, and does not give them whole."""
        return self.options.get("purge") is False

    @property
    def subject(self) -> str:
        """What names the object in messages."""
        return f"{self.kind} {self.name}"

    def _name(self) -> str:
        inside = self.name_in(self.xml) if self.xml is not None else ""
        name = self.options.get("name") or inside
        if not name:
            raise Refused(f"{self.kind}: it has no name; give 'name', or <name> in 'xml'")
        if inside and inside != name:
            raise Refused(f"{self.kind} {name}: its xml says <name>{inside}</name>; make both the same")
        try:
            return NAME.parse(name)
        except ValueError as error:
            raise Refused(f"{self.kind}: name {error}") from None

    @staticmethod
    def name_in(document) -> str:
        """The name that a document gives its object, C("") for none."""
        return (document.findtext("name") or "").strip()

    @classmethod
    def called(cls, handle) -> set[str]:
        """The names by which a task may ask for the object that libvirt lists as C(handle)."""
        return {handle.name()}

    @classmethod
    def options_of(cls, handle) -> dict:
        """The options that name the object that libvirt lists as C(handle)."""
        return {"name": handle.name()}

    @classmethod
    def options_of_words(cls, words: dict) -> dict:
        """The options that name the object of these words."""
        return {"name": words["name"]}

    @classmethod
    def told_beside(cls, _conn, _names: list[str], _params: dict, _planned: Planned) -> dict:
        """What the info module answers beside the objects C(names) in the words of the options; its C(params)."""
        return {}

    def words(self, document, actual_state: str, autostart: bool | None) -> dict:
        """The object in the words of the options."""
        words = shown(self.fields, self.values(document))
        if autostart is not None:
            words["autostart"] = autostart
        if actual_state:
            words["state"] = actual_state
        return words

    # --- the way ----------------------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        """Compare what is wanted with what is there; touches nothing."""
        self.wanted, self._values = copy.deepcopy(self.asked), {}
        actual = self.actual()
        plan = Plan(self.subject)
        if actual is not None:
            plan.before = self.words(actual.tree, actual.state, actual.autostart)
        if self.state == "absent":
            self._plan_absent(plan, actual)
        else:
            self._plan_present(plan, actual)
        if actual is not None and plan.changes:
            plan.xml_before = self.printed(actual.document)
        # Some of it is found out on the way.
        plan.unchecked = list(self.unchecked)
        return plan

    def actual(self) -> Actual | None:
        """The object as it is, or as earlier tasks of a check-mode run would have left it."""
        key = self.kind, self.name, self.options.get(self.container)
        actual = self.planned.laid_over(self.read(), *key, self.off, self.completed)
        if actual is not None and actual.autostart is None and self.options.get("autostart") is not None:
            # A new one does not start with the host where no task said so.
            actual.autostart = False
        return actual

    def completed(self, text: str) -> str:
        """The document of a new object with those of libvirt's own additions that decide what a change does."""
        return text

    def existing(self) -> dict | None:
        """The object in the words of the options, None where it is not there."""
        actual = self.actual()
        return None if actual is None else self.words(actual.tree, actual.state, actual.autostart)

    def _plan_absent(self, plan: Plan, actual: Actual | None) -> None:
        self.check_absent(actual)
        there = "" if actual is None else (actual.tree.findtext("uuid") or "").strip()
        if there and self.asked.get("uuid", there) != there:
            raise Refused(
                f"{self.subject}: its UUID is {there}, not {self.asked['uuid']}; correct 'uuid', or take it out"
            )
        if actual is not None:
            plan.changes = [Change("state", actual.state or "present", "absent", "live" if actual.active else CONFIG)]
            plan.steps = self.absent_steps(actual)
        self.remove_more(plan)

    def _plan_present(self, plan: Plan, actual: Actual | None) -> None:
        self.prepare(actual)
        self.named = self.wanted
        if actual is not None and self.adds:
            from ansible_collections.virtops.libvirt.plugins.module_utils._keep import kept

            self.wanted = kept(self.fields, self.wanted, self.values(actual.tree))
        if actual is not None and self.xml is None and agree(self.fields, actual.tree, self.wanted):
            target, changes = None, self.more_changes(actual)
        else:
            target, edits = self.target(actual.document if actual else None, actual)
            changes = self.changes(actual, target, edits)
        if target is not None and (changes or actual is None):
            if not self.looks_back:
                self._refuse(actual, target)
            self.finish(target)
        elif actual is not None and self.state_steps(actual):
            self.check(actual, actual.document)
        changes, plan.pending = self._effects(actual, target, changes)
        if target is None and actual is not None:
            target = actual.document if changes else actual.tree
        self._complete(plan, actual, target, changes)

    def _effects(self, actual: Actual | None, target, changes: list[Change]) -> tuple[list[Change], list[Change]]:
        """(changes with their effects, what waits for the next start)."""
        if actual is None or not actual.runs:
            for change in changes:
                change.effect = CONFIG if actual is None else self.effect_off(change, actual)
            return changes, []
        # Without an import of what only a change needs: a task with nothing to do comes here.
        if not changes and self.xml is None and self._runs_as_wanted(actual):
            return [], []
        from ansible_collections.virtops.libvirt.plugins.module_utils._change import effects

        return effects(self, actual, actual.tree if target is None else target, changes)

    def _runs_as_wanted(self, actual: Actual) -> bool:
        """Whether the running object is as its definition in all that the task speaks of."""
        fields = [field for field in self.fields if field.name in self.wanted]
        return actual.live_tree is None or read(fields, actual.live_tree) == read(fields, actual.tree)

    def _refuse(self, actual: Actual | None, target) -> None:
        from ansible_collections.virtops.libvirt.plugins.module_utils._change import refuse

        refuse(self, actual, target)

    def _complete(self, plan: Plan, actual: Actual | None, target, changes: list[Change]) -> None:
        """The plan's changes, steps, words and text, once the document is known."""
        autostart, state = self.options.get("autostart"), self.state_after(actual)
        if autostart is None and actual is not None:
            autostart = actual.autostart
        plan.changes = [] if actual is None else changes + self._switches(actual, state)
        if plan.changes or actual is None:
            plan.after = self.words(target, state, autostart)
        if actual is None:
            plan.changes = [Change("", None, plan.after, self.new_effect())]
        if changes or actual is None:
            plan.steps += self.write_steps(actual, target, changes)
        elif plan.changes:
            plan.steps += self.keeping_steps(actual)
        plan.steps += self._autostart_steps(actual) + self.state_steps(actual) + self.late_steps(actual, changes)
        if not plan.changes:
            plan.after = plan.before
        elif actual is None or target is not actual.tree:
            plan.xml_after = self.printed(target)
        else:
            plan.xml_after = self.printed(actual.document)

    def target(self, base, actual: Actual | None):
        """(document as it shall be, edits that the user's xml needed). C(base) is left as it is."""
        from ansible_collections.virtops.libvirt.plugins.module_utils._change import target

        return target(self, base, actual)

    def declared(self):
        """The user's xml with the options laid over it."""
        wanted = copy.deepcopy(self.xml)
        write(self.fields, wanted, self.wanted)
        return wanted

    def changes(self, actual: Actual | None, target, edits) -> list[Change]:
        """What becomes different in an existing object; Refused where libvirt cannot change it."""
        from ansible_collections.virtops.libvirt.plugins.module_utils._change import changes

        return changes(self, actual, target, edits)

    def _switches(self, actual: Actual, state: str) -> list[Change]:
        changes = []
        autostart = self.options.get("autostart")
        if autostart is not None and autostart != actual.autostart:
            changes.append(Change("autostart", actual.autostart, autostart, "live" if actual.active else CONFIG))
        if state and (state != actual.state or self.state in self.repeats):
            changes.append(Change("state", actual.state, state, "live"))
        return changes

    def _autostart_steps(self, actual: Actual | None) -> list[Step]:
        wanted = self.options.get("autostart")
        if wanted is None or wanted == bool(actual and actual.autostart):
            return []

        def switch(value):
            self.handle_now().setAutostart(int(value))

        return [
            Step(f"switch autostart {'on' if wanted else 'off'}", lambda: switch(wanted), lambda: switch(not wanted))
        ]

    def handle_now(self):
        """libvirt's handle of the object, which must be there; Failed where somebody removed it meanwhile."""
        actual = self.read()
        if actual is None:
            raise Failed(f"{self.subject} is gone")
        return actual.handle
