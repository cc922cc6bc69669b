# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring changes to a running guest. Private to this collection, imported only for a change of one that runs.

A C(Field) names the way in which its change is brought there. A way has C(able(change, guest)), which is whether QEMU
goes it in this case, and C(calls(changes)), which gives (words, run(domain), undo(domain)) for each call of libvirt.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ansible_collections.virtops.libvirt.plugins.module_utils._domain import hotplug, states, tuning
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.storage import DISKS, OPTIONAL
from ansible_collections.virtops.libvirt.plugins.module_utils._field import LIVE, NEXT_BOOT
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step

WAYS: dict[str, Any] = {**tuning.WAYS, **hotplug.WAYS}


class Guest:
    """What the ways ask about a running guest: its live document, and the PCIe ports that are left in it.

    C(active): whether libvirt answers for it now, which it does not while its memory is saved. C(awake): whether the
    guest itself hears what it is asked when its changes are made.
    """

    def __init__(self, handle, tree, active: bool, awake: bool):
        self.handle, self.tree, self.active, self.awake = handle, tree, active, awake
        self.free_ports = _free_ports(tree)

    def version(self) -> int:
        """Of its host's libvirt, as C(getLibVersion) has it."""
        return self.handle.connect().getLibVersion()

    def take_port(self) -> bool:
        """Whether there is a port for one more device; it is taken then. A machine without PCIe always has room."""
        if self.free_ports is None:
            return True
        self.free_ports -= 1
        return self.free_ports >= 0


def _free_ports(tree) -> int | None:
    """Root ports without a device: only there can one be plugged in ("PCI topology and hotplug" of libvirt)."""
    models = [(e.get("model"), int(e.get("index", "0"))) for e in tree.iterfind("devices/controller[@type='pci']")]
    if not any(model == "pcie-root" for model, _index in models):
        return None
    taken = {int(e.get("bus", "0"), 0) for e in tree.iterfind("devices/*/address[@type='pci']")}
    return sum(1 for model, index in models if model == "pcie-root-port" and index not in taken)


def effect(change, actual, guest: Guest) -> str:
    """LIVE where the guest takes a change at once (or has it already), else NEXT_BOOT."""
    if not change.trail or actual.state == states.CRASHED:
        return NEXT_BOOT
    if change.running is None:
        # The running guest has it already.
        return LIVE
    if _was_left_out(change.running, actual.tree):
        return NEXT_BOOT
    way = WAYS.get(change.trail[-1].by)
    return LIVE if way and way.able(change.running, guest) else NEXT_BOOT


def _was_left_out(change, definition) -> bool:
    """Whether a disk may be one without which libvirt started the guest: it keeps the PCI address of such a one
    (qemuProcessPrepareHostStorage), so that no other can be plugged in there.
    """
    if change.trail[0] is not DISKS or change.item[0]:
        return False
    return any(disk.find("target").get("dev") == change.label for disk in definition.iterfind(OPTIONAL))


def steps(domain, changes) -> list[Step]:
    """Steps that bring changes to the running guest, in the order of the ways."""
    found = []
    for name, way in WAYS.items():
        mine = [change.running for change in changes if change.trail[-1].by == name]
        found += [Step(why, partial(run, domain), partial(undo, domain)) for why, run, undo in way.calls(mine)]
    return found
