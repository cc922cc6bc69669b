# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at directories and devices, where the task runs on libvirt's own host. Private to this collection.

It only reads, and whatever it may not read it says nothing about.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat

# What libvirt calls a partition table, where blkid(8) has another word for it.
_TABLES = {"dos": ("dos", "PMBR"), "dvh": ("sgi",), "pc98": ("pc98", "dos")}


class Unseen(Exception):
    """Nothing can be said about it."""


def has_program(name: str) -> bool:
    """Whether libvirt finds a program: also where root's are, which the PATH of a task may lack."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])) is not None


def permissions(path: str) -> dict | None:
    """Canonical C(mode), C(owner) and C(group) of a directory, None where it is not there or cannot be seen."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISDIR(found.st_mode):
        return None
    return {"mode": f"{stat.S_IMODE(found.st_mode):04o}", "owner": found.st_uid, "group": found.st_gid}


def in_the_way(path: str) -> str:
    """What, at a path or above it, is certainly no directory and can become none, in words; C("") for nothing."""
    there = _nearest(path)
    try:
        return "" if stat.S_ISDIR(os.stat(there).st_mode) else f"{there} is there and no directory"
    except PermissionError:
        return ""
    except OSError:
        return f"{there} is a symbolic link that leads nowhere"


def _nearest(path: str) -> str:
    """The path itself or the next one above it at which something can be seen."""
    while not os.path.lexists(path) and path != "/":
        path = os.path.dirname(path)
    return path


def is_gone(path: str) -> bool:
    """Whether there is certainly no directory."""
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)
    except OSError as error:
        return error.errno in (errno.ENOENT, errno.ENOTDIR)


def is_read_only(path: str) -> bool:
    """Whether nothing can be made or changed at a path, because its file system is mounted so."""
    try:
        return bool(os.statvfs(_nearest(path)).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def filesystem(path: str) -> str | None:
    """The type of the file system that a path is on, or would be, None where nothing tells it."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            lines = [line.split() for line in file]
    except OSError:
        return None
    places = {words[4]: words[words.index("-") + 1] for words in lines}
    path = os.path.realpath(path)
    while path not in places and path != "/":
        path = os.path.dirname(path)
    return places.get(path)


def entries(path: str) -> set[str]:
    """The names of all that is in a directory, none where the directory cannot be read."""
    try:
        return set(os.listdir(path))
    except OSError:
        return set()


class Device:
    """What a block device holds. C(execute): runs a command, and gives exit code, output and errors."""

    def __init__(self, execute, path: str):
        self.execute, self.path = execute, path

    def exists(self) -> bool:
        return os.path.exists(self.path)

    def content(self) -> dict[str, str]:
        """What blkid(8) finds on it by probing, {} where it finds nothing; Unseen."""
        if not os.access(self.path, os.R_OK):
            raise Unseen
        code, output, _errors = self._run(["blkid", "--probe", "--output", "export", self.path])
        if code == 8:
            return {"TYPE": "ambiguous"}
        if code not in (0, 2):
            raise Unseen
        return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)

    def is_in_use(self) -> bool:
        """Whether the kernel uses it, such as for something mounted (open(2), O_EXCL of a block device)."""
        try:
            os.close(os.open(self.path, os.O_RDONLY | os.O_EXCL))
        except OSError as error:
            return error.errno == errno.EBUSY
        return False

    def volume_group(self) -> str:
        """The volume group that it is part of, "" for none; Unseen."""
        code, output, _errors = self._run(["pvs", "--noheadings", "--readonly", "--options", "vg_name", self.path])
        if code:
            raise Unseen
        return output.strip()

    def _run(self, command: list[str]) -> tuple[int, str, str]:
        try:
            return self.execute(command)
        except OSError:
            raise Unseen from None

    def holds(self, what: str, form: str, name: str) -> bool:
        """Whether it holds what building makes: C(what) of a format and, where that has one, of a name; Unseen."""
        found = self.content()
        if what == "partition table":
            return found.get("PTTYPE") in _TABLES.get(form, (form,)) or (form == "unknown" and "PTTYPE" in found)
        if what == "volume group":
            return found.get("TYPE") == "LVM2_member" and self.volume_group() == name
        if what == "ZFS pool":
            return found.get("TYPE") == "zfs_member" and found.get("LABEL") == name
        return "TYPE" in found and form in ("auto", found["TYPE"])

    def words(self) -> str:
        """What it holds, "" for nothing that can be seen; Unseen."""
        found = self.content()
        if self.is_in_use():
            return "something that is in use"
        if found.get("TYPE") == "LVM2_member":
            group = self.volume_group()
            return f"a part of volume group {group}" if group else "a physical volume of LVM"
        kind = found.get("TYPE") or found.get("PTTYPE")
        return f"{kind} (as blkid calls it)" if kind else ""


def group_volumes(execute, name: str, *, is_local: bool) -> set[str] | None:
    """The logical volumes of a volume group, None where there is no such group; Unseen."""
    if not is_local:
        raise Unseen
    try:
        code, output, _errors = execute(["lvs", "--noheadings", "--readonly", "--options", "lv_name", name])
    except OSError:
        raise Unseen from None
    if code == 5:  # ECMD_FAILED: there is none (lvm(8)).
        return None
    if code:
        raise Unseen
    return set(output.split())
