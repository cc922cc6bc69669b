# SPDX-License-Identifier: GPL-3.0-or-later
"""Building a pool: its directory, and what is made on devices where the task asks for it. Private to this collection.

libvirt's own build would make more than a task with nothing to do may: a volume group without a flag overwrites what
the devices hold. So each call has the flag that refuses that, unless the task says C(build: overwrite).
"""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._pool import host
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.document import source_name
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.kinds import kind_of

# What the host's mkfs can make without a question (virStorageBackendExecuteMKFS calls it by the format).
_MADE = ("ext2", "ext3", "ext4", "xfs", "vfat", "ocfs2", "gfs2")


def directory_step(pool, target, differs: bool) -> Step:
    """Make the directory, or give it the permissions that the pool declares: libvirt's build does both."""
    path = target.findtext("target/path")
    missing = is_local(pool.conn) and host.permissions(path) is None
    if (differs or missing) and is_local(pool.conn) and host.is_read_only(path):
        what = "given its permissions" if differs else "made"
        raise Refused(
            f"{pool.subject}: {path} is on a file system that is mounted read-only, so that it cannot be {what}; mount"
            " it writable, or choose another path"
        )
    if differs:
        return Step(f"give the directory {path} its permissions", lambda: pool.find().build(0))
    if missing:
        return Step(f"make the directory {path}", lambda: pool.find().build(0), lambda: pool.find().delete(0))
    return Step(f"make the directory {path}", lambda: pool.find().build(0))


def device_step(pool, target, new: bool) -> Step | None:
    """What makes file system, volume group or partition table, None where it is there; Refused where something is."""
    how, kind = pool.options.get("build") or "never", kind_of(target)
    if how == "never":
        return None
    if not kind.makes:
        raise Refused(
            f"{pool.subject}: nothing is made on devices for a pool of type {target.get('type')}; take 'build' out"
        )
    devices = pool.devices(target)
    if not devices:
        raise Refused(f"{pool.subject}: build needs to know the devices; give 'source.devices'")
    try:
        flag = _flag(pool, target, kind, how, devices)
    except host.Unseen:
        if how == "overwrite":
            raise Refused(
                f"{pool.subject}: what {devices[0].path} holds cannot be seen from here, so it is not overwritten;"
                " run the task as root on libvirt's host"
            ) from None
        unseen = f"what {', '.join(device.path for device in devices)} holds"
        pool.unchecked += [] if unseen in pool.unchecked else [unseen]
        flag = libvirt.VIR_STORAGE_POOL_BUILD_NO_OVERWRITE if new else None
    if flag is None:
        return None
    names = ", ".join(device.path for device in devices)
    lost = " over what it holds" if flag == libvirt.VIR_STORAGE_POOL_BUILD_OVERWRITE else ""
    # ZFS itself refuses devices that hold something, and libvirt knows no flag for it.
    flags = 0 if kind.makes == "ZFS pool" else flag
    return Step(f"make a {kind.makes} on {names}{lost}", lambda: _build(pool, devices, flags))


def _flag(pool, target, kind, how: str, devices: list) -> int | None:
    """libvirt's flag for building it, None where all is there; Refused, or Unseen."""
    form, name = _format(target, kind), source_name(target)
    if not is_local(pool.conn):
        raise host.Unseen
    for device in devices:
        if not device.exists():
            raise Refused(f"{pool.subject}: there is no device {device.path} on this host; correct the path")
    left = [device for device in devices if not device.holds(kind.makes, form, name)]
    if not left:
        return None
    if len(left) < len(devices):
        raise Refused(
            f"{pool.subject}: {name} is there without {left[0].path}, and building does not extend it; do that with"
            " the host's own tools, or take the device out"
        )
    if kind.makes == "file system" and form not in _MADE:
        raise Refused(f"{pool.subject}: no file system {form} can be made; give 'source.format', such as ext4 or xfs")
    if kind.makes == "file system" and not host.has_program(f"mkfs.{form}"):
        raise Refused(f"{pool.subject}: this host has no program mkfs.{form}; install the package that has it")
    return _allowed(pool, how, devices)


def _allowed(pool, how: str, devices: list) -> int:
    """The flag with which C(devices), that hold no such thing, are built; Refused where they hold something."""
    flag = libvirt.VIR_STORAGE_POOL_BUILD_NO_OVERWRITE
    for device in devices:
        holds = device.words()
        if holds and (how != "overwrite" or "volume group" in holds or "in use" in holds):
            advice = "empty it" if how == "overwrite" else "empty it, or ask for 'build: overwrite', which loses that"
            raise Refused(f"{pool.subject}: {device.path} holds {holds}; {advice}, or choose another device")
        if holds:
            flag = libvirt.VIR_STORAGE_POOL_BUILD_OVERWRITE
    return flag


def _format(target, kind) -> str:
    element = target.find("source/format")
    return (element.get("type") if element is not None else None) or (kind.formats or ("",))[0]


def _build(pool, devices: list, flags: int) -> None:
    """Build, unless something came to lie on a device since the plan looked: libvirt looks for less than we do."""
    if flags != libvirt.VIR_STORAGE_POOL_BUILD_OVERWRITE:
        for device in devices:
            try:
                holds = is_local(pool.conn) and device.words()
            except host.Unseen:
                continue
            if holds:
                raise Failed(f"{device.path} holds {holds} by now")
    pool.find().build(flags)


def removal_step(pool, actual) -> Step:
    """Remove the empty directory or volume group of a stopped pool."""
    path, name = actual.tree.findtext("target/path"), source_name(actual.tree)
    if kind_of(actual.tree).directory:
        # libvirt's delete is an rmdir there: it refuses a directory that still holds something.
        return Step(f"remove the empty directory {path}", lambda: pool.find().delete(0), lambda: pool.find().build(0))

    def remove_group() -> None:
        # libvirt's delete is a "vgremove -f", which takes logical volumes along.
        if host.group_volumes(pool.planned.execute, name, is_local=is_local(pool.conn)):
            raise Failed(f"volume group {name} has logical volumes by now")
        pool.find().delete(0)

    return Step(f"remove the empty volume group {name}", remove_group)
