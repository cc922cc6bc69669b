# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks: the libvirt calls. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._field import LIVE
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._network.addresses import PREFIX, ROUTE_PREFIX
from ansible_collections.virtops.libvirt.plugins.module_utils._network.schema import FIELDS, FILLED, as_kept
from ansible_collections.virtops.libvirt.plugins.module_utils._switched import SwitchedResource


class Network(SwitchedResource):
    """One virtual network."""

    kind = root = schema = "network"
    fields = FIELDS
    filled = FILLED
    created_only = ("@connections",)

    def find(self):
        return lookup(self.conn.networkLookupByName, self.name, libvirt.VIR_ERR_NO_NETWORK)

    def texts(self, handle, active):
        return handle.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE), handle.XMLDesc(0) if active else ""

    def start(self):
        self.find().create()

    def define(self, text, new=False):
        if new and hasattr(self.conn, "networkDefineXMLFlags"):
            return self.conn.networkDefineXMLFlags(text, libvirt.VIR_NETWORK_DEFINE_VALIDATE)
        return self.conn.networkDefineXML(text)

    def check(self, actual, target):
        from ansible_collections.virtops.libvirt.plugins.module_utils._network.checks import check

        check(self, actual, target)

    def adapt(self, wanted, base):
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

    def live_steps(self, actual, target, changes):
        if not any(change.effect == LIVE for change in changes):
            return []
        from ansible_collections.virtops.libvirt.plugins.module_utils._network.live import steps

        return steps(self.find, actual.live_text, target)
