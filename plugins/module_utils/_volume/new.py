# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new volume becomes where the task leaves it open, and what is refused of it. Private to this collection."""

from __future__ import annotations

import os

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._secret.reference import refuse_unknown
from ansible_collections.virtops.libvirt.plugins.module_utils._values import Size
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.refresh import refresh
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.schema import (
    LAYERED,
    OLDEST,
    ONLY_ON,
    WRITABLE,
)
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.unlisted import refuse_in_the_way

_SIZE = Size()
# The smallest and the largest cluster of qcow2, and that of most, in bytes (qemu-img(1)).
_CLUSTERS, _CLUSTER = (512, 2 << 20), 64 << 10
# The smallest with which it divides them (qcow2.txt, "extended L2 entries").
_EXTENDED = 16 << 10
# QEMU measures how fast it derives a key, and gives up where the kernel tells it no time, which is most often another
# one at the next attempt (crypto/pbkdf.c).
_UNLUCKY, _ATTEMPTS = "Unable to get accurate CPU usage", 20


def defaults(volume, needs: list) -> None:
    """Capacity and format of a new volume. C(needs): [(a call for the bytes that it needs at least, of what)]."""
    wanted = volume.wanted
    if volume.directory() and volume.pool_handle() is not None and volume.pool_handle().isActive():
        refuse_in_the_way(volume, volume.directory())
    _refuse_secret(volume)
    if wanted.get("backing"):
        wanted.setdefault("format", "qcow2")
    if volume.content:
        _fit_content(volume, needs)
    _refuse_format(volume, wanted.setdefault("format", "raw"))
    for size, what in needs:
        _at_least(volume, _SIZE.parse(f"{size()} B"), what)
    if "capacity" not in wanted:
        raise Refused(f"{volume.subject}: a new volume needs a size; give 'capacity', 'source' or 'backing'")
    _refuse_allocation(volume)
    if wanted["format"] == "qcow2" and volume.in_files():
        # libvirt would make one of the old version, for QEMU before 2012.
        wanted.setdefault("compat", "1.1")
    if volume.is_partition():
        # Formats there are types of partitions, and raw is none of them (virStorageVolFormatDisk).
        wanted["format"] = "none"


def _refuse_secret(volume) -> None:
    secret = (volume.asked.get("encryption") or {}).get("secret")
    if volume.asked.get("encryption") and (not secret or len(secret) != 1):
        raise Refused(f"{volume.subject}: its encryption needs one 'secret' of libvirt; give its 'usage' or its 'uuid'")
    if secret:
        refuse_unknown(volume, "volume", secret)


def _fit_content(volume, needs: list) -> None:
    """Format and size that the content asks for; Refused where it has no room."""
    content, wanted = volume.content, volume.wanted
    about = content.measure()
    volume.content_space = about["space"]
    _refuse_content(volume, about["space"])
    # In a pool that is no directory a volume is the disk itself.
    wanted.setdefault("format", about["format"] if volume.in_files() else "raw")
    if about["capacity"] is not None:
        needs.append((lambda: about["capacity"], f"its {content.option}"))
    elif "capacity" in wanted:
        volume.unchecked.append("source: how large the image is, before it is unpacked")
    else:
        raise Refused(
            f"{volume.subject}: its source does not tell how large the image is before it is unpacked; give 'capacity'"
        )


def _refuse_format(volume, volume_format: str) -> None:
    seed = volume.content and volume.content.option == "cloud_init"
    if volume_format == "luks":
        raise Refused(f"{volume.subject}: libvirt calls an encrypted image raw; give that format, and 'encryption'")
    if volume_format not in WRITABLE and not seed:
        raise Refused(
            f"{volume.subject}: QEMU cannot make an image of format {volume_format}; choose {', '.join(WRITABLE)}"
        )
    if not volume.in_files() and volume_format != "raw" and not seed:
        raise Refused(
            f"{volume.subject}: a volume of a pool of type {volume.pool_words()['type']} has the format raw, not"
            f" {volume_format}; take 'format' out"
        )
    if volume.wanted.get("backing"):
        _refuse_base(volume, volume_format, volume.wanted["backing"].get("format"))
    ours = [name for name in ("compat", "cluster_size", "features") if volume.wanted.get(name)]
    if ours and volume_format != "qcow2":
        raise Refused(f"{volume.subject}: only qcow2 has {' and '.join(map(repr, ours))}; take that out, or choose it")
    _refuse_details(volume)
    if volume.options.get("preallocation") == "metadata" and volume_format != "qcow2":
        raise Refused(f"{volume.subject}: preallocation of metadata is of the format qcow2; choose falloc")


def _refuse_details(volume) -> None:
    """Refused for what an image of format qcow2 cannot have together."""
    features = volume.wanted.get("features") or {}
    cluster = volume.wanted.get("cluster_size", _CLUSTER)
    if cluster & (cluster - 1) or not _CLUSTERS[0] <= cluster <= _CLUSTERS[1]:
        raise Refused(
            f"{volume.subject}: cluster_size {_SIZE.show(cluster)} is none of the powers of two from"
            f" {' to '.join(map(_SIZE.show, _CLUSTERS))}; correct it"
        )
    if features.get("extended_l2") and cluster < _EXTENDED:
        raise Refused(
            f"{volume.subject}: extended_l2 needs a cluster_size of {_SIZE.show(_EXTENDED)} or more; make it larger"
        )
    if volume.wanted.get("compat") == OLDEST and features:
        raise Refused(f"{volume.subject}: an image of compat 0.10 has no features; take them out, or choose compat 1.1")


def _refuse_base(volume, volume_format: str, base: str | None) -> None:
    """Refused where an image of the format cannot lie on one of the format C(base), None where that is not known."""
    if volume_format not in LAYERED:
        raise Refused(
            f"{volume.subject}: the format {volume_format} cannot have a backing volume; choose {', '.join(LAYERED)}"
        )
    if base and ONLY_ON.get(volume_format, base) != base:
        raise Refused(
            f"{volume.subject}: an image of format {volume_format} can only have a base of format"
            f" {ONLY_ON[volume_format]}, not {base}; choose the format qcow2, or another base"
        )
    if volume.options.get("preallocation") and volume_format == "qcow2":
        raise Refused(
            f"{volume.subject}: libvirt preallocates nothing of a volume with a base; take 'preallocation' out"
        )


def _at_least(volume, size: int, what: str) -> None:
    asked = volume.wanted.setdefault("capacity", size)
    if asked < size:
        needed = _SIZE.show(size)
        raise Refused(
            f"{volume.subject}: capacity {_SIZE.show(asked)} is too small for {what}, which has {needed};"
            f" give at least {needed}"
        )


def _refuse_content(volume, space: int) -> None:
    """Refused where the content cannot be brought into the pool."""
    volume.place().refuse(volume)
    free = volume.free_space()
    if free is not None and space > free:
        raise Refused(
            f"{volume.subject}: pool {volume.pool} has no room for {_SIZE.show(space)} that {volume.content.option!r}"
            " takes; make room, or use another pool"
        )


def _refuse_allocation(volume) -> None:
    """Refused where the pool has no room for what is allocated at once."""
    free, asked = volume.free_space(), 0 if volume.content else space(volume)
    if not volume.content and asked > volume.wanted["capacity"]:
        raise Refused(
            f"{volume.subject}: allocation {_SIZE.show(asked)} is more than its capacity"
            f" {_SIZE.show(volume.wanted['capacity'])}; make one of them fit"
        )
    if not volume.wanted["capacity"] and volume.wanted["format"] != "raw":
        raise Refused(f"{volume.subject}: an image of format {volume.wanted['format']} has a size; give a 'capacity'")
    # Of many together a stack looks at the sum, and may be told to do without.
    if free is not None and asked > free and not volume.planned.many:
        raise Refused(
            f"{volume.subject}: pool {volume.pool} has no room for {_SIZE.show(asked)} that are to be allocated; make"
            " room, or allocate less"
        )


def creation(volume) -> list[str]:
    """What the task asks of the format of a new image, as qemu-img takes it ("-o")."""
    wanted, found = volume.wanted, []
    if volume.asked.get("compat"):
        found.append(f"compat={wanted['compat']}")
    if wanted.get("cluster_size"):
        found.append(f"cluster_size={wanted['cluster_size']}")
    found += [f"{name}={'on' if on else 'off'}" for name, on in (wanted.get("features") or {}).items()]
    if volume.options.get("preallocation"):
        found.append(f"preallocation={volume.options['preallocation']}")
    if wanted.get("nocow"):
        found.append("nocow=on")
    return found


def space(volume) -> int:
    """What making a volume takes of its pool at once, in bytes."""
    if volume.content:
        return volume.content_space
    if volume.options.get("allocation"):
        return _SIZE.parse(volume.options["allocation"])
    return volume.wanted.get("capacity", 0) if volume.options.get("preallocation") == "falloc" else 0


def allocate(volume, target) -> int:
    """Write what is to be allocated into a new document; the flags for creating it."""
    how, element = volume.options.get("preallocation"), target.find("allocation")
    if volume.options.get("allocation"):
        element.text = str(_SIZE.parse(volume.options["allocation"]))
    elif how == "falloc":
        element.text = str(volume.capacity_of(target))
    metadata = how and volume.format_of(target) == "qcow2"
    return libvirt.VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA if metadata else 0


def create(volume, text: str, flags: int) -> None:
    """Have libvirt make a volume; what it leaves of one that it could not make goes."""
    path = os.path.join(volume.directory(), volume.name) if volume.directory() else ""
    for attempt in range(_ATTEMPTS):
        others = path and os.path.lexists(path)
        try:
            volume.pool_handle().createXML(text, flags)
            return
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_STORAGE_VOL_EXIST and not (attempt or others):
                # It is listed still, though somebody removed its file.
                refresh(volume.pool_handle())
                continue
            if path and not others and os.path.isfile(path):
                volume.handle_now().delete(0)
            if _UNLUCKY not in str(error) or attempt == _ATTEMPTS - 1:
                raise
