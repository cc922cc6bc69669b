# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts and groups of guests are called. Private to this collection."""

from __future__ import annotations

from collections import Counter
from typing import Callable
from urllib.parse import urlsplit

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused

# The kinds of groups, and the variable whose values name them.
GROUPS = {
    "hypervisor": "libvirt_hypervisor",
    "state": "libvirt_state",
    "network": "libvirt_networks",
    "pool": "libvirt_pools",
    "stack": "libvirt_stack",
    "label": "libvirt_labels",
    "os": "libvirt_os",
}


def hypervisors(uris: list[str]) -> dict[str, str]:
    """The short names of hypervisors: the host in the URI, and the whole URI where two have the same host."""
    hosts = {uri: _host(uri) for uri in uris}
    counts = Counter(hosts.values())
    return {uri: host if counts[host] == 1 else uri for uri, host in hosts.items()}


def _host(uri: str) -> str:
    try:
        return urlsplit(uri).hostname or "localhost"
    except ValueError as error:
        raise Refused(f"{uri!r} is not a URI of libvirt: {error}; write for example qemu+ssh://host/system") from None


def named(guests: list[dict], name: Callable[[dict], str]) -> tuple[dict[str, dict], list[str]]:
    """({name of the host: its variables}, the names that several hypervisors have).

    The name is what C(name(variables)) says. Where guests of several hypervisors have the same, each of them gets its
    hypervisor's behind it: C(web1@hv1).
    """
    called = [(name(guest), guest) for guest in guests]
    counts = Counter(one for one, _guest in called)
    hosts: dict[str, dict] = {}
    for one, guest in called:
        whole = one if counts[one] == 1 else f"{one}@{guest['libvirt_hypervisor']}"
        if whole in hosts:
            raise Refused(
                f"the guests {hosts[whole]['libvirt_name']} and {guest['libvirt_name']} of {guest['libvirt_uri']} would"
                f" both be the host {whole}; let 'host_name' tell them apart"
            )
        hosts[whole] = guest
    return hosts, sorted(one for one, count in counts.items() if count > 1)


def groups(guest: dict, kinds: list[str]) -> list[str]:
    """The groups of a guest, not yet fit for Ansible: C(state_running), C(label_tier_web)."""
    return [f"{kind}_{value}" for kind in kinds for value in _values(guest[GROUPS[kind]])]


def _values(said) -> list[str]:
    if isinstance(said, dict):
        return [f"{key}_{value}" if value else key for key, value in said.items()]
    return list(said) if isinstance(said, list) else [said] if said else []
