# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains: the libvirt calls. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Actual
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.schema import DISKS, FIELDS
from ansible_collections.virtops.libvirt.plugins.module_utils._field import read
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._resource import Resource
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import drop_secrets, printed, without_secrets

# virDomainXMLFlags INACTIVE and SECURE, as numbers: libvirt may be missing where this is read.
WITH_SECRETS = 2 | 1


class Domain(Resource):
    """One guest."""

    kind = root = schema = "domain"
    states: tuple[str, ...] = ("absent", "present", "running", "stopped", "paused", "saved", "restarted")
    fields = FIELDS
    extra = {
        "autostart": {"type": "bool"},
        "force": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 120},
    }

    def find(self):
        return lookup(self.conn.lookupByName, self.name, libvirt.VIR_ERR_NO_DOMAIN)

    # --- what is there ----------------------------------------------------------------------------------------------

    def read(self) -> Actual | None:
        handle = self.find()
        if handle is None:
            return None
        state = states.name(handle)
        active = state not in (states.STOPPED, states.SAVED)
        return Actual(
            handle,
            self._text(handle),
            active=active,
            state=state,
            autostart=bool(handle.autostart()) if self.options.get("autostart") is not None else None,
            live_text=handle.XMLDesc(0) if active else "",
        )

    def _text(self, handle) -> str:
        """The persistent document; with its passwords where the task has some and libvirt tells them."""
        if self.secrets():
            try:
                return handle.XMLDesc(WITH_SECRETS)
            except libvirt.libvirtError as error:
                if error.get_error_code() != libvirt.VIR_ERR_OPERATION_DENIED:
                    raise
                self.unchecked = ["passwords in the xml: a read-only connection does not tell them"]
        return handle.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)

    def applied(self, actual):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain import applied

        return applied.read(actual.document)

    # --- what is wanted ---------------------------------------------------------------------------------------------

    def skeleton(self):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.skeleton import skeleton

        return skeleton(self.conn, self.subject, self.wanted)

    def prepare(self, actual):
        machine = self.wanted.get("machine")
        kind = actual.tree.find("os/type") if actual is not None else None
        now = kind.get("machine", "") if kind is not None else ""
        arch = kind.get("arch", "") if kind is not None else ""
        if machine and now and machine != now and self._is_alias(machine, now, arch):
            self.wanted["machine"] = now
        there = [] if actual is None else read((DISKS,), actual.tree).get("disks", [])
        known = {disk["target"] for disk in there}
        for disk in self.wanted.get("disks", ()):
            if "format" not in disk and disk["target"] not in known:
                from ansible_collections.virtops.libvirt.plugins.module_utils._domain.checks import disk_format

                disk["format"] = disk_format(self, disk)

    def _is_alias(self, machine: str, now: str, arch: str) -> bool:
        """Whether a guest's versioned machine is one that its host calls C(machine): no upgrade unasked."""
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.skeleton import canonical_machine

        canonical = canonical_machine(self.conn, arch, machine)
        return canonical is not None and canonical.rpartition("-")[0] == now.rpartition("-")[0]

    def target(self, base, actual):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.document import settle_quirks

        target, edits = super().target(base, actual)
        return target, edits + settle_quirks(self, base, target)

    def adapt(self, wanted, base):
        if self.unchecked:
            drop_secrets(wanted)
        asked, now = (document.find("os/type") for document in (wanted, base))
        if asked is None or now is None or asked.get("machine") in (None, now.get("machine")):
            return
        if self._is_alias(asked.get("machine"), now.get("machine", ""), now.get("arch", "")):
            asked.set("machine", now.get("machine"))

    def finish(self, target):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain import applied

        if self.xml is not None:
            applied.write(target, self.xml)

    def printed(self, document):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain import applied

        return printed(without_secrets(applied.without(document)))

    def check(self, actual, target):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.checks import check

        check(self, actual, target)

    # --- steps ------------------------------------------------------------------------------------------------------

    def write_steps(self, actual, target, changes):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.define import steps

        return steps(self, actual, target, changes)

    def settle(self, again):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.define import settle

        return settle(self, again)

    def state_after(self, actual):
        now = actual.state if actual is not None else states.STOPPED
        return {"present": now, "restarted": states.RUNNING}.get(self.state, self.state)

    def state_steps(self, actual):
        now = actual.state if actual is not None else states.STOPPED
        return [
            Step(f"{name.replace('_', ' ')} {self.subject}", self._operation(name))
            for name in states.WAYS.get((now, self.state), ())
        ]

    def _operation(self, name: str):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.power import operation

        return lambda: operation(self.conn, self.find(), name, self.options["timeout"], self.options["force"])

    def absent_steps(self, actual):
        steps = [Step(f"switch off {self.subject}", self._operation("switch_off"))] if actual.active else []
        if actual.persistent:
            from ansible_collections.virtops.libvirt.plugins.module_utils._domain.define import undefine

            steps.append(Step(f"undefine {self.subject}", lambda: undefine(self.conn, self.handle_now())))
        return steps
