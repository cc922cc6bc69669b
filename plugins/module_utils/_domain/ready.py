# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until a guest can be reached, and say where. Private to this collection, imported only for a task that waits."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.agent import CHANNEL, channel, has_agent, running
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._wait import wait_for_any

_SSH = 22
_LACKS = {"ip": "it has no address", "agent": "it has no guest agent", "ssh": "it has no SSH server that greets"}
# So many guests are asked at once.
_ASKING = 16
# A guest on a network that leases addresses has its own from there nearly always; the other sources are asked at each
# look of so many.
_EVERY = 4
# A DHCP server makes a guest its neighbour before it lends the address; so many seconds later it has lent it.
_LENDING = 5


class _Looks:
    """What all guests that are waited for share: at each look a call for all of them, and one a network.

    Asked one by one, hundreds of guests would take the processors that they start on.
    """

    def __init__(self, conn):
        self.conn = conn
        self.running: set[bytes] = set()
        self.leased: set[str] = set()
        self._networks: dict[str, Any] = {}

    def look(self) -> None:
        """Read anew who runs, and the MACs that have a lease in networks that were asked for."""
        listed = self.conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_RUNNING)
        self.running = {handle.UUID() for handle in listed}
        self.leased = {lease["mac"] for network in self._networks.values() if network for lease in leases(network)}

    def leases(self, name: str) -> bool:
        """Whether a network leases addresses."""
        if name not in self._networks:
            network = lookup(self.conn.networkLookupByName, name, libvirt.VIR_ERR_NO_NETWORK)
            has_dhcp = network is not None and network.isActive() and "<dhcp>" in network.XMLDesc(0)
            self._networks[name] = network if has_dhcp else None
        return self._networks[name] is not None


class Wait:
    """All that the task's C(wait_for) names of a running guest, each within its C(timeout).

    At its end it has C(result), which is C(addresses), and C(cloud_init) where that was waited for; or C(failure), with
    what the guest was doing, when it took longer or when the guest is off meanwhile.
    """

    def __init__(self, domain, handle):
        self.domain, self.handle = domain, handle
        self.left = list(domain.options["wait_for"])
        self.result: dict = {}
        self.failure: Failed | None = None
        # Those for which a network has leases.
        self._macs: set[str] = set()
        self._looks = 0
        # When it was seen by the host first, without a lease.
        self._near: float | None = None
        self._since: float | None = None
        self._outcome = None

    def result_now(self) -> dict:
        """Wait for it alone; Failed where it fails."""
        wait_for_all([self])
        if self.failure:
            raise self.failure
        return self.result

    def _begin(self) -> None:
        """Go on to what is waited for next."""
        self._since = time.monotonic()
        self._outcome = _outcome(self.domain, self.handle) if self.left[:1] == ["cloud_init"] else None

    def ended(self, seen: _Looks) -> bool:
        """Look once at all that may have come meanwhile; whether there is nothing left to wait for."""
        try:
            if self._since is None:
                self._begin()
            while self.left and self._reached(seen):
                if self._outcome:
                    self.result["cloud_init"] = self._outcome.result
                del self.left[0]
                self._begin()
            if self.left and not self._runs(seen):
                self.failure = Failed(
                    f"{self.domain.subject}: while it was waited for it became {states.told(self.handle)}, and"
                    f" {self._lacking()}; look at its console and at QEMU's log of it on the host, and start it again"
                )
            elif self.left and self._is_late():
                self.failure = Failed(_reason(self.domain, self.handle, self._lacking()))
            if not self.left:
                self.result["addresses"] = addresses(self.handle)
        except Failed as error:
            self.failure = error
        return not self.left or self.failure is not None

    def _is_late(self) -> bool:
        return time.monotonic() > (self._since or 0) + self.domain.options["timeout"]

    def _runs(self, seen: _Looks) -> bool:
        # One that shuts down is not listed, and waited for all the same.
        return self.handle.UUID() in seen.running or states.name(self.handle) == states.RUNNING

    def _reached(self, seen: _Looks) -> bool:
        if self._outcome:
            return self._outcome.reached()
        if self.left[0] == "ip":
            return self._has_address(seen)
        return {"ssh": _answers, "agent": _has_agent}[self.left[0]](self.handle)

    def _has_address(self, seen: _Looks) -> bool:
        if not self._looks:
            nics = running(self.handle).findall("devices/interface[@type='network']")
            leased = [nic for nic in nics if seen.leases(nic.find("source").get("network"))]
            self._macs = {nic.find("mac").get("address") for nic in leased}
        self._looks += 1
        if self._macs & seen.leased:
            return True
        if self._macs and self._looks % _EVERY != 1:
            return False
        source = next((words["source"] for words in _told(self.handle)), None)
        if source == "arp" and self._macs:
            self._near = self._near or time.monotonic()
            return time.monotonic() > self._near + _LENDING
        return source is not None

    def _lacking(self) -> str:
        return f"cloud-init is not done: {self._outcome.last}" if self._outcome else _LACKS[self.left[0]]


def wait_for_all(waits: list[Wait]) -> None:
    """Wait for many guests at once, each of C(waits) to its end."""
    left = list(waits)
    with ThreadPoolExecutor(_ASKING) as asking:
        # One is asked by this thread itself.
        ask = asking.map if len(left) > 1 else map

        def ended() -> bool:
            seen.look()
            left[:] = [one for one, is_over in zip(left, list(ask(lambda one: one.ended(seen), left))) if not is_over]
            return not left

        if left:
            seen = _Looks(left[0].domain.conn)
            wait_for_any(seen.conn, ended, float("inf"))


def _outcome(domain, handle):
    """What asks for the outcome of cloud-init; Failed with cloud-init's own words where it ended in errors."""
    from ansible_collections.virtops.libvirt.plugins.module_utils._domain.cloud_init import Outcome

    if channel(running(handle)) is None:
        raise Failed(
            f"{domain.subject}: it has no channel for a guest agent, which tells what came of cloud-init; give it one"
            f" with 'channels' ({CHANNEL})"
        )
    return Outcome(handle, domain.subject)


def leases(network) -> list[dict]:
    """The leases of a network, the latest first; none of one that went away or that is not libvirt's own."""
    answer = lookup(
        lambda flags: network.DHCPLeases(None, flags), 0, libvirt.VIR_ERR_NO_NETWORK, libvirt.VIR_ERR_OPERATION_INVALID
    )
    # No time is one without end.
    return sorted(answer or (), key=lambda lease: -(lease["expirytime"] or 1 << 62))


def addresses(handle) -> list[dict]:
    """Addresses of a running guest, each once: C(mac), C(address), C(source).

    From the leases of libvirt's networks first, then from the guest agent, then from the host's ARP table
    (virDomainInterfaceAddresses).
    """
    found: dict = {}
    for words in _told(handle):
        found.setdefault(words["address"], words)
    return list(found.values())


def _told(handle):
    """What each source tells, as long as somebody wants to know."""
    for source in ("lease", "agent", "arp"):
        yield from told_by(handle, source)


def told_by(handle, source: str):
    """What one source tells, in the form of C(addresses); nothing without an agent or a network of libvirt's."""
    number = getattr(libvirt, f"VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_{source.upper()}")
    try:
        answer = handle.interfaceAddresses(number, 0)
    except libvirt.libvirtError:
        answer = {}
    if source == "arp" and not answer:
        answer = _neighbours(handle)
    for nic in answer.values():
        for one in nic["addrs"] or ():
            if not one["addr"].startswith(("127.", "::1", "fe80:")):
                yield {"mac": nic["hwaddr"], "address": one["addr"], "source": source}


def _neighbours(handle) -> dict:
    """What C(interfaceAddresses) should tell of the host's neighbours, from the kernel of this host: IPv4 only.

    libvirt before 10.4 does not understand the table of a newer kernel ("wrong nlmsg len"), and those behind it read
    one message of it (virArpTableGet), which is the first hundred neighbours.
    """
    if not is_local(handle.connect()):
        return {}
    try:
        nics = running(handle).findall("devices/interface/mac")
    except libvirt.libvirtError:
        return {}
    found: dict = {nic.get("address"): {"hwaddr": nic.get("address"), "addrs": []} for nic in nics}
    with open("/proc/net/arp", encoding="ascii") as table:
        for address, _type, flags, mac, *_device in map(str.split, table):
            # The header is no neighbour's, and neither is one that did not answer (0x0).
            if mac in found and flags != "0x0":
                found[mac]["addrs"].append({"addr": address})
    return found


def _answers(handle) -> bool:
    return any(_greets(one["address"]) for one in addresses(handle))


def _greets(address: str) -> bool:
    """Whether an SSH server says hello there (RFC 4253, 4.2)."""
    try:
        with socket.create_connection((address, _SSH), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _has_agent(handle) -> bool:
    """Whether the agent has opened its channel."""
    return has_agent(running(handle))


def _reason(domain, handle, what: str) -> str:
    known = ", ".join(one["address"] for one in addresses(handle)) or "none"
    return (
        f"{domain.subject}: after {domain.options['timeout']} s {what}; it is {states.name(handle)}, its agent"
        f" is {'there' if _has_agent(handle) else 'not there'}, its addresses: {known};"
        " look at its console, or give a longer 'timeout'"
    )
