#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: domain_info
short_description: Read guests of libvirt
version_added: 0.1.0
description:
  - Gives each domain in the words of the options of M(virtops.libvirt.domain), so that it can be fed back to it.
  - In check mode these are the guests that the play would have made by then, as far as tasks of this collection do.
options:
  addresses:
    description: Also tell the addresses of each guest, in RV(addresses); it takes a few calls of libvirt more for each.
    type: bool
    default: false
  documents:
    description: Also give the definition of each guest as libvirt's XML, in RV(documents), without its passwords.
    type: bool
    default: false
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.reading
  - virtops.libvirt.common.planned
  - virtops.libvirt.common.read_only
seealso:
  - module: virtops.libvirt.domain
"""

EXAMPLES = r"""
- name: Two of them
  virtops.libvirt.domain_info:
    name: [web1, other]
  register: found

- name: Where they are
  virtops.libvirt.domain_info:
    name: [web1]
    addresses: true

- name: As the document that the module domain takes
  virtops.libvirt.domain_info:
    name: [web1]
    documents: true

- name: All of them
  virtops.libvirt.domain_info:
    uri: qemu:///system
"""

RETURN = r"""
addresses:
  description:
    - Addresses of each guest, by its name, from the leases of libvirt's networks and the host's ARP table.
    - The guest agent is not asked, because libvirt does not let a connection that only reads do so.
  returned: with O(addresses)
  type: dict
  sample:
    web1:
      - mac: "52:54:00:aa:00:01"
        address: 192.168.150.10
        source: lease
documents:
  description: The definition of each guest by its name, as O(virtops.libvirt.domain#module:xml) takes it.
  returned: with O(documents)
  type: dict
  sample:
    web1: <domain type='kvm'>...</domain>
domains:
  description: The domains in the words of the options of M(virtops.libvirt.domain), ordered by name.
  returned: always
  type: list
  elements: dict
  sample:
    -
      name: web1
      state: running
      memory: 1 GiB
      vcpus: 2
      machine: pc-q35-7.2
      disks:
        - target: vda
          bus: virtio
          device: disk
          pool: lab
          volume: web1.qcow2
          format: qcow2
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain
from ansible_collections.virtops.libvirt.plugins.module_utils._module import run_info


def main():
    run_info(Domain)


if __name__ == "__main__":
    main()
