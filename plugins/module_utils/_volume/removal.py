# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a volume: who still needs it, wiping, deleting. Private to this collection."""

from __future__ import annotations

import shutil

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import places, users
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.asked import algorithm
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.schema import UNAIDED_WIPES


def check(volume, path: str) -> None:
    """Refused where a guest runs on the volume, or another one is built on it."""
    if volume.options.get("force"):
        return
    advice = "or set 'force: true' to delete it all the same"
    guest = next((use for use in volume.uses() if not _ends(volume, use.name)), None)
    if guest:
        how = "is saved with it" if guest.saved else "runs on it"
        raise Refused(f"{volume.subject}: domain {guest.name} {how}; stop it first, {advice}")
    # A stack removes what nobody may have named.
    where, but_for = (path, volume.pool, volume.name), volume.options.get("_but_for")
    owner = users.defined_on(volume.conn, volume.planned, *where, but_for) if volume.owner else ""
    if owner:
        raise Refused(f"{volume.subject}: domain {owner} has it as a disk; take it from the guest first, {advice}")
    built = [name for name in users.built_on(volume.conn, volume.planned, path) if not _goes(volume, name)]
    if built:
        shown = ", ".join(built[:3]) + (f" and {len(built) - 3} more" if len(built) > 3 else "")
        raise Refused(f"{volume.subject}: it is the base of {shown}; remove what is built on it first, {advice}")


def _ends(volume, guest: str) -> bool:
    """Whether a guest is off by then: it goes with the volume, or earlier tasks of a check-mode run would end it."""
    words = volume.planned.get("domain", guest) or {}
    return (
        guest == volume.options.get("_but_for")
        or volume.planned.removes("domain", guest)
        or words.get("state") == "stopped"
    )


def _goes(volume, name: str) -> bool:
    """Whether earlier tasks of a check-mode run would delete a volume."""
    pool, _slash, called = name.partition("/")
    return volume.planned.removes("volume", called, pool)


def check_wipe(volume) -> None:
    """Refused where the pool has no such algorithm, or this host lacks what it needs (storage_util.c)."""
    how, kind = algorithm(volume), volume.pool_words().get("type", "dir")
    if how == "trim" and kind != "rbd":
        raise Refused(f"{volume.subject}: only a pool of type rbd wipes by trim, not one of type {kind}; use zero")
    if how and how not in UNAIDED_WIPES and is_local(volume.conn) and not shutil.which("scrub"):
        raise Refused(
            f"{volume.subject}: to wipe by {how} libvirt needs the program scrub, which is not there; install scrub, or"
            " use zero"
        )


def steps(volume) -> list[Step]:
    """The steps that end a volume."""
    how, found = algorithm(volume), []
    if how:
        number = getattr(libvirt, f"VIR_STORAGE_VOL_WIPE_ALG_{how.upper()}")
        found.append(Step(f"wipe {volume.subject} ({how})", lambda: volume.handle_now().wipePattern(number, 0)))
    return [*found, Step(f"delete {volume.subject}", lambda: delete(volume))]


def delete(volume) -> None:
    """Delete it, and what interrupted runs left beside it."""
    handle = volume.handle_now()
    path = handle.path()
    handle.delete(0)
    places.forget_unfinished(volume.pool_handle(), volume.name)
    if isinstance(volume.place(), places.Directory):
        places.sweep(path)
