# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks: many objects as one plan. Private to this collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Planned
from ansible_collections.virtops.libvirt.plugins.module_utils._ahead import asker
from ansible_collections.virtops.libvirt.plugins.module_utils._diff import Change
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Plan
from ansible_collections.virtops.libvirt.plugins.module_utils._stack import owner
from ansible_collections.virtops.libvirt.plugins.module_utils._stack.items import Reader
from ansible_collections.virtops.libvirt.plugins.module_utils._stack.order import After, key, needed, ordered
from ansible_collections.virtops.libvirt.plugins.module_utils._stack.schema import KINDS, SPEC, resource_class
from ansible_collections.virtops.libvirt.plugins.module_utils._stack.work import Work

# So many refusals, and names of what was not begun, are told.
_TOLD = 3


class StackPlan(Plan):
    """The plans of all objects as one. C(work): carries them out."""

    def __init__(self, stack: Stack, plans: list[Plan], work: Work):
        super().__init__(stack.subject)
        self.stack, self.plans, self.work = stack, plans, work
        for resource, plan in zip(stack.resources, plans):
            self.changes += [_placed(resource, change) for change in plan.changes]
            self.pending += [_placed(resource, change) for change in plan.pending]
            self.unchecked += [f"{resource.subject}: {what}" for what in plan.unchecked]
            self.steps += plan.steps
        self.before, self.after = ({"name": stack.name, **stack.words(plans, side)} for side in ("before", "after"))

    def diff(self):
        return [part for plan in self.plans for part in plan.diff()]

    def run(self):
        """Carry out all plans; Failed where one failed and the task does not say to go on."""
        self.stack.planned.forget()
        self.stack.planned.many = False
        made = owner.Made(self.stack.conn, self.stack.name, self.stack.resources, self.plans)
        made.note_before()
        self.work.run()
        stands = self.work.roll_back() if self.work.failed and self.work.on_error == "roll_back" else []
        made.note_after()
        if self.work.failed and self.work.on_error != "continue":
            raise self.stack.failure(stands)


class Stack:
    """Many pools, volumes, networks, secrets and guests, as a task declares them together."""

    kind = "stack"
    large = True
    repeats = ("restarted",)
    # Any of their options may hold what is shown nowhere, and only the objects themselves know which.
    confidential = (*KINDS, "defaults", "profiles")

    def __init__(self, conn, options: dict, planned: Planned | None = None):
        self.conn, self.options, self.planned = conn, options, planned or Planned()
        self.name, self.state = options["name"], options["state"]
        self.subject = f"stack {self.name}"
        if not self.name.strip() or not self.name.isprintable() or self.name != self.name.strip():
            raise Refused(
                f"stack: name {self.name!r} is empty, or has space around it or a line break; give another one"
            )
        if options["workers"] < 1:
            raise Refused(f"{self.subject}: workers {options['workers']} would do nothing; give 1 or more")
        reader = Reader(options)
        declared = [self._resource(*item) for item in reader.items()]
        self._refuse_twice(declared)
        gone = owner.undeclared(self, {key(one) for one in declared}) if options["prune"] else []
        self._refuse_needed(declared, {(kind[:-1], one.get("pool"), one["name"]) for kind, one in gone})
        declared += [self._resource(*reader.checked(*item)) for item in gone]
        self._hidden = reader.hidden
        order = ordered(self.subject, declared)
        # All objects in their order, and for each those that it comes after.
        self.resources: list[Any] = [resource for resource, _after in order]
        self._after: list[After] = [after for _resource, after in order]
        self._plan: Any = None
        # What a task of a check-mode run tells those after it.
        self._entries: list[dict] = []

    @classmethod
    def argument_spec(cls) -> dict:
        return SPEC

    @classmethod
    def hidden(cls, _options: dict) -> set[str]:
        """Nothing beside the options that are confidential."""
        return set()

    def secrets(self) -> set[str]:
        """Values that must appear nowhere."""
        return self._hidden.union(*(resource.secrets() for resource in self.resources))

    def _resource(self, plural: str, options: dict):
        resource = resource_class(plural)(self.conn, options, self.planned)
        resource.owner = self.name
        return resource

    def _refuse_twice(self, resources: list) -> None:
        seen: set[tuple] = set()
        for one in resources:
            if key(one) in seen:
                raise Refused(f"{self.subject}: {one.subject} is declared twice; take one of them out")
            seen.add(key(one))

    def _refuse_needed(self, declared: list, gone: set[tuple]) -> None:
        """Refused where something would be pruned to which what is declared refers."""
        for one in declared if gone else ():
            for kind, part, name in sorted(needed(one) & gone, key=str) if one.state != "absent" else ():
                place = f"{part}/{name}" if part else name
                raise Refused(
                    f"{self.subject}: {kind} {place} would be pruned, and {one.subject} refers to it; declare it, too"
                )

    # --- one plan ---------------------------------------------------------------------------------------------------

    def plan(self) -> StackPlan:
        """Plan every object after those that it needs; touches nothing. The second time: what was worked on."""
        self.planned.many = True
        if self._plan is None:
            with asker(map(key, self.resources)) as self.planned.asker:
                plans = self._first_plans()
            self.planned.asker = None
            work = Work(plans, self._after, self.options["workers"], self.options["on_error"])
            self._plan = StackPlan(self, plans, work)
            return self._plan
        self.planned.forget()
        work, plans = self._plan.work, list(self._plan.plans)
        for place in work.done:
            if plans[place].steps:
                self.resources[place].forget()
                self.resources[place].looks_back = True
                plans[place] = self.resources[place].plan()
                self.resources[place].forget()
        return StackPlan(self, plans, work)

    def _first_plans(self) -> list[Plan]:
        plans: list[Plan] = []
        refused: dict[int, Refused] = {}
        for place, resource in enumerate(self.resources):
            plans.append(Plan(resource.subject))
            # What needs a refused one would only be refused for that.
            after = self._after[place]
            if after.some.isdisjoint(refused) and not any(other < after.all for other in refused):
                try:
                    plans[place] = self._one(resource)
                except Refused as error:
                    refused[place] = error
        if refused:
            told = ". Also, ".join(str(error) for error in list(refused.values())[:_TOLD])
            more = len(refused) - _TOLD
            raise Refused(f"{self.subject}: {told}" + (f". And {more} more like these" if more > 0 else ""))
        if not self.options["overcommit"] and any(plan.changes for plan in plans):
            from ansible_collections.virtops.libvirt.plugins.module_utils._stack import capacity

            capacity.check(self, plans)
        return plans

    def _one(self, resource) -> Plan:
        plan = resource.plan()
        # A thousand objects with their documents would be more than the host's memory is for.
        resource.forget()
        if plan.changes:
            kind, part, name = key(resource)
            xml = plan.xml_after or None
            made = {} if plan.before else {"stack": self.name}
            entry = {"kind": kind, "pool": part, "name": name, "words": plan.after, "xml": xml, **made}
            self.planned.add(entry)
            self._entries.append(entry)
        return plan

    def words(self, plans: list[Plan], side: str) -> dict:
        """All objects in the words of their options, by kind; C(side): before or after."""
        found: dict[str, list] = {plural: [] for plural in KINDS if self.options.get(plural) is not None}
        for resource, plan in zip(self.resources, plans):
            words = getattr(plan, side)
            if words:
                found.setdefault(f"{resource.kind}s", []).append(words)
        return found

    def network_words(self, name: str) -> dict:
        """A network in the words of its options, also one that is not declared here; {} where it is not there."""
        return self._resource("networks", {"name": name}).existing() or {}

    # --- the end ----------------------------------------------------------------------------------------------------

    def ran(self) -> None:
        """Nothing of a stack needs a look behind its steps, whatever came of them."""

    def settle(self, again: StackPlan) -> list[Change]:
        """What libvirt did not keep of what was carried out."""
        left = []
        for place in again.work.done:
            if again.plans[place] is self._plan.plans[place]:
                continue
            resource = self.resources[place]
            if resource.state not in resource.repeats:
                left += [_placed(resource, change) for change in resource.settle(again.plans[place])]
        return left

    def told(self, plan: StackPlan) -> dict:
        """What the objects say of their plans, by name, of those that have something to say."""
        found: dict = {"attached": {}}
        for resource, one in zip(self.resources, plan.plans):
            for name, words in resource.told(one).items():
                if words:
                    found[name][resource.name] = words
        return found

    def foreseen(self, _plan) -> dict:
        """What the action plugin keeps for later tasks of a check-mode run."""
        return {"planned": self._entries}

    def ready(self) -> dict:
        """What each object does at its end, and all waits at once; Failed for what failed before or does so now."""
        work = self._plan.work
        waits = []
        for place in sorted(work.done):
            wait = self.resources[place].waits()
            if wait is None:
                self.resources[place].ready()
            else:
                waits.append(wait)
        result: dict = {}
        failures: tuple[str, ...] = ()
        if waits:
            from ansible_collections.virtops.libvirt.plugins.module_utils._domain.ready import wait_for_all

            wait_for_all(waits)
            failures = tuple(str(one.failure) for one in waits if one.failure)
            for one in waits:
                for name, found in one.result.items():
                    result.setdefault(name, {})[one.domain.name] = found
        if failures or work.failed:
            raise self.failure([], failures)
        return result

    def _stands(self) -> list[str]:
        """Words on what was done, the removals first."""
        places = sorted(self._plan.work.done, key=lambda place: self.resources[place].state != "absent")
        return [plan.steps[-1].why for plan in map(self._plan.plans.__getitem__, places) if plan.steps]

    def failure(self, stands: list[str], waits: tuple[str, ...] = ()) -> Failed:
        """What failed, in words; C(stands): what could not be taken back. C(waits): guests that were waited for."""
        work = self._plan.work
        failed = [*map(str, work.failed.values()), *waits]
        left = [
            resource.subject
            for place, resource in enumerate(self.resources)
            if place not in work.done and place not in work.failed
        ]
        words = f"{self.subject}: {'. Also, '.join(failed)}"
        if left:
            words += f". Not begun for that: {_some(left)}"
        if work.failed and work.on_error != "roll_back" and self._stands():
            words += f". Of the other objects this is done, and stands: {_some(self._stands())}"
        if work.on_error == "roll_back" and work.failed:
            words += ". What had been done was taken back" + (f", but for: {', '.join(stands)}" if stands else "")
        return Failed(words)


def _some(words: list[str]) -> str:
    """The first of them, and how many more there are."""
    return ", ".join(words[:_TOLD]) + (f" and {len(words) - _TOLD} more" if len(words) > _TOLD else "")


def _placed(resource, change: Change) -> Change:
    """The change of an object as one of the stack."""
    where = f"{resource.kind}s[{resource.subject.partition(' ')[2]}]"
    return Change(f"{where}.{change.path}".rstrip("."), change.before, change.after, change.effect)
