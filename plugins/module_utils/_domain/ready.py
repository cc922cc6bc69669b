# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until a guest can be reached, and say where. Private to this collection, imported only for a task that waits."""

from __future__ import annotations

import socket
import time
from functools import partial

from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.agent import CHANNEL, channel
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._wait import wait_for_agent

# Nothing tells of a new lease or of an open port: they are asked for.
_SECONDS_BETWEEN = 0.5
_SSH = 22
_LACKS = {"ip": "no address", "agent": "no guest agent", "ssh": "no SSH server that greets"}


def wait(domain, handle) -> dict:
    """Wait for all that the task's C(wait_for) names, each within its C(timeout).

    What to add to the result: C(addresses), and C(cloud_init) where it was waited for.
    Failed, with what the guest was doing, when it takes longer or when the guest is off meanwhile.
    """
    timeout, found = domain.options["timeout"], {}
    for what in domain.options["wait_for"]:
        if what == "cloud_init":
            found[what] = _cloud_init(domain, handle, timeout)
            continue
        reason = partial(_reason, domain, handle, f"it has {_LACKS[what]}")
        if what == "agent":
            wait_for_agent(domain.conn, handle, partial(_has_agent, handle), timeout, reason)
        else:
            _poll(partial({"ip": addresses, "ssh": _answers}[what], handle), timeout, handle, reason)
    return {"addresses": addresses(handle), **found}


def _cloud_init(domain, handle, timeout: float) -> dict:
    """What came of cloud-init; Failed with its own words where it ended in errors."""
    from ansible_collections.virtops.libvirt.plugins.module_utils._domain.cloud_init import Outcome

    if channel(handle) is None:
        raise Failed(
            f"{domain.subject}: it has no channel for a guest agent, which tells what came of cloud-init; give it one"
            f" with 'channels' ({CHANNEL})"
        )
    outcome = Outcome(handle, domain.subject)
    _poll(outcome.reached, timeout, handle, lambda: _reason(domain, handle, f"cloud-init is not done: {outcome.last}"))
    return outcome.result


def addresses(handle) -> list[dict]:
    """Addresses of a running guest, each once: C(mac), C(address), C(source).

    From the leases of libvirt's networks first, then from the guest agent, then from the host's ARP table
    (virDomainInterfaceAddresses).
    """
    found: dict = {}
    for source in ("lease", "agent", "arp"):
        number = getattr(libvirt, f"VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_{source.upper()}")
        try:
            answer = handle.interfaceAddresses(number, 0)
        except libvirt.libvirtError:
            # No agent, or no network of libvirt's: another source may know.
            continue
        for nic in answer.values():
            for one in nic["addrs"] or ():
                if not one["addr"].startswith(("127.", "::1", "fe80:")):
                    words = {"mac": nic["hwaddr"], "address": one["addr"], "source": source}
                    found.setdefault(one["addr"], words)
    return list(found.values())


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
    target = channel(handle)
    return target is not None and target.get("state") == "connected"


def _poll(reached, timeout: float, handle, reason) -> None:
    deadline = time.monotonic() + timeout
    while not reached():
        if time.monotonic() > deadline or states.name(handle) != states.RUNNING:
            raise Failed(reason())
        time.sleep(_SECONDS_BETWEEN)


def _reason(domain, handle, what: str) -> str:
    known = ", ".join(one["address"] for one in addresses(handle)) or "none"
    return (
        f"{domain.subject}: after {domain.options['timeout']} s {what}; it is {states.name(handle)}, its agent"
        f" is {'there' if _has_agent(handle) else 'not there'}, its addresses: {known};"
        " look at its console, or give a longer 'timeout'"
    )
