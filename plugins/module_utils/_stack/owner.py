# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stack made, so that C(prune) can tell it from what the stack only found. Private to this collection.

A guest carries the stack's name in its metadata. Libvirt has no such place for a pool, a volume, a network filter, or
(before 9.7) a network: they stand in the description of a secret without a value, which every libvirt keeps beside
them. Secrets themselves are never pruned: what they unlock would be lost.
"""

from __future__ import annotations

import functools
import json
import uuid
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Planned
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._place import append, ensure
from ansible_collections.virtops.libvirt.plugins.module_utils._stack.order import key
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import drop, printed

NAMESPACE = "https://virtops.github.io/libvirt/stack/1"
_TAG = f"{{{NAMESPACE}}}stack"
# What stands in the register, each kind with how libvirt finds one by its UUID, if it has one.
_LISTED = {
    "pool": "storagePoolLookupByUUIDString",
    "network": "networkLookupByUUIDString",
    "nwfilter": "nwfilterLookupByUUIDString",
    "volume": None,
}


def write(document, stack: str) -> None:
    """Put the stack's name into the document of a guest that it makes, which may come from another one's."""
    drop(document, f"metadata/{_TAG}")
    etree.SubElement(ensure(document, "metadata"), _TAG, nsmap={"stack": NAMESPACE}).set("name", stack)


def stack_of(document) -> str | None:
    """The stack that made a guest, None for one that no stack made. C(document): its definition, from either parser."""
    element = document.find(f"metadata/{_TAG}")
    return None if element is None else element.get("name")


def undeclared(stack, declared: set[tuple]) -> list[tuple[str, dict]]:
    """(kind in the plural, options) for the removal of what a stack made and does not declare; see C(prune).

    C(declared): the keys of what it declares.
    """
    gone = {"state": "absent"}
    guests = stack.conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_PERSISTENT)
    keys = {("domain", None, guest.name()): guest for guest in guests}
    made = {one: stack.name for one, guest in keys.items() if one not in declared and _mark(guest) == stack.name}
    for (kind, part, name), known in Register(stack.conn, stack.name).read().items():
        if (kind, part, name) not in declared and _is_that(stack.conn, kind, name, known):
            made[kind, part, name] = stack.name
    return [
        (f"{kind}s", {"name": name, **gone, **({"pool": part} if part else {})})
        for (kind, part, name), maker in _laid_over(made, stack.planned).items()
        if maker == stack.name
        and (kind, part, name) not in declared
        and (kind != "volume" or stack.options["prune_volumes"])
    ]


def _laid_over(made: dict[tuple, str], planned: Planned) -> dict[tuple, str]:
    """What stacks made, with what a check-mode run would have made and removed by now."""
    for entry in planned.entries:
        place = entry["kind"], entry["pool"], entry["name"]
        if not entry["words"]:
            made.pop(place, None)
        elif entry.get("stack") and place[0] in (*_LISTED, "domain"):
            made[place] = entry["stack"]
    return made


def _mark(handle) -> str | None:
    """The stack that made a guest as libvirt lists it, None for one that no stack made."""
    flags = NAMESPACE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
    none = libvirt.VIR_ERR_NO_DOMAIN_METADATA, libvirt.VIR_ERR_NO_DOMAIN
    text = lookup(lambda kind: handle.metadata(kind, *flags), libvirt.VIR_DOMAIN_METADATA_ELEMENT, *none)
    # The text is libvirt's own.
    return ET.fromstring(text).get("name") if text else None  # noqa: S314


def _is_that(conn, kind: str, name: str, known: str) -> bool:
    """Whether what has the name now is what the stack made, as far as that is known: somebody may have replaced it."""
    find = _LISTED.get(kind)
    if not find or not known:
        return True
    none = libvirt.VIR_ERR_NO_NETWORK, libvirt.VIR_ERR_NO_STORAGE_POOL, libvirt.VIR_ERR_NO_NWFILTER
    handle = lookup(getattr(conn, find), known, *none)
    return handle is not None and handle.name() == name


def _read(resource):
    """An object as it is now, None where it is gone, be it with its pool."""
    resource.forget()
    try:
        return resource.read()
    except Refused:
        return None


class Register:
    """The secret that lists what a stack made: {(kind, what it is part of, name): UUID or ""}."""

    def __init__(self, conn, stack: str):
        self.conn, self.stack = conn, stack
        self._uuid = _uuid(stack)
        self._find = functools.partial(
            lookup, conn.secretLookupByUUIDString, self._uuid, libvirt.VIR_ERR_NO_SECRET, libvirt.VIR_ERR_NO_SUPPORT
        )

    def read(self) -> dict[tuple, str]:
        handle = self._find()
        return {} if handle is None else (_told(handle) or ("", {}))[1]

    def write(self, owned: dict[tuple, str]) -> None:
        """Have C(owned) listed, and nothing else."""
        if not owned:
            handle = self._find()
            if handle is not None:
                handle.undefine()
            return
        rows = [[kind, part or "", name, known] for (kind, part, name), known in sorted(owned.items(), key=str)]
        document = etree.Element("secret", ephemeral="no", private="no")
        append(document, "uuid").text = self._uuid
        text = json.dumps({"stack": self.stack, "made": rows})
        append(document, "description").text = f"{text} is what virtops.libvirt needs to know to prune the stack"
        self.conn.secretDefineXML(printed(document), 0)


def _uuid(stack: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{NAMESPACE}#{stack}"))


def _volumes(conn, pools: set[str]) -> dict[str, set[str]]:
    """The names of the volumes in each of these pools; without those of which nothing is known as they are off."""
    found: dict[str, set[str]] = {}
    for name in pools:
        pool = lookup(conn.storagePoolLookupByName, name, libvirt.VIR_ERR_NO_STORAGE_POOL)
        if pool is None:
            found[name] = set()
        elif pool.isActive():
            found[name] = set(pool.listVolumes())
    return found


def _told(handle) -> tuple[str, dict] | None:
    """(stack, what it made) of a secret, None for a secret of somebody else."""
    text = ET.fromstring(handle.XMLDesc(0)).findtext("description") or ""  # noqa: S314 (libvirt's own)
    try:
        told, _end = json.JSONDecoder().raw_decode(text)
        stack, rows = told["stack"], told["made"]
    except (ValueError, KeyError, TypeError):
        return None
    if _uuid(stack) != handle.UUIDString():
        return None
    return stack, {(kind, part or None, name): known for kind, part, name, known in rows}


def stacks(conn, planned: Planned) -> dict[str, dict[str, list]]:
    """All that each stack made and that is there still to be pruned: {stack: {kind in the plural: names}}."""
    found: dict[str, dict[str, list]] = {}
    for (kind, part, name), stack in _laid_over(_made(conn), planned).items():
        words = {"pool": part, "name": name} if part else name
        found.setdefault(stack, {}).setdefault(f"{kind}s", []).append(words)
    return found


def _made(conn) -> dict[tuple, str]:
    """The stack that made it, by the key of each object that is there still."""
    found: dict[tuple, str] = {}
    for handle in lookup(conn.listAllSecrets, 0, libvirt.VIR_ERR_NO_SUPPORT) or ():
        stack, made = _told(handle) or ("", {})
        volumes = _volumes(conn, {part for kind, part, _name in made if kind == "volume"})
        for (kind, part, name), known in made.items():
            if _is_that(conn, kind, name, known) and (kind != "volume" or name in volumes.get(part, (name,))):
                found[kind, part, name] = stack
    for handle in conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_PERSISTENT):
        mark = _mark(handle)
        if mark:
            found["domain", None, handle.name()] = mark
    return found


class Made:
    """Keeps the register of a stack whose plans are carried out."""

    def __init__(self, conn, name: str, resources: list, plans: list):
        self._register = Register(conn, name)
        listed = [(one, plan) for one, plan in zip(resources, plans) if one.kind in _LISTED and plan.steps]
        self._made = [one for one, plan in listed if plan.after and not plan.before]
        self._gone = [one for one, plan in listed if not plan.after]

    def note_before(self) -> None:
        """Before anything is made, so that a run that is cut short leaves nothing unknown."""
        if self._made:
            self._register.write({**self._register.read(), **{key(one): "" for one in self._made}})

    def note_after(self) -> None:
        """What is there now, and by which UUID it is known."""
        if not self._made and not self._gone:
            return
        owned = self._register.read()
        for one in self._made + self._gone:
            actual = _read(one)
            if actual is None:
                owned.pop(key(one), None)
            elif key(one) in owned and _LISTED[one.kind]:
                owned[key(one)] = actual.handle.UUIDString()
        self._register.write(owned)
