# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: bytes_to_size
short_description: A number of bytes as a size
version_added: 0.1.0
author:
  - The virtops authors (@virtops)
description:
  - Writes a number of bytes with the largest unit of which it is a whole number, as this collection's modules answer.
options:
  _input:
    description: The number of bytes.
    type: int
    required: true
seealso:
  - plugin: virtops.libvirt.size_to_bytes
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Say 1536 MiB
  ansible.builtin.debug:
    msg: "{{ 1610612736 | virtops.libvirt.bytes_to_size }}"
"""

RETURN = r"""
_value:
  description: The size, which every option for a size takes.
  type: str
  sample: 1536 MiB
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.virtops.libvirt.plugins.module_utils._values import Size


def bytes_to_size(number: int) -> str:
    """See DOCUMENTATION."""
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise AnsibleFilterError(f"bytes_to_size: {number!r} is no number of bytes; give a whole number")
    return Size().show(number)


class FilterModule:
    """Ansible's door to the filter."""

    def filters(self):
        return {"bytes_to_size": bytes_to_size}
