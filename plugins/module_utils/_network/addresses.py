# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a network for its addresses, DHCP and routes. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import LIVE, Field, Group, Items
from ansible_collections.virtops.libvirt.plugins.module_utils._place import remove
from ansible_collections.virtops.libvirt.plugins.module_utils._values import ADDRESS, COUNT, MAC, NAME, NUMBER, YES_NO


class Sole(Field):
    """One attribute that is all that its element says: it goes with it."""

    def remove(self, owner):
        remove(owner, self.element_path)


# The attributes that tell the length of a network.
LENGTHS = {"prefix", "netmask"}


class Prefix(Field):
    """C(prefix): libvirt keeps C(netmask) where the document was written with one, and refuses both together.

    C(natural(address)): what it takes where there is neither.
    """

    def __init__(self, natural, **more):
        super().__init__("prefix", "@prefix", NUMBER, **more)
        self.natural = natural

    def read(self, owner):
        netmask = owner.get("netmask")
        if netmask is not None:
            from ipaddress import ip_network

            return ip_network("0.0.0.0/" + netmask).prefixlen
        written = super().read(owner)
        # libvirt forgets one that is 0.
        return written or self.natural(owner.get("address", ""))

    def agrees(self, owner, canonical):
        return canonical == self.read(owner)

    def write(self, owner, canonical):
        if canonical != self.read(owner) or not LENGTHS & set(owner.attrib):
            owner.attrib.pop("netmask", None)
            owner.set(self.attribute, str(canonical))


def _natural(address: str) -> int:
    """The length that an address without one has (virNetworkIPDefPrefix): by its class, or 64 for IPv6."""
    if ":" in address:
        return 64
    first = int(address.partition(".")[0] or 0)
    return 8 if first < 128 else 16 if first < 192 else 24


def _family(element, wanted):
    # libvirt takes an address without a family for IPv4 (formatnetwork, "ip" and "route").
    if ":" in wanted["address"]:
        element.set("family", "ipv6")
    elif element.get("family") == "ipv6":
        del element.attrib["family"]


class _Unit(Field):
    """The unit of a lease: minutes where it is not said, and none of one that is for ever."""

    def read(self, owner):
        return (super().read(owner) or "minutes") if int(owner.get("expiry") or 0) else None

    def agrees(self, owner, canonical):
        return self.read(owner) in (None, canonical)


def _lease() -> Group:
    return Group(
        "lease",
        "lease",
        (
            Field("expiry", "@expiry", NUMBER, required=True, effect=LIVE),
            _Unit("unit", "@unit", choices=("seconds", "minutes", "hours"), effect=LIVE),
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
PREFIX = Prefix(_natural)
# A route without one is that to everywhere (virNetDevIPRouteCreate).
ROUTE_PREFIX = Prefix(lambda _address: 0, required=True)
IPS = Items(
    "ips",
    "ip",
    (
        Field("address", "@address", ADDRESS, required=True),
        PREFIX,
        Field("local_ptr", "@localPtr", YES_NO),
        Sole("tftp_root", "tftp/@root"),
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
        ROUTE_PREFIX,
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
