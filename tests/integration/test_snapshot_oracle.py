# SPDX-License-Identifier: GPL-3.0-or-later
"""What check mode says about snapshots, and what libvirt itself says when it is asked for the same.

Each thing is checked first and then asked of libvirt with virsh, without anything of this collection. What check mode
refuses libvirt must refuse, but for the rules in C(OURS); what it promises libvirt must do.
"""

from __future__ import annotations

import itertools

import pytest

DIRECTORY = "/var/lib/libvirt/images"
STATES = ("stopped", "paused", "running")
DISKS = (("qcow2",), ("raw",), ("qcow2", "raw"))
GUEST = """<domain type='qemu'><name>guest</name><memory unit='MiB'>16</memory>
<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
<devices>{disks}<memballoon model='none'/></devices></domain>"""
DISK = "<disk type='file'><driver name='qemu' type='{0}'/><source file='{1}'/><target dev='{2}'/></disk>"
SWITCH = {
    ("stopped", "running"): "start guest",
    ("stopped", "paused"): "start guest --paused",
    ("running", "paused"): "suspend guest",
    ("paused", "running"): "resume guest",
    ("running", "stopped"): "destroy guest",
    ("paused", "stopped"): "destroy guest",
}

# What check mode refuses and libvirt does: by our words, what it does.
OURS = {
    "and would be lost": "it goes back within a disk that others lie on, and these are of no use any more",
    "the guest would be off after it": "it goes back, and the guest is off (libvirt 11.2, and 11.3 as released)",
}

# What is taken: where which disks go, whether the memory goes along, and how virsh is told so.
KINDS = {
    "internal": (["internal", "internal"], None, []),
    "internal without memory": (["internal", "internal"], False, ["--memspec", "snapshot=no"]),
    "external": (["external", "external"], False, ["--disk-only"]),
    "memory": (["external", "external"], True, ["--memspec", f"snapshot=external,file={DIRECTORY}/memory."]),
    "first internal": (["internal", "no"], None, []),
    "first external": (["external", "no"], False, ["--disk-only"]),
    "both": (["internal", "external"], None, []),
}


class Guest:
    """A guest that virsh made, with blank disks of the formats C(kinds)."""

    def __init__(self, lab, kinds, state: str):
        self.lab, self.numbers = lab, itertools.count(1)
        self.targets = ["vda", "vdb"][: len(kinds)]
        lab.wipe()
        paths = [f"{DIRECTORY}/{target}.{kind}" for target, kind in zip(self.targets, kinds)]
        disks = "".join(DISK.format(*each) for each in zip(kinds, paths, self.targets))
        make = "".join(f"qemu-img create -q -f {kind} {path} 4M; " for kind, path in zip(kinds, paths))
        lab.shell(f"{make}virsh -q define /dev/stdin", GUEST.format(disks=disks))
        self.switch(state)

    def state(self) -> str:
        return self.lab.virsh("domstate", "guest").replace("shut off", "stopped")

    def switch(self, state: str) -> None:
        if self.state() != state:
            self.lab.virsh(*SWITCH[self.state(), state].split())

    def snapshots(self) -> list[str]:
        return self.lab.virsh("snapshot-list", "guest", "--name").split()

    # --- what is done, in our words and in those of virsh -------------------------------------------------------------

    def create(self, kind: str) -> str:
        """Take one; its name, C("") where it was refused."""
        places, memory, words = KINDS[kind]
        name = f"s{next(self.numbers)}"
        task: dict = {"name": name, "disks": []}
        words = [f"{word}{name}" if word.endswith(".") else word for word in words]
        for target, place in zip(self.targets, places):
            file = f",file={DIRECTORY}/{target}.{name}" if place == "external" else ""
            task["disks"].append({"target": target, "location": place})
            words += ["--diskspec", f"{target},snapshot={place}{file}"]
        if memory is not None:
            task["memory"] = memory
        return name if self.agree(task, "snapshot-create-as", name, "--atomic", *words) else ""

    def revert(self, name: str) -> bool:
        return self.agree({"name": name, "state": "reverted"}, "snapshot-revert", name)

    def delete(self, name: str) -> bool:
        return self.agree({"name": name, "state": "absent"}, "snapshot-delete", name)

    def agree(self, task: dict, command: str, *words: str) -> bool:
        """Ask both; whether it was done."""
        plan = self.lab.check("snapshot", domain="guest", **task)
        refused = plan["msg"] if plan.get("failed") else ""
        if any(rule in refused for rule in OURS):
            return False
        state = self.state()
        if "which is started paused for it" in str(plan.get("steps")):
            # libvirt before 9.9 does it only while the guest is on.
            self.switch("paused")
        done = self.lab.host.exec(["virsh", "-q", command, "guest", *words], capture_output=True, text=True)
        assert bool(refused) == bool(done.returncode), (task, words, state, refused, done.stderr)
        if not refused and command != "snapshot-revert":
            self.switch(state)
        return not refused


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("disks", DISKS, ids="+".join)
def test_check_mode_says_what_libvirt_does(lab, disks, state):
    guest = Guest(lab, disks, state)
    done = {}
    for kind, (places, *_rest) in KINDS.items():
        if len(disks) == 1 and len(set(places)) > 1:
            # It has no other disk.
            continue
        done[kind] = name = guest.create(kind)
        if name:
            reverted = guest.revert(name)
            # A revert leaves another guest than there was, and so does the memory of one that is paused.
            if not guest.delete(name) or reverted:
                guest = Guest(lab, disks, state)
    chosen = lab.check("snapshot", domain="guest", name="any")["snapshot"]
    assert chosen["location"] == ("internal" if done["internal"] else "external")


# What is done one after the other, to a guest in the state at the beginning: what is taken, s1 first, and what is done
# to one that was, as far as it is there; and into which state the guest is brought.
WALKS = [
    "stopped: internal, external, delete s1, revert s1, delete s2, delete s1",
    "running: internal, external, delete s1, delete s2, stopped, delete s1, delete s2",
    "stopped: external, external, external, delete s1, revert s2, delete s3, running, delete s2",
    "running: external, memory, paused, delete s1, memory, running, delete s2, stopped, revert s1",
    "stopped: external, revert s1, external, delete s1, external, revert s2, delete s3, delete s2",
    "stopped: external, internal, revert s1, delete s2, delete s1, running, delete s1",
    "paused: memory, internal, external, external, delete s1, revert s1, delete s4, external, delete s1, delete s2",
    "paused: external, internal, memory, revert s2, external, memory, delete s4",
]


@pytest.mark.parametrize("walk", WALKS)
def test_check_mode_says_what_libvirt_does_in_a_tree(lab, walk):
    state, _, steps = walk.partition(": ")
    guest = Guest(lab, ("qcow2",), state)
    for step in steps.split(", "):
        does, _, name = step.partition(" ")
        if step in STATES:
            guest.switch(step)
        elif step in KINDS:
            guest.create(step)
        elif name in guest.snapshots():
            getattr(guest, does)(name)
