# SPDX-License-Identifier: GPL-3.0-or-later
"""Value types of the rules of a filter (see C(_values)). Private to this collection.

Any of them may be a variable instead, C($NAME), C($NAME[2]) or C($NAME[@1]), which canonical is a string with a C($).
"""

from __future__ import annotations

import re

from ansible_collections.virtops.libvirt.plugins.module_utils._values import Text

# VIR_NWFILTER_MAX_ITERID.
_MOST_ITERATORS = 1000
_VARIABLE = re.compile(r"\$\s*(\w+)\s*(?:\[\s*(@?)\s*(\d+)\s*\])?\s*", re.ASCII)
# libvirt writes such a number in the way it was written (virNWFilterRuleDefDetailsFormat); both say the same.
_NUMBER = re.compile(r"\d+|0[xX][0-9a-fA-F]+|[0-9a-fA-F]+")


def variable(text: str) -> str:
    """A variable as libvirt writes it (virNWFilterVarAccessPrint): the first iterator is left out."""
    match = _VARIABLE.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no variable such as $IP, $IP[2] or $IP[@1]")
    name, iterator, number = match.groups()
    if iterator and int(number) > _MOST_ITERATORS:
        raise ValueError(f"{text!r}: there are no more than {_MOST_ITERATORS} iterators")
    return f"${name}" if number is None or (iterator and int(number) == 0) else f"${name}[{iterator}{int(number)}]"


class Value(Text):
    """A value or a variable. A subclass says what a value is: C(canonical(text)), and how it is written."""

    nothing: object = None

    def canonical(self, text: str):
        """Canonical form of a value."""
        return text

    def read(self, text):
        return variable(text) if text.startswith("$") else self.canonical(text)

    def parse(self, raw):
        return self.read(str(raw).strip())


class Number(Value):
    """A whole number up to C(most), decimal or hexadecimal. C(names): {number: its name}, as libvirt writes it."""

    def __init__(self, most: int, names=None, least=0, hexadecimal=False):
        self.least, self.most, self.names, self.hexadecimal = least, most, names or {}, hexadecimal

    def canonical(self, text):
        named = next((number for number, name in self.names.items() if name.lower() == text.lower()), None)
        if named is not None:
            return named
        if not _NUMBER.fullmatch(text):
            told = f" nor one of {', '.join(self.names.values())}" if self.names else ""
            raise ValueError(f"{text!r} is no number{told}")
        return int(text, 10 if text.isdecimal() else 16)

    def parse(self, raw):
        value = super().parse(raw)
        if isinstance(value, int) and value not in self.names and not self.least <= value <= self.most:
            raise ValueError(f"{value} is not from {self.least} to {self.most}")
        return value

    def text(self, value):
        return str(self.show(value))

    def show(self, value):
        if isinstance(value, str) or value in self.names:
            return self.names.get(value, value)
        return hex(value) if self.hexadecimal else value


class Hardware(Value):
    """A MAC address, also one of a group. C(mask): a mask, which has to be ones and then zeros (checkValidMask)."""

    def __init__(self, mask=False):
        self.mask = mask

    def canonical(self, text):
        parts = text.split(":")
        if len(parts) != 6 or not all(re.fullmatch("[0-9a-fA-F]{1,2}", part) for part in parts):
            raise ValueError(f"{text!r} is not a MAC {'mask' if self.mask else 'address'} such as 52:54:00:12:34:56")
        digits = [int(part, 16) for part in parts]
        if self.mask and "01" in "".join(f"{digit:08b}" for digit in digits):
            raise ValueError(f"{text!r} is no mask, which is ones and then zeros")
        return ":".join(f"{digit:02x}" for digit in digits)


class SetName(Value):
    """Name of a set of addresses (ipsetValidator)."""

    def canonical(self, text):
        if not re.fullmatch(r"[\w.:+ -]{1,31}", text, re.ASCII):
            raise ValueError(f"{text!r} is no name of an ipset: 31 letters, digits, '_', '.', ':', '-', '+' at most")
        return text


class Internet(Value):
    """An IPv4 or IPv6 address."""

    def canonical(self, text):
        from ipaddress import ip_address

        try:
            return str(ip_address(text))
        except ValueError:
            raise ValueError(f"{text!r} is not an IP address") from None


class Prefix(Value):
    """The length of a network's prefix, also written as a mask; libvirt writes the length."""

    def canonical(self, text):
        from ipaddress import ip_address

        if text.isdecimal():
            return int(text)
        try:
            bits = f"{int(ip_address(text)):0{ip_address(text).max_prefixlen}b}"
        except ValueError:
            raise ValueError(f"{text!r} is neither a prefix length nor a mask") from None
        if "01" in bits:
            raise ValueError(f"{text!r} is no mask, which is ones and then zeros")
        return bits.count("1")


class Words(Value):
    """A list of the words C(words), which libvirt writes without spaces, C(ordered) as there or as they were given.

    C(alone): a word beside which no other counts.
    """

    option_type = "list"

    def __init__(self, *words: str, ordered=True, alone=""):
        self.words, self.ordered, self.alone = words, ordered, alone

    def canonical(self, text):
        return self._sorted([word for word in re.split(r"[,\s]+", text) if word])

    def _sorted(self, given: list) -> list:
        given = [next((word for word in self.words if word.lower() == one.lower()), one) for one in given]
        unknown = [one for one in given if one not in self.words]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is none of {', '.join(self.words)}")
        if self.alone in given:
            return [self.alone]
        return [word for word in self.words if word in given] if self.ordered else given

    def read(self, text):
        return [variable(text)] if text.startswith("$") else self.canonical(text)

    def parse(self, raw):
        given = [str(one).strip() for one in (raw if isinstance(raw, list) else [raw])]
        if not given:
            raise ValueError("the list is empty; take it out")
        return [variable(given[0])] if given[0].startswith("$") and len(given) == 1 else self._sorted(given)

    def text(self, value):
        return ",".join(value)

    def show(self, value):
        return list(value)


class Flags(Value):
    """C(MASK/SET): flags of TCP that are looked at, and those of them that have to be set."""

    _words = Words("FIN", "SYN", "RST", "PSH", "ACK", "URG")

    def canonical(self, text):
        mask, slash, wanted = text.partition("/")
        if not slash:
            raise ValueError(f"{text!r} names no flags that have to be set; write for example 'SYN,ACK/SYN'")
        return "/".join(map(self._side, (mask, wanted)))

    def _side(self, text: str) -> str:
        words = [word.upper() for word in re.split(r"[,\s]+", text) if word and word.upper() != "NONE"]
        every = list(self._words.words)
        found = every if "ALL" in words else self._words.canonical(",".join(words))
        return "ALL" if found == every else ",".join(found) or "NONE"


class Switch(Value):
    """A boolean of which libvirt takes three words for true (virNWFilterRuleDetailsParse)."""

    option_type = "bool"

    def canonical(self, text):
        return text in ("true", "1", "yes")

    def parse(self, raw):
        return bool(raw)

    def text(self, value):
        return "true" if value is True else "false" if value is False else value


class Comment(Value):
    """Words for people, of which libvirt keeps 256 bytes (MAX_COMMENT_LENGTH)."""

    most = 256

    def canonical(self, text):
        return text.encode()[: self.most].decode(errors="ignore")

    def parse(self, raw):
        text = Text.parse(self, raw)
        if len(text.encode()) > self.most:
            raise ValueError(f"it has more than {self.most} bytes, which is all that libvirt keeps")
        return self.read(text)
