# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule of a filter looks at, for which protocol, and where it stands in the XML. Private to this collection.

Which protocol has which attribute is said by libvirt's own table (virAttr in nwfilter_conf.c), also where its schema
and its documentation say otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._field import Field
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.values import (
    Comment,
    Flags,
    Hardware,
    Internet,
    Number,
    Prefix,
    SetName,
    Switch,
    Value,
    Words,
)

_IPV4 = ("tcp", "udp", "udplite", "esp", "ah", "sctp", "icmp", "igmp", "all")
_IPV6 = ("tcp-ipv6", "udp-ipv6", "udplite-ipv6", "esp-ipv6", "ah-ipv6", "sctp-ipv6", "icmpv6", "all-ipv6")
_ARP = ("arp", "rarp")
PROTOCOLS = ("mac", "vlan", "stp", *_ARP, "ip", "ipv6", *_IPV4, *_IPV6)
# The version of the addresses of each.
VERSIONS = {**dict.fromkeys(("ip", *_ARP, *_IPV4), 4), **dict.fromkeys(("ipv6", *_IPV6), 6)}
_L3 = (*_IPV4, *_IPV6)
_IP = ("ip", "ipv6", *_L3)
_FRAMES = ("mac", "vlan", *_ARP, "ip", "ipv6")
_TCP_LIKE = ("tcp", "udp", "sctp", "tcp-ipv6", "udp-ipv6", "sctp-ipv6")
_MAC, _MAC_MASK, _ADDRESS, _PREFIX = Hardware(), Hardware(mask=True), Internet(), Prefix()
_BYTE, _SHORT, _LONG = Number(0xFF), Number(0xFFFF), Number(0xFFFFFFFF)
# What the protocol of an Ethernet frame is called (macProtoMap).
_FRAME = Number(
    0xFFFF,
    {0x806: "arp", 0x8035: "rarp", 0x800: "ipv4", 0x86DD: "ipv6", 0x8100: "vlan"},
    least=0x600,
    hexadecimal=True,
)
_IP_PROTOCOL = Number(
    0xFF,
    {6: "tcp", 17: "udp", 136: "udplite", 50: "esp", 51: "ah", 1: "icmp", 2: "igmp", 132: "sctp", 58: "icmpv6"},
)
_OPCODES = (
    *("Request", "Reply", "Request_Reverse", "Reply_Reverse"),
    *("DRARP_Request", "DRARP_Reply", "DRARP_Error", "InARP_Request", "ARP_NAK"),
)
_OPCODE = Number(0xFFFF, dict(enumerate(_OPCODES, 1)))
STATES = ("NEW", "ESTABLISHED", "RELATED", "INVALID", "NONE")


class Part(NamedTuple):
    """An attribute. C(of): the protocols that have it. C(sign): (the attribute with which alone it can be what is not
    to match, in which protocols): libvirt forgets it otherwise (virNWFilterRuleDefFixup).
    """

    attribute: str
    value: Value
    of: tuple[str, ...]
    sign: tuple[str, tuple[str, ...]] = ("", ())


class Detail(Field):
    """One thing a rule looks at: one attribute, or two that belong together, C(SEPARATOR) between them.

    Canonical is the value of the one, or a tuple of both. Which element of a rule has them says C(told) in C(rules).
    """

    def __init__(self, name: str, *parts: Part, separator: str = ""):
        super().__init__(name, "", parts[0].value)
        self.parts, self.separator = parts, separator
        self.of = parts[0].of

    def spec(self):
        words = self.value.words if isinstance(self.value, Words) else ()
        return {"type": self.value.option_type, **({"elements": "str", "choices": list(words)} if words else {})}

    def parse(self, raw, where):
        if not self.separator:
            return super().parse(raw, where)
        texts = str(raw).strip().partition(self.separator)[::2]
        try:
            found = [part.value.parse(text) if text else None for part, text in zip(self.parts, texts)]
        except ValueError as error:
            raise Refused(f"{where}: {error}") from None
        if found == [None, None]:
            raise Refused(f"{where}: it is empty; take it out")
        return found[0] if found[1] is None else tuple(found)

    def show(self, canonical):
        if not isinstance(canonical, tuple):
            return self.value.show(canonical)
        told = ("" if one is None else str(part.value.show(one)) for part, one in zip(self.parts, canonical))
        return self.separator.join(told)

    def values(self, canonical) -> list[tuple[Part, object]]:
        """Each part with its value, without those that have none."""
        both = canonical if isinstance(canonical, tuple) else (canonical,)
        return [(part, value) for part, value in zip(self.parts, both) if value is not None]


def _mac(name: str, side: str) -> Detail:
    has_mask = (*_FRAMES, "stp") if side == "src" else _FRAMES
    return Detail(
        name,
        Part(f"{side}macaddr", _MAC, (*_FRAMES, *(("stp", *_L3) if side == "src" else ()))),
        Part(f"{side}macmask", _MAC_MASK, has_mask, (f"{side}macaddr", ("mac", "vlan"))),
        separator="/",
    )


def _ip(name: str, side: str) -> Detail:
    mask = Part(f"{side}ipmask", _PREFIX, _IP, (f"{side}ipaddr", _IP))
    return Detail(name, Part(f"{side}ipaddr", _ADDRESS, _IP), mask, separator="/")


def _ip_range(name: str, side: str) -> Detail:
    end = Part(f"{side}ipto", _ADDRESS, _L3, (f"{side}ipfrom", _L3))
    return Detail(name, Part(f"{side}ipfrom", _ADDRESS, _L3), end, separator="-")


def _port(name: str, side: str) -> Detail:
    of, sign = ("ip", "ipv6", *_TCP_LIKE), ("srcportstart", _TCP_LIKE)
    start = Part(f"{side}portstart", _SHORT, of, sign if side == "dst" else ("", ()))
    return Detail(name, start, Part(f"{side}portend", _SHORT, of, sign), separator="-")


def _arp_ip(name: str, side: str) -> Detail:
    mask = Part(f"arp{side}ipmask", _PREFIX, _ARP)
    return Detail(name, Part(f"arp{side}ipaddr", _ADDRESS, _ARP), mask, separator="/")


def _stp(name: str, value: Value, attribute: str, end: str = "-hi") -> Detail:
    of = ("stp",)
    upper = Part(attribute + end, _MAC_MASK if end == "-mask" else value, of, (attribute, of))
    return Detail(name, Part(attribute, value, of), upper, separator="/" if end == "-mask" else "-")


DETAILS = (
    _mac("src_mac", "src"),
    _mac("dst_mac", "dst"),
    Detail("mac_protocol", Part("protocolid", _FRAME, ("mac",))),
    Detail("vlan_id", Part("vlanid", Number(4095), ("vlan",))),
    Detail("vlan_protocol", Part("encap-protocol", _FRAME, ("vlan",))),
    _ip("src_ip", "src"),
    _ip("dst_ip", "dst"),
    _ip_range("src_ip_range", "src"),
    _ip_range("dst_ip_range", "dst"),
    Detail("ip_protocol", Part("protocol", _IP_PROTOCOL, ("ip", "ipv6"))),
    _port("src_port", "src"),
    _port("dst_port", "dst"),
    Detail("dscp", Part("dscp", Number(63), ("ip", *_L3))),
    Detail("connlimit_above", Part("connlimit-above", _SHORT, _L3)),
    Detail("state", Part("state", Words(*STATES, alone="NONE"), _L3)),
    # The others have them too, and libvirt drops them there (virNWFilterRuleDefFixupIPSet).
    Detail("ipset", Part("ipset", SetName(), ("all", "all-ipv6"))),
    Detail("ipset_flags", Part("ipsetflags", Words("src", "dst", ordered=False), ("all", "all-ipv6"))),
    Detail("tcp_flags", Part("flags", Flags(), ("tcp",))),
    Detail("tcp_option", Part("option", _BYTE, ("tcp", "tcp-ipv6"))),
    Detail(
        "icmp_type",
        Part("type", _BYTE, ("icmp", "icmpv6", "ipv6")),
        Part("typeend", _BYTE, ("ipv6",), ("type", ("ipv6",))),
        separator="-",
    ),
    Detail(
        "icmp_code",
        Part("code", _BYTE, ("icmp", "icmpv6", "ipv6"), ("type", ("icmp", "icmpv6", "ipv6"))),
        Part("codeend", _BYTE, ("ipv6",), ("type", ("ipv6",))),
        separator="-",
    ),
    Detail("arp_hw_type", Part("hwtype", _SHORT, _ARP)),
    Detail("arp_protocol_type", Part("protocoltype", _SHORT, _ARP)),
    Detail("arp_opcode", Part("opcode", _OPCODE, _ARP)),
    Detail("arp_src_mac", Part("arpsrcmacaddr", _MAC, _ARP)),
    Detail("arp_dst_mac", Part("arpdstmacaddr", _MAC, _ARP)),
    _arp_ip("arp_src_ip", "src"),
    _arp_ip("arp_dst_ip", "dst"),
    Detail("arp_gratuitous", Part("gratuitous", Switch(), _ARP)),
    Detail("stp_type", Part("type", _BYTE, ("stp",))),
    Detail("stp_flags", Part("flags", _BYTE, ("stp",))),
    _stp("stp_root_priority", _SHORT, "root-priority"),
    _stp("stp_root_address", _MAC, "root-address", "-mask"),
    _stp("stp_root_cost", _LONG, "root-cost"),
    _stp("stp_sender_priority", _SHORT, "sender-priority"),
    _stp("stp_sender_address", _MAC, "sender-address", "-mask"),
    _stp("stp_port", _SHORT, "port"),
    _stp("stp_age", _SHORT, "age"),
    _stp("stp_max_age", _SHORT, "max-age"),
    _stp("stp_hello_time", _SHORT, "hello-time"),
    _stp("stp_forward_delay", _SHORT, "forward-delay"),
    Detail("comment", Part("comment", Comment(), PROTOCOLS)),
)
# The options that are of use with each protocol, and whose value is an address.
OPTIONS = {protocol: [one for one in DETAILS if protocol in one.of] for protocol in PROTOCOLS}
ADDRESSES = ("src_ip", "dst_ip", "src_ip_range", "dst_ip_range", "arp_src_ip", "arp_dst_ip")
