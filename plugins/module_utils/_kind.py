# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind of object says of itself: what it is, and what it does otherwise than C(_resource) has it for all.

Private to this collection.
"""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Actual
from ansible_collections.virtops.libvirt.plugins.module_utils._diff import CONFIG, Change
from ansible_collections.virtops.libvirt.plugins.module_utils._field import NEXT_BOOT
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Plan, Step
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import printed, without_secrets

# The option of kinds with lists: whether one that is given is whole.
PURGE = {"purge": {"type": "bool", "default": True}}


class Kind:
    """The base of all kinds; a method without a body is one that some kinds have nothing to say to."""

    kind = root = ""
    states: tuple[str, ...] = ("absent", "present")
    # States that are something done, each time anew.
    repeats: tuple[str, ...] = ("restarted",)
    # The option that names what the object is part of.
    container = "pool"
    fields: tuple = ()
    # Options that are no part of the object's XML.
    extra: dict = {}
    # Those of them whose values are shown nowhere, as a password may be anywhere in them.
    confidential: tuple[str, ...] = ()
    # Options of the info module of the kind beside those that all have.
    info_options: dict = {}
    # Places that libvirt fills in by itself; None where applied() tells what was ours.
    filled: frozenset | None = None
    # Places by which an object or a part of it is known: a document that had one and leaves it to libvirt keeps it.
    kept: frozenset = frozenset()
    # Places that count when the object is made, and that libvirt answers with figures of its own later.
    created_only: tuple[str, ...] = ()
    # What a change of a place that no field speaks for does to a running object.
    edit_effect = NEXT_BOOT
    # Places without a field that libvirt itself has otherwise while the object runs; None: nothing such is compared.
    runs_otherwise: frozenset | None = None
    schema = ""
    # Whether that takes all that the options can say, where libvirt itself does.
    in_schema = True
    # States in which the object does not run.
    off: tuple[str, ...] = ("inactive", "stopped", "saved")
    # Whether a task may be about so many objects that their memory counts.
    large = False
    # The stack that makes it, if one does.
    owner = ""
    # Whether its plan is to tell what libvirt made of the one that was carried out, and refuses nothing.
    looks_back = False

    def read(self) -> Actual | None:
        """The object as it is, None where it is not there."""
        raise NotImplementedError

    def skeleton(self):
        """The document that a new object starts from where the task gives no xml."""
        raise NotImplementedError

    def adapt(self, wanted, base, actual) -> None:
        """Bring the user's document into the form that libvirt gave back, where both are known to say the same."""

    def shed(self, document, base) -> None:
        """Take out of a document that was laid over C(base) what no longer goes with it, and nobody asks for."""

    def printed(self, document) -> str:
        """The document as a plan shows it."""
        return printed(without_secrets(document))

    def more_changes(self, actual: Actual) -> list[Change]:
        """Changes of an existing object that its document does not show."""
        return []

    def prepare(self, actual: Actual | None) -> None:
        """Fill in canonical options that depend on what is there."""

    def check(self, actual: Actual | None, target) -> None:
        """Refuse what libvirt or the host could not do, before anything is touched."""

    def applied(self, actual: Actual | None):
        """(document that was applied last or None, echoes) for the three-way comparison."""
        return None, {}

    def shapes(self) -> dict[str, list]:
        """See C(deciding) of C(_diff)."""
        return {}

    def as_started(self, document, running):
        """A document as libvirt would start it now; C(running) is that of the object that runs."""
        return document

    def finish(self, target) -> None:
        """Last touch to the document that will be written."""

    def write_steps(self, actual: Actual | None, target, changes: list[Change]) -> list[Step]:
        """Steps that bring the document into libvirt."""
        raise NotImplementedError

    def keeping_steps(self, actual: Actual) -> list[Step]:
        """Steps after which a transient object is there to be switched off, or on with the host."""
        return []

    def effect(self, change: Change, actual: Actual, target) -> str:
        """What a change of the definition does to the object, which runs: LIVE or NEXT_BOOT."""
        return change.effect

    def new_effect(self) -> str:
        """What making the object does to what runs."""
        return CONFIG

    def effect_off(self, change: Change, actual: Actual) -> str:
        """What a change does to an object that does not run."""
        return CONFIG

    def interruption(self, actual: Actual, waiting: bool) -> str:
        """The effect of all changes where this task switches the object off; C(waiting): something waits for that."""
        return CONFIG if self.state_after(actual) in self.off else ""

    def late_steps(self, actual: Actual | None, changes: list[Change]) -> list[Step]:
        """Steps that can be made in the wanted state only."""
        return []

    def ran(self) -> None:
        """Behind the steps of a task that is about this object alone, also where one of them failed."""

    def settle(self, again: Plan) -> list[Change]:
        """What is left of the task after its steps, and should not be."""
        return again.changes

    def waits(self):
        """What is waited for after all steps, beside others maybe (_domain/ready.py, Wait); None for nothing."""
        return

    def ready(self) -> dict:
        """Wait for what the task waits for, after all steps; what to add to the result."""
        return {}

    def told(self, plan: Plan) -> dict:
        """What to add to the result about its plan, in check mode and for real alike."""
        return {}

    def foreseen(self, plan: Plan) -> dict:
        """What to add to the result in check mode, for the tasks that come after.

        C(planned): entries of C(Planned) that take the place of the one that the result itself tells.
        """
        return {}

    def state_steps(self, actual: Actual | None) -> list[Step]:
        """Steps that bring the object into the wanted state."""
        return []

    def state_after(self, actual: Actual | None) -> str:
        """The word for the state that the plan leads to."""
        return ""

    def check_absent(self, actual: Actual | None) -> None:
        """Refuse a removal, before anything is touched."""

    def remove_more(self, plan: Plan) -> None:
        """Add to the plan of a removal what else the task names."""

    def absent_steps(self, actual: Actual) -> list[Step]:
        """Steps that remove the object."""
        raise NotImplementedError
