# SPDX-License-Identifier: GPL-3.0-or-later
"""Network filters: the libvirt calls. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Actual
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._diff import CONFIG
from ansible_collections.virtops.libvirt.plugins.module_utils._field import LIVE
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.schema import FIELDS
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._resource import Resource
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import printed


class NWFilter(Resource):
    """One network filter. Libvirt brings a changed one to the guests that run with it, at once."""

    kind = schema = "nwfilter"
    root = "filter"
    fields = FIELDS
    # Rules with a match and a mismatch, for example, are not in it.
    in_schema = False

    @staticmethod
    def name_in(document):
        return document.get("name") or ""

    @classmethod
    def told_beside(cls, conn, names, _params, _planned):
        from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.info import used_by

        return {"used_by": used_by(conn, names)}

    def find(self):
        return lookup(self.conn.nwfilterLookupByName, self.name, libvirt.VIR_ERR_NO_NWFILTER)

    def read(self):
        handle = self.find()
        return None if handle is None else Actual(handle, handle.XMLDesc(0), active=False)

    def skeleton(self):
        return etree.Element(self.root, name=self.name)

    def target(self, base, actual):
        if self.xml is None or base is None:
            return super().target(base, actual)
        from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.document import laid_over

        return laid_over(self, base)

    def check(self, actual, target):
        from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.checks import check

        check(self, actual, target)

    def check_absent(self, actual):
        from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.checks import check_absent

        check_absent(self, actual)

    def effect_off(self, change, actual):
        from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.references import (
            filters,
            running_with,
        )

        known = filters(self.conn, self.planned)
        return LIVE if running_with(self.conn, self.planned, self.name, known) else CONFIG

    def write_steps(self, actual, target, changes):
        text = printed(target)
        if actual is None:
            return [Step(f"define {self.subject}", lambda: self._define(text, new=True), self._undefine)]
        old = actual.text
        return [Step(f"define {self.subject} anew", lambda: self._define(text), lambda: self._define(old))]

    def _define(self, text: str, new: bool = False) -> None:
        if new and self.xml is not None and hasattr(self.conn, "nwfilterDefineXMLFlags"):
            self.conn.nwfilterDefineXMLFlags(text, libvirt.VIR_NWFILTER_DEFINE_VALIDATE)
        else:
            self.conn.nwfilterDefineXML(text)

    def _undefine(self) -> None:
        self.handle_now().undefine()

    def absent_steps(self, actual):
        old = actual.text
        return [Step(f"undefine {self.subject}", self._undefine, lambda: self._define(old))]
