#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: volume_info
short_description: Read volumes of libvirt
version_added: 0.1.0
description:
  - Gives each volume in the words of the options of M(virtops.libvirt.volume), so that it can be fed back to it, and
    its C(path).
  - In check mode these are the volumes that the play would have made by then, as far as tasks of this collection do.
options:
  pool:
    description: Name of the pool whose volumes are read; one that is not active has none.
    type: str
    required: true
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.reading
  - virtops.libvirt.common.planned
  - virtops.libvirt.common.read_only
seealso:
  - module: virtops.libvirt.volume
"""

EXAMPLES = r"""
- name: Two of them
  virtops.libvirt.volume_info:
    pool: lab
    name: [web1.qcow2, other]
  register: found

- name: All of them
  virtops.libvirt.volume_info:
    pool: lab
"""

RETURN = r"""
volumes:
  description: The volumes in the words of the options of M(virtops.libvirt.volume), ordered by name.
  returned: always
  type: list
  elements: dict
  sample:
    -
      pool: lab
      name: web1.qcow2
      capacity: 10 GiB
      format: qcow2
      path: /var/lib/libvirt/images/lab/web1.qcow2
      backing:
        path: /var/lib/libvirt/images/lab/debian-12.qcow2
        format: qcow2
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run_info
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume


def main():
    run_info(Volume)


if __name__ == "__main__":
    main()
