#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: volume_export
short_description: Write what is in a volume into a file
version_added: 0.1.0
description:
  - Writes the content of a volume into an image file on the host that runs the task, without its holes. The file
    appears under its name only when it is whole.
  - Where the task runs on libvirt's own host, the volume's file is read; elsewhere it comes through libvirt. To have a
    volume of another host on the controller, run the task there with a O(uri) such as
    V(qemu+ssh://root@host/system).
  - The file has the time of the volume's last change as its own. By that, its format and its size it is compared, and
    not read; so it stays the same for a volume that nobody wrote into.
  - A guest that writes into the volume must be off. For one that is to run on, take an external snapshot with
    M(virtops.libvirt.snapshot) first, so that it writes elsewhere, and delete that afterwards.
options:
  pool:
    description: Name of the pool of the volume, which must be active and of type dir, fs or netfs.
    type: str
    required: true
  name:
    description: Name of the volume.
    type: str
    required: true
  path:
    description: Absolute path of the file. Its directory must be there; a file that is a volume itself is refused.
    type: path
    required: true
  format:
    description:
      - Format of the file; without it that of the volume.
      - Where it stays the same, the image is copied as it lies, with the snapshots inside it. A linked clone, and
        another format, are converted, and the file has what a guest would see.
      - An encrypted volume is copied as it lies, still encrypted.
    type: str
    choices: [raw, qcow2, qcow, vmdk, vdi, vpc, qed]
  compress:
    description:
      - Write a qcow2 image with its clusters compressed. It is not compared.
    type: bool
    default: false
  replace:
    description:
      - Whether a file that is there and not of the volume as it is now may be replaced, such as the export of last
        night. It keeps its owner and mode.
    type: bool
    default: false
  permissions:
    description: Whose the file is. A new one belongs to the user of the task, who alone may read it.
    type: dict
    suboptions:
      mode:
        description: Octal mode, quoted.
        type: str
      owner:
        description: Number of the user.
        type: int
      group:
        description: Number of the group.
        type: int
attributes:
  check_mode:
    support: full
    description: Predicts exactly what the real run does, over a read-only connection that cannot write.
  diff_mode:
    support: full
    description: Shows the options.
  idempotent:
    support: full
    description: A second run with the same options changes nothing, unless somebody wrote into the volume.
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.planned
seealso:
  - module: virtops.libvirt.volume
  - module: virtops.libvirt.snapshot
"""

EXAMPLES = r"""
- name: Keep a disk as a file
  virtops.libvirt.volume_export:
    pool: lab
    name: db1.qcow2
    path: /srv/backup/db1.qcow2
    replace: true

- name: An image for others, small and whole
  virtops.libvirt.volume_export:
    pool: lab
    name: golden.qcow2
    path: /srv/images/golden.qcow2
    compress: true
    permissions:
      mode: "0644"

- name: A disk for another hypervisor
  virtops.libvirt.volume_export:
    pool: lab
    name: web1.qcow2
    path: /srv/images/web1.vmdk
    format: vmdk

- name: A volume of a hypervisor, as a file on the controller
  virtops.libvirt.volume_export:
    uri: qemu+ssh://root@kvm1.example.com/system
    pool: lab
    name: db1.qcow2
    path: /srv/backup/db1.qcow2
  delegate_to: localhost

- name: From now on the guest writes elsewhere
  virtops.libvirt.snapshot:
    domain: db1
    name: backup
    location: external
    quiesce: true

- name: Keep the disk of the guest, which runs on
  virtops.libvirt.volume_export:
    pool: lab
    name: db1.qcow2
    path: /srv/backup/db1.qcow2
    replace: true

- name: What it wrote meanwhile comes back into its disk
  virtops.libvirt.snapshot:
    domain: db1
    name: backup
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
      description: Where, in the words of the options and of RV(export); nothing for a new file.
      type: str
    before:
      description: What it was, none where it was not there.
      type: raw
    after:
      description: What it becomes, none where it goes.
      type: raw
    effect:
      description: Always V(config), as no guest is touched.
      type: str
pending:
  description: Nothing; it is there as in the results of all modules.
  returned: always
  type: list
  elements: dict
steps:
  description: What is done for it, in order, in words.
  returned: always
  type: list
  elements: str
power_cycled:
  description: Never; it is there as in the results of all modules.
  returned: always
  type: bool
unchecked:
  description: What cannot be known in check mode, such as the time of a volume that an earlier task would change.
  returned: always
  type: list
  elements: str
export:
  description: The file in the words of the options, as it is after the task (in check mode, as it would be).
  returned: always
  type: dict
  contains:
    capacity:
      description: The size that a guest sees.
      type: str
    written:
      description: When the volume was written last, as of what is in the file; that is the time of the file, too.
      type: str
  sample:
    pool: lab
    name: db1.qcow2
    path: /srv/backup/db1.qcow2
    format: qcow2
    permissions: {mode: "0600", owner: 0, group: 0}
    capacity: 10 GiB
    written: "2026-01-31T23:05:11.1234567Z"
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.export import Export


def main():
    run(Export)


if __name__ == "__main__":
    main()
