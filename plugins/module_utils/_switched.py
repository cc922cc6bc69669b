# SPDX-License-Identifier: GPL-3.0-or-later
"""What pools and networks share: they are defined, and they are active or not. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Actual
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree
from ansible_collections.virtops.libvirt.plugins.module_utils._place import append
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._resource import Resource
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import printed


class SwitchedResource(Resource):
    """An object with the states absent, present, active and inactive, and with autostart."""

    states: tuple[str, ...] = ("absent", "present", "active", "inactive")
    extra = {"autostart": {"type": "bool"}}

    def find(self):
        """libvirt's handle or None."""
        raise NotImplementedError

    def texts(self, handle, active: bool) -> tuple[str, str]:
        """The persistent text, and the running one if it can differ from it."""
        raise NotImplementedError

    def start(self) -> None:
        """Make it active."""
        raise NotImplementedError

    def define(self, text: str, new: bool = False):
        """Write the persistent document; libvirt checks a C(new) one against its schema."""
        raise NotImplementedError

    def live_steps(self, actual: Actual, target, changes) -> list[Step]:
        """Steps that bring what can be brought to the object while it is active."""
        return []

    def first_steps(self, target) -> list[Step]:
        """Steps between the first definition and the first start."""
        return []

    def read(self):
        handle = self.find()
        if handle is None:
            return None
        active = bool(handle.isActive())
        text, live_text = self.texts(handle, active)
        return Actual(
            handle,
            text,
            active=active,
            state="active" if active else "inactive",
            autostart=bool(handle.autostart()) if handle.isPersistent() else False,
            live_text=live_text,
        )

    def skeleton(self):
        element = etree.Element(self.root)
        append(element, "name").text = self.name
        return element

    def write_steps(self, actual, target, changes):
        text = printed(target)
        if actual is None:
            return [
                Step(f"define {self.subject}", lambda: self.define(text, new=True), self.undefine),
                *self.first_steps(target),
            ]
        old = printed(actual.document)
        define = Step(f"define {self.subject} anew", lambda: self.define(text), lambda: self.define(old))
        live = self.live_steps(actual, target, changes) if actual.active else []
        return [define, *live] if any(change.defines for change in changes) else live

    def state_after(self, actual):
        is_active = actual is not None and actual.active
        return {"active": "active", "inactive": "inactive"}.get(self.state, "active" if is_active else "inactive")

    def keeping_steps(self, actual: Actual) -> list[Step]:
        stays = self.state == "inactive" or self.options.get("autostart")
        if actual.persistent or not stays:
            return []
        text = actual.text
        return [Step(f"define {self.subject}", lambda: self.define(text), self.undefine)]

    def state_steps(self, actual):
        is_active = actual is not None and actual.active
        if self.state == "active" and not is_active:
            return [Step(f"start {self.subject}", self.start, self.stop)]
        if self.state == "inactive" and is_active:
            return [Step(f"stop {self.subject}", self.stop)]
        return []

    def undefine(self) -> None:
        self.find().undefine()

    def stop(self) -> None:
        self.find().destroy()

    def absent_steps(self, actual):
        steps = [Step(f"stop {self.subject}", self.stop)] if actual.active else []
        # A transient object is gone when it stops.
        if actual.persistent:
            steps.append(Step(f"undefine {self.subject}", self.undefine))
        return steps
