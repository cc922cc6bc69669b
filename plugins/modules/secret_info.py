#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: secret_info
short_description: Read secrets of libvirt
version_added: 0.1.0
description:
  - Gives each secret in the words of the options of M(virtops.libvirt.secret), so that it can be fed back to it; never
    its value.
  - O(name) is the usage of a secret, or its UUID.
  - In check mode these are the secrets that the play would have made by then, as far as tasks of this collection do.
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.reading
  - virtops.libvirt.common.planned
  - virtops.libvirt.common.read_only
seealso:
  - module: virtops.libvirt.secret
"""

EXAMPLES = r"""
- name: One of them
  virtops.libvirt.secret_info:
    name: [san]
  register: found

- name: All of them
  virtops.libvirt.secret_info:
    uri: qemu:///system
"""

RETURN = r"""
secrets:
  description: The secrets in the words of the options of M(virtops.libvirt.secret), ordered by usage.
  returned: always
  type: list
  elements: dict
  sample:
    -
      uuid: 0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f
      type: iscsi
      usage: san
      ephemeral: false
      private: false
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run_info
from ansible_collections.virtops.libvirt.plugins.module_utils._secret.steps import Secret


def main():
    run_info(Secret)


if __name__ == "__main__":
    main()
