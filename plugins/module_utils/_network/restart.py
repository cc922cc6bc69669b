# SPDX-License-Identifier: GPL-3.0-or-later
"""Restart a network below running guests, and put their NICs back on it. Private to this collection.

A tap is not in the bridge of a network that was started anew, and libvirt plugs it in only where an update of the NIC
names another bridge (qemuDomainChangeNet; measured on 9.0 and 11.3). So the NICs wait on a network that exists just for
that, on which no port sees another, and are moved back from there. The guests notice nothing but lost packets.
"""

from __future__ import annotations

import copy
from functools import partial
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._network.guests import Nic, passing
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import parse


def restart_steps(network, nics: list[Nic], define: list[Step], ran_with: str) -> list[Step]:
    """Stop, define anew, start, with the NICs out of the way meanwhile. C(ran_with): the running document.

    Refused for NICs that could not be put back; libvirt would also forget which guest has which device of a pool.
    """
    fixed = sorted({nic.guest for nic in nics if not nic.on_a_bridge})
    if fixed:
        raise Refused(
            f"{network.subject}: it cannot be restarted below {' and '.join(fixed)}, whose NICs libvirt connects at the"
            " guest's start only; switch them off first, or take 'allow_restart' out"
        )
    # Taken back in the other order, the old definition is there again before it is started.
    switch = [
        Step(f"stop {network.subject}", network.stop, partial(_start_again, network, ran_with)),
        *define,
        Step(f"start {network.subject}", network.start, network.stop),
    ]
    return [*_away(network, nics), *switch, *_back(network, nics)]


def plug_steps(network, nics: list[Nic]) -> list[Step]:
    """Steps that put NICs back on a network that is active by then."""
    nics = [nic for nic in nics if nic.on_a_bridge]
    return [*_away(network, nics), *_back(network, nics)]


def _start_again(network, ran_with: str) -> None:
    """Start a network as it ran: its definition may have had a change since then with which it does not start."""
    try:
        network.start()
    except libvirt.libvirtError:
        waiting = network.find().XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)
        network.define(ran_with)
        network.start()
        network.define(waiting)


def _away(network, nics: list[Nic]) -> list[Step]:
    if not nics:
        return []
    name = passing(network.name)
    make, remove = partial(_make, network.conn, name), partial(_remove, network.conn, name)
    return [
        Step(f"make network {name} for the NICs meanwhile", make, remove),
        *(
            Step(f"move {nic.label} there", partial(_move, network, nic, name), partial(_move, network, nic))
            for nic in nics
        ),
    ]


def _back(network, nics: list[Nic]) -> list[Step]:
    if not nics:
        return []
    name = passing(network.name)
    make, remove = partial(_make, network.conn, name), partial(_remove, network.conn, name)
    return [
        *(
            Step(f"put {nic.label} back", partial(_move, network, nic), partial(_move, network, nic, name))
            for nic in nics
        ),
        Step(f"remove network {name}", remove, make),
    ]


def _make(conn, name: str) -> None:
    if lookup(conn.networkLookupByName, name, libvirt.VIR_ERR_NO_NETWORK) is None:
        document = etree.Element("network")
        etree.SubElement(document, "name").text = name
        etree.SubElement(document, "bridge", stp="off", delay="0")
        etree.SubElement(document, "port", isolated="yes")
        # It is gone when it stops.
        conn.networkCreateXML(etree.tostring(document, encoding="unicode"))


def _remove(conn, name: str) -> None:
    handle = lookup(conn.networkLookupByName, name, libvirt.VIR_ERR_NO_NETWORK)
    if handle is not None:
        handle.destroy()


def _move(network, nic: Nic, name: str = "") -> None:
    """Connect a NIC with the passing network C(name), or with its own; a guest that is off meanwhile has none."""
    domain = lookup(network.conn.lookupByName, nic.guest, libvirt.VIR_ERR_NO_DOMAIN)
    if domain is None or not domain.isActive():
        return
    element = parse(domain.XMLDesc(0)).find(f"devices/interface/alias[@name='{nic.alias}']/..")
    if element is None:
        return
    if name:
        _leave(element, name)
    else:
        definition = parse(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
        live = parse(ET.tostring(nic.element))
        own = definition.find(f"devices/interface[@type='network']/mac[@address='{nic.mac}']/..")
        # One that was plugged in for this run only is in no definition.
        _return(element, network.name, live if own is None else own, live)
    domain.updateDeviceFlags(
        etree.tostring(element, encoding="unicode", with_tail=False), libvirt.VIR_DOMAIN_AFFECT_LIVE
    )


def _leave(element, name: str) -> None:
    """Have a NIC say that it is on the passing network C(name)."""
    element.set("type", "network")
    source = element.find("source")
    source.attrib.clear()
    source.set("network", name)
    # What only a network with a limit of its own can promise.
    for inbound in element.findall("bandwidth/inbound[@floor]"):
        del inbound.attrib["floor"]


def _return(element, network: str, own, live) -> None:
    """Have a NIC say that it is on C(network), as it says in its definition C(own) and was before, C(live).

    The live document shows what it got from network and port group as if it were its own; it is to get it anew.
    """
    _leave(element, network)
    group = own.find("source").get("portgroup")
    if group:
        element.find("source").set("portgroup", group)
    for tag, of in (("port", own), ("bandwidth", own if group else live)):
        for old in element.findall(tag):
            element.remove(old)
        element.extend(copy.deepcopy(of.findall(tag)))
