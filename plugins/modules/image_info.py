#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: image_info
short_description: Read bases that were imported, and the catalogue of cloud images
version_added: 0.1.0
description:
  - Tells which volumes of pools are bases that M(virtops.libvirt.image) imported, and what is built on each.
options:
  pool:
    description: Name of the pool to look into; without it all active ones.
    type: str
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.reading
  - virtops.libvirt.common.read_only
seealso:
  - module: virtops.libvirt.image
"""

EXAMPLES = r"""
- name: Bases in all pools
  virtops.libvirt.image_info:
  register: found

- name: Versions of one image
  virtops.libvirt.image_info:
    pool: lab
    name: [debian-12]
"""

RETURN = r"""
images:
  description: The bases, ordered by pool and volume.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the image.
      type: str
    arch:
      description: Its processor.
      type: str
    checksum:
      description: The first digits of its checksum.
      type: str
    pool:
      description: The pool that it lies in.
      type: str
    volume:
      description: Name of the volume, for O(virtops.libvirt.volume#module:backing.volume).
      type: str
    path:
      description: Its path.
      type: str
    needed_by:
      description: What is built on it, volumes as C(POOL/NAME) and guests as C(domain NAME).
      type: list
      elements: str
catalogue:
  description: The images that need no URL.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name, for O(virtops.libvirt.image#module:name).
      type: str
    arches:
      description: Processors that there is one for.
      type: list
      elements: str
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._image.info import SPEC, gather
from ansible_collections.virtops.libvirt.plugins.module_utils._module import run_reading


def main():
    run_reading(SPEC, gather)


if __name__ == "__main__":
    main()
