# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until a guest can be reached, and say where. Private to this collection, imported only for a task that waits."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.agent import CHANNEL, channel, has_agent, running
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._wait import wait_for_any

_SSH = 22
_LACKS = {"ip": "it has no address", "agent": "it has no guest agent", "ssh": "it has no SSH server that greets"}
# So many guests are asked at once.
_ASKING = 16


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

    def ended(self) -> bool:
        """Look once at all that may have come meanwhile; whether there is nothing left to wait for."""
        try:
            if self._since is None:
                self._begin()
            while self.left and self._reached():
                if self._outcome:
                    self.result["cloud_init"] = self._outcome.result
                del self.left[0]
                self._begin()
            if self.left and (self._is_late() or states.name(self.handle) != states.RUNNING):
                self.failure = Failed(_reason(self.domain, self.handle, self._lacking()))
            if not self.left:
                self.result["addresses"] = addresses(self.handle)
        except Failed as error:
            self.failure = error
        return not self.left or self.failure is not None

    def _is_late(self) -> bool:
        return time.monotonic() > (self._since or 0) + self.domain.options["timeout"]

    def _reached(self) -> bool:
        if self._outcome:
            return self._outcome.reached()
        return {"ip": _has_address, "ssh": _answers, "agent": _has_agent}[self.left[0]](self.handle)

    def _lacking(self) -> str:
        return f"cloud-init is not done: {self._outcome.last}" if self._outcome else _LACKS[self.left[0]]


def wait_for_all(waits: list[Wait]) -> None:
    """Wait for many guests at once, each of C(waits) to its end."""
    left = list(waits)
    with ThreadPoolExecutor(_ASKING) as asking:
        # One is asked by this thread itself.
        ask = asking.map if len(left) > 1 else map

        def ended() -> bool:
            left[:] = [one for one, is_over in zip(left, list(ask(Wait.ended, left))) if not is_over]
            return not left

        if left:
            wait_for_any(left[0].domain.conn, ended, float("inf"))


def _outcome(domain, handle):
    """What asks for the outcome of cloud-init; Failed with cloud-init's own words where it ended in errors."""
    from ansible_collections.virtops.libvirt.plugins.module_utils._domain.cloud_init import Outcome

    if channel(running(handle)) is None:
        raise Failed(
            f"{domain.subject}: it has no channel for a guest agent, which tells what came of cloud-init; give it one"
            f" with 'channels' ({CHANNEL})"
        )
    return Outcome(handle, domain.subject)


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
        return
    for nic in answer.values():
        for one in nic["addrs"] or ():
            if not one["addr"].startswith(("127.", "::1", "fe80:")):
                yield {"mac": nic["hwaddr"], "address": one["addr"], "source": source}


def _has_address(handle) -> bool:
    return any(True for _words in _told(handle))


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
