# SPDX-License-Identifier: GPL-3.0-or-later
"""The NICs of running guests that hang on a network. Private to this collection.

No call of libvirt tells them but the documents of the guests: the ports of a network are forgotten when it stops, while
the guests go on with NICs that lead nowhere.
"""

from __future__ import annotations


def passing(name: str) -> str:
    """The name of the network on which NICs are while theirs is restarted."""
    return f"{name}.restarting"


class Nic:
    """One NIC of a running guest: C(element) of its live document. C(moved): it is on the passing network."""

    def __init__(self, guest: str, element, moved: bool):
        self.guest, self.element, self.moved = guest, element, moved
        alias = element.find("alias")
        # A guest that is off has none yet.
        self.alias = alias.get("name") if alias is not None else None
        self.mac = element.find("mac").get("address")
        self.port = element.find("source").get("portid")

    @property
    def label(self) -> str:
        return f"{self.guest}/{self.mac}"

    @property
    def on_a_bridge(self) -> bool:
        """Whether it is a tap in a bridge of the kernel. Others libvirt connects at the start of the guest only."""
        return self.element.get("type") in ("network", "bridge") and self.element.find("virtualport") is None

    def words(self) -> dict:
        target = self.element.find("target")
        return {"domain": self.guest, "mac": self.mac, "target": target.get("dev") if target is not None else None}


def attached(guests, name: str) -> list[Nic]:
    """The NICs that hang on a network, each guest's in the order of its document. C(guests): (handle, document)."""
    networks = (name, passing(name))
    # The type is what its network made of it; the source names the network in any case.
    return [
        Nic(guest.name(), element, element.find("source").get("network") != name)
        for guest, tree in guests
        for element in tree.iterfind("devices/interface/source[@network]/..")
        if element.find("source").get("network") in networks
    ]


def strays(nics: list[Nic], network) -> list[Nic]:
    """Those whose port an active C(network) (libvirt's handle) does not know: they lead nowhere."""
    if not nics:
        return []
    ports = {port.UUIDString() for port in network.listAllPorts(0)}
    return [nic for nic in nics if nic.moved or nic.port not in ports]
