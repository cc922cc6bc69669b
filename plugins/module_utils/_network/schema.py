# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a network, and where they stand in its XML (formatnetwork). Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import FIXED, LIVE, Field, Group, Items
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree
from ansible_collections.virtops.libvirt.plugins.module_utils._links import bandwidth, virtualport, vlan
from ansible_collections.virtops.libvirt.plugins.module_utils._network.addresses import DOMAIN, IPS, ROUTES, Sole
from ansible_collections.virtops.libvirt.plugins.module_utils._scalars import Scalars
from ansible_collections.virtops.libvirt.plugins.module_utils._values import (
    ADDRESS,
    COUNT,
    MAC,
    NAME,
    NUMBER,
    ON_OFF,
    PCI_ADDRESS,
    UUID,
    YES_NO,
    YES_ONLY,
    Int,
)

_DNSMASQ = "http://libvirt.org/schemas/network/dnsmasq/1.0"


class _Mode(Field):
    def read(self, owner):
        # What a document means that does not say it (virNetworkForwardDefParseXML).
        return super().read(owner) or "nat"


def mode_of(document) -> str | None:
    """The forward mode of a network, None for an isolated one."""
    forward = document.find("forward")
    return None if forward is None else FORWARD.fields[0].read(forward)


class _Figure(Int):
    """A number that libvirt does not write where it is 0."""

    def __init__(self):
        super().__init__(nothing=0)

    def read(self, text):
        return super().read(text) or None


class _PciAddresses(Scalars):
    """The virtual functions of a pool."""

    def read(self, owner):
        return [PCI_ADDRESS.of(element) for element in owner.findall("address[@type='pci']")]

    def write(self, owner, canonical):
        if self.agrees(owner, canonical):
            return
        for element in owner.findall("address"):
            owner.remove(element)
        for address in canonical:
            owner.append(owner.makeelement("address", type="pci", **PCI_ADDRESS.attributes(address)))


class _DnsmasqOptions(Scalars):
    def write(self, owner, canonical):
        # Under the name that libvirt gives it too.
        etree.register_namespace("dnsmasq", _DNSMASQ)
        super().write(owner, canonical)
        options = owner.find(f"{{{_DNSMASQ}}}options")
        if options is not None and not len(options):
            owner.remove(options)


def _same_device(element, wanted):
    """libvirt says the first device of a pool twice, and refuses two that differ (virNetworkForwardDefParseXML)."""
    named = [device.get("dev") for device in element.findall("interface")]
    if "interfaces" in wanted and "dev" not in wanted:
        element.attrib.pop("dev", None)
        if named:
            element.set("dev", named[0])
    elif "dev" in wanted and "interfaces" not in wanted and named[:1] != [element.get("dev")]:
        for device in element.findall("interface"):
            element.remove(device)
        if element.get("dev"):
            element.append(element.makeelement("interface", dev=element.get("dev")))


# What libvirt does not keep where there is nothing in it, the inner ones first.
_KEPT_WITH = (
    ("ip/dhcp", ("range", "host")),
    ("forward/nat", ("*", "@ipv6")),
    ("dns", ("*", "@enable", "@forwardPlainNames")),
    ("bandwidth", ("*",)),
    ("portgroup/bandwidth", ("*",)),
    ("virtualport", ("*", "@type")),
    ("portgroup/virtualport", ("*", "@type")),
    ("metadata", ("*",)),
    (f"{{{_DNSMASQ}}}options", ("*",)),
)


def as_kept(document) -> None:
    """Bring the user's document into the form that libvirt keeps."""
    for forward in document.findall("forward"):
        _complete_devices(forward)
    for place, contents in _KEPT_WITH:
        for element in document.findall(place):
            kept = [element.get(one[1:]) if one[0] == "@" else element.find(one) for one in contents]
            if all(one is None for one in kept):
                element.getparent().remove(element)


def _complete_devices(forward) -> None:
    """Have C(<forward>) say its first device in both places, as libvirt does."""
    first = forward.find("interface")
    if first is not None:
        forward.set("dev", first.get("dev"))
    elif forward.get("dev"):
        forward.append(forward.makeelement("interface", dev=forward.get("dev")))


def _span(name: str, path: str, value, **more) -> Group:
    ends = (Field("start", "@start", value, required=True), Field("end", "@end", value, required=True))
    return Group(name, path, ends, optional=True, **more)


# What libvirt fills in when a network starts.
_PORTS = {"start": 1024, "end": 65535}
FORWARD = Group(
    "forward",
    "forward",
    (
        _Mode(
            "mode",
            "@mode",
            choices=("nat", "route", "open", "bridge", "private", "vepa", "passthrough", "hostdev"),
            required=True,
        ),
        Field("dev", "@dev", effect=LIVE),
        Scalars("interfaces", "interface/@dev", effect=LIVE, runtime=True),
        Sole("pf", "pf/@dev"),
        _PciAddresses("addresses", "address", value=PCI_ADDRESS, runtime=True),
        Field("managed", "@managed", YES_NO),
        Sole("driver", "driver/@name"),
        Group(
            "nat",
            "nat",
            (
                Field("ipv6", "@ipv6", YES_NO),
                _span("addresses", "address", ADDRESS),
                _span("ports", "port", COUNT, runs_as={None: (_PORTS,)}),
            ),
            optional=True,
            runs_as={None: ({"ports": _PORTS},)},
        ),
    ),
    finish=_same_device,
    optional=True,
)
BRIDGE = Group(
    "bridge",
    "bridge",
    (
        Field("name", "@name", NAME),
        Field("stp", "@stp", ON_OFF),
        Field("delay", "@delay", NUMBER),
        Field("zone", "@zone"),
        Field("mac_table_manager", "@macTableManager", choices=("kernel", "libvirt")),
    ),
)
DNS = Group(
    "dns",
    "dns",
    (
        Field("enable", "@enable", YES_NO),
        Field("forward_plain_names", "@forwardPlainNames", YES_NO),
        Items("forwarders", "forwarder", (Field("address", "@addr", ADDRESS), Field("domain", "@domain"))),
        Items(
            "hosts",
            "host",
            (
                Field("ip", "@ip", ADDRESS, required=True, effect=LIVE),
                Scalars("hostnames", "hostname", required=True, effect=LIVE),
            ),
            identity=("ip",),
            effect=LIVE,
        ),
        Items(
            "txt",
            "txt",
            (
                Field("name", "@name", required=True, effect=LIVE),
                Field("value", "@value", required=True, effect=LIVE),
            ),
            identity=("name",),
            effect=LIVE,
        ),
        Items(
            "srv",
            "srv",
            (
                Field("service", "@service", required=True, effect=LIVE),
                Field("protocol", "@protocol", choices=("tcp", "udp"), required=True, effect=LIVE),
                Field("domain", "@domain", effect=LIVE),
                Field("target", "@target", effect=LIVE),
                Field("port", "@port", COUNT, effect=LIVE),
                Field("priority", "@priority", _Figure(), effect=LIVE),
                Field("weight", "@weight", _Figure(), effect=LIVE),
            ),
            effect=LIVE,
        ),
    ),
)


def _port_of_switch(**effect) -> Group:
    """What a NIC gets from its network, with what 802.1Qbg needs."""
    numbers = (
        Field(name, f"parameters/@{name}", NUMBER, **effect) for name in ("managerid", "typeid", "typeidversion")
    )
    return virtualport(*numbers, Field("instanceid", "parameters/@instanceid", UUID, **effect), **effect)


PORTGROUPS = Items(
    "portgroups",
    "portgroup",
    (
        Field("name", "@name", required=True, effect=LIVE),
        Field("default", "@default", YES_ONLY, effect=LIVE),
        Field("trust_guest_rx_filters", "@trustGuestRxFilters", YES_NO, effect=LIVE),
        _port_of_switch(effect=LIVE),
        vlan(effect=LIVE),
        bandwidth(effect=LIVE),
    ),
    identity=("name",),
    effect=LIVE,
)
FIELDS = (
    Field("name", "name", NAME),
    Field("uuid", "uuid", UUID, effect=FIXED),
    Field("title", "title"),
    Field("description", "description"),
    FORWARD,
    BRIDGE,
    Field("mac", "mac/@address", MAC),
    Field("mtu", "mtu/@size", NUMBER),
    Field("ipv6", "@ipv6", YES_ONLY),
    Field("isolated_ports", "port/@isolated", YES_NO),
    Field("trust_guest_rx_filters", "@trustGuestRxFilters", YES_NO),
    DOMAIN,
    DNS,
    IPS,
    ROUTES,
    vlan(),
    _port_of_switch(),
    bandwidth(),
    PORTGROUPS,
    _DnsmasqOptions("dnsmasq_options", f"{{{_DNSMASQ}}}options/{{{_DNSMASQ}}}option/@value"),
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
        "forward/@managed",
        "@connections",
        "ip/@family",
        "vlan/@trunk",
        "portgroup/vlan/@trunk",
        "ip/dhcp/range/lease/@unit",
        "ip/dhcp/host/lease/@unit",
    }
)
