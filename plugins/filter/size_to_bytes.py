# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: size_to_bytes
short_description: A size in bytes
version_added: 0.1.0
author:
  - The virtops authors (@virtops)
description:
  - Reads a size as the options of this collection take it, such as V(2 GiB), V(10G) or V(1.5 TB), and gives the number
    of bytes. A single letter and C(KiB), C(MiB), C(GiB), C(TiB) are powers of 1024, C(KB), C(MB), C(GB), C(TB) of 1000.
options:
  _input:
    description: A number with its unit.
    type: str
    required: true
seealso:
  - plugin: virtops.libvirt.bytes_to_size
    plugin_type: filter
"""

EXAMPLES = r"""
- name: A third of the memory that a guest may have
  ansible.builtin.debug:
    msg: "{{ (('3 GiB' | virtops.libvirt.size_to_bytes) // 3) | virtops.libvirt.bytes_to_size }}"
"""

RETURN = r"""
_value:
  description: The number of bytes.
  type: int
  sample: 2147483648
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.virtops.libvirt.plugins.module_utils._values import Size


def size_to_bytes(size: str) -> int:
    """See DOCUMENTATION."""
    try:
        return Size(step=1).parse(size)
    except ValueError as error:
        raise AnsibleFilterError(f"size_to_bytes: {error}") from error


class FilterModule:
    """Ansible's door to the filter."""

    def filters(self):
        return {"size_to_bytes": size_to_bytes}
