#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: network_info
short_description: Read virtual networks of libvirt
version_added: 0.1.0
description:
  - Gives each network in the words of the options of M(virtops.libvirt.network), so that it can be fed back to it.
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.reading
seealso:
  - module: virtops.libvirt.network
"""

EXAMPLES = r"""
- name: Two of them
  virtops.libvirt.network_info:
    name: [lab, other]
  register: found

- name: All of them
  virtops.libvirt.network_info:
    uri: qemu:///system
"""

RETURN = r"""
networks:
  description: The networks in the words of the options of M(virtops.libvirt.network), ordered by name.
  returned: always
  type: list
  elements: dict
  sample:
    -
      name: lab
      state: active
      autostart: true
      forward:
        mode: nat
      ips:
        - address: 192.168.150.1
          prefix: 24
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run_info
from ansible_collections.virtops.libvirt.plugins.module_utils._network.steps import Network


def main():
    run_info(Network)


if __name__ == "__main__":
    main()
