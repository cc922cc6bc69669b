# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks: the libvirt calls. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._diff import CONFIG, RESTART, Change
from ansible_collections.virtops.libvirt.plugins.module_utils._field import LIVE
from ansible_collections.virtops.libvirt.plugins.module_utils._kind import PURGE
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._network.addresses import PREFIX, ROUTE_PREFIX
from ansible_collections.virtops.libvirt.plugins.module_utils._network.schema import (
    FIELDS,
    FILLED,
    as_kept,
    mode_of,
)
from ansible_collections.virtops.libvirt.plugins.module_utils._switched import SwitchedResource


class Network(SwitchedResource):
    """One virtual network."""

    kind = root = schema = "network"
    fields = FIELDS
    filled = FILLED
    created_only = ("@connections",)
    extra = {
        **SwitchedResource.extra,
        "allow_restart": {"type": "bool", "default": False},
        **PURGE,
    }

    info_options = {name: {"type": "bool", "default": False} for name in ("leases", "ports", "guests")}

    @classmethod
    def told_beside(cls, conn, names, params, _planned):
        from ansible_collections.virtops.libvirt.plugins.module_utils._network.info import told

        return told(conn, names, params)

    def find(self):
        return lookup(self.conn.networkLookupByName, self.name, libvirt.VIR_ERR_NO_NETWORK)

    def texts(self, handle, active):
        return handle.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE), handle.XMLDesc(0) if active else ""

    def start(self):
        self.find().create()

    def define(self, text, new=False):
        if new and hasattr(self.conn, "networkDefineXMLFlags"):
            from ansible_collections.virtops.libvirt.plugins.module_utils._schema import left_to_libvirt

            flags = left_to_libvirt(self.conn, self.schema, libvirt.VIR_NETWORK_DEFINE_VALIDATE)
            return self.conn.networkDefineXMLFlags(text, flags)
        return self.conn.networkDefineXML(text)

    def check(self, actual, target):
        from ansible_collections.virtops.libvirt.plugins.module_utils._network.checks import check

        check(self, actual, target)

    def adapt(self, wanted, base, actual):
        as_kept(wanted)
        # The same length may be written as prefix or as netmask; libvirt keeps the one it got and refuses both.
        for tag, prefix in (("ip", PREFIX), ("route", ROUTE_PREFIX)):
            now = {(element.get("address"), prefix.read(element)): element for element in base.findall(tag)}
            for element in wanted.findall(tag):
                twin = now.get((element.get("address"), prefix.read(element)))
                if twin is not None:
                    for name in ("prefix", "netmask"):
                        element.attrib.pop(name, None)
                        if name in twin.attrib:
                            element.set(name, twin.get(name))

    def shed(self, document, base):
        if mode_of(document) != mode_of(base):
            from ansible_collections.virtops.libvirt.plugins.module_utils._change import asked
            from ansible_collections.virtops.libvirt.plugins.module_utils._network.modes import shed

            shed(document, mode_of(base), asked(self))

    def effect(self, change, actual, target):
        from ansible_collections.virtops.libvirt.plugins.module_utils._network.live import effect

        return effect(change, actual.live_tree, target)

    def live_steps(self, actual, target, changes):
        if not any(change.effect == LIVE for change in changes):
            return []
        from ansible_collections.virtops.libvirt.plugins.module_utils._network.live import steps

        return steps(self.find, actual.live_text, target)

    # --- below running guests ---------------------------------------------------------------------------------------

    def attached(self) -> list:
        """The NICs of running guests that hang on it."""
        from ansible_collections.virtops.libvirt.plugins.module_utils._network.guests import attached
        from ansible_collections.virtops.libvirt.plugins.module_utils._running import running

        return attached(running(self.conn, self.planned), self.name)

    def strays(self, actual) -> list:
        """Those of them that lead nowhere, since somebody restarted it, or a task of ours was cut short."""
        from ansible_collections.virtops.libvirt.plugins.module_utils._network.guests import strays

        return strays(self.attached(), actual.handle)

    def more_changes(self, actual):
        if not self.options.get("allow_restart") or not actual.active or actual.handle is None:
            return []
        return [Change(f"attached[{nic.label}]", None, nic.words(), LIVE) for nic in self.strays(actual)]

    def interruption(self, actual, waiting):
        if self.state_after(actual) in self.off:
            return CONFIG
        return RESTART if waiting and self.options.get("allow_restart") else ""

    def write_steps(self, actual, target, changes):
        its_own = [change for change in changes if not change.path.startswith("attached[")]
        steps = super().write_steps(actual, target, its_own) if its_own or actual is None else []
        if any(change.effect == RESTART for change in changes):
            from ansible_collections.virtops.libvirt.plugins.module_utils._network.restart import restart_steps

            return restart_steps(self, self.attached(), steps, actual.live_text)
        return steps + self._plug_steps(self.strays(actual)) if len(its_own) < len(changes) else steps

    def state_steps(self, actual):
        steps = super().state_steps(actual)
        # Guests may have outlived a network of that name that is gone.
        starts = self.state == "active" and (actual is None or not actual.active)
        return steps + self._plug_steps(self.attached()) if starts else steps

    def _plug_steps(self, nics):
        if not nics:
            return []
        from ansible_collections.virtops.libvirt.plugins.module_utils._network.restart import plug_steps

        return plug_steps(self, nics)

    def told(self, plan):
        stops = plan.before.get("state") == "active" and plan.after.get("state") != "active"
        if not (plan.pending or stops or any(change.effect == RESTART for change in plan.changes)):
            return {"attached": []}
        return {"attached": [nic.words() for nic in self.attached()]}
