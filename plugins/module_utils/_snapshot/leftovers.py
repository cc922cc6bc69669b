# SPDX-License-Identifier: GPL-3.0-or-later
"""What an interruption leaves of a snapshot that was being taken. Private to this collection.

A killed task leaves libvirt at it, which lists the snapshot meanwhile, though not as the current one. Where libvirt's
own daemon is killed, it knows nothing of the snapshot when it is back (tried with 9.0). Then files are left: that of
the memory, marked as partial, and overlays that nothing was written to. And a guest whose memory went into its disks is
still paused, as libvirt resumes it only where the memory went into a file (qemuProcessRecoverJob).
"""

from __future__ import annotations

import json
import os

from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.merging import AT_WORK
from ansible_collections.virtops.libvirt.plugins.module_utils._wait import wait_for_lifecycle

# The first bytes of a memory file that is not whole (qemu_saveimage.h, QEMU_SAVE_PARTIAL).
_PARTIAL = b"LibvirtQemudPart"
_EXISTS = "exists already; give another one, or remove what is left there"
_USED = (
    "exists already and a QEMU writes to it; where libvirt was killed while it took the snapshot that is the guest's"
    " own, so stop the guest and have 'qemu-img commit' merge it, else give another one"
)
_WRITTEN = (
    "exists already and has data that its base lacks; have 'qemu-img commit' merge it where it is the guest's, else"
    " give another one, or remove it"
)


def await_taking(guest, handle) -> bool:
    """Wait until libvirt is not at work on a snapshot that it lists; whether there was something to wait for."""
    if not guest.active or handle.isCurrent() or not _works(guest):
        return False
    wait_for_lifecycle(guest.conn, guest.handle, lambda: not _works(guest), float("inf"), str)
    return True


def _works(guest) -> bool:
    try:
        job = guest.handle.jobStats()
    except libvirt.libvirtError as error:
        if guest.handle.isActive() and error.get_error_code() not in AT_WORK:
            raise
        return bool(guest.handle.isActive())
    return job["type"] != libvirt.VIR_DOMAIN_JOB_NONE and job.get("operation") == (
        libvirt.VIR_DOMAIN_JOB_OPERATION_SNAPSHOT
    )


def is_paused(guest) -> bool:
    """Whether it is paused because a snapshot of it was interrupted."""
    if guest.state != states.PAUSED or guest.handle is None:
        return False
    reasons = (libvirt.VIR_DOMAIN_PAUSED_SAVE, libvirt.VIR_DOMAIN_PAUSED_SNAPSHOT)
    return guest.handle.state()[1] in reasons and guest.handle.jobStats()["type"] == libvirt.VIR_DOMAIN_JOB_NONE


def resume(guest) -> Step:
    """The step that lets such a guest go on."""

    def run() -> None:
        if is_paused(guest.anew()):
            guest.handle.resume()

    return Step(f"resume {guest.subject}, which an interrupted snapshot left paused", run)


def why_memory_stays(guest, path: str) -> str:
    """Why a file in the place of the memory's may not go, C("") where it is no whole one."""
    try:
        with open(path, "rb") as stream:
            start = stream.read(len(_PARTIAL)) if guest.is_local else None
    except OSError:
        start = None
    return "" if start in (b"", _PARTIAL) else _EXISTS


def why_overlay_stays(guest, path: str, base: str | None) -> str:
    """Why a file in the place of an overlay on C(base) may not go, C("") where that has all that can be read in it."""
    if not guest.is_local or not os.access(path, os.R_OK) or not base:
        return _EXISTS
    if not os.path.getsize(path):
        return ""
    # Without --force-share both fail where a QEMU writes to it.
    about = _image(guest, "info", path)
    if about is None:
        return _USED if _image(guest, "info", "--force-share", path) else _EXISTS
    if about.get("full-backing-filename") != base:
        return _EXISTS
    parts = _image(guest, "map", path)
    return _WRITTEN if parts is None or any(_is_own(part) for part in parts) else ""


def inside(guest, path: str | None) -> set[str]:
    """The names of the snapshots in an image, as far as it can be read here."""
    if not guest.is_local or not path or not os.access(path, os.R_OK):
        return set()
    about = _image(guest, "info", "--force-share", path) or {}
    return {one["name"] for one in about.get("snapshots", ())}


def _is_own(part: dict) -> bool:
    """Whether a part of an image is in the image itself (qemu-img(1), "map")."""
    return part["depth"] == 0 and (part["data"] or part["zero"])


def _image(guest, *words: str):
    """What C(qemu-img) answers, None where it fails."""
    try:
        code, output, _errors = guest.planned.execute(["qemu-img", words[0], "--output=json", *words[1:]])
    except FileNotFoundError:
        return None
    return None if code else json.loads(output)


def remove(files: dict) -> Step:
    """The step that removes files, C({path: why it may not go}), as far as there is still no reason against it."""

    def run() -> None:
        for path, why_not in files.items():
            if os.path.exists(path) and not why_not():
                os.unlink(path)

    return Step(f"remove what an interrupted snapshot left: {', '.join(files)}", run)
