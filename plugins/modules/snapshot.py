#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: snapshot
short_description: Take, delete and go back to snapshots of guests
version_added: 0.1.0
description:
  - Takes a snapshot of a guest that is running, paused or stopped; deletes it; lets the guest go back to it; keeps as
    many as a policy says.
  - Check mode tells whether libvirt on this host can do it with this guest, and which way it goes. What it cannot do is
    refused with the reason, before anything is touched, in check mode and for real alike.
  - An existing snapshot is never taken anew. Its description and its labels can be changed.
options:
  domain:
    description: Name of the guest.
    type: str
    required: true
  name:
    description:
      - Name of the snapshot; may be left out where O(xml) has it, and where the task is only about O(retention).
    type: str
  state:
    description:
      - V(present) takes it where it is not there.
      - V(reverted) lets the guest go back to it, each time the task runs. What the guest wrote since then is lost, and
        so is the state that it is in.
      - V(absent) deletes it. The guest keeps what is in its disks, and other snapshots keep what is in them.
    type: str
    choices: [present, reverted, absent]
    default: present
  description:
    description: What it is for.
    type: str
  labels:
    description: Words of your own, kept with the snapshot.
    type: dict
  location:
    description:
      - V(internal) keeps all within the qcow2 disks. Taking the memory along stops the guest for as long as it takes.
      - V(external) leaves the disks as they are and has the guest write into new files beside them. Going back to one
        needs libvirt 9.9.
      - Without it a new snapshot is V(internal) where libvirt can, else V(external).
    type: str
    choices: [internal, external]
  memory:
    description:
      - Whether the memory of the guest is taken along, so that it runs on from there when it goes back.
      - Without it the memory of a guest that is on is taken, except with O(quiesce).
    type: bool
  memory_file:
    description: File for the memory of an external snapshot. Without it, it lies beside the first disk's new file.
    type: str
  disks:
    description:
      - The disks that are taken; those that are not named here are left out. Without it all that are written to are
        taken.
    type: list
    elements: dict
    suboptions:
      target:
        description: The disk's O(virtops.libvirt.domain#module:disks[].target), such as V(vda).
        type: str
        required: true
      location:
        description: Where it is taken; V(no) leaves it out. Without it O(location) counts.
        type: str
        choices: [internal, external, "no"]
      file:
        description: File that an external snapshot has the guest write into. Without it, it lies beside the disk, with
          the name of the snapshot as its suffix.
        type: str
      format:
        description: Format of that file; V(qcow2) where nothing is said.
        type: str
        choices: [qcow2, qed]
  quiesce:
    description: Have the guest agent write out and freeze the file systems for the moment of an external snapshot
      without memory. They are thawed whatever comes.
    type: bool
    default: false
  power_state:
    description: With O(state=reverted), the state of the guest behind it. Without it, it is that of the snapshot; a
      snapshot of disks alone leaves the guest stopped.
    type: str
    choices: [running, paused]
  reset_nvram:
    description: With O(state=reverted), make the variables of its UEFI firmware anew.
    type: bool
    default: false
  force:
    description: With O(state=reverted), go back although the saved memory of the guest, or snapshots that grew out of
      the disks, are lost by it.
    type: bool
    default: false
  children:
    description: With O(state=absent), also delete all that grew out of it.
    type: bool
    default: false
  metadata_only:
    description: With O(state=absent), have libvirt forget it and leave the files and what is in the disks.
    type: bool
    default: false
  retention:
    description:
      - How many snapshots of this guest are kept; the others are deleted, the oldest first, behind the one that this
        task takes. The one that the task names stays.
      - It is about snapshots that this module took. With labels in it, or in the task, only those that carry them.
      - Periods are those of the time zone UTC. Each rule keeps the newest of each of the latest periods that have one,
        and what any rule keeps stays.
    type: dict
    suboptions:
      last:
        description: How many of the newest.
        type: int
      hourly:
        description: For how many hours one each.
        type: int
      daily:
        description: For how many days one each.
        type: int
      weekly:
        description: For how many weeks one each.
        type: int
      monthly:
        description: For how many months one each.
        type: int
      yearly:
        description: For how many years one each.
        type: int
      labels:
        description: Labels that the snapshots carry which it is about; without it those of the task.
        type: dict
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.changing
  - virtops.libvirt.common.planned
  - virtops.libvirt.common.document
seealso:
  - module: virtops.libvirt.snapshot_info
  - module: virtops.libvirt.domain
"""

EXAMPLES = r"""
- name: Before the upgrade
  virtops.libvirt.snapshot:
    domain: web1
    name: before-upgrade
    description: As it was delivered

- name: It went wrong
  virtops.libvirt.snapshot:
    domain: web1
    name: before-upgrade
    state: reverted

- name: It went well
  virtops.libvirt.snapshot:
    domain: web1
    name: before-upgrade
    state: absent

- name: Each night one, for a week, and one a week for two months
  virtops.libvirt.snapshot:
    domain: web1
    name: "nightly-{{ now(fmt='%Y-%m-%d') }}"
    labels: {policy: nightly}
    retention:
      daily: 7
      weekly: 8

- name: The data disk alone, with its file systems at rest
  virtops.libvirt.snapshot:
    domain: web1
    name: data-1
    location: external
    quiesce: true
    disks:
      - target: vdb
"""

RETURN = r"""
changes:
  description: What becomes different, one entry each; the same in check mode.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: Where, in the words of the options; for what only O(xml) can say, in the words of the XML.
      type: str
    before:
      description: What it was, none where it was not there.
      type: raw
    after:
      description: What it becomes, none where it goes.
      type: raw
    effect:
      description: V(live) where the guest goes on meanwhile, V(config) where it is off, V(power_cycle) where its QEMU
        is ended and started again.
      type: str
pending:
  description: Always empty for a snapshot.
  returned: always
  type: list
  elements: dict
steps:
  description: What is done for it, in order, and which way, in words.
  returned: always
  type: list
  elements: str
power_cycled:
  description: Whether QEMU was ended and started again for a guest that was on.
  returned: always
  type: bool
unchecked:
  description: What a read-only connection could not see in check mode.
  returned: always
  type: list
  elements: str
snapshot:
  description: The snapshot in the words of the options, as it is after the task (in check mode, as it would be); empty
    when it is gone. Beside them C(domain_state), C(created) and C(parent).
  returned: always
  type: dict
  sample:
    domain: web1
    name: before-upgrade
    description: As it was delivered
    location: internal
    memory: true
    disks:
      - target: vda
        location: internal
    domain_state: running
    created: "2026-01-31T12:00:00Z"
    parent:
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.steps import Snapshot


def main():
    run(Snapshot)


if __name__ == "__main__":
    main()
