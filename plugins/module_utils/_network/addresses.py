# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a network for its addresses, DHCP and routes. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import LIVE, Field, Group, Items
from ansible_collections.virtops.libvirt.plugins.module_utils._values import ADDRESS, COUNT, MAC, NAME, NUMBER, YES_NO


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
    # libvirt takes an address without a family for IPv4 (formatnetwork, "ip" and "route").
    if ":" in wanted["address"]:
        element.set("family", "ipv6")
    elif element.get("family") == "ipv6":
        del element.attrib["family"]


def _lease() -> Group:
    return Group(
        "lease",
        "lease",
        (
            Field("expiry", "@expiry", NUMBER, required=True, effect=LIVE),
            Field("unit", "@unit", choices=("seconds", "minutes", "hours"), effect=LIVE),
        ),
        optional=True,
        effect=LIVE,
    )


RANGES = Items(
    "ranges",
    "range",
    (
        Field("start", "@start", ADDRESS, required=True, effect=LIVE),
        Field("end", "@end", ADDRESS, required=True, effect=LIVE),
        _lease(),
    ),
    identity=("start",),
    effect=LIVE,
)
HOSTS = Items(
    "hosts",
    "host",
    (
        Field("mac", "@mac", MAC, effect=LIVE),
        Field("id", "@id", effect=LIVE),
        Field("name", "@name", effect=LIVE),
        Field("ip", "@ip", ADDRESS, required=True, effect=LIVE),
        _lease(),
    ),
    identity=("mac", "id", "name", "ip"),
    effect=LIVE,
)
BOOTP = Group(
    "bootp",
    "bootp",
    (Field("file", "@file", required=True), Field("server", "@server", ADDRESS)),
    optional=True,
)
PREFIX = Prefix("prefix", "@prefix", NUMBER)
IPS = Items(
    "ips",
    "ip",
    (
        Field("address", "@address", ADDRESS, required=True),
        PREFIX,
        Field("local_ptr", "@localPtr", YES_NO),
        Field("tftp_root", "tftp/@root"),
        Group("dhcp", "dhcp", (RANGES, HOSTS, BOOTP)),
    ),
    identity=("address",),
    finish=_family,
)
ROUTES = Items(
    "routes",
    "route",
    (
        Field("address", "@address", ADDRESS, required=True),
        PREFIX,
        Field("gateway", "@gateway", ADDRESS, required=True),
        Field("metric", "@metric", COUNT),
    ),
    identity=("address+prefix",),
    finish=_family,
)
DOMAIN = Group(
    "domain",
    "domain",
    (
        Field("name", "@name", NAME, required=True),
        Field("local_only", "@localOnly", YES_NO),
        Field("register", "@register", YES_NO),
    ),
    optional=True,
)
