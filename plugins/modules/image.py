#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: image
short_description: Import cloud images once, as bases of guests
version_added: 0.1.0
description:
  - Brings a cloud image into a pool, where any number of guests can be built on it with
    O(virtops.libvirt.volume#module:backing).
  - The name of the volume tells what it is, such as C(debian-12-x86_64-3f9a2c1b.qcow2) with the first digits of its
    checksum. The pool is the cache; what is in it is not fetched again.
  - Images have names in a catalogue, which RV(virtops.libvirt.image_info#module:catalogue) lists; or a task gives
    O(url) and O(checksum).
  - The image is fetched by the host that the task runs on, and appears under its name only when it is whole and has the
    checksum that was announced for it.
options:
  name:
    description: Name in the catalogue, such as V(debian-12); with O(url) a name of your own.
    type: str
    required: true
  pool:
    description: Name of the pool that bases lie in; it must be active.
    type: str
    required: true
  state:
    description:
      - V(present) is content with any version of the image that is in the pool, takes the newest of them, and asks no
        server then.
      - V(latest) wants the version that its server has now. The list of checksums is read, in check mode too.
        Older versions stay, as guests are built on them.
    type: str
    choices: [present, latest]
    default: present
  arch:
    description: Processor in libvirt's words, such as V(aarch64); without it that of the host.
    type: str
  url:
    description: URL of an image that is not in the catalogue.
    type: str
  checksum:
    description: Its checksum, as V(sha256:HEX), or as V(sha256:URL) of a list that has it.
    type: str
  mirror:
    description:
      - Base of the URLs in place of the server in the catalogue, such as V(https://mirror.example.com/debian-cloud) for
        C(https://cloud.debian.org/images/cloud).
    type: str
  format:
    description: Format of the base; an image of another one is converted.
    type: str
    choices: [qcow2, raw]
    default: qcow2
  prune:
    description: Remove the other versions of the image, if no volume of an active pool and no guest is built on them.
    type: bool
    default: false
  validate_certs:
    description: Whether the certificate of a server must be valid.
    type: bool
    default: true
  timeout:
    description: For how many seconds a server may say nothing.
    type: int
    default: 30
attributes:
  check_mode:
    support: full
    description: Predicts exactly what the real run does, over a read-only connection that cannot write.
  diff_mode:
    support: full
    description: Shows the options first, then the XML.
  idempotent:
    support: full
    description: A second run with the same options changes nothing, unless with O(state=latest) the server has another
      version by then.
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.planned
seealso:
  - module: virtops.libvirt.image_info
  - module: virtops.libvirt.volume
"""

EXAMPLES = r"""
- name: A base for guests
  virtops.libvirt.image:
    name: debian-12
    pool: lab
  register: debian

- name: A disk that is built on it
  virtops.libvirt.volume:
    pool: lab
    name: web1.qcow2
    capacity: 10 GiB
    backing:
      volume: "{{ debian.volume.name }}"

- name: Today's version for new guests, and away with those that no guest needs
  virtops.libvirt.image:
    name: ubuntu-24.04
    pool: lab
    state: latest
    prune: true

- name: From a mirror in the house
  virtops.libvirt.image:
    name: rocky-9
    pool: lab
    mirror: https://mirror.example.com/rocky

- name: An image of one's own
  virtops.libvirt.image:
    name: appliance
    pool: lab
    url: https://images.example.com/appliance-7.qcow2
    checksum: sha256:https://images.example.com/SHA256SUMS
"""

RETURN = r"""
changes:
  description: What becomes different, one entry each; the same in check mode.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: Nothing for an import; C(versions[NAME]) for a version that is removed.
      type: str
    before:
      description: What it was, none where it was not there.
      type: raw
    after:
      description: What it becomes, none where it goes.
      type: raw
    effect:
      description: V(live) is applied at once, V(config) to an object that is off, V(next_boot) waits for its next
        start.
      type: str
pending:
  description: Changes that are written and wait for the next start, also those of earlier runs of what the task names;
    entries as in RV(changes).
  returned: always
  type: list
  elements: dict
steps:
  description: What is done for it, in order, in words.
  returned: always
  type: list
  elements: str
power_cycled:
  description: Whether the object was switched off and on again for a change.
  returned: always
  type: bool
unchecked:
  description: What a read-only connection could not see in check mode.
  returned: always
  type: list
  elements: str
volume:
  description: The base in the words of the options of M(virtops.libvirt.volume), as it is after the task (in check
    mode, as it would be).
  returned: always
  type: dict
  sample:
    pool: lab
    name: debian-12-x86_64-3f9a2c1b.qcow2
    capacity: 3 GiB
    format: qcow2
    path: /var/lib/libvirt/images/lab/debian-12-x86_64-3f9a2c1b.qcow2
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._image.steps import Image
from ansible_collections.virtops.libvirt.plugins.module_utils._module import run


def main():
    run(Image)


if __name__ == "__main__":
    main()
