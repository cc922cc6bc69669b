# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a network filter, and where they stand in its XML (formatnwfilter). Private to this collection."""

from __future__ import annotations

import re

from ansible_collections.virtops.libvirt.plugins.module_utils._field import FIXED, Field
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.parameters import Parameters
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.rules import RULES, Priority
from ansible_collections.virtops.libvirt.plugins.module_utils._ordered import Ordered
from ansible_collections.virtops.libvirt.plugins.module_utils._values import NAME, UUID, Text

# Chains, and the priorities that libvirt gives them where the document has none (virNWFilterDefParseXML). Those that
# begin with a name here are of its kind, but for those of root.
_CHAINS = {"root": 0, "mac": -800, "vlan": -750, "stp": 0, "arp": -500, "rarp": -400, "ipv4": -700, "ipv6": -600}
# MAX_CHAIN_SUFFIX_SIZE.
_LONGEST = 12


def usual_priority(chain: str) -> int:
    """The priority that libvirt gives a chain."""
    return next((number for prefix, number in _CHAINS.items() if chain.startswith(prefix)), 0)


class Chain(Text):
    """A chain that libvirt knows, or one of that kind with a name of its own (virNWFilterIsAllowedChain)."""

    def parse(self, raw):
        text = str(raw)
        kinds = [name for name in _CHAINS if name != "root"]
        if text != "root" and not any(text.startswith(name) for name in kinds):
            raise ValueError(f"{text!r} is no chain; write 'root', or what begins with {', '.join(kinds)}")
        if len(text) > _LONGEST or not re.fullmatch(r"[\w.:-]+", text, re.ASCII):
            raise ValueError(f"{text!r} is no name of a chain: {_LONGEST} letters, digits, '_', '.', ':', '-' at most")
        return text


class ChainField(Field):
    """C(chain): one that is changed takes the usual priority with it."""

    def read(self, owner):
        return super().read(owner) or "root"

    def write(self, owner, canonical):
        if PRIORITY.read(owner) == usual_priority(self.read(owner)):
            owner.attrib.pop("priority", None)
        owner.set("chain", canonical)


class ChainPriority(Field):
    """C(priority): libvirt ignores it without a chain, and does not write a 0."""

    def read(self, owner):
        written = int(owner.get("priority") or 0) if owner.get("chain") else 0
        return written or usual_priority(owner.get("chain") or "root")

    def write(self, owner, canonical):
        if canonical != self.read(owner):
            owner.set("chain", owner.get("chain") or "root")
            owner.set("priority", str(canonical))


class References(Ordered):
    """The list of other filters whose rules count, too."""

    def label(self, item):
        return item.get("name", "")


PRIORITY = ChainPriority("priority", "@priority", Priority())
FIELDS = (
    Field("name", "@name", NAME),
    Field("uuid", "uuid", UUID, effect=FIXED),
    ChainField("chain", "@chain", Chain()),
    PRIORITY,
    References("filters", "filterref", (Field("name", "@filter", NAME, required=True), Parameters())),
    RULES,
)
