# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the guests of many hypervisors at once, as variables of hosts. Private to this collection.

What is asked (C(asked)) is a dict of plain values, the options of the same names: C(names), C(states), C(labels), each
also with C(exclude_) before it, C(addresses), C(agent_timeout), and C(definition), whether each guest's document is
read. Only that and addresses take a call a guest, and many of these are under way at once.
"""

from __future__ import annotations

import time
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import connection, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.listed import Listed
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, libvirt_words
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.plugin_utils._inventory.definition import Document, Pools
from ansible_collections.virtops.libvirt.plugins.plugin_utils._inventory.threads import side_by_side
from ansible_collections.virtops.libvirt.plugins.plugin_utils._inventory.where import Addresses

# Hypervisors that are read at once, and calls that one of them has to answer at once. A call is short for libvirt and
# long on the way there.
_HYPERVISORS, CALLS = 64, 32
_AWAKE = (states.RUNNING, states.PAUSED)


def read_all(uris: list[str], asked: dict, timeout: float) -> tuple[dict[str, list[dict]], dict[str, str]]:
    """({uri: the variables of each guest, by name}, {uri: why it could not be read}).

    C(timeout): the seconds within which a hypervisor has to tell all, its agents' time not counted.
    """
    found: dict[str, list[dict]] = {}
    wrong: dict[str, str] = {}
    patience = timeout + (asked["agent_timeout"] if "agent" in asked["addresses"] else 0)
    for start in range(0, len(uris), _HYPERVISORS):
        batch = uris[start : start + _HYPERVISORS]
        outcomes = side_by_side(partial(_read, asked, timeout), batch, len(batch), patience)
        for number, uri in enumerate(batch):
            outcome = outcomes.get(number, Failed(f"libvirt at {uri} did not tell all within {timeout} s"))
            if isinstance(outcome, libvirt.libvirtError):
                outcome = Failed(f"libvirt at {uri} refused a call; {libvirt_words(outcome)}")
            if isinstance(outcome, Failed):
                wrong[uri] = str(outcome)
            elif isinstance(outcome, Exception):
                raise outcome
            else:
                found[uri] = outcome
    return found, wrong


def _read(asked: dict, timeout: float, uri: str) -> list[dict]:
    # libvirt lets nobody ask an agent who may only read.
    with connection(uri, read_only="agent" not in asked["addresses"]) as conn:
        return Hypervisor(conn, uri, asked, time.monotonic() + timeout).guests()


class Hypervisor:
    """One connection. C(deadline): when it has to be done."""

    def __init__(self, conn, uri: str, asked: dict, deadline: float):
        self.conn, self.uri, self.asked, self.deadline = conn, uri, asked, deadline

    def guests(self) -> list[dict]:
        """The variables of each guest that is asked for, by name; one that goes away meanwhile is left out."""
        listed = Listed(self.conn)
        found = {
            handle: {
                "libvirt_name": name,
                "libvirt_uuid": handle.UUIDString(),
                "libvirt_uri": self.uri,
                "libvirt_state": listed.state(name),
                "libvirt_autostart": listed.autostart(name),
            }
            for name, handle in sorted(listed.handles.items())
            if listed.state(name)
        }
        found = {handle: guest for handle, guest in found.items() if self._is_asked(guest)}
        documents = self._documents(found)
        # One without a document that was needed is gone.
        found = {handle: guest for handle, guest in found.items() if documents.get(handle, True)}
        if self.asked["definition"]:
            found = {handle: {**guest, **documents[handle].variables} for handle, guest in found.items()}
            found = {handle: guest for handle, guest in found.items() if self._has_labels(guest["libvirt_labels"])}
        if self.asked["addresses"]:
            self._add_addresses(found, documents)
        return list(found.values())

    def _is_asked(self, guest: dict) -> bool:
        asked, name, state = self.asked, guest["libvirt_name"], guest["libvirt_state"]
        named = asked["names"] is None or _matches(name, asked["names"])
        stated = asked["states"] is None or state in asked["states"]
        out = _matches(name, asked["exclude_names"] or ()) or state in (asked["exclude_states"] or ())
        return named and stated and not out

    def _has_labels(self, labels: dict[str, str]) -> bool:
        def fits(key: str, globs: Any) -> bool:
            return key in labels and _matches(labels[key], globs if isinstance(globs, list) else [globs])

        wanted, out = self.asked["labels"] or {}, self.asked["exclude_labels"] or {}
        return all(fits(*one) for one in wanted.items()) and not any(fits(*one) for one in out.items())

    def _documents(self, found: dict) -> dict[Any, Any]:
        """The documents that are needed, by handle: of a guest that is awake the one that it runs with.

        None of a guest that is gone.
        """
        needed = [
            handle
            for handle, guest in found.items()
            if self.asked["definition"] or (self.asked["addresses"] and guest["libvirt_state"] in _AWAKE)
        ]
        texts = self._each(lambda handle: lookup(handle.XMLDesc, 0, libvirt.VIR_ERR_NO_DOMAIN), needed)
        pools = Pools(self.conn) if self.asked["definition"] else None
        return {handle: None if text is None else Document(text, pools) for handle, text in zip(needed, texts)}

    def _each(self, ask, handles: list) -> list:
        """C(ask(handle)) of each."""
        outcomes = side_by_side(ask, handles, CALLS, self.deadline - time.monotonic())
        error = next((one for one in outcomes.values() if isinstance(one, Exception)), None)
        if error is not None:
            raise error
        if len(outcomes) < len(handles):
            raise Failed(
                f"libvirt at {self.uri} told of {len(outcomes)} guests of {len(handles)} until its time was up"
            )
        return [outcomes[number] for number in range(len(handles))]

    def _add_addresses(self, found: dict, documents: dict) -> None:
        awake = {handle: documents[handle] for handle, guest in found.items() if guest["libvirt_state"] in _AWAKE}
        known = Addresses(self.conn, self.asked, self.deadline).of(awake)
        for handle, guest in found.items():
            guest["libvirt_addresses"] = known.get(handle, [])
            if guest["libvirt_addresses"]:
                guest["ansible_host"] = guest["libvirt_addresses"][0]["address"]


def _matches(text: str, globs: Any) -> bool:
    return any(fnmatchcase(text, str(glob)) for glob in globs)
