# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reference hands to a filter. Private to this collection; NICs have such references, too."""

from __future__ import annotations

import re

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._scalars import Mapping


class Parameters(Mapping):
    """A dict of variables; one with several values is a list. Libvirt drops what has another character than these
    without a word (nwfilter_params.h, VALID_VARNAME and VALID_VARVALUE).
    """

    def __init__(self, **more):
        super().__init__("parameters", "parameter@value", key="name", **more)

    def parse(self, raw, where):
        found = {}
        for key, value in raw.items():
            given = value if isinstance(value, list) else [value]
            if any(one is None or isinstance(one, bool) for one in given):
                raise Refused(f"{where}.{key}: it has no value; write one, such as an address, or take it out")
            found[str(key)] = [str(one) for one in given]
        for key, values in found.items():
            if not re.fullmatch(r"\w+", key, re.ASCII):
                raise Refused(f"{where}: {key!r} is no name of a variable; use letters, digits and '_'")
            wrong = [value for value in values if not re.fullmatch(r"[\w.:]+", value, re.ASCII)]
            if wrong or not values:
                told = repr(wrong[0]) if wrong else "an empty list"
                raise Refused(f"{where}.{key}: {told} is no value of a variable; use letters, digits, '_', '.' and ':'")
        return found

    def show(self, canonical):
        return {key: values[0] if len(values) == 1 else list(values) for key, values in canonical.items()}

    def read(self, owner):
        found: dict = {}
        for element in owner.findall(self.element_path):
            found.setdefault(element.get(self.key), []).append(element.get(self.attribute) or "")
        return found

    def write(self, owner, canonical):
        if self.agrees(owner, canonical):
            return
        for element in owner.findall(self.element_path):
            owner.remove(element)
        for key, values in canonical.items():
            for value in values:
                owner.append(owner.makeelement(self.element_path, {self.key: key, self.attribute: value}))
