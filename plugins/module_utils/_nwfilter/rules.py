# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a filter: read, written, and what a rule cannot say. Private to this collection.

A rule is a flat dict; in the XML what it looks at stands in an element that is called as its protocol, and what is not
to match in a second one with C(match='no').
"""

from __future__ import annotations

from typing import NamedTuple

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._field import Field, read, write
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.details import (
    ADDRESSES,
    DETAILS,
    OPTIONS,
    PROTOCOLS,
    VERSIONS,
)
from ansible_collections.virtops.libvirt.plugins.module_utils._ordered import Ordered
from ansible_collections.virtops.libvirt.plugins.module_utils._scalars import Scalars
from ansible_collections.virtops.libvirt.plugins.module_utils._values import YES_NO, Int, Text

# What libvirt gives a rule without one (virNWFilterRuleParse).
PRIORITY = 500


class Priority(Int):
    """Which rules come first (MIN_RULE_PRIORITY, MAX_RULE_PRIORITY)."""

    most = 1000

    def __init__(self):
        super().__init__(-self.most)

    def parse(self, raw):
        value = super().parse(raw)
        if value > self.most:
            raise ValueError(f"{value} is more than {self.most}")
        return value


class StateMatch(Text):
    """Whether connections are tracked; libvirt writes only that they are not."""

    option_type = "bool"
    nothing = True

    def parse(self, raw):
        return bool(raw)

    def read(self, text):
        return False if text.lower() in ("false", "0") else None

    def text(self, value):
        return "true" if value else "false"


HEAD = (
    Field("action", "@action", choices=("accept", "drop", "reject", "return", "continue"), required=True),
    Field("direction", "@direction", choices=("in", "out", "inout"), required=True),
    Field("priority", "@priority", Priority()),
    Field("statematch", "@statematch", StateMatch()),
)
PROTOCOL = Field("protocol", "", choices=PROTOCOLS)
MATCH = Field("match", "", YES_NO)
MISMATCH = Scalars("mismatch", "")


class Told(NamedTuple):
    """What a rule looks at. C(values), C(negative): each attribute's value, and whether it is not to match, as libvirt
    keeps it; C(lost): the attributes that it does not keep as they are written.
    """

    protocol: str
    values: dict
    negative: dict
    lost: list


def told(rule) -> Told:
    """What an element C(rule) says; ValueError where a value is none."""
    # Of the first protocol there may be any number of elements; libvirt ignores others.
    protocol = next((child.tag for child in rule if child.tag in PROTOCOLS), "")
    parts = [part for one in OPTIONS.get(protocol, ()) for part in one.parts if protocol in part.of]
    found = Told(protocol, {}, {}, [])
    for element in rule.findall(protocol) if protocol else ():
        for part in parts:
            text = element.get(part.attribute)
            if text is not None:
                found.values[part.attribute] = part.value.read(text)
                found.negative[part.attribute] = element.get("match") == "no"
        if protocol not in ("all", "all-ipv6"):
            found.lost.extend(name for name in ("ipset", "ipsetflags") if element.get(name) is not None)
    for part in parts:
        source, of = part.sign
        if protocol in of and part.attribute in found.values:
            kept = found.negative.get(source, False)
            if kept != found.negative[part.attribute]:
                found.lost.append(part.attribute)
            found.negative[part.attribute] = kept
    return found


class Rules(Ordered):
    """The list of rules."""

    def __init__(self, **more):
        super().__init__("rules", "rule", (*HEAD, PROTOCOL, MATCH, MISMATCH, *DETAILS), **more)

    def parse(self, raw, where):
        items = super().parse(raw, where)
        return [self._whole(item, f"{where}[{number}]") for number, item in enumerate(items)]

    def _whole(self, item: dict, where: str) -> dict:
        """An item as it is read; Refused where its protocol has not what it says."""
        protocol = item.get("protocol", "")
        given = [one for one in DETAILS if one.name in item]
        for one in given:
            if not protocol or protocol not in one.of:
                has = f"protocol {protocol} has no {one.name}" if protocol else f"{one.name} needs a 'protocol'"
                raise Refused(f"{where}: {has}; those that have it are {', '.join(one.of)}")
            self._fits(one, item[one.name], protocol, where)
        names = [one.name for one in given if one.name != "comment"]
        unknown = [name for name in item.get("mismatch", ()) if name not in names]
        if unknown:
            raise Refused(f"{where}: mismatch: there is no {unknown[0]} in this rule; name what it has")
        if item.get("match") is False and not names:
            raise Refused(f"{where}: 'match: false' needs something that is not to match; add it")
        mismatch = names if item.get("match") is False else [name for name in names if name in item.get("mismatch", ())]
        # What is so without a word is not written.
        said = {name: value for name, value in item.items() if name != "statematch" or not value}
        return self._ordered({"priority": PRIORITY, **said}, names, mismatch)

    @staticmethod
    def _fits(detail, value, protocol: str, where: str) -> None:
        """Refused where a part or an address is of another protocol."""
        lacks = next((part for part, _value in detail.values(value) if protocol not in part.of), None)
        if lacks:
            raise Refused(f"{where}: {detail.name}: protocol {protocol} takes no second part; take it out")
        if detail.name not in ADDRESSES:
            return
        from ipaddress import ip_address

        version = VERSIONS[protocol]
        for _part, one in detail.values(value):
            if isinstance(one, int):
                wrong = one > ip_address("::" if version == 6 else "0.0.0.0").max_prefixlen  # noqa: S104 (no listener)
            else:
                wrong = not one.startswith("$") and ip_address(one).version != version
            if wrong:
                raise Refused(
                    f"{where}: {detail.name}: {one} is not of IPv{version}, of which {protocol} is; correct it"
                )

    def _ordered(self, item: dict, names: list, mismatch: list) -> dict:
        """An item in the order of declaration; C(names): what it looks at, C(mismatch): what of it is not to match."""
        item = {name: value for name, value in item.items() if name not in ("match", "mismatch")}
        if mismatch and mismatch == names:
            item["match"] = False
        elif mismatch:
            item["mismatch"] = mismatch
        return {field.name: item[field.name] for field in self.fields if field.name in item}

    def said(self, element):
        item = {"priority": PRIORITY, **read(HEAD, element)}
        rule = told(element)
        names, mismatch = [], []
        for one in OPTIONS.get(rule.protocol, ()):
            both = [rule.values.get(part.attribute) for part in one.parts if rule.protocol in part.of]
            if any(value is not None for value in both):
                item[one.name] = both[0] if both[1:] in ([], [None]) else tuple(both)
                names += [one.name] if one.name != "comment" else []
                first = next(part for part, _value in one.values(item[one.name]))
                mismatch += [one.name] if one.name in names and rule.negative[first.attribute] else []
        return self._ordered({**item, **({"protocol": rule.protocol} if rule.protocol else {})}, names, mismatch)

    def fill(self, element, item):
        write(HEAD, element, item)
        protocol = item.get("protocol")
        if not protocol:
            return
        elements = {}
        for one in OPTIONS[protocol]:
            if one.name in item:
                negative = item.get("match") is False or one.name in item.get("mismatch", ())
                if negative not in elements:
                    elements[negative] = element.makeelement(protocol, {"match": "no"} if negative else {})
                for part, value in one.values(item[one.name]):
                    elements[negative].set(part.attribute, part.value.text(value))
        for _negative, child in sorted(elements.items()) or [(False, element.makeelement(protocol, {}))]:
            element.append(child)


RULES = Rules()
