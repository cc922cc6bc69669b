# SPDX-License-Identifier: GPL-3.0-or-later
"""A volume's size: grown or shrunk, with or without a guest that runs on it. Private to this collection."""

from __future__ import annotations

import math

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import image
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.backing import refuse_lost
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.refresh import refresh
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.schema import (
    CAPACITY,
    FILE_POOLS,
    GROWING,
    SHRINKING,
)
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.users import refuse_saved

# Pools in which libvirt can give a volume another size (resizeVol of its storage backends).
_RESIZING = (*FILE_POOLS, "rbd", "vstorage", "gluster")
# The largest that QEMU gives an image of format vpc, in bytes (calculate_geometry).
_CYLINDER = 16 * 255 * 512


def rounded(volume, wanted: int, actual: int) -> int:
    """The size that comes of C(wanted): a pool of blocks has units of its own, which divide all its figures, an image
    of format vpc whole cylinders, and a directory no size that anybody could choose.
    """
    if wanted != actual and volume.format_now() == "dir":
        return actual
    if wanted >= actual:
        return wanted
    if volume.pool_words().get("type", "dir") in FILE_POOLS:
        return actual if volume.format_now() == "vpc" and actual - wanted < _CYLINDER else wanted
    unit = math.gcd(actual, *volume.pool_handle().info()[1:])
    return -(-wanted // unit) * unit if unit else wanted


def check(volume, actual, after: int) -> None:
    """Refused where the size cannot become another one."""
    before = volume.capacity_of(actual.tree)
    kind = volume.pool_words().get("type", "dir")
    if kind not in _RESIZING:
        raise Refused(
            f"{volume.subject}: libvirt cannot change the capacity of a volume in a pool of type {kind};"
            " take the option out, or resize it by the pool's own tools"
        )
    known = SHRINKING if after < before else GROWING
    if volume.format_now() not in known:
        raise Refused(
            f"{volume.subject}: QEMU cannot {'shrink' if after < before else 'grow'} an image of format"
            f" {volume.format_now()}; take 'capacity' out, or make a larger volume of it with 'source.volume'"
        )
    uses = volume.uses()
    refuse_saved(uses, volume.subject)
    refuse_lost(volume, actual.tree.findtext("backingStore/path"))
    base = next((use for use in uses if use.base), None)
    if base:
        raise Refused(
            f"{volume.subject}: domain {base.name} runs on a volume that is built on this one, whose capacity cannot"
            " be changed under it; change that of the upper one"
        )
    if after < before:
        _check_shrink(volume, before, after, uses)
        _check_allocation(volume, actual, after)
    elif len(uses) > 1:
        names = " and ".join(sorted({use.name for use in uses}))
        raise Refused(
            f"{volume.subject}: more than one disk of running guests ({names}) is on it, and only one writer can"
            " grow it; stop the others"
        )
    elif uses and uses[0].reads_only:
        raise Refused(f"{volume.subject}: domain {uses[0].name} has it read-only, and runs; stop it first")


def _check_shrink(volume, before: int, after: int, uses: list) -> None:
    sizes = f"capacity {CAPACITY.show(after)} is less than its {CAPACITY.show(before)}"
    if not volume.options.get("allow_shrink"):
        raise Refused(
            f"{volume.subject}: {sizes}; shrinking would lose data and is not done; set 'allow_shrink: true' where"
            " what is behind the new end may go"
        )
    if uses:
        raise Refused(f"{volume.subject}: {sizes}, and domain {uses[0].name} runs on it; stop it first")
    if volume.format_now() != "raw" and not is_local(volume.conn):
        raise Refused(
            f"{volume.subject}: {sizes}, and libvirt shrinks raw volumes only; run the task on libvirt's own host"
        )


def _check_allocation(volume, actual, after: int) -> None:
    """libvirt keeps what is allocated of a raw volume (virStorageVolResize)."""
    allocated = int(actual.tree.findtext("allocation") or 0)
    if volume.format_now() == "raw" and after < allocated:
        raise Refused(
            f"{volume.subject}: {CAPACITY.show(allocated)} of it are allocated, and libvirt makes no raw volume smaller"
            " than that; make a new one of it with 'source.volume'"
        )


def step(volume, before: int, after: int) -> Step:
    """The step that gives the volume its new size."""
    uses = volume.uses()
    if uses:
        use = uses[0]
        through = f"through disk {use.target} of domain {use.name}, which runs"
        return Step(
            f"grow {volume.subject} to {CAPACITY.show(after)} {through}",
            lambda: use.domain.blockResize(use.target, after, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES),
        )
    if after > before:
        return Step(f"grow {volume.subject} to {CAPACITY.show(after)}", lambda: volume.handle_now().resize(after, 0))
    return Step(f"shrink {volume.subject} to {CAPACITY.show(after)}", lambda: _shrink(volume, after))


def _shrink(volume, after: int) -> None:
    kind = volume.format_now()
    if kind == "raw":
        volume.handle_now().resize(after, libvirt.VIR_STORAGE_VOL_RESIZE_SHRINK)
        return
    image.resize(volume.planned.execute, volume.handle_now().path(), kind, after, None, shrink=True)
    refresh(volume.pool_handle())
