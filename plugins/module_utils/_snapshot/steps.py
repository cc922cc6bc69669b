# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of a guest: the way of the engine for them. Private to this collection."""

from __future__ import annotations

import contextlib
import copy
import time
from typing import Any

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Actual
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._diff import CONFIG, POWER_CYCLE, Change
from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._field import FIXED, LIVE
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._place import append
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Plan, Step
from ansible_collections.virtops.libvirt.plugins.module_utils._resource import Resource
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot import (
    creation,
    deletion,
    files,
    leftovers,
    merging,
    metadata,
    retention,
    reversion,
)
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.guest import Guest
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.schema import (
    CREATED_ONLY,
    EXTERNAL,
    FIELDS,
    FILLED,
    INTERNAL,
    LEFT_OUT,
    LOCATIONS,
)
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.tree import Snap
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import printed

# Where a new one is tried to be kept, in this order.
_TRIED = (INTERNAL, EXTERNAL)
# The parts of a document that hold whole guests.
_GUESTS = ("domain", "inactiveDomain", "cookie")


class Snapshot(Resource):
    """One snapshot of a guest, or the policy for all that this collection made of it."""

    kind = "snapshot"
    root = schema = "domainsnapshot"
    states: tuple[str, ...] = ("absent", "present", "reverted")
    repeats = ("reverted",)
    container = "domain"
    fields = FIELDS
    filled = FILLED
    created_only = CREATED_ONLY
    edit_effect = FIXED
    info_options = {"domain": {"type": "list", "elements": "str"}}
    extra = {
        "domain": {"type": "str", "required": True},
        "location": {"type": "str", "choices": list(LOCATIONS)},
        "quiesce": {"type": "bool", "default": False},
        "children": {"type": "bool", "default": False},
        "metadata_only": {"type": "bool", "default": False},
        "power_state": {"type": "str", "choices": ["running", "paused"]},
        "reset_nvram": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
        "retention": retention.SPEC,
    }

    def __init__(self, conn, options, planned=None):
        super().__init__(conn, options, planned)
        self._guest: Guest | None = None
        # The document of a new one, once it is whole.
        self._new: Any = None
        # Whether the guest is paused by a snapshot that was interrupted.
        self._resumes = False
        # The guest's files before the steps.
        self._files: set[str] = set()
        # The names of those that go.
        self._going: list[str] = []

    def _name(self):
        # A policy needs none.
        if self.options.get("retention") and not self.options.get("name") and self.xml is None:
            return ""
        name = super()._name()
        if name.startswith("."):
            raise Refused(f"snapshot {name}: libvirt takes no name that begins with a dot; give another one")
        return name

    @property
    def subject(self):
        domain = self.options["domain"]
        return f"snapshot {domain}/{self.name}" if self.name else f"snapshots of domain {domain}"

    @property
    def guest(self) -> Guest:
        if self._guest is None:
            self._guest = Guest(self.conn, self.options["domain"], self.planned)
        return self._guest

    # --- what is there ----------------------------------------------------------------------------------------------

    def plan(self):
        self._guest, self._resumes, self._going = None, False, []
        plan = super().plan()
        if plan.steps:
            # What an interrupted run did to them is not known.
            self._files = set() if merging.interrupted(self.guest)[0] else files.known(self.guest)
        return plan

    def ran(self):
        # The guest, or libvirt itself, may be gone meanwhile; what the steps came to is said without this.
        with contextlib.suppress(Refused, libvirt.libvirtError):
            files.refresh_pools(self.conn, self._files ^ files.known(self.guest.anew()))

    def read(self) -> Actual | None:
        handle = self._handle()
        if handle is not None and leftovers.await_taking(self.guest, handle):
            self._guest = None
            handle = self._handle()
        return None if handle is None else Actual(handle, handle.getXMLDesc(0), active=False)

    def actual(self):
        if self.state == "absent" and not self._is_there():
            return None
        actual = super().actual()
        if actual is not None:
            # Also of one that is only planned.
            actual.active = self.guest.active
        return actual

    def _is_there(self) -> bool:
        """Whether the guest is: the snapshots of one that is gone are gone as well."""
        name = self.options["domain"]
        if self.planned.removes("domain", name):
            return False
        domain = lookup(self.conn.lookupByName, name, libvirt.VIR_ERR_NO_DOMAIN)
        return domain is not None or self.planned.get("domain", name) is not None

    def _handle(self):
        if not self.name or self.guest.handle is None:
            return None
        return lookup(self.guest.handle.snapshotLookupByName, self.name, libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT)

    def foreseen(self, plan):
        from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot import foresight

        return {"planned": foresight.entries(self, plan, self._going)} if plan.changes else {}

    # --- what is wanted ---------------------------------------------------------------------------------------------

    def skeleton(self):
        element = etree.Element("domainsnapshot")
        append(element, "name").text = self.name
        return element

    def prepare(self, actual):
        self._refuse_idle()
        if self.state == "reverted" and actual is None:
            known = ", ".join(self.guest.snapshots().snaps) or "none"
            raise Refused(f"{self.subject}: there is none of this name, the guest has: {known}; correct the name")
        location = self.options.get("location")
        if actual is None or self.xml is not None:
            return
        snap = Snap(actual.tree)
        if location and location != snap.location:
            raise Refused(
                f"{self.subject}: location is {snap.location} and cannot be changed to {location};"
                " take the option out, or remove the snapshot and take another one"
            )
        listed = self.wanted.get("disks")
        if listed is not None:
            # A list that is given is whole.
            rest = sorted(set(snap.locations) - {disk["target"] for disk in listed})
            listed += [{"target": target, "location": LEFT_OUT} for target in rest]

    def _refuse_idle(self) -> None:
        """Refused for options that say nothing with this state."""
        idle = {
            "children": "absent",
            "metadata_only": "absent",
            "power_state": "reverted",
            "reset_nvram": "reverted",
            "quiesce": "present",
            "retention": "present",
        }
        for option, state in idle.items():
            if self.options.get(option) and self.state != state:
                raise Refused(f"{self.subject}: {option!r} goes with 'state: {state}', not with {self.state}")
        if self.options.get("retention"):
            retention.check(self.subject, self.options["retention"])

    def target(self, base, actual):
        target, edits = super().target(base, actual)
        if actual is None:
            # Labels are written when libvirt has put the guest into the document.
            for element in target.findall("domain"):
                target.remove(element)
            self._complete_document(target)
        return target, edits

    def _complete_document(self, target) -> None:
        """Choose where the parts lie, if the task does not: within the disks if libvirt can, else beside them."""
        location, quiesce = self.options.get("location"), self.options["quiesce"]
        wanted = self.wanted.get("memory")
        with_memory = self.guest.active and not quiesce if wanted is None else wanted
        asked = {entry.get("snapshot") for entry in target.findall("disks/disk")} & set(LOCATIONS)
        trials = [location] if location else sorted(asked) or list(_TRIED)
        if leftovers.is_paused(self.guest):
            # It goes on first.
            self.guest.state, self._resumes = states.RUNNING, True
        tree, reasons = self.guest.snapshots(), []
        for trial in trials:
            document = copy.deepcopy(target)
            creation.complete(document, self.guest, trial, with_memory, "disks" in self.wanted)
            reasons.append(creation.why_not(self.guest, tree, document, quiesce))
            if not reasons[-1] or trial == trials[-1]:
                target[:] = document[:]
                break
        if reasons[-1]:
            both = f" (an external one; for an internal one: {reasons[0]})" if len(set(reasons)) > 1 else ""
            raise Refused(f"{self.subject}: {reasons[-1]}{both}")

    def printed(self, document):
        document = copy.deepcopy(document)
        for tag in _GUESTS if document is not None else ():
            for element in document.findall(tag):
                document.remove(element)
        return super().printed(document)

    def words(self, document, actual_state, autostart):
        words = {"domain": self.options["domain"], **super().words(document, actual_state, autostart)}
        snap = Snap(document)
        words["location"] = snap.location
        if snap.raw_state:
            words["domain_state"] = snap.state
        if not snap.is_planned:
            created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(snap.created))
            words.update(created=created, parent=snap.parent)
        elif "labels" in self.wanted:
            words["labels"] = self.wanted["labels"]
        return words

    # --- steps ------------------------------------------------------------------------------------------------------

    def new_effect(self):
        return LIVE if self.guest.active else CONFIG

    def check(self, actual, target):
        # A revert alone leaves the document as it is.
        if actual is None or target is actual.document:
            return
        if self.guest.snapshots().grew_again(Snap(actual.tree)):
            raise Refused(
                f"{self.subject}: the guest went back to it and writes on into new files, and libvirt would forget"
                " them with another description or other labels; leave both as they are, or take another snapshot"
            )

    def write_steps(self, actual, target, changes):
        guest = self.guest
        if actual is None:
            self._new = target
            memory, external = target.find("memory").get("snapshot"), Snap(target).is_external
            text, labels = printed(target), {"labels": self.wanted.get("labels", {})}

            def take() -> None:
                merging.forget(guest, self.name)
                creation.take(guest, text, memory, external, self.options["quiesce"])
                metadata.note(guest, self._handle(), labels)

            left = creation.in_the_way(guest, target)
            return [
                *([leftovers.resume(guest)] if self._resumes else []),
                *([leftovers.remove(left)] if left else []),
                Step(f"take the {EXTERNAL if external else INTERNAL} {self.subject}", take, self._untake),
            ]
        old, new = self.values(actual.document), self.values(target)

        def describe(words: dict) -> None:
            noted = {"description": words.get("description", ""), "labels": words.get("labels", {})}
            metadata.note(guest, self._handle(), noted)

        return [Step(f"describe {self.subject} anew", lambda: describe(new), lambda: describe(old))]

    def _untake(self) -> None:
        self._handle().delete(0)

    def _switches(self, actual, state):
        changes = super()._switches(actual, state)
        if self.state != "reverted":
            return changes
        effect = POWER_CYCLE if self.guest.active else CONFIG
        before, after = self.guest.state, self.options.get("power_state") or Snap(actual.tree).state
        if before != after:
            changes.append(Change("domain_state", before, after, effect))
        return [*changes, Change("state", "present", "reverted", effect)]

    def state_steps(self, actual):
        if self.state != "reverted":
            return []
        guest = self.guest
        tree = guest.snapshots()
        snap = tree.snaps[self.name]
        options = {name: self.options[name] for name in ("power_state", "force", "reset_nvram")}
        reason = reversion.why_not(guest, tree, snap, options["force"])
        if reason:
            raise Refused(f"{self.subject}: {reason}")
        return [Step(f"revert {guest.subject} to {self.name}", lambda: reversion.revert(guest, snap, **options))]

    # --- removal ----------------------------------------------------------------------------------------------------

    def check_absent(self, actual):
        self._refuse_idle()

    def absent_steps(self, actual):
        tree = self.guest.snapshots()
        return [step for name in self._doomed(tree) for step in self._deletion(tree, name)]

    def remove_more(self, plan):
        if not plan.steps:
            self._end_merge(plan)
            return
        tree = self.guest.snapshots()
        plan.also = [self._gone(f"children[{name}]", tree.snaps[name]) for name in self._doomed(tree)[:-1]]
        plan.changes += plan.also

    def _end_merge(self, plan) -> None:
        """What an interrupted run left of a snapshot that is gone: its note, and the guest that was on for it."""
        if self._is_there() and self.name and merging.interrupted(self.guest)[0] == self.name:
            plan.changes = [Change("state", "merged", "absent", self.new_effect())]
            plan.steps = [Step(f"see the merge of {self.subject} through", self._finish)]

    def _finish(self) -> None:
        deletion.finish(self.guest, self.name)

    def _doomed(self, tree) -> list[str]:
        """The snapshots that a removal takes, in the order in which they can go."""
        return [*(tree.descendants(self.name) if self.options["children"] else []), self.name]

    def _gone(self, path: str, snap) -> Change:
        return Change(path, {"name": snap.name, "labels": snap.labels or {}}, None, self.new_effect())

    def _deletion(self, tree, name: str) -> list[Step]:
        """The step that deletes one; C(tree) is left as it is behind that. Refused where libvirt cannot."""
        guest, snap = self.guest, tree.snaps[name]
        self._going.append(name)
        if self.options["metadata_only"]:
            tree.forget(snap)
            return [Step(f"forget snapshot {guest.name}/{name}", lambda: deletion.forget(guest, snap))]
        way = deletion.way(guest, tree, snap)
        if way.reason:
            about = self.subject if name == self.name else f"{self.subject}: {name} cannot be deleted"
            raise Refused(f"{about}: {way.reason}")
        tree.remove(snap)
        why = f"delete snapshot {guest.name}/{name}, {way.words}"
        return [Step(why, lambda: deletion.delete(guest, snap, way))]

    # --- retention --------------------------------------------------------------------------------------------------

    def _plan_present(self, plan: Plan, actual):
        if self.name:
            super()._plan_present(plan, actual)
            if self._resumes:
                plan.also.append(Change("domain_state", states.PAUSED, states.RUNNING, LIVE))
                plan.changes += plan.also
        else:
            self._refuse_idle()
        if self.options.get("retention"):
            self._plan_retention(plan, actual)

    def _plan_retention(self, plan: Plan, actual) -> None:
        policy = self.options["retention"]
        labels = policy.get("labels") or self.asked.get("labels") or {}
        tree = self.guest.snapshots()
        if actual is None and self.name:
            new = Snap(self._new)
            new.labels = self.asked.get("labels") or {}
            tree.add(new)
        elif actual is not None and self.asked.get("labels") is not None:
            tree.snaps[self.name].labels = self.asked["labels"]
        elif actual is not None and any(change.path == "description" for change in plan.changes):
            # What is described by a task is of this collection from then on.
            tree.snaps[self.name].labels = tree.snaps[self.name].labels or {}
        meant = [snap for snap in tree.ordered() if retention.is_meant(snap, labels)]
        # What the task names is to be there, however old it is: else the next run would take it anew.
        for snap in (one for one in retention.surplus(meant, policy) if one.name != self.name):
            gone = self._gone(f"retention[{snap.name}]", snap)
            plan.also.append(gone)
            plan.changes.append(gone)
            plan.steps += self._deletion(tree, snap.name)
        if actual is not None and not plan.xml_after:
            plan.xml_after = self.printed(actual.document)
