#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: pool_info
short_description: Read storage pools of libvirt
version_added: 0.1.0
description:
  - Gives each pool in the words of the options of M(virtops.libvirt.pool), so that it can be fed back to it.
  - In check mode these are the pools that the play would have made by then, as far as tasks of this collection do.
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.reading
  - virtops.libvirt.common.planned
  - virtops.libvirt.common.read_only
seealso:
  - module: virtops.libvirt.pool
"""

EXAMPLES = r"""
- name: Two of them
  virtops.libvirt.pool_info:
    name: [lab, other]
  register: found

- name: All of them
  virtops.libvirt.pool_info:
    uri: qemu:///system
"""

RETURN = r"""
figures:
  description: How full the active pools are, in bytes, by name.
  returned: always
  type: dict
  sample:
    lab:
      capacity: 105152176128
      allocation: 22053822464
      available: 83098353664
pools:
  description: The pools in the words of the options of M(virtops.libvirt.pool), ordered by name.
  returned: always
  type: list
  elements: dict
  sample:
    -
      name: lab
      type: dir
      path: /var/lib/libvirt/images/lab
      state: active
      autostart: true
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run_info
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.steps import Pool


def main():
    run_info(Pool)


if __name__ == "__main__":
    main()
