# SPDX-License-Identifier: GPL-3.0-or-later
"""Value types of options: what a user writes, what libvirt writes, and one canonical form between them.

Private to this collection. Every type has C(parse) (option -> canonical), C(read) (XML text -> canonical),
C(text) (canonical -> XML text) and C(show) (canonical -> option). For each, C(parse(show(x)) == x) and
C(read(text(x)) == x). A value that a type refuses raises ValueError with words that complete "NAME: ...".
"""

from __future__ import annotations

import re

# libvirt's scaled integers (formatdomain "memory", virScaleInteger): a bare letter and the IEC form are powers of
# 1024, the SI form is a power of 1000.
_PREFIXES = ("", "K", "M", "G", "T", "P", "E")
UNITS = {"B": 1, "BYTE": 1, "BYTES": 1}
for _power, _prefix in enumerate(_PREFIXES[1:], 1):
    UNITS[_prefix] = UNITS[_prefix + "IB"] = 1024**_power
    UNITS[_prefix + "B"] = 1000**_power

_SIZE = r"\s*(\d+)(?:\.(\d+))?\s*([A-Za-z]*)\s*"
_MAC = r"[0-9a-f]{2}(:[0-9a-f]{2}){5}"
_UUID = r"[0-9a-f]{32}"
# No host has as many processors; libvirt has such a limit too (VIR_DOMAIN_CPUMASK_LEN).
MOST_CPUS = 16384


class Text:
    """Any string that XML can carry."""

    option_type = "str"
    # The value that says that the place shall not be there.
    nothing: object = ""

    def parse(self, raw):
        text = str(raw)
        if re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", text):
            raise ValueError(f"{text!r} has a character that XML cannot carry")
        return text

    def read(self, text):
        return text

    def text(self, value):
        return str(value)

    def show(self, value):
        return value

    def may_run_as(self, _shown, _running) -> bool:
        """Whether libvirt itself makes a running object have another value than its definition; both as shown."""
        return False


class Default(Text):
    """A text of which libvirt leaves one value out, because that is what nothing means."""

    def __init__(self, nothing):
        self.nothing = nothing


# What the kernel's NAME_MAX leaves of the name of a file that libvirt ends with C(.xml), in bytes.
_LONGEST_NAME = 251


class Name(Text):
    """A name of a libvirt object: also a file name on the host, so no C(/), C(.) or C(..), not empty, not too long."""

    def parse(self, raw):
        text = super().parse(raw)
        if not text.strip() or text != text.strip():
            raise ValueError(f"{text!r} is empty or has space around it")
        if "/" in text or "\n" in text or text in (".", ".."):
            raise ValueError(
                f"{text!r} is not a name that libvirt can keep: '/', line breaks, '.' and '..' are not allowed"
            )
        if len(text.encode()) > _LONGEST_NAME:
            raise ValueError(
                f"{text[:20]!r}... is longer than the {_LONGEST_NAME} bytes that a file's name has room for"
            )
        return text


class Int(Text):
    """A whole number. C(nothing): the value for which libvirt writes nothing, such as 0 of a limit."""

    option_type = "int"

    def __init__(self, least=0, nothing=None):
        self.least, self.nothing = least, nothing

    def parse(self, raw):
        value = int(raw)
        if value < self.least:
            raise ValueError(f"{value} is less than {self.least}")
        return value

    def read(self, text):
        # A number with a zero in front is none of base 8 to libvirt, where it does not ask for one.
        return int(text) if text.strip().isdecimal() else int(text, 0)


class Bool(Text):
    """A boolean that libvirt writes as C(yes)/C(no) or C(on)/C(off). C(nothing): the value for which it writes none."""

    option_type = "bool"

    def __init__(self, yes="yes", no="no", nothing=None):
        self.yes, self.no, self.nothing = yes, no, nothing

    def parse(self, raw):
        return bool(raw)

    def read(self, text):
        value = text == self.yes
        return None if value == self.nothing else value

    def text(self, value):
        return self.yes if value else self.no


class Size(Text):
    """A size in bytes. The option must name its unit; libvirt's own unit is C(unit) where its XML has none.

    C(step) is what libvirt rounds up to (virDomainParseMemory and the qemu-img calls of the storage driver: 1 KiB).
    C(has_unit): whether the element takes the attribute C(unit). C(started): a running object has a multiple of it.
    """

    def __init__(self, unit="bytes", step=1024, written="", least=0, has_unit=True, nothing=None, started=1):
        self.started = started
        self.unit, self.step, self.least, self.has_unit, self.nothing = unit, step, least, has_unit, nothing
        self.written = written or unit

    def parse(self, raw):
        match = re.fullmatch(_SIZE, str(raw), re.ASCII)
        if not match:
            raise ValueError(f"{raw!r} is not a size such as '512 MiB' or '10G'")
        whole, part, unit = match.groups()
        if not unit:
            raise ValueError(f"{raw!r} has no unit; write '{whole} B' for bytes, or for example '{whole} MiB'")
        factor = UNITS.get(unit.upper())
        if factor is None:
            raise ValueError(f"{raw!r} has the unknown unit {unit!r}; use B, KiB, MiB, GiB, TiB")
        size = int(whole) * factor + (-(-int(part) * factor // 10 ** len(part)) if part else 0)
        if size < self.least:
            raise ValueError(f"{raw!r} is too small; give at least {self.show(self.least)}")
        return self._rounded(size)

    def _rounded(self, size):
        return -(-size // self.step) * self.step

    def read(self, text, unit=None):
        return self._rounded(int(text) * UNITS[(unit or self.unit).upper()])

    def text(self, value):
        return str(-(-value // UNITS[self.written.upper()]))

    def may_run_as(self, shown, running):
        return bool(shown) and running == self.show(-(-self.parse(shown) // self.started) * self.started)

    def show(self, value):
        for power in range(len(_PREFIXES) - 1, 0, -1):
            if value and value % 1024**power == 0:
                return f"{value // 1024**power} {_PREFIXES[power]}iB"
        return f"{value} B"


class Mac(Text):
    """A MAC address of one NIC: unicast, in the colon form."""

    def parse(self, raw):
        text = str(raw).lower().replace("-", ":")
        if not re.fullmatch(_MAC, text):
            raise ValueError(f"{raw!r} is not a MAC address such as 52:54:00:12:34:56")
        if int(text[:2], 16) & 1:
            raise ValueError(f"{raw!r} is a multicast address; the first byte of a NIC's MAC must be even")
        return text

    def read(self, text):
        return text.lower()


class Uuid(Text):
    def parse(self, raw):
        digits = str(raw).lower().replace("-", "")
        if not re.fullmatch(_UUID, digits):
            raise ValueError(f"{raw!r} is not a UUID")
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def read(self, text):
        return self.parse(text)


class Address(Text):
    """An IPv4 or IPv6 address without a prefix length."""

    def parse(self, raw):
        from ipaddress import ip_address

        try:
            return str(ip_address(str(raw)))
        except ValueError:
            raise ValueError(f"{raw!r} is not an IP address") from None

    def read(self, text):
        return self.parse(text)


class Mode(Text):
    """Permissions of a file as an octal string, C(0711)."""

    def parse(self, raw):
        text = str(raw)
        if not re.fullmatch("0?[0-7]{3,4}", text):
            raise ValueError(f"{raw!r} is not an octal mode such as '0711'; quote it in YAML")
        return f"{int(text, 8):04o}"

    def read(self, text):
        # libvirt reads any octal number (virStorageVolDefParseXML).
        return f"{int(text, 8):04o}"


class CpuSet(Text):
    """Processors or NUMA nodes as libvirt lists them: C(0-3,^2); canonical C(0-1,3) (virBitmapParse)."""

    def parse(self, raw):
        numbers = self.numbers(raw)
        if not numbers:
            raise ValueError(f"{raw!r} names no processor")
        return self._ranges(sorted(numbers))

    @staticmethod
    def numbers(raw) -> set[int]:
        """What a list names, as numbers."""
        numbers: set[int] = set()
        for part in str(raw).replace(" ", "").split(","):
            match = re.fullmatch(r"(\^?)(\d+)(?:-(\d+))?", part)
            if not match or (match[1] and match[3]) or not int(match[2]) <= int(match[3] or match[2]) < MOST_CPUS:
                raise ValueError(f"{raw!r} is not a list of processors such as '0-3,^2'")
            span = set(range(int(match[2]), int(match[3] or match[2]) + 1))
            numbers = numbers - span if match[1] else numbers | span
        return numbers

    @staticmethod
    def _ranges(numbers: list[int]) -> str:
        spans: list[list[int]] = []
        for number in numbers:
            if spans and spans[-1][-1] == number - 1:
                spans[-1][1:] = [number]
            else:
                spans.append([number])
        return ",".join("-".join(map(str, span)) for span in spans)

    def read(self, text):
        return self.parse(text)


class Alias(Text):
    """A user's own name of a device; all others are libvirt's, and change (formatdomain, "alias")."""

    def parse(self, raw):
        if not re.fullmatch(r"ua-[A-Za-z0-9_-]+", str(raw)):
            raise ValueError(f"{raw!r} is not an alias; write 'ua-' and then letters, digits, '-' and '_'")
        return str(raw)

    def read(self, text):
        return text if text.startswith("ua-") else None


class PciAddress(Text):
    """The address of a PCI device as lspci writes it: C(0000:06:00.0). libvirt has its parts in an attribute each."""

    PARTS = ("domain", "bus", "slot", "function")

    def parse(self, raw):
        match = re.fullmatch(r"(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])", str(raw).lower())
        if not match:
            raise ValueError(f"{raw!r} is not a PCI address such as 0000:06:00.0; quote it in YAML")
        return self._joined(int(part or "0", 16) for part in match.groups())

    @staticmethod
    def _joined(numbers) -> str:
        domain, bus, slot, function = numbers
        return f"{domain:04x}:{bus:02x}:{slot:02x}.{function:x}"

    def of(self, element) -> str:
        """The address that the attributes of an element say."""
        return self._joined(int(element.get(name, "0"), 0) for name in self.PARTS)

    def attributes(self, canonical: str) -> dict[str, str]:
        """The attributes that say an address."""
        return {name: f"0x{part}" for name, part in zip(self.PARTS, re.split("[:.]", canonical))}


class Hex(Int):
    """A number that people write with C(0x), such as the vendor of a USB device."""

    option_type = "str"

    def __init__(self, digits=4):
        super().__init__()
        self.digits = digits

    def parse(self, raw):
        try:
            return int(str(raw), 0) if str(raw).lower().startswith("0x") else int(str(raw), 16)
        except ValueError:
            raise ValueError(f"{raw!r} is not a hexadecimal number such as 0x1d6b; quote it in YAML") from None

    def text(self, value):
        return f"0x{value:0{self.digits}x}"

    def show(self, value):
        return self.text(value)


TEXT, NAME, COUNT, NUMBER = Text(), Name(), Int(1), Int()
YES_NO, ON_OFF, YES_ONLY = Bool(), Bool("on", "off"), Bool(nothing=False)
MAC, UUID, ADDRESS, MODE, CPUSET, ALIAS = Mac(), Uuid(), Address(), Mode(), CpuSet(), Alias()
PCI_ADDRESS = PciAddress()
LIMIT = Int(nothing=0)


def known(item: dict, key: str) -> str:
    """What a dict of values says of an identity, which C(a+b) may be, "" where it lacks any part of it."""
    values = [item.get(name) for name in key.split("+")]
    return "" if None in values else "/".join(map(str, values))


def loosely_equal(one: str | None, other: str | None) -> bool:
    """Whether two XML values say the same: as text, as numbers, as booleans or as MAC addresses."""
    if one is None or other is None:
        return one is other
    one, other = one.strip(), other.strip()
    if one == other:
        return True
    low, high = one.lower(), other.lower()
    if low == high and (
        re.fullmatch(_MAC, low) or (low.replace("-", "").isalnum() and re.fullmatch(_UUID, low.replace("-", "")))
    ):
        return True
    try:
        return int(low, 0) == int(high, 0)
    except ValueError:
        pass
    try:
        return int(low) == int(high)
    except ValueError:
        return False


def _digest(parts) -> str:
    import hashlib

    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def derived_mac(*parts: str) -> str:
    """A MAC in QEMU's own range 52:54:00, always the same for the same names."""
    digest = _digest(parts)
    return f"52:54:00:{digest[:2]}:{digest[2:4]}:{digest[4:6]}"


def derived_uuid(*parts: str) -> str:
    """A UUID that is always the same for the same names."""
    return UUID.parse(_digest(parts)[:32])
