# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at the host's own devices and routes, where the task runs on libvirt's host. Private to this collection.

It only reads what the kernel tells everybody.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from typing import Union

_DEVICES = "/sys/class/net"
_PCI = "/sys/bus/pci/devices"
Subnet = Union[IPv4Network, IPv6Network]


def has_device(name: str, planned=None) -> bool:
    """Whether the host has a device, or would have it after what is C(planned)."""
    return os.path.exists(os.path.join(_DEVICES, name)) or bool(planned and planned.get("device", name))


def is_virtual_function(address: str) -> bool:
    """Whether the host has a virtual function of SR-IOV at a PCI address."""
    return os.path.exists(os.path.join(_PCI, address, "physfn"))


def subnets() -> Iterator[tuple[str, bool, Subnet]]:
    """(device, whether the host itself is in it, subnet) for all that the host has a route to, but for everything."""
    for line in _lines("/proc/net/route")[1:]:
        device, destination, gateway, _flags, _references, _use, _metric, mask, *_more = line.split()
        length = bin(int(mask, 16)).count("1")
        if length:
            address = socket.inet_ntoa(int(destination, 16).to_bytes(4, "little"))
            yield device, int(gateway, 16) == 0, IPv4Network(f"{address}/{length}", strict=False)
    for line in _lines("/proc/net/ipv6_route"):
        destination, bits, _source, _bits, gateway, _metric, _references, _use, _flags, device = line.split()
        subnet = IPv6Network((bytes.fromhex(destination), int(bits, 16)), strict=False)
        if subnet.prefixlen and device != "lo" and not (subnet.is_link_local or subnet.is_multicast):
            yield device, int(gateway, 16) == 0, subnet


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().splitlines()
    except OSError:
        # A kernel without IPv6 has not all of them.
        return []
