# SPDX-License-Identifier: GPL-3.0-or-later
"""Power states of a domain, and the way from each to each. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt

RUNNING, PAUSED, STOPPED, SAVED, CRASHED = "running", "paused", "stopped", "saved", "crashed"

# Operations from the state in a row to the state in a column. A guest that is saved wakes up before it is shut down,
# so that what it had in memory is not lost; a crashed one can only be switched off.
WAYS = {
    (STOPPED, RUNNING): ("start",),
    (SAVED, RUNNING): ("start",),
    (PAUSED, RUNNING): ("resume",),
    (CRASHED, RUNNING): ("switch_off", "start"),
    (RUNNING, STOPPED): ("shut_down",),
    (PAUSED, STOPPED): ("resume", "shut_down"),
    (SAVED, STOPPED): ("start", "shut_down"),
    (CRASHED, STOPPED): ("switch_off",),
    (RUNNING, PAUSED): ("pause",),
    (STOPPED, PAUSED): ("start_paused",),
    (SAVED, PAUSED): ("start_paused",),
    (CRASHED, PAUSED): ("switch_off", "start_paused"),
    (RUNNING, SAVED): ("save",),
    (PAUSED, SAVED): ("save",),
    (STOPPED, SAVED): ("start_paused", "save"),
    (CRASHED, SAVED): ("switch_off", "start_paused", "save"),
    (RUNNING, "restarted"): ("shut_down", "start"),
    (PAUSED, "restarted"): ("resume", "shut_down", "start"),
    (STOPPED, "restarted"): ("start",),
    (SAVED, "restarted"): ("start", "shut_down", "start"),
    (CRASHED, "restarted"): ("switch_off", "start"),
}


def name(handle) -> str:
    """The state of a domain in our words."""
    return word(handle.state()[0], handle.hasManagedSaveImage)


def told(handle) -> str:
    """The state of a domain with libvirt's own word for why, as in "stopped (crashed)"."""
    number, why = handle.state()[:2]
    of = {libvirt.VIR_DOMAIN_SHUTOFF: "SHUTOFF", libvirt.VIR_DOMAIN_PAUSED: "PAUSED"}.get(number)
    prefix = f"VIR_DOMAIN_{of}_"
    # virDomainShutoffReason and virDomainPausedReason; 0 is "unknown" in both.
    reasons = {getattr(libvirt, key): key[len(prefix) :] for key in dir(libvirt) if of and key.startswith(prefix)}
    reason = reasons.get(why, "").lower().replace("_", " ") if why else ""
    return f"{name(handle)} ({reason})" if reason else name(handle)


def word(number: int, is_saved) -> str:
    """The word for a state of libvirt (virDomainState); C(is_saved()) is asked of a domain that is off."""
    if number in (libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_BLOCKED, libvirt.VIR_DOMAIN_SHUTDOWN):
        return RUNNING
    if number in (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PMSUSPENDED):
        return PAUSED
    if number == libvirt.VIR_DOMAIN_CRASHED:
        return CRASHED
    return SAVED if is_saved() else STOPPED
