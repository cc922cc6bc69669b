#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: stack_info
short_description: Read what stacks of libvirt objects made
version_added: 0.1.0
description:
  - Tells for each stack what it made and what O(virtops.libvirt.stack#module:prune) would remove if nothing of it were
    declared any more. What was there before the stack, and secrets, are not among it.
  - What each object is like is told by M(virtops.libvirt.domain_info), M(virtops.libvirt.volume_info) and so on.
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.reading
  - virtops.libvirt.common.read_only
seealso:
  - module: virtops.libvirt.stack
"""

EXAMPLES = r"""
- name: All stacks of the host
  virtops.libvirt.stack_info:
  register: found

- name: One of them
  virtops.libvirt.stack_info:
    name: [web]
"""

RETURN = r"""
stacks:
  description: The stacks that made something, ordered by name.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the stack.
      type: str
    pools:
      description: Names of its pools.
      type: list
      elements: str
    nwfilters:
      description: Names of its network filters.
      type: list
      elements: str
    networks:
      description: Names of its networks.
      type: list
      elements: str
    volumes:
      description: Its volumes, each with C(pool) and C(name).
      type: list
      elements: dict
    domains:
      description: Names of its domains.
      type: list
      elements: str
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run_reading
from ansible_collections.virtops.libvirt.plugins.module_utils._stack.info import SPEC, gather


def main():
    run_reading(SPEC, gather)


if __name__ == "__main__":
    main()
