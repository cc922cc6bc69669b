# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a domain for its NICs. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import Field, Group, Items
from ansible_collections.virtops.libvirt.plugins.module_utils._links import bandwidth, virtualport, vlan
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.parameters import Parameters
from ansible_collections.virtops.libvirt.plugins.module_utils._place import ensure, make_room
from ansible_collections.virtops.libvirt.plugins.module_utils._values import (
    ALIAS,
    COUNT,
    MAC,
    NAME,
    ON_OFF,
    YES_NO,
    derived_mac,
    derived_uuid,
)

MOVE = "from a network or bridge to another"
# The options that say what a NIC is connected to, and the attributes of <source> that belong to each.
_CONNECTIONS = {"network": ("network", "portgroup"), "bridge": ("bridge",), "direct": ("dev", "mode")}


# What goes with which types of NICs, as virDomainNetDefParseXML keeps it (formatdomain, "Network interfaces").
NIC_TYPES: dict[str, tuple] = {
    "source": (),
    "@managed": ("hostdev",),
    "portForward": (),
    "script": ("bridge", "ethernet"),
    "backend/@type": ("user",),
    "backend/@logFile": ("user",),
    "ip": ("user",),
    "driver/@name": (),
    "filterref": ("network", "bridge", "ethernet"),
    "virtualport": ("network", "bridge", "direct"),
    "vlan": ("network", "bridge", "direct", "hostdev"),
    "bandwidth": ("network", "bridge", "direct", "ethernet"),
    "port": ("network", "bridge"),
}


def _implied(wanted) -> str | None:
    """The type of a NIC that the options name or imply."""
    return next((name for name in _CONNECTIONS if name in wanted), wanted.get("type"))


def _begin_interface(element, wanted):
    kind = _implied(wanted)
    if kind:
        make_room(element, _connection(element), kind, NIC_TYPES)


def _finish_interface(element, wanted):
    """What the chosen source implies, and the model that a new NIC gets."""
    kind = next((name for name in _CONNECTIONS if name in wanted), None)
    if kind:
        element.set("type", kind)
        source = element.find("source")
        for name in [name for name in source.attrib if name not in _CONNECTIONS[kind]]:
            del source.attrib[name]
    elif wanted.get("type") == "user":
        for source in element.findall("source"):
            element.remove(source)
    give_mac(element)
    _give_interface_id(element)
    if element.find("model") is None and element.get("type") != "hostdev":
        element.append(element.makeelement("model", type="virtio"))


def give_mac(element) -> None:
    """The address of a NIC for which nobody gave one: the plan must know it.

    It comes from the names of guest and NIC (its alias, else its number), so that it is the same on every host.
    """
    if element.find("mac") is not None:
        return
    root = element.getroottree().getroot()
    nics = root.findall("devices/interface")
    taken = {mac.get("address", "").lower() for mac in root.iterfind("devices/interface/mac")}
    alias = element.find("alias")
    number = nics.index(element)
    name = alias.get("name") if alias is not None else str(number)
    while (address := derived_mac(root.findtext("name"), name)) in taken:
        number += 1
        name = str(number)
    element.insert(0, element.makeelement("mac", address=address))


def _give_interface_id(element) -> None:
    """The name of a port of Open vSwitch: libvirt would make one up, and the plan must know it."""
    port = element.find("virtualport[@type='openvswitch']")
    if port is None or port.find("parameters[@interfaceid]") is not None:
        return
    guest = element.getroottree().getroot().findtext("name")
    ensure(port, "parameters").set("interfaceid", derived_uuid(guest, element.find("mac").get("address")))


def _connection(element) -> str:
    """What a NIC is connected to. That of a running guest has the type that its network made of it, and names that."""
    source = element.find("source")
    return "network" if source is not None and source.get("network") else element.get("type")


def _on_network(element) -> bool:
    return _connection(element) == "network"


def _on_bridge(element) -> bool:
    return _connection(element) == "bridge"


def _is_direct(element) -> bool:
    return _connection(element) == "direct"


class _Type(Field):
    def read(self, owner):
        return _connection(owner)


INTERFACES = Items(
    "interfaces",
    "devices/interface",
    (
        Field("mac", "mac/@address", MAC),
        Field("alias", "alias/@name", ALIAS),
        _Type(
            "type",
            "@type",
            choices=("network", "bridge", "direct", "user", "ethernet", "hostdev"),
            by="update",
            when=MOVE,
        ),
        Field("network", "source/@network", NAME, only=_on_network, by="update", when=MOVE),
        Field(
            "portgroup",
            "source/@portgroup",
            NAME,
            only=_on_network,
            by="update",
            when="with libvirt before 10.6",
        ),
        Field("bridge", "source/@bridge", NAME, only=_on_bridge, by="update", when=MOVE),
        Group(
            "direct",
            "source",
            (
                Field("dev", "@dev", required=True),
                Field("mode", "@mode", choices=("vepa", "bridge", "private", "passthrough")),
            ),
            only=_is_direct,
        ),
        virtualport(),
        vlan(),
        bandwidth("floor", by="update"),
        Group(
            "filter",
            "filterref",
            (
                Field("name", "@filter", by="update"),
                Parameters(by="update"),
            ),
            optional=True,
            by="update",
        ),
        Field("model", "model/@type"),
        Field("mtu", "mtu/@size", COUNT),
        Field("queues", "driver/@queues", COUNT),
        # A running NIC whose link nobody speaks of any more has to be told that it is up.
        Field("link", "link/@state", choices=("up", "down"), by="update", runs_as={None: ("up",)}),
        Field("isolated", "port/@isolated", YES_NO),
        Field("trust_guest_rx_filters", "@trustGuestRxFilters", YES_NO),
        Field("target", "target/@dev", runtime=True),
        Field("acpi_index", "acpi/@index", COUNT),
        Field("rom", "rom/@enabled", YES_NO),
        Field("guest_csum", "driver/guest/@csum", ON_OFF),
        Field("boot", "boot/@order", COUNT),
    ),
    identity=("mac", "alias"),
    one_of=("network", "bridge", "direct"),
    begin=_begin_interface,
    finish=_finish_interface,
    by="plug",
    when="with a free PCIe port, and a model for PCIe where the machine has it",
)
FIELDS = (INTERFACES,)
