# SPDX-License-Identifier: GPL-3.0-or-later
"""A pool's document in the form that libvirt gives it (virStoragePoolDefParseXML). Private to this collection.

Pools have no metadata that could tell what a user wrote; so what libvirt makes of a document is made of it here, and
whatever then differs from what it keeps is a difference.
"""

from __future__ import annotations

import copy

from ansible_collections.virtops.libvirt.plugins.module_utils._place import ensure, remove
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.kinds import kind_of
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.schema import CLEAN


def settle(document, base) -> None:
    """Bring a user's document into libvirt's form; C(base): the one that libvirt has of the same pool."""
    kind = kind_of(document)
    _source(document, kind)
    _target(document, kind, base)
    for place, attribute in (("refresh", "volume/@allocation"), ("features", "cow/@state")):
        element = document.find(place)
        tag, _sep, name = attribute.partition("/@")
        if element is not None and (element.find(tag) is None or not element.find(tag).get(name)):
            document.remove(element)


def source_name(document) -> str:
    """The name of the source, which some kinds have from the pool."""
    given = document.findtext("source/name")
    return given or (document.findtext("name") or "" if kind_of(document).names else "")


def target_path(document) -> str | None:
    """Where the pool's volumes are seen, None if nowhere."""
    kind = kind_of(document)
    if kind.target == "given":
        return CLEAN.read(document.findtext("target/path") or "") if document.findtext("target/path") else None
    return CLEAN.read(kind.target.format(source_name(document))) if kind.target else None


def _source(document, kind) -> None:
    source = ensure(document, "source")
    if kind.names and not source.findtext("name"):
        ensure(source, "name").text = source_name(document)
    if kind.formats and not (source.find("format") is not None and source.find("format").get("type")):
        ensure(source, "format").set("type", kind.formats[0])
    directory = source.find("dir")
    if directory is None and document.get("type") == "gluster":
        ensure(source, "dir").set("path", "/")
    elif directory is not None and directory.get("path"):
        directory.set("path", CLEAN.read(directory.get("path")))
    adapter = source.find("adapter")
    if adapter is not None and not adapter.get("type"):
        # Documents from before there was another one.
        adapter.set("type", "scsi_host")


def _target(document, kind, base) -> None:
    path = target_path(document)
    if path is None:
        remove(document, "target")
        return
    ensure(document, "target/path").text = path
    for name in ("owner", "group"):
        element = document.find(f"target/permissions/{name}")
        if element is not None and (element.text or "").strip() == "-1":
            element.getparent().remove(element)
    if "permissions" not in kind.more:
        # Whatever was asked for, libvirt answers with those of what is mounted there.
        remove(document, "target/permissions")
        answered = base.find("target/permissions")
        if answered is not None:
            document.find("target").append(copy.deepcopy(answered))
    permissions = document.find("target/permissions")
    if permissions is not None and not len(permissions):
        remove(document, "target/permissions")
