#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: nwfilter_info
short_description: Read network filters of libvirt
version_added: 0.1.0
description:
  - Gives each filter in the words of the options of M(virtops.libvirt.nwfilter), so that it can be fed back to it, and
    the guests and filters that refer to it.
  - In check mode these are the filters that the play would have made by then, as far as tasks of this collection do.
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.reading
  - virtops.libvirt.common.planned
  - virtops.libvirt.common.read_only
seealso:
  - module: virtops.libvirt.nwfilter
"""

EXAMPLES = r"""
- name: Two of them
  virtops.libvirt.nwfilter_info:
    name: [web, clean-traffic]
  register: found

- name: All of them
  virtops.libvirt.nwfilter_info:
    uri: qemu:///system
"""

RETURN = r"""
nwfilters:
  description: The filters in the words of the options of M(virtops.libvirt.nwfilter), ordered by name.
  returned: always
  type: list
  elements: dict
  sample:
    -
      name: web
      uuid: 0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f
      chain: root
      priority: 0
      filters: [{name: clean-traffic}]
      rules: [{action: accept, direction: in, priority: 500, protocol: tcp, dst_port: 22}]
used_by:
  description: By name of each filter, the V(domains) and V(nwfilters) that refer to it, and the domains that are
    V(running) with it, be it by way of other filters.
  returned: always
  type: dict
  sample:
    web:
      domains: [web1, web2]
      running: [web1]
      nwfilters: []
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run_info
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.steps import NWFilter


def main():
    run_info(NWFilter)


if __name__ == "__main__":
    main()
