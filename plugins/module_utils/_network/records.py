# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse names and records that dnsmasq or libvirt would not take. Private to this collection.

libvirt writes them into dnsmasq's configuration as they are, and finds out when dnsmasq does not start; a running
network is without DHCP and DNS then. Imported only before a change.
"""

from __future__ import annotations

import re
from typing import NoReturn

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused

# What stands between two entries of a line, or begins a comment.
_ENDS = re.compile(r"[\s,#\"]")
# virNetworkDHCPHostDefParseXML and virNetworkDNSSrvDefParseXML.
_HOST = re.compile(r"[A-Za-z][^\s,#\"]*", re.ASCII)
_SERVICE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
# One string of a TXT record (RFC 1035, 3.3.14), and what dnsmasq reads as one line (MAXDNAME, with room for the name).
_LONGEST_STRING, _LONGEST_VALUE = 255, 700
# What a backslash stands before within quotes (dnsmasq's option.c, read_file).
_ESCAPED = '"tnebr\\'


def check_hosts(where: str, hosts: list[dict]) -> None:
    """Refused for a name of a DHCP host that is none."""
    for host in hosts:
        name = host.get("name", "")
        if name and not _HOST.fullmatch(name):
            raise Refused(
                f"{where}.dhcp.hosts: name {name!r} is no host name; write one that begins with a letter, without"
                " spaces and commas"
            )


def check_records(subject: str, dns: dict) -> None:
    """Refused for records of DNS that cannot be, or are there twice."""
    for record in dns.get("txt", []):
        _check_txt(f"{subject}: dns.txt", record)
    seen: list[dict] = []
    for record in dns.get("srv", []):
        _check_srv(f"{subject}: dns.srv", record)
        if record in seen:
            raise Refused(f"{subject}: dns.srv: {record['service']} is given twice; take one of them out")
        seen.append(record)
    if {} in dns.get("forwarders", []):
        raise Refused(f"{subject}: dns.forwarders: one says nothing; give 'address', 'domain' or both")


def _check_txt(where: str, record: dict) -> None:
    name, value = record.get("name", ""), record.get("value", "")

    def refuse(what: str, advice: str) -> NoReturn:
        raise Refused(f"{where}[{name}]: {what}; {advice}")

    if set(" ,") & set(name):
        raise Refused(f"{where}: name {name!r} has a space or a comma; write it without")
    if any(ord(one) < ord(" ") for one in name + value):
        refuse("there is a line break or another control character in it", "write it without")
    plain = _outside_quotes(value)
    if plain is None:
        refuse('its value has a quote (") without its end', 'write pairs of them, and one within as \\"')
    elif re.search(r"\s#", plain):
        refuse("what is behind ' #' is a comment to dnsmasq", 'put the value between quotes (")')
    if len(value) > _LONGEST_VALUE or any(len(part) > _LONGEST_STRING for part in value.split(",")):
        refuse(
            f"its value is longer than the {_LONGEST_STRING} characters of a string, or {_LONGEST_VALUE} in all",
            "write commas between shorter ones",
        )


def _outside_quotes(value: str) -> str | None:
    """The text that is not between quotes; None where the last one is open."""
    plain, quoted, escaped = "", False, False
    for here, behind in zip(value, f"{value[1:]}\0"):
        if escaped:
            escaped = False
        elif quoted and here == "\\" and behind in _ESCAPED:
            escaped = True
        elif here == '"':
            quoted = not quoted
        elif not quoted:
            plain += here
    return None if quoted else plain


def _check_srv(where: str, record: dict) -> None:
    service = record.get("service", "")
    if not _SERVICE.fullmatch(service):
        raise Refused(f"{where}: service {service!r} is no name of one; write letters, digits, '-' and '_'")
    for name in ("domain", "target"):
        if _ENDS.search(record.get(name, "")):
            raise Refused(f"{where}: {name} {record[name]!r} of {service} has a space or a comma; write it without")
    lacks = [name for name in ("port", "priority", "weight") if record.get(name)] if not record.get("target") else []
    if lacks:
        raise Refused(f"{where}: {lacks[0]} of {service} needs a target; give 'target'")
