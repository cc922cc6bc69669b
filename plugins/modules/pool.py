#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: pool
short_description: Manage storage pools of libvirt
version_added: 0.1.0
description:
  - Defines, changes, starts, stops and removes a storage pool.
  - A change to the definition of an active pool waits for its next start; RV(pending) says so.
options:
  name:
    description:
      - Name of the pool; may be left out where O(xml) has it.
    type: str
  state:
    description:
      - V(present) defines the pool and leaves it active or not, as it is.
      - V(active) also starts it.
      - V(inactive) also stops it.
      - V(absent) stops the pool and removes its definition; what is stored in it stays.
    type: str
    choices: [present, active, inactive, absent]
    default: present
  uuid:
    description:
      - UUID, chosen by libvirt where it is not given. It cannot be changed.
    type: str
  type:
    description:
      - Kind of storage. It cannot be changed.
      - A new pool is a V(dir) where nothing is said.
    type: str
    choices: [dir, fs, netfs, logical, disk, iscsi, iscsi-direct, scsi, mpath, rbd, gluster, zfs, vstorage]
  path:
    description:
      - Directory (or device folder) under which the volumes are found. It is made when a V(dir) pool is defined.
    type: str
  permissions:
    description: Permissions of that directory, as libvirt sets them when it makes it.
    type: dict
    suboptions:
      mode:
        description: Octal mode, quoted, such as V('0711').
        type: str
      owner:
        description: Numeric user id.
        type: int
      group:
        description: Numeric group id.
        type: int
  remove_target:
    description:
      - With O(state=absent), also remove the directory of the pool. It must be empty, else nothing is done to it.
    type: bool
    default: false
  autostart:
    description: Whether it starts with libvirt's daemon.
    type: bool
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.changing
seealso:
  - module: virtops.libvirt.pool_info
  - module: virtops.libvirt.volume
"""

EXAMPLES = r"""
- name: A directory for the images of a lab
  virtops.libvirt.pool:
    name: lab
    type: dir
    path: /var/lib/libvirt/images/lab
    state: active
    autostart: true

- name: The same in libvirt's own words
  virtops.libvirt.pool:
    state: active
    xml: |
      <pool type="dir">
        <name>lab</name>
        <target><path>/var/lib/libvirt/images/lab</path></target>
      </pool>

- name: The definition goes, the images stay
  virtops.libvirt.pool:
    name: lab
    state: absent
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
      description: V(live) is applied at once, V(config) to an object that is off, V(next_boot) waits for its next
        start.
      type: str
pending:
  description: Changes that are written and wait for the next start, also those of earlier runs; entries as in
    RV(changes).
  returned: always
  type: list
  elements: dict
steps:
  description: What is done for it, in order, in words.
  returned: always
  type: list
  elements: str
power_cycled:
  description: Whether the object was switched off and on again for a change.
  returned: always
  type: bool
unchecked:
  description: What a read-only connection could not see in check mode.
  returned: always
  type: list
  elements: str
pool:
  description: The pool in the words of the options, as it is after the task (in check mode, as it would be);
    empty when it is gone.
  returned: always
  type: dict
  sample:
    name: lab
    type: dir
    path: /var/lib/libvirt/images/lab
    state: active
    autostart: true
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.steps import Pool


def main():
    run(Pool)


if __name__ == "__main__":
    main()
