# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stack made, so that C(prune) can tell it from what the stack only found. Private to this collection.

A guest carries the stack's name in its metadata. Libvirt has no such place for a pool, a volume, or (before 9.7) a
network: they stand in the description of a secret without a value, which every libvirt keeps beside them. Secrets
themselves are never pruned: what they unlock would be lost.
"""

from __future__ import annotations

import functools
import json
import uuid
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._place import append, ensure
from ansible_collections.virtops.libvirt.plugins.module_utils._stack.order import key
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import printed

NAMESPACE = "https://virtops.github.io/libvirt/stack/1"
_TAG = f"{{{NAMESPACE}}}stack"
# What stands in the register, each kind with how libvirt finds one by its UUID, if it has one.
_LISTED = {"pool": "storagePoolLookupByUUIDString", "network": "networkLookupByUUIDString", "volume": None}


def write(document, stack: str) -> None:
    """Put the stack's name into the document of a guest that it makes."""
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
    found = [("domains", {"name": name, **gone}) for name in _guests(stack, {name for _k, _p, name in declared})]
    for (kind, part, name), known in Register(stack.conn, stack.name).read().items():
        if (kind, part, name) in declared or (kind == "volume" and not stack.options["prune_volumes"]):
            continue
        if _is_that(stack.conn, kind, name, known):
            found.append((f"{kind}s", {"name": name, **gone, **({"pool": part} if part else {})}))
    return found


def _guests(stack, declared: set[str]) -> list[str]:
    """Names of undeclared guests that a stack made."""
    flags = libvirt.VIR_DOMAIN_METADATA_ELEMENT, NAMESPACE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
    none = libvirt.VIR_ERR_NO_DOMAIN_METADATA, libvirt.VIR_ERR_NO_DOMAIN
    found = []
    for handle in stack.conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_PERSISTENT):
        if handle.name() not in declared:
            text = lookup(lambda kind, one=handle: one.metadata(kind, *flags[1:]), flags[0], *none)
            # The text is libvirt's own.
            if text and ET.fromstring(text).get("name") == stack.name:  # noqa: S314
                found.append(handle.name())
    return found


def _is_that(conn, kind: str, name: str, known: str) -> bool:
    """Whether what has the name now is what the stack made, as far as that is known: somebody may have replaced it."""
    find = _LISTED.get(kind)
    if not find or not known:
        return True
    handle = lookup(getattr(conn, find), known, libvirt.VIR_ERR_NO_NETWORK, libvirt.VIR_ERR_NO_STORAGE_POOL)
    return handle is not None and handle.name() == name


class Register:
    """The secret that lists what a stack made: {(kind, what it is part of, name): UUID or ""}."""

    def __init__(self, conn, stack: str):
        self.conn, self.stack = conn, stack
        self._uuid = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{NAMESPACE}#{stack}"))
        self._find = functools.partial(
            lookup, conn.secretLookupByUUIDString, self._uuid, libvirt.VIR_ERR_NO_SECRET, libvirt.VIR_ERR_NO_SUPPORT
        )

    def read(self) -> dict[tuple, str]:
        handle = self._find()
        if handle is None:
            return {}
        text = ET.fromstring(handle.XMLDesc(0)).findtext("description") or ""  # noqa: S314 (libvirt's own)
        rows, _end = json.JSONDecoder().raw_decode(text)
        return {(kind, part or None, name): known for kind, part, name, known in rows}

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
        about = f"are what the stack {self.stack} of virtops.libvirt made; its option 'prune' needs to know"
        append(document, "description").text = f"{json.dumps(rows)} {about}"
        self.conn.secretDefineXML(printed(document), 0)


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
            one.forget()
            actual = one.read()
            if actual is None:
                owned.pop(key(one), None)
            elif key(one) in owned and _LISTED[one.kind]:
                owned[key(one)] = actual.handle.UUIDString()
        self._register.write(owned)
