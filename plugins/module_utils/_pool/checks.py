# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse what a pool could not be, or what would do harm. Private to this collection, imported only before a change."""

from __future__ import annotations

import os
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._pool import host
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.document import source_name, target_path
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.kinds import SPECIAL, kind_of
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.schema import SECRET, SOURCE
from ansible_collections.virtops.libvirt.plugins.module_utils._secret.reference import refuse_unknown

# Which usage of a secret each kind of authentication looks for (virStorageAuthDef, secretLookupByUsage).
_USAGES = {"chap": "iscsi", "ceph": "ceph"}
# States in which a guest has its disks.
_RUNNING = ("running", "paused")
# Kinds that libvirt tells apart by their devices: no two of them may share one (virStoragePoolObjSourceFindDuplicate).
_BY_DEVICE = ("fs", "logical", "disk", "zfs")


def check(pool, actual, target) -> None:
    """Refused for what the document C(target) lacks, cannot have, or takes from another pool."""
    pool_type, kind = target.get("type"), kind_of(target)
    source = SOURCE.read(target) or {}
    _refuse_options(pool, pool_type, kind, target)
    for name in kind.needs:
        if not source.get(name):
            raise Refused(f"{pool.subject}: a pool of type {pool_type} needs its {name}; give 'source.{name}'")
    _refuse_names(pool, pool_type, source)
    _refuse_path(pool, pool_type, kind, target)
    _refuse_adapter(pool, source.get("adapter") or {})
    _refuse_mode(pool, target)
    if actual is None:
        _refuse_unknown_kind(pool, pool_type)
        _refuse_cow(pool, target)
    if actual is None or _claims(pool, actual.tree) != _claims(pool, target):
        _refuse_shared(pool, target)


def _refuse_options(pool, pool_type, kind, target) -> None:
    """Refused for options that the kind cannot have; of a document libvirt's schema says that."""
    asked = pool.asked.get("source") or {}
    for name in [f"source.{name}" for name in asked if name not in kind.takes] + [
        name for name in SPECIAL if name in pool.asked and name not in kind.more
    ]:
        raise Refused(f"{pool.subject}: a pool of type {pool_type} has no {name!r}; take it out")
    for name in kind.single:
        if len(asked.get(name) or ()) > 1:
            raise Refused(f"{pool.subject}: a pool of type {pool_type} has one only in 'source.{name}'; give one")
    form = asked.get("format")
    if form and form not in kind.formats:
        raise Refused(
            f"{pool.subject}: source.format {form} is none of type {pool_type}; choose {', '.join(kind.formats)}"
        )
    path, follows = pool.asked.get("path"), target_path(target)
    if path and kind.target != "given" and path != follows:
        instead = f"it is {follows}" if follows else "it has none"
        raise Refused(f"{pool.subject}: a pool of type {pool_type} cannot choose 'path', {instead}; take it out")
    secret = (asked.get("auth") or {}).get("secret")
    if secret is not None:
        if len(secret) != 1:
            raise Refused(f"{pool.subject}: source.auth.secret needs one of 'usage' and 'uuid'; give one")
        refuse_unknown(pool, _USAGES[asked["auth"]["type"]], secret)


def _refuse_cow(pool, target) -> None:
    """Refused for a switch of files that the directory's file system lacks (virFileSetCOW)."""
    path = target.findtext("target/path")
    if target.find("features/cow") is None or not path or not is_local(pool.conn):
        return
    found = host.filesystem(path)
    if found not in (None, "btrfs"):
        raise Refused(f"{pool.subject}: features.cow is for btrfs, and {path} is on {found}; take it out")


def _refuse_unknown_kind(pool, pool_type) -> None:
    """Refused where this libvirt was built without the kind, or the package that has it is missing."""
    try:
        told = ET.fromstring(pool.conn.getStoragePoolCapabilities(0))  # noqa: S314 (the text is libvirt's own)
    except libvirt.libvirtError:
        return
    found = told.find(f"pool[@type='{pool_type}']")
    if found is not None and found.get("supported") != "yes":
        raise Refused(
            f"{pool.subject}: libvirt on this host has no pools of type {pool_type}; install its storage driver for"
            " them, if there is one, and restart libvirt's daemon"
        )


def _refuse_names(pool, pool_type, source: dict) -> None:
    """Refused where the schema would, with words of its own."""
    uuid = (source.get("auth") or {}).get("secret", {}).get("uuid")
    if uuid:
        SECRET.parse(uuid, f"{pool.subject}: source.auth.secret.uuid")
    directory, devices = source.get("dir"), [device["path"] for device in source.get("devices", ())]
    is_name = source.get("format") in ("cifs", "glusterfs") or pool_type != "netfs"
    if directory and not directory.startswith("/") and not is_name:
        raise Refused(f"{pool.subject}: source.dir {directory!r} must be absolute, as the server exports it")
    if pool_type == "iscsi-direct" and not devices[0].startswith("iqn."):
        raise Refused(
            f"{pool.subject}: {devices[0]!r} names no target; give 'source.devices' a path such as"
            " iqn.2026-01.org.example:disks"
        )


def _refuse_path(pool, pool_type, kind, target) -> None:
    path = target.findtext("target/path")
    if kind.target == "given" and not path:
        raise Refused(f"{pool.subject}: a pool of type {pool_type} needs its directory; give 'path'")
    if path and kind.target == "given" and (not path.startswith("/") or ".." in path.split("/")):
        raise Refused(f"{pool.subject}: path {path!r} must be absolute and without '..'")
    found = host.in_the_way(path) if path and kind.target == "given" and is_local(pool.conn) else ""
    if found:
        raise Refused(f"{pool.subject}: {found}; choose another path")


def _refuse_adapter(pool, adapter: dict) -> None:
    """Refused for what virStorageAdapterValidate refuses."""
    if adapter.get("type") == "fc_host":
        for name, other in (("wwnn", "wwpn"), ("wwpn", "wwnn")):
            if name not in adapter:
                raise Refused(f"{pool.subject}: an adapter of type fc_host needs {name!r} and {other!r}; give both")
        if ("parent_wwnn" in adapter) != ("parent_wwpn" in adapter):
            raise Refused(f"{pool.subject}: the adapter's 'parent_wwnn' and 'parent_wwpn' go together; give both")
    elif adapter and ("name" in adapter) == ("address" in adapter):
        raise Refused(f"{pool.subject}: an adapter of type scsi_host needs one of 'name' and 'address'; give one")


def _refuse_mode(pool, target) -> None:
    mode = target.findtext("target/permissions/mode")
    if mode and int(mode, 8) > 0o777:
        raise Refused(f"{pool.subject}: permissions.mode {mode} has more than libvirt takes; 0777 is the most")


# --- other pools ----------------------------------------------------------------------------------------------------


def _claims(pool, document) -> set[tuple]:
    """What no other pool may have: what libvirt refuses as a conflict of sources, and directories, which it lets
    two pools of different types share, or two that name it by other paths.
    """
    pool_type, source = document.get("type"), SOURCE.read(document) or {}
    adapter = source.get("adapter") or {}
    host = [item["name"] for item in source.get("hosts", ())][:1]
    devices = [device["path"] for device in source.get("devices", ())]
    claims: set[tuple] = set()
    if kind_of(document).directory:
        path = target_path(document)
        claims.add(("path", os.path.realpath(path) if path and is_local(pool.conn) else path))
    if pool_type == "netfs":
        claims.add(("share", *host, source.get("dir")))
    elif pool_type == "gluster":
        claims.add(("gluster", *host, source_name(document), source.get("dir", "/")))
    elif pool_type == "iscsi":
        claims |= {("target", device, source.get("initiator")) for device in devices}
    elif pool_type in _BY_DEVICE:
        claims |= {("device", device) for device in devices}
    elif pool_type == "mpath":
        claims.add(("mpath",))
    elif pool_type == "vstorage":
        claims.add(("cluster", source_name(document)))
    elif adapter.get("wwnn"):
        claims.add(("adapter", adapter["wwnn"], adapter.get("wwpn")))
    elif adapter:
        # scsi_host5 and host5 are one (virSCSIHostGetNumber).
        name = adapter.get("name", "").rpartition("host")[2]
        claims.add(("adapter", name or tuple(sorted(adapter.get("address", {}).items()))))
    return claims


def _refuse_shared(pool, target) -> None:
    claims = _claims(pool, target) | {("uuid", uuid.text.lower()) for uuid in target.findall("uuid") if uuid.text}
    for other, text in _others(pool).items() if claims else ():
        document = ET.fromstring(text)  # noqa: S314 (the text is libvirt's own)
        shared = claims & (_claims(pool, document) | {("uuid", document.findtext("uuid"))})
        if shared:
            what, *parts = min(shared, key=str)
            named = " ".join(str(part) for part in parts if part)
            raise Refused(
                f"{pool.subject}: {what} {named}".rstrip() + f" is that of pool {other} already; choose another one"
            )


def _others(pool) -> dict[str, str]:
    """The documents of all other pools, as they would be by now in a check-mode run."""
    texts = {other.name(): other.XMLDesc(0) for other in pool.conn.listAllStoragePools(0)}
    for name, entry in pool.planned.of("pool").items():
        if not entry["words"]:
            texts.pop(name, None)
        elif entry["xml"]:
            texts[name] = entry["xml"]
    texts.pop(pool.name, None)
    return texts


# --- the host -------------------------------------------------------------------------------------------------------


def check_start(pool, target, builds: bool) -> None:
    """Refused for what a start needs and the host has not; C(builds): the volume group is made before."""
    auth = (SOURCE.read(target) or {}).get("auth") or {}
    if auth.get("secret"):
        refuse_unknown(pool, _USAGES[auth["type"]], auth["secret"])
    if not is_local(pool.conn):
        return
    pool_type = target.get("type")
    if pool_type in _BY_DEVICE:
        for device in pool.devices(target):
            if not device.exists():
                raise Refused(f"{pool.subject}: there is no device {device.path} on this host; correct the path")
    if pool_type == "logical" and not builds:
        name = source_name(target)
        try:
            found = host.group_volumes(pool.planned.execute, name, is_local=True)
        except host.Unseen:
            return
        if found is None:
            raise Refused(
                f"{pool.subject}: there is no volume group {name} on this host; make it, or let it be made on"
                " empty devices with 'source.devices' and 'build: missing'"
            )


def check_refresh(pool, actual) -> None:
    """Refused where libvirt could not look through an active pool, and would stop it for that."""
    path = actual.live_tree.findtext("target/path")
    # A planned one may get its directory by then.
    if pool.name in pool.planned.of("pool") or not is_local(pool.conn) or not path or not host.is_gone(path):
        return
    raise Refused(
        f"{pool.subject}: its directory {path} is gone, so that 'refresh' would stop it; stop it and start it again"
        " ('state: inactive', then 'active'), which makes the directory, or take 'refresh' out"
    )


def check_stop(pool, actual) -> None:
    """Refused where stopping it would take volumes from guests that use them."""
    if not actual.active or actual.handle is None or not kind_of(actual.tree).takes_away:
        return
    paths = {volume.path() for volume in actual.handle.listAllVolumes(0)}
    below = (target_path(actual.tree) or "") + "/"
    if below.startswith("/dev/disk/"):
        # The directory of all disks, of which some are in this pool.
        below = ""
    off = {name for name, entry in pool.planned.of("domain").items() if entry["words"].get("state") not in _RUNNING}
    for domain in pool.conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
        if domain.name() in off:
            continue
        for source in ET.fromstring(domain.XMLDesc(0)).iter("source"):  # noqa: S314 (the text is libvirt's own)
            used = source.get("file") or source.get("dev") or source.get("dir") or ""
            if source.get("pool") == pool.name or used in paths or (below.strip("/") and used.startswith(below)):
                raise Refused(
                    f"{pool.subject}: domain {domain.name()} runs and uses {used or source.get('volume')} of it, which"
                    " stopping the pool takes away; stop the domain first"
                )


def check_removal(pool, actual) -> None:
    """Refused where more would be removed than what is empty."""
    check_stop(pool, actual)
    if not pool.options.get("remove_target"):
        return
    pool_type, kind, path = actual.tree.get("type"), kind_of(actual.tree), target_path(actual.tree) or ""
    if kind.makes == "volume group":
        _refuse_full_group(pool, actual)
    elif not kind.directory:
        raise Refused(
            f"{pool.subject}: a pool of type {pool_type} has nothing that 'remove_target' could remove; take it out"
        )
    elif is_local(pool.conn) and os.path.islink(path):
        raise Refused(
            f"{pool.subject}: {path} is a symbolic link, and libvirt removes only a directory itself; leave"
            " 'remove_target' out"
        )
    elif pool_type == "dir" and is_local(pool.conn):
        entries = _as_planned(pool, host.entries(path))
        if entries:
            raise Refused(
                f"{pool.subject}: {path} is not empty, it has {min(entries)}; remove what is in it first, or leave"
                " 'remove_target' out"
            )


def _refuse_full_group(pool, actual) -> None:
    name = source_name(actual.tree)
    try:
        volumes = _as_planned(
            pool, host.group_volumes(pool.planned.execute, name, is_local=is_local(pool.conn)) or set()
        )
    except host.Unseen:
        raise Refused(
            f"{pool.subject}: what volume group {name} holds cannot be seen from here; run the task as root on"
            " libvirt's host, or leave 'remove_target' out"
        ) from None
    if volumes:
        raise Refused(
            f"{pool.subject}: volume group {name} is not empty, it has {min(volumes)}; delete its volumes first, or"
            " leave 'remove_target' out"
        )


def _as_planned(pool, names: set[str]) -> set[str]:
    """The volumes of C(names) that there would be by now in a check-mode run."""
    planned = pool.planned.of("volume", pool.name)
    there = {name for name, entry in planned.items() if entry["words"]}
    return (names - set(planned)) | there
