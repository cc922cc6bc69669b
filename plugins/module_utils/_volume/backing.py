# SPDX-License-Identifier: GPL-3.0-or-later
"""What a volume is built on: another base, or none any more. Private to this collection."""

from __future__ import annotations

import functools
import os

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local, is_missing, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import image
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.job import pull
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.refresh import refresh
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.schema import REBASING
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.users import disks_on, refuse_saved
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import parse


def prepare_path(volume, actual, wanted: dict) -> tuple:
    """Complete what is said of a base by its path; see C(asked.based)."""
    if "path" not in wanted:
        raise Refused(f"{volume.subject}: backing names no base; give 'volume' or 'path'")
    if not wanted["path"].startswith("/") and ":" not in wanted["path"]:
        raise Refused(f"{volume.subject}: backing.path {wanted['path']} is not absolute; give the whole path")
    if actual is None or actual.tree.findtext("backingStore/path") != wanted["path"]:
        _complete(volume, wanted)
    known = wanted.get("format") or ""
    about = functools.partial(image.describe, volume.planned.execute, wanted["path"], volume.subject, known)
    return lambda: about()["virtual-size"], "its backing file"


def _complete(volume, wanted: dict) -> None:
    """Add the format of a new base to C(wanted); Refused where only a guess could tell it.

    QEMU reads a base of which nothing is said as raw, and whoever writes into a raw one decides what a guess finds.
    """
    if wanted.get("format"):
        return
    planned = [words for words in volume.planned.all("volume") if words.get("path") == wanted["path"]]
    if planned:
        wanted["format"] = planned[-1].get("format", "raw")
        return
    found = lookup(volume.conn.storageVolLookupByPath, wanted["path"], libvirt.VIR_ERR_NO_STORAGE_VOL)
    if found is None:
        raise Refused(f"{volume.subject}: the format of its base {wanted['path']} is not known; give 'backing.format'")
    wanted["format"] = volume.format_of(parse(found.XMLDesc(0)))


def refuse_written(volume, wanted: dict) -> None:
    """Refused for a base that a guest writes into: what is built on it would change with it."""
    path = wanted["path"]
    # Hundreds of clones may have one base.
    writer = volume.planned.once(f"writer of {path}", lambda: _writer(volume.conn, volume.planned, path))
    if writer:
        how = "is saved with it" if writer.saved else "writes into it"
        raise Refused(
            f"{volume.subject}: its base {path} is a disk of domain {writer.name}, which {how}, and what is"
            " built on it would change with it; stop the guest, or copy its disk with 'source.volume'"
        )


def _writer(conn, planned, path: str):
    known = lookup(conn.storageVolLookupByPath, path, libvirt.VIR_ERR_NO_STORAGE_VOL)
    named = (known.storagePoolLookupByVolume().name(), known.name()) if known is not None else ("", "")
    uses = disks_on(conn, planned, path, *named)
    return next((use for use in uses if not use.reads_only and not use.base), None)


def check(volume, actual, wanted: dict) -> None:
    """Refused where the base cannot become C(wanted), canonical, {} for none."""
    before = actual.tree.findtext("backingStore/path")
    if not before:
        raise Refused(
            f"{volume.subject}: it has no base, and backing.path cannot be changed to {wanted.get('path')}: a volume"
            " with data of its own gets none; take the option out, or make a new volume"
        )
    kind, path = volume.format_of(actual.tree), actual.tree.findtext("target/path") or ""
    if kind not in REBASING:
        raise Refused(
            f"{volume.subject}: QEMU cannot take an image of format {kind} from its base, {before}; leave 'backing' as"
            " it is, or make a new volume"
        )
    uses = volume.uses()
    refuse_saved(uses, volume.subject)
    base = next((use for use in uses if use.base), None)
    if base:
        raise Refused(
            f"{volume.subject}: domain {base.name} runs on a volume that is built on this one, so its base must stay;"
            " stop the guest first"
        )
    if volume.options.get("rebase") != "unsafe":
        refuse_lost(volume, before)
        _check_snapshots(volume, path)
    if wanted:
        _check_rebase(volume, before, wanted, path)
    elif not uses and not is_local(volume.conn):
        raise Refused(
            f"{volume.subject}: libvirt takes the base's content in only while a guest runs on the volume; start it, or"
            " run the task on libvirt's own host"
        )


def refuse_lost(volume, base: str | None) -> None:
    """Refused where the base is needed and not there."""
    if base and base.startswith("/") and is_local(volume.conn) and is_missing(base):
        raise Refused(
            f"{volume.subject}: its base {base} is not there; bring it back, or tell where it is by 'backing' with"
            " 'rebase: unsafe'"
        )


def _check_snapshots(volume, path: str) -> None:
    """Refused where the image has internal snapshots: they read what they lack from the base, and only what the image
    itself lacks is taken in.
    """
    if not is_local(volume.conn) or not os.access(path, os.R_OK):
        return
    about = image.describe(volume.planned.execute, path, volume.subject)
    names = ", ".join(one["name"] for one in about.get("snapshots", ()))
    if names:
        raise Refused(
            f"{volume.subject}: it has internal snapshots ({names}), which need its base; delete them first, or leave"
            " 'backing' as it is"
        )


def _check_rebase(volume, before: str, wanted: dict, path: str) -> None:
    change = f"its backing is {before} and cannot be changed to {wanted['path']}"
    if volume.options.get("rebase", "never") == "never":
        raise Refused(
            f"{volume.subject}: {change} unasked; set 'rebase: safe' to keep what the guest sees, or 'rebase: unsafe'"
            " where the new base has the same content"
        )
    if volume.uses():
        raise Refused(f"{volume.subject}: {change} while domain {volume.uses()[0].name} runs on it; stop it first")
    if not is_local(volume.conn):
        raise Refused(f"{volume.subject}: {change} through libvirt; run the task on libvirt's own host")
    if is_missing(wanted["path"]):
        raise Refused(f"{volume.subject}: the new base {wanted['path']} is not there; correct it")
    own = os.path.realpath(path)
    if own in map(os.path.realpath, image.chain(volume.planned.execute, wanted["path"], volume.subject)):
        raise Refused(
            f"{volume.subject}: the new base {wanted['path']} is the volume itself, or built on it; choose another one"
        )


def step(volume, wanted: dict) -> Step:
    """The step that gives the volume its new base, or takes the old one's content in."""
    if wanted:
        how = volume.options["rebase"]
        return Step(f"put {volume.subject} on the base {wanted['path']} ({how})", lambda: _rebase(volume, wanted, how))
    uses = volume.uses()
    if uses:
        use = uses[0]
        words = f"take the base of {volume.subject} into it through disk {use.target} of domain {use.name}, which runs"
        return Step(words, lambda: _pull(volume, use))
    return Step(f"take the base of {volume.subject} into it", lambda: _flatten(volume))


def _pull(volume, use) -> None:
    pull(volume.conn, use.domain, use.target)
    refresh(volume.pool_handle())


def _rebase(volume, wanted: dict, how: str) -> None:
    path, kind = volume.handle_now().path(), volume.format_now()
    flags = ["-u"] if how == "unsafe" else []
    base_format = ["-F", wanted["format"]] if wanted.get("format") else []
    with image.alone(os.path.dirname(path)) as lock:
        command = ["qemu-img", "rebase", *flags, "-f", kind, "-b", wanted["path"], *base_format, path]
        image.tool(volume.planned.execute, command, lock)
    refresh(volume.pool_handle())


def _flatten(volume) -> None:
    """qemu-img writes the base's clusters first and the header last: interrupted, the volume still has its base."""
    path, kind = volume.handle_now().path(), volume.format_now()
    with image.alone(os.path.dirname(path)) as lock:
        image.tool(volume.planned.execute, ["qemu-img", "rebase", "-f", kind, "-b", "", path], lock)
    refresh(volume.pool_handle())
