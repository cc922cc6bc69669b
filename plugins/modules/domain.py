#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: domain
short_description: Manage guests of libvirt
version_added: 0.1.0
description:
  - Defines, changes, switches and removes a guest (a domain, in libvirt's word).
  - An existing guest is never undefined to change it; UUID, MAC addresses, PCI addresses and all XML that the
    task does
    not speak of stay.
  - A change to a running guest is made at once where libvirt can (the table of options in the collection's
    documentation says where), and in its definition. What cannot is written and waits for its next start;
    RV(pending) says so, and O(power_cycle) ends the waiting.
  - A list that is given is whole, so that what it does not name goes, unless O(purge) is off.
options:
  state:
    description:
      - V(present) defines the guest and leaves it in the power state that it is in.
      - V(running) also starts, resumes or wakes it; a crashed one is switched off and started.
      - V(stopped) also shuts it down, by its agent or by ACPI, and waits for it.
      - V(paused) also pauses it; one that is off is started paused.
      - V(saved) also saves its memory to disk and switches it off; V(running) resumes it from there.
      - V(restarted) also shuts it down and starts it, at every run.
      - V(absent) switches the guest off, if need be, and removes its definition with NVRAM, saved memory and the
        metadata of its snapshots. Its volumes stay.
    type: str
    choices: [present, running, stopped, paused, saved, restarted, absent]
    default: present
  wait_for:
    description:
      - What to wait for after a start, each for O(timeout) seconds at most. V(ip) is an address from a lease, the agent
        or the host's ARP table; V(agent) is the guest agent, V(ssh) an SSH server that greets the host of libvirt.
      - V(cloud_init) is the end of cloud-init at this boot, read through the guest agent, which must be allowed to read
        files or to run commands. The task fails with cloud-init's own errors where it ended in some, and at once where
        the guest has no cloud-init or has it disabled.
      - Check mode does not wait. RV(addresses) and RV(cloud_init) say what was found.
    type: list
    elements: str
    choices: [ip, agent, ssh, cloud_init]
  remove_volumes:
    description:
      - With O(state=absent), volumes of its disks to remove with it, each as C(POOL/VOLUME). All others stay.
    type: list
    elements: str
  autostart:
    description: Whether it starts with libvirt's daemon.
    type: bool
  timeout:
    description: How many seconds to wait for a shutdown, for a device to be given up, or for each of O(wait_for).
    type: int
    default: 120
  force:
    description: Switch the guest off when it did not shut down in time. Without it the task fails, and the guest
      runs on.
    type: bool
    default: false
  power_cycle:
    description:
      - Shut a running guest down and start it again where something waits for its next start. It is asked as for
        V(stopped), and switched off by force only with O(force).
    type: bool
    default: false
  purge:
    description:
      - Whether a list that is given is whole. V(false) adds to the lists of an existing guest, and changes what they
        name; what else they have stays.
      - An item without the option that tells it from others, such as a NIC without O(interfaces[].mac), is one that is
        there already, where that is all that the item says, else one more.
    type: bool
    default: true
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.changing
  - virtops.libvirt.common.planned
  - virtops.libvirt.common.document
  - virtops.libvirt.domain.identity
  - virtops.libvirt.domain.resources
  - virtops.libvirt.domain.firmware
  - virtops.libvirt.domain.disks
  - virtops.libvirt.domain.interfaces
  - virtops.libvirt.domain.devices
seealso:
  - module: virtops.libvirt.domain_info
  - module: virtops.libvirt.volume
  - module: virtops.libvirt.network
"""

EXAMPLES = r"""
- name: A guest on a volume and a network
  virtops.libvirt.domain:
    name: web1
    state: running
    memory: 1 GiB
    vcpus: 2
    disks:
      - target: vda
        pool: lab
        volume: web1.qcow2
      - target: vdb
        pool: lab
        volume: web1-seed.iso
        readonly: true
    interfaces:
      - network: lab
        mac: "52:54:00:aa:00:01"

- name: Two more CPUs, with a restart if that is what it takes
  virtops.libvirt.domain:
    name: web1
    vcpus: 4
    power_cycle: true

- name: A guest with UEFI, a TPM, a directory of the host and room to grow, awaited until it can be logged in to
  virtops.libvirt.domain:
    name: web2
    state: running
    memory: 2 GiB
    vcpus: 2
    max_vcpus: 8
    cpu: {mode: host-passthrough, nested: true}
    firmware: {type: efi, secure_boot: true}
    tpm: {model: tpm-crb, version: "2.0"}
    memory_backing: {source: memfd, access: shared}
    filesystems:
      - {target: data, source: /srv/data, driver: virtiofs}
    disks:
      - {target: vda, pool: lab, volume: web2.qcow2, discard: unmap, iotune: {total_iops_sec: 500}}
    interfaces:
      - {network: lab, bandwidth: {inbound: {average: 10240}}}
    graphics:
      - {type: vnc, listen: 127.0.0.1}
    labels: {tier: web}
    wait_for: [ip, agent, ssh]

- name: Go on when cloud-init has made it what it shall be, or fail as it did
  virtops.libvirt.domain:
    name: web2
    state: running
    wait_for: [cloud_init]
    timeout: 600

- name: One more disk and two more CPUs while it runs
  virtops.libvirt.domain:
    name: web2
    vcpus: 4
    disks:
      - {target: vda, pool: lab, volume: web2.qcow2}
      - {target: vdb, pool: lab, volume: data.qcow2}

- name: One more NIC, whatever else the guest has
  virtops.libvirt.domain:
    name: web2
    purge: false
    interfaces:
      - {network: lab, mac: "52:54:00:aa:00:02"}

- name: Whatever libvirt can describe
  virtops.libvirt.domain:
    xml: "{{ lookup('file', 'web2.xml') }}"
    memory: 2 GiB

- name: Off, and off the list; its volumes stay
  virtops.libvirt.domain:
    name: web1
    state: absent

- name: Gone with one of its volumes
  virtops.libvirt.domain:
    name: web2
    state: absent
    remove_volumes: [lab/web2.qcow2]
"""

RETURN = r"""
changes:
  description: What becomes different, one entry each; the same in check mode.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: Where, in the words of the options; for what only O(xml) can say, in the words of the XML.
      type: str
    before:
      description: What it was, none where it was not there.
      type: raw
    after:
      description: What it becomes, none where it goes.
      type: raw
    effect:
      description: V(live) is applied at once, V(config) to an object that is off, V(next_boot) waits for its next
        start, for V(power_cycle) the object is switched off and on.
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
addresses:
  description: Addresses of the guest.
  returned: with O(wait_for), not in check mode
  type: list
  elements: dict
  sample:
    - mac: "52:54:00:aa:00:01"
      address: 192.168.150.10
      source: lease
cloud_init:
  description: What came of cloud-init at this boot.
  returned: with V(cloud_init) in O(wait_for), not in check mode
  type: dict
  contains:
    status:
      description: Always V(done); all else is a failure.
      type: str
    datasource:
      description: Where it found its data, in its own words.
      type: str
    recoverable_errors:
      description: Warnings that did not stop it, such as of a deprecated key; only cloud-init 23.4 and newer has them.
      type: list
      elements: str
  sample:
    status: done
    datasource: DataSourceNoCloud [seed=/dev/vdb][dsmode=net]
    recoverable_errors: []
domain:
  description: The domain in the words of the options, as it is after the task (in check mode, as it would be);
    empty when it is gone.
  returned: always
  type: dict
  sample:
    name: web1
    state: running
    memory: 1 GiB
    vcpus: 2
    machine: pc-q35-7.2
    disks:
      - target: vda
        bus: virtio
        device: disk
        pool: lab
        volume: web1.qcow2
        format: qcow2
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain
from ansible_collections.virtops.libvirt.plugins.module_utils._module import run


def main():
    run(Domain)


if __name__ == "__main__":
    main()
