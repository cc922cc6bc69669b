#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Read what a host of libvirt is and can do
version_added: 0.1.0
description:
  - Tells the host's versions, processors, memory and huge pages; what guests it can run; what a guest of a type, an
    architecture and a machine may have; which types of pools there are; and its devices.
options:
  domain_capabilities:
    description:
      - Also tell what a guest may have, in RV(domain_capabilities); V({}) for one of the host's own kind.
      - libvirt tells it only to a connection that may also write, so that in check mode RV(unchecked) names it in its
        place.
    type: dict
    suboptions:
      virt_type:
        description: The type of the guest. Without it V(kvm), where the host has that.
        type: str
        choices: [kvm, qemu]
      arch:
        description: Its architecture. Without it that of the host.
        type: str
      machine:
        description: Its machine. Without it QEMU's own choice.
        type: str
  devices:
    description: Also give the devices of the host, in RV(devices).
    type: bool
    default: false
  documents:
    description: Also give libvirt's own documents, in RV(documents), for what is not told here.
    type: bool
    default: false
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.read_only
seealso:
  - module: virtops.libvirt.domain
"""

EXAMPLES = r"""
- name: The host
  virtops.libvirt.host_info:
  register: found

- name: No guests on a host that has no memory for them
  ansible.builtin.assert:
    that: found.host.memory.free > 8 * 1024 ** 3

- name: What an emulated guest with a q35 may have, and the host's devices
  virtops.libvirt.host_info:
    domain_capabilities: {virt_type: qemu, machine: q35}
    devices: true
  register: found

- name: The addresses of its Ethernet controllers, as a guest takes them
  ansible.builtin.debug:
    msg: "{{ found.devices | selectattr('class', 'equalto', '0x020000') | map(attribute='address') | list }}"
"""

RETURN = r"""
host:
  description: The host. Sizes are in bytes.
  returned: always
  type: dict
  contains:
    name:
      description: Its name.
      type: str
    uri:
      description: The connection that it was read over.
      type: str
    libvirt_version:
      description: Version of its libvirt.
      type: str
      sample: 9.0.0
    hypervisor:
      description: What runs the guests.
      type: str
      sample: QEMU
    hypervisor_version:
      description: Its version.
      type: str
      sample: 7.2.0
    arch:
      description: Architecture of its processors.
      type: str
    cpu:
      description:
        - RV(host.cpu.model), RV(host.cpu.vendor) and RV(host.cpu.features) of its processors, in libvirt's words; how
          many RV(host.cpu.sockets), RV(host.cpu.cores) in each, RV(host.cpu.threads) in each of those, and
          RV(host.cpu.total) threads there are.
      type: dict
      contains:
        model: {description: The nearest model that libvirt knows., type: str}
        vendor: {description: Their maker., type: str}
        features: {description: What they have beyond the model., type: list, elements: str}
        sockets: {description: How many there are., type: int}
        cores: {description: Cores of each socket., type: int}
        threads: {description: Threads of each core., type: int}
        total: {description: All threads that are on., type: int}
    memory:
      description: Its memory.
      type: dict
      contains:
        total: {description: All of it., type: int}
        free: {description: What is free now., type: int}
    cells:
      description: Its NUMA nodes.
      type: list
      elements: dict
      contains:
        id: {description: Number of the node., type: int}
        memory: {description: Its memory., type: int}
        cpus: {description: Numbers of its processors., type: list, elements: int}
        pages:
          description: Pages of each size, huge ones among them.
          type: list
          elements: dict
          contains:
            size: {description: Size of one., type: int}
            total: {description: How many there are., type: int}
            free: {description: How many are free., type: int}
    iommu:
      description: Whether it has an IOMMU that is on, which guests with devices of the host need.
      type: bool
    security_models:
      description: What keeps guests apart.
      type: list
      elements: str
      sample: [apparmor, dac]
guests:
  description: What the host can run, one entry for each architecture.
  returned: always
  type: list
  elements: dict
  contains:
    arch:
      description: The architecture.
      type: str
    emulator:
      description: The emulator for it.
      type: str
    virt_types:
      description: What O(virtops.libvirt.domain#module:virt_type) may be.
      type: list
      elements: str
    machines:
      description: What O(virtops.libvirt.domain#module:machine) may be.
      type: list
      elements: dict
      contains:
        name: {description: Name of the machine., type: str}
        canonical: {description: The machine that this is another name of now., type: str}
        max_vcpus: {description: How many processors it can have., type: int}
domain_capabilities:
  description: What a guest may have.
  returned: with O(domain_capabilities)
  type: dict
  contains:
    virt_type: {description: The type of the guest., type: str}
    arch: {description: Its architecture., type: str}
    machine: {description: Its machine., type: str}
    emulator: {description: Its emulator., type: str}
    max_vcpus: {description: How many processors it can have., type: int}
    firmware:
      description: Firmware that libvirt can choose.
      type: list
      elements: str
      sample: [efi]
    secure_boot: {description: Whether that can be one with Secure Boot., type: bool}
    cpu_modes: {description: What O(virtops.libvirt.domain#module:cpu.mode) may be., type: list, elements: str}
    cpu_models: {description: Models that this host can give., type: list, elements: str}
    memory_backing: {description: Sources of memory., type: list, elements: str}
    devices:
      description: For each kind of device what libvirt says it may be, in libvirt's words.
      type: dict
      sample: {tpm: {model: [tpm-tis, tpm-crb]}}
    features: {description: What else is supported., type: list, elements: str}
pool_types:
  description: What O(virtops.libvirt.pool#module:type) may be.
  returned: always
  type: list
  elements: str
  sample: [dir, fs, iscsi, logical, netfs]
devices:
  description: Devices of the host, ordered by name; what does not go for one is left out.
  returned: with O(devices)
  type: list
  elements: dict
  contains:
    name: {description: Libvirt's name for it., type: str}
    parent: {description: The device that it hangs on., type: str}
    path: {description: Its place in sysfs., type: str}
    driver: {description: The driver that has it now., type: str}
    type: {description: Kind of device., type: str, sample: pci}
    vendor: {description: Its maker., type: str}
    product: {description: What it is called., type: str}
    address: {description: PCI address., type: str, sample: "0000:03:00.0"}
    class: {description: PCI class., type: str, sample: "0x020000"}
    iommu_group: {description: Number of its IOMMU group; a guest gets a group as a whole., type: int}
    mdev_types: {description: Mediated devices that can be made of it., type: list, elements: str}
    bus: {description: USB bus., type: int}
    device: {description: Number on that., type: int}
    interface: {description: Name of a network interface., type: str}
    mac: {description: Its address., type: str}
    link: {description: Whether it is connected., type: str, sample: up}
    block: {description: Path of a disk., type: str}
    size: {description: Its size in bytes., type: int}
    uuid: {description: UUID of a mediated device., type: str}
    mdev_type: {description: Its type., type: str}
unchecked:
  description: What was asked for and a connection that only reads is not told.
  returned: always
  type: list
  elements: str
documents:
  description: Libvirt's documents C(capabilities), C(pool_capabilities) and, with O(domain_capabilities), that.
  returned: with O(documents)
  type: dict
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._host.info import SPEC, gather
from ansible_collections.virtops.libvirt.plugins.module_utils._module import run_reading


def main():
    run_reading(SPEC, gather, privileged="domain_capabilities")


if __name__ == "__main__":
    main()
