# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse what libvirt would refuse, forget or fail at later. Private to this collection, imported only for a change."""

from __future__ import annotations

import re
from ipaddress import ip_address

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter import references
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.details import DETAILS
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.rules import told
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.schema import PRIORITY, usual_priority

# Protocols of IP that have ports: tcp, udp, dccp, sctp (virNWFilterRuleValidate).
_WITH_PORTS = (6, 17, 33, 132)
# Attributes with the two ends of a span.
_SPANS = (
    ("srcportstart", "srcportend"),
    ("dstportstart", "dstportend"),
    ("srcipfrom", "srcipto"),
    ("dstipfrom", "dstipto"),
)


def check(resource, actual, target) -> None:
    """Refused for a name, references and rules that libvirt does not take or keep."""
    # Refused where a value in it is none.
    resource.values(target)
    if actual is None:
        _new(resource, target)
    _priority(resource, target)
    for number, rule in enumerate(target.findall("rule")):
        _rule(f"{resource.subject}: rules[{number}]", rule, resource.xml is None)
    known = _references(resource, target)
    if actual is not None:
        _running(resource, known)


def _new(resource, target) -> None:
    if not re.fullmatch(r"[^\W\d][\w.-]*", resource.name):
        raise Refused(
            f"{resource.subject}: its name is none that libvirt's schema takes; write letters, digits, '_', '.' and"
            " '-', a letter or '_' first"
        )
    uuid = target.findtext("uuid")
    handle = lookup(resource.conn.nwfilterLookupByUUIDString, uuid, libvirt.VIR_ERR_NO_NWFILTER) if uuid else None
    if handle is not None and not resource.planned.removes("nwfilter", handle.name()):
        raise Refused(f"{resource.subject}: uuid {uuid} is that of nwfilter {handle.name()}; give another one, or none")


def _priority(resource, target) -> None:
    wanted = resource.wanted.get("priority")
    chain = target.get("chain") or "root"
    if wanted is not None and wanted != PRIORITY.read(target):
        raise Refused(
            f"{resource.subject}: libvirt keeps priority {wanted} of chain {chain} only until its daemon starts again,"
            f" then it is {usual_priority(chain)}; give another one"
        )


def _rule(where: str, rule, typed: bool) -> None:
    if rule.get("action") is None or rule.get("direction") is None:
        return  # The schema says it.
    found = told(rule)
    for attribute in found.lost:
        name, source = _option(found.protocol, attribute)
        if name.startswith("ipset"):
            raise Refused(f"{where}: libvirt drops {name} of protocol {found.protocol}; protocol all has it")
        raise Refused(
            f"{where}: libvirt forgets whether {name} is to match or not where {source} does not say the same; give"
            f" {source} too, in the same way, or make two rules of it"
        )
    if typed:
        _spans(where, found.values)
    if found.values.get("dstipto") and found.protocol.endswith("v6"):
        raise Refused(f"{where}: libvirt takes no dst_ip_range of IPv6 (it reads its end as IPv4); write dst_ip")
    has_ports = any(attribute.startswith(("srcport", "dstport")) for attribute in found.values)
    if found.protocol in ("ip", "ipv6") and has_ports and found.values.get("protocol") not in _WITH_PORTS:
        raise Refused(f"{where}: ports need ip_protocol tcp, udp, sctp or 33; give it")
    if ("ipset" in found.values) != ("ipsetflags" in found.values):
        raise Refused(f"{where}: ipset and ipset_flags go together; give both")


def _spans(where: str, values: dict) -> None:
    """Refused for a span whose end lies before its start: no rule for that starts."""
    for start, end in _SPANS:
        first, last = values.get(start), values.get(end)
        ends = [one for one in (first, last) if one is not None and not str(one).startswith("$")]
        if len(ends) == 2 and _order(ends[0]) > _order(ends[1]):
            raise Refused(f"{where}: {first} is behind {last}; write the lower one first")


def _order(value: int | str) -> tuple:
    """The place of a port or of an address among others."""
    if isinstance(value, int):
        return 0, value
    return ip_address(value).version, int(ip_address(value))


def _option(protocol: str, attribute: str) -> tuple[str, str]:
    """(option of an attribute, that with which its sign goes)."""
    sources = {part.attribute: part.sign[0] for one in DETAILS for part in one.parts if protocol in part.sign[1]}
    names = {part.attribute: one.name for one in DETAILS for part in one.parts if protocol in part.of}
    return names.get(attribute, attribute), names.get(sources.get(attribute, ""), "")


def _references(resource, target) -> dict:
    """All filters as they would be; Refused for references to what is not there, and for a circle."""
    known = references.filters(resource.conn, resource.planned)
    own = references.described(target)
    for name in sorted({one.name for one in own.needs}):
        if name != resource.name and name not in known:
            raise Refused(
                f"{resource.subject}: it refers to nwfilter {name}, which is not there; make it with"
                " virtops.libvirt.nwfilter, or correct the name"
            )
        if resource.name in references.reached([name], known):
            by_way = f" by way of {name}" if name != resource.name else ""
            raise Refused(f"{resource.subject}: it refers to itself{by_way}; take that reference out")
    return {**known, resource.name: own}


def _running(resource, known: dict) -> None:
    """Refused where a guest runs with the filter that has no value for a variable: libvirt would go back at that."""
    for guest, reference in references.running_with(resource.conn, resource.planned, resource.name, known):
        lacks = references.lacking(reference, known)
        if lacks:
            raise Refused(f"{resource.subject}: domain {guest} runs with it: {lacks}")


def check_absent(resource, actual) -> None:
    """Refused where something refers to the filter: what runs could not be kept, and what is off could not start."""
    if actual is None:
        return
    guests, filters = references.users(resource.conn, resource.planned, resource.name)
    told_of = [f"{kind} {', '.join(names)}" for kind, names in (("domain", guests), ("nwfilter", filters)) if names]
    if told_of:
        raise Refused(
            f"{resource.subject}: {' and '.join(told_of)} refer{'' if len(guests + filters) > 1 else 's'} to it; take"
            " the reference out of there first"
        )
