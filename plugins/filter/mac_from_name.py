# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: mac_from_name
short_description: A MAC address that belongs to a name
version_added: 0.1.0
author:
  - The virtops authors (@virtops)
description:
  - Makes a MAC address in QEMU's own range V(52:54:00), always the same for the same names and on every host.
  - For the name of a guest and the alias or the number of its NIC it is the address that M(virtops.libvirt.domain)
    gives to a NIC for which none is given. So a network can know it before the guest is there.
positional: more
options:
  _input:
    description: A name.
    type: str
    required: true
  more:
    description: More names that tell it apart, such as that of the NIC.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: The guest web1 has a fixed address with its first NIC
  virtops.libvirt.network:
    name: lab
    ips:
      - address: 192.168.150.1
        prefix: 24
        dhcp:
          hosts:
            - mac: "{{ 'web1' | virtops.libvirt.mac_from_name(0) }}"
              name: web1
              ip: 192.168.150.11
"""

RETURN = r"""
_value:
  description: The MAC address.
  type: str
  sample: "52:54:00:3b:0a:f1"
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.virtops.libvirt.plugins.module_utils._values import derived_mac


def mac_from_name(name: str, *more: object) -> str:
    """See DOCUMENTATION."""
    if name is None or name == "" or isinstance(name, (Mapping, list)):
        raise AnsibleFilterError(f"mac_from_name: {name!r} is no name; give that of a guest")
    return derived_mac(str(name), *map(str, more))


class FilterModule:
    """Ansible's door to the filter."""

    def filters(self):
        return {"mac_from_name": mac_from_name}
