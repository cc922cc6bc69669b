# SPDX-License-Identifier: GPL-3.0-or-later
"""Other ways to write the definition of a guest where libvirt refuses the first. Private to this collection."""

from __future__ import annotations

import copy

from ansible_collections.virtops.libvirt.plugins.module_utils._pair import pair
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import printed

# Devices that libvirt adds where others, or the machine, need them.
_IMPLIED = ("controller", "audio", "hub", "emulator", "watchdog")


def attempts(domain, actual, base, target):
    """Documents for the same task, the next one for where libvirt refuses the one before.

    C(actual): the guest that the plan was made for. C(base): its definition as it is now.

    What libvirt filled in (an address, a controller, the details of a model) may not go with what is wanted now. So the
    elements that change are taken as the user writes them, and at last all of them, with addresses given anew.
    """
    yield target
    if domain.xml is not None:
        wanted = domain.declared()
        domain.adapt(wanted, base, actual)
        yield _as_written(wanted, target, {printed(element) for element in base.iter()})
        yield _as_written(wanted, target, set())


def _as_written(wanted, target, kept: set):
    """C(target) with the elements of C(wanted) in place of those that are not C(kept)."""
    document = copy.deepcopy(target)
    _take(document, wanted, kept, ("name", "uuid", "metadata", "devices"))
    devices, asked = document.find("devices"), wanted.find("devices")
    if devices is not None and asked is not None:
        for element in _take(devices, asked, kept):
            if kept:
                continue
            if element.tag in _IMPLIED:
                devices.remove(element)
            for address in element.findall("address"):
                element.remove(address)
    return document


def _take(owner, wanted, kept: set, others=()) -> list:
    """Take over the children of C(wanted) but for C(others); those of C(owner) that nobody wrote."""
    left = []
    for tag in dict.fromkeys(child.tag for child in owner if child.tag not in others):
        pairs = pair(wanted.findall(tag), owner.findall(tag))
        left += [twin for element, twin in pairs if element is None]
        taken = [(element, twin) for element, twin in pairs if element is not None and printed(twin) not in kept]
        # In the user's order, by which libvirt numbers controllers that have no index.
        places = sorted(owner.index(twin) for _element, twin in taken)
        for place, (element, twin) in zip(places, taken):
            owner[place] = _written(element, twin)
    return left


def _written(element, twin):
    """The user's element with what only libvirt knows of it: the address of a NIC, and a password."""
    element = copy.deepcopy(element)
    mac, password = twin.find("mac"), twin.get("passwd")
    if mac is not None and element.find("mac") is None:
        element.append(copy.deepcopy(mac))
    if password and not element.get("passwd"):
        element.set("passwd", password)
    return element
