#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: snapshot_info
short_description: Read the snapshots of guests
version_added: 0.1.0
description:
  - Gives each snapshot in the words of the options of M(virtops.libvirt.snapshot), its place in the tree, and whether
    libvirt on this host can go back to it and delete it.
  - In check mode these are the snapshots that the play would have made by then, as far as tasks of this collection do.
options:
  domain:
    description: Names of the guests; without it all that have snapshots.
    type: list
    elements: str
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.reading
  - virtops.libvirt.common.planned
  - virtops.libvirt.common.read_only
seealso:
  - module: virtops.libvirt.snapshot
"""

EXAMPLES = r"""
- name: The snapshots of one guest
  virtops.libvirt.snapshot_info:
    domain: [web1]
  register: found

- name: Those that it cannot go back to
  ansible.builtin.debug:
    msg: "{{ found.snapshots | rejectattr('revert.possible') | map(attribute='name') }}"
"""

RETURN = r"""
snapshots:
  description: The snapshots, ordered by guest and from the oldest to the newest.
  returned: always
  type: list
  elements: dict
  contains:
    domain:
      description: The guest.
      type: str
    name:
      description: The snapshot; beside it what O(virtops.libvirt.snapshot#module:description) and the other options
        of the module say.
      type: str
    domain_state:
      description: The state that the guest was in, and comes back to.
      type: str
    created:
      description: When it was taken, in the time zone UTC.
      type: str
    parent:
      description: The snapshot that it grew out of.
      type: str
    children:
      description: Those that grew out of it.
      type: list
      elements: str
    current:
      description: Whether the guest as it is now grew out of it.
      type: bool
    revert:
      description: Whether the guest can go back to it (C(possible)), and C(why) not.
      type: dict
    delete:
      description: Whether it can be deleted (C(possible)), and the way or C(why) not.
      type: dict
  sample:
    -
      domain: web1
      name: before-upgrade
      location: internal
      memory: true
      created: "2026-01-31T12:00:00Z"
      current: true
      revert: {possible: true, why: ""}
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run_info
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.steps import Snapshot


def main():
    run_info(Snapshot)


if __name__ == "__main__":
    main()
