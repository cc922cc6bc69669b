# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a network, and where they stand in its XML (formatnetwork). Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import FIXED, LIVE, Field, Group, Items, Scalars
from ansible_collections.virtops.libvirt.plugins.module_utils._values import (
    ADDRESS,
    MAC,
    NAME,
    NUMBER,
    ON_OFF,
    UUID,
    YES_NO,
)


class Prefix(Field):
    """C(prefix): libvirt keeps C(netmask) where the document was written with one, and refuses both together."""

    def read(self, owner):
        netmask = owner.get("netmask")
        if netmask is None:
            return super().read(owner)
        from ipaddress import ip_network

        return ip_network("0.0.0.0/" + netmask).prefixlen

    def agrees(self, owner, canonical):
        return canonical == self.read(owner)

    def write(self, owner, canonical):
        if canonical != self.read(owner):
            owner.attrib.pop("netmask", None)
        super().write(owner, canonical)


def _family(element, wanted):
    # libvirt takes an address without a family for IPv4 (formatnetwork, "ip").
    if ":" in wanted["address"]:
        element.set("family", "ipv6")


RANGES = Items(
    "ranges",
    "range",
    (
        Field("start", "@start", ADDRESS, required=True, effect=LIVE),
        Field("end", "@end", ADDRESS, required=True, effect=LIVE),
    ),
    identity=("start",),
    effect=LIVE,
)
HOSTS = Items(
    "hosts",
    "host",
    (
        Field("mac", "@mac", MAC, effect=LIVE),
        Field("name", "@name", effect=LIVE),
        Field("ip", "@ip", ADDRESS, required=True, effect=LIVE),
    ),
    identity=("mac", "name", "ip"),
    effect=LIVE,
)
DNS_HOSTS = Items(
    "hosts",
    "host",
    (
        Field("ip", "@ip", ADDRESS, required=True, effect=LIVE),
        Scalars("hostnames", "hostname", required=True, effect=LIVE),
    ),
    identity=("ip",),
    effect=LIVE,
)
PREFIX = Prefix("prefix", "@prefix", NUMBER)
IPS = Items(
    "ips",
    "ip",
    (
        Field("address", "@address", ADDRESS, required=True),
        PREFIX,
        Group("dhcp", "dhcp", (RANGES, HOSTS)),
    ),
    identity=("address",),
    finish=_family,
)
FIELDS = (
    Field("name", "name", NAME),
    Field("uuid", "uuid", UUID, effect=FIXED),
    Group(
        "forward",
        "forward",
        (
            Field(
                "mode",
                "@mode",
                choices=("nat", "route", "open", "bridge", "private", "vepa", "passthrough", "hostdev"),
                required=True,
            ),
            Field("dev", "@dev"),
        ),
    ),
    Group(
        "bridge",
        "bridge",
        (Field("name", "@name", NAME), Field("stp", "@stp", ON_OFF), Field("delay", "@delay", NUMBER)),
    ),
    Field("mtu", "mtu/@size", NUMBER),
    Group("domain", "domain", (Field("name", "@name", NAME), Field("local_only", "@localOnly", YES_NO))),
    Group("dns", "dns", (DNS_HOSTS,)),
    IPS,
)
# What libvirt adds by itself to a network that was written without it (networkFillDefaults, and measured on 9.0).
FILLED = frozenset(
    {
        "uuid",
        "mac",
        "metadata",
        "bridge",
        "bridge/@name",
        "bridge/@stp",
        "bridge/@delay",
        "forward/nat",
        "forward/@dev",
        "forward/interface",
        "@connections",
        "ip/@family",
    }
)
