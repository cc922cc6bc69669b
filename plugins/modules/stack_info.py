#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: stack_info
short_description: Read what stacks of libvirt objects made, and many objects at once
version_added: 0.1.0
description:
  - Tells for each stack what it made and what O(virtops.libvirt.stack#module:prune) would remove if nothing of it were
    declared any more. What was there before the stack, and secrets, are not among it.
  - What objects are like it tells of those that are named, whoever made them, all over one connection. So one task does
    what M(virtops.libvirt.pool_info), M(virtops.libvirt.volume_info) and the others do in several.
  - In check mode these are the stacks and objects that the play would have made by then, as far as tasks of this
    collection do.
options:
  pools:
    description: Names of pools. Those that do not exist are left out of the answer, as with all kinds.
    type: list
    elements: str
  nwfilters:
    description: Names of network filters.
    type: list
    elements: str
  networks:
    description: Names of networks.
    type: list
    elements: str
  volumes:
    description: Names of pools whose volumes are told. One that is not active shows none.
    type: list
    elements: str
  domains:
    description: Names of domains.
    type: list
    elements: str
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.reading
  - virtops.libvirt.common.planned
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

- name: One of them, and all that is in its pool and of its network
  virtops.libvirt.stack_info:
    name: [web]
    pools: [web]
    networks: [web]
    volumes: [web]
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
pools:
  description: The pools that O(pools) names, in the words of M(virtops.libvirt.pool), ordered by name.
  returned: with O(pools)
  type: list
  elements: dict
nwfilters:
  description: The filters that O(nwfilters) names, in the words of M(virtops.libvirt.nwfilter), ordered by name.
  returned: with O(nwfilters)
  type: list
  elements: dict
networks:
  description: The networks that O(networks) names, in the words of M(virtops.libvirt.network), ordered by name.
  returned: with O(networks)
  type: list
  elements: dict
volumes:
  description: The volumes in the pools that O(volumes) names, in the words of M(virtops.libvirt.volume), ordered by
    pool, as named, and name.
  returned: with O(volumes)
  type: list
  elements: dict
domains:
  description: The domains that O(domains) names, in the words of M(virtops.libvirt.domain), ordered by name.
  returned: with O(domains)
  type: list
  elements: dict
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run_reading
from ansible_collections.virtops.libvirt.plugins.module_utils._stack.info import SPEC, gather


def main():
    run_reading(SPEC, gather)


if __name__ == "__main__":
    main()
