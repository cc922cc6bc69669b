# SPDX-License-Identifier: GPL-3.0-or-later
"""What pools and networks share: they are defined, and they are active or not. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._resource import Actual, Resource
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import append, printed


class SwitchedResource(Resource):
    """An object with the states absent, present, active and inactive, and with autostart."""

    states: tuple[str, ...] = ("absent", "present", "active", "inactive")
    extra = {"autostart": {"type": "bool"}}

    def find(self):
        """libvirt's handle or None."""
        raise NotImplementedError

    def define(self, text: str):
        """Write the persistent document."""
        raise NotImplementedError

    def live_steps(self, actual: Actual, target, changes) -> list[Step]:
        """Steps that bring what can be brought to the object while it is active."""
        return []

    def first_steps(self, target) -> list[Step]:
        """Steps between the first definition and the first start."""
        return []

    def skeleton(self):
        element = etree.Element(self.root)
        append(element, "name").text = self.name
        return element

    def write_steps(self, actual, target, changes):
        text = printed(target)
        if actual is None:
            return [
                Step(f"define {self.subject}", lambda: self.define(text), lambda: self.find().undefine()),
                *self.first_steps(target),
            ]
        old = printed(actual.document)
        define = Step(f"define {self.subject} anew", lambda: self.define(text), lambda: self.define(old))
        return [define, *(self.live_steps(actual, target, changes) if actual.active else [])]

    def state_after(self, actual):
        is_active = actual is not None and actual.active
        return {"active": "active", "inactive": "inactive"}.get(self.state, "active" if is_active else "inactive")

    def state_steps(self, actual):
        is_active = actual is not None and actual.active
        if self.state == "active" and not is_active:
            return [
                Step(
                    f"start {self.subject}",
                    lambda: self.find().create(0) if self.kind == "pool" else self.find().create(),
                    self.stop,
                )
            ]
        if self.state == "inactive" and is_active:
            return [Step(f"stop {self.subject}", self.stop)]
        return []

    def stop(self) -> None:
        self.find().destroy()

    def absent_steps(self, actual):
        steps = [Step(f"stop {self.subject}", self.stop)] if actual.active else []
        # A transient object is gone when it stops.
        if actual.handle.isPersistent():
            steps.append(Step(f"undefine {self.subject}", lambda: self.find().undefine()))
        return steps
