#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: pool
short_description: Manage storage pools of libvirt
version_added: 0.1.0
description:
  - Defines, changes, starts, stops and removes a storage pool of any kind that libvirt has.
  - A change to the definition of an active pool waits for its next start; RV(pending) says so.
  - Nothing is ever formatted unless O(build) asks for it, and then only what holds nothing that can be seen.
options:
  name:
    description:
      - Name of the pool; may be left out where O(xml) has it.
    type: str
  state:
    description:
      - V(present) defines the pool and leaves it active or not, as it is.
      - V(active) also starts it.
      - V(inactive) also stops it.
      - V(absent) stops the pool and removes its definition; what is stored in it stays.
      - Guests go on running when a pool stops. Where that would take the volumes away from them (V(fs), V(netfs),
        V(logical), V(iscsi), V(scsi)), it is refused while a running guest uses one.
    type: str
    choices: [present, active, inactive, absent]
    default: present
  uuid:
    description:
      - UUID, chosen by libvirt where it is not given. It cannot be changed.
    type: str
  type:
    description:
      - Kind of storage. It cannot be changed.
      - A new pool is a V(dir) where nothing is said.
      - V(dir) a directory; V(fs) a file system on a device, and V(netfs) one of a server, which libvirt mounts.
      - V(logical) a volume group of LVM; V(disk) a disk with partitions; V(zfs) a ZFS pool.
      - V(iscsi), V(scsi), V(mpath) disks that the host has; V(iscsi-direct) disks that QEMU itself reaches.
      - V(rbd) a pool of Ceph; V(gluster) a volume of Gluster; V(vstorage) a cluster of Virtuozzo.
      - libvirt has a package of its own for some of them.
    type: str
    choices: [dir, fs, netfs, logical, disk, iscsi, iscsi-direct, scsi, mpath, rbd, gluster, zfs, vstorage]
  source:
    description: Where the storage is. A V(dir) and an V(mpath) pool have none.
    type: dict
    suboptions:
      hosts:
        description: Servers; for V(netfs), V(iscsi), V(iscsi-direct), V(gluster) one, for V(rbd) its monitors.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name or address, which tells one from another.
            type: str
            required: true
          port:
            description: Port, where it is not the usual one.
            type: int
      dir:
        description: Directory that the server of V(netfs) exports, or directory in the volume of V(gluster).
        type: str
      devices:
        description:
          - Devices of the host; for V(fs) and V(disk) one, for V(logical) and V(zfs) those that O(build) makes it of.
          - For V(iscsi) and V(iscsi-direct) the name of the target.
        type: list
        elements: dict
        suboptions:
          path:
            description: Path of the device, which tells one from another; best one below C(/dev/disk/by-id).
            type: str
            required: true
          part_separator:
            description: Whether a C(p) stands between the name of a multipath device and the number of a partition.
            type: bool
      name:
        description: Name of the volume group, ZFS pool, Ceph pool or volume of Gluster; without it the pool's own.
        type: str
      format:
        description:
          - File system of V(fs), protocol of V(netfs), partition table of V(disk), or V(lvm2) for V(logical).
          - libvirt finds out the first two by itself.
        type: str
        choices: [auto, ext2, ext3, ext4, ufs, iso9660, udf, gfs, gfs2, vfat, hfs+, xfs, ocfs2, vmfs, nfs, glusterfs,
                  cifs, unknown, dos, dvh, gpt, mac, bsd, pc98, sun, lvm2]
      adapter:
        description: Adapter of V(scsi). C({}) is none.
        type: dict
        suboptions:
          type:
            description: Kind of adapter; it must be given.
            type: str
            choices: [scsi_host, fc_host]
          name:
            description: Name of a V(scsi_host), such as V(scsi_host5), which may change when the host boots.
            type: str
          address:
            description: PCI address of a V(scsi_host), which does not change.
            type: dict
            suboptions:
              unique_id:
                description: Number of the port of the card.
                type: int
              domain:
                description: Domain, such as V('0x0000').
                type: str
              bus:
                description: Bus, such as V('0x00').
                type: str
              slot:
                description: Slot, such as V('0x1f').
                type: str
              function:
                description: Function, such as V('0x2').
                type: str
          wwnn:
            description: World wide node name of an V(fc_host).
            type: str
          wwpn:
            description: World wide port name of an V(fc_host).
            type: str
          parent:
            description: Name of the adapter on which libvirt makes a virtual V(fc_host).
            type: str
          parent_wwnn:
            description: World wide node name of that adapter.
            type: str
          parent_wwpn:
            description: World wide port name of that adapter.
            type: str
          parent_fabric_wwn:
            description: World wide name of the fabric of that adapter.
            type: str
          managed:
            description: Whether the virtual adapter goes when the pool stops.
            type: bool
      initiator:
        description: Name by which V(iscsi) or V(iscsi-direct) logs in. V('') is the host's own.
        type: str
      auth:
        description: How V(iscsi), V(iscsi-direct) or V(rbd) logs in. C({}) is not at all.
        type: dict
        suboptions:
          type:
            description: Way of logging in, V(chap) for iSCSI and V(ceph) for V(rbd); it must be given.
            type: str
            choices: [chap, ceph]
          username:
            description: Name to log in by; it must be given.
            type: str
          secret:
            description: The secret of M(virtops.libvirt.secret) with the password, by one name of it; it must be given.
            type: dict
            suboptions:
              usage:
                description: Its usage.
                type: str
              uuid:
                description: Its UUID.
                type: str
      protocol_version:
        description: Version of NFS for V(netfs), such as V('4.1'). V('') leaves it to the host.
        type: str
      vendor:
        description: Vendor of the storage, for people.
        type: str
      product:
        description: Product, for people.
        type: str
  path:
    description:
      - Directory (or device folder) under which the volumes are found; of V(fs) and V(netfs) the mount point.
      - It is made, with its parents, when a pool that needs a directory is defined, and at a start where it is not
        there.
      - That of V(logical) and V(zfs) follows from O(source.name); V(rbd), V(gluster) and V(iscsi-direct) have none.
    type: str
  permissions:
    description:
      - Permissions of the directory of a V(dir) pool. libvirt sets them when it makes the directory.
      - Those of a directory that is there are put right too, while the pool is inactive. On an active pool they wait,
        which RV(pending) tells, until tasks make it V(inactive) and V(active) again.
      - They are looked at where the task runs on libvirt's own host.
    type: dict
    suboptions:
      mode:
        description: Octal mode, quoted, such as V('0711').
        type: str
      owner:
        description: Numeric user id.
        type: int
      group:
        description: Numeric group id.
        type: int
      label:
        description: Label of SELinux.
        type: str
  features:
    description: Features of V(dir) and V(fs).
    type: dict
    suboptions:
      cow:
        description: Whether files are copied on write; libvirt can choose on btrfs only.
        type: bool
  mount_options:
    description: Options for the mount of V(fs) and V(netfs), beside libvirt's own. C([]) is none.
    type: list
    elements: str
  rbd_options:
    description: Settings of the client of V(rbd) as a mapping, such as C(client_mount_timeout). C({}) is none.
    type: dict
  volume_allocation:
    description: What libvirt tells as allocation of a volume of V(rbd); V(capacity) is quicker with many volumes.
    type: str
    choices: [default, capacity]
  build:
    description:
      - Whether a file system, volume group, partition table or ZFS pool is made on the devices of O(source) when the
        pool is defined or started. The directory of a pool is made in any case.
      - V(never) leaves the devices as they are.
      - V(missing) makes it on devices on which neither the task nor libvirt sees anything. What is there already, as
        the task asks for it, is taken as it is; where something else is, the task is refused.
      - V(overwrite) also makes it where something else is, B(which is lost). Never where it is there already, where the
        kernel uses the device, or where that is part of another volume group.
      - What a device holds is seen where the task runs as root on libvirt's own host. Elsewhere RV(unchecked) says
        so, V(missing) leaves the refusal to libvirt, and V(overwrite) is refused.
    type: str
    choices: [never, missing, overwrite]
    default: never
  refresh:
    description:
      - Whether libvirt looks again at what an active pool holds, so that it knows of volumes that others made.
      - This is never a change, because nothing of the pool changes but what libvirt knows of it, which check mode
        cannot foresee.
    type: bool
    default: false
  remove_target:
    description:
      - With O(state=absent), also remove the directory of a V(dir), V(fs), V(netfs) or V(vstorage) pool, or the
        volume group of a V(logical) pool.
      - It must be empty, else the task is refused. Nothing that holds a volume is removed.
    type: bool
    default: false
  autostart:
    description: Whether it starts with libvirt's daemon.
    type: bool
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.changing
  - virtops.libvirt.common.planned
  - virtops.libvirt.common.document
seealso:
  - module: virtops.libvirt.pool_info
  - module: virtops.libvirt.secret
  - module: virtops.libvirt.volume
"""

EXAMPLES = r"""
- name: A directory for the images of a lab
  virtops.libvirt.pool:
    name: lab
    type: dir
    path: /var/lib/libvirt/images/lab
    state: active
    autostart: true

- name: A file system, made on a disk that holds nothing
  virtops.libvirt.pool:
    name: fast
    type: fs
    path: /srv/fast
    source:
      format: xfs
      devices:
        - path: /dev/disk/by-id/nvme-Example_SSD_S4EV
    mount_options: [noatime]
    build: missing
    state: active
    autostart: true

- name: A volume group, made of two disks that hold nothing
  virtops.libvirt.pool:
    name: guests
    type: logical
    source:
      name: vg_guests
      devices:
        - path: /dev/disk/by-id/ata-Example_1
        - path: /dev/disk/by-id/ata-Example_2
    build: missing
    state: active

- name: A volume group that is there
  virtops.libvirt.pool:
    name: vg0
    type: logical
    state: active

- name: A share of a server
  virtops.libvirt.pool:
    name: images
    type: netfs
    path: /srv/images
    source:
      hosts:
        - name: nas.example.org
      dir: /export/images
      format: nfs
    state: active

- name: Disks of an iSCSI target, for guests that QEMU connects by itself
  virtops.libvirt.pool:
    name: san
    type: iscsi-direct
    source:
      hosts:
        - name: san.example.org
      devices:
        - path: iqn.2026-01.org.example:guests
      initiator: iqn.2026-01.org.example:hypervisor1
      auth:
        type: chap
        username: hypervisor1
        secret:
          usage: san
    state: active

- name: A pool of Ceph
  virtops.libvirt.pool:
    name: ceph
    type: rbd
    source:
      name: libvirt
      hosts:
        - name: mon1.example.org
        - name: mon2.example.org
      auth:
        type: ceph
        username: libvirt
        secret:
          usage: client.libvirt
    state: active

- name: Look for volumes that somebody copied into the directory
  virtops.libvirt.pool:
    name: lab
    state: active
    refresh: true

- name: The directory in libvirt's own words
  virtops.libvirt.pool:
    state: active
    xml: |
      <pool type="dir">
        <name>lab</name>
        <target><path>/var/lib/libvirt/images/lab</path></target>
      </pool>

- name: The directory goes too, if it is empty
  virtops.libvirt.pool:
    name: lab
    state: absent
    remove_target: true

- name: The definition goes, the images stay
  virtops.libvirt.pool:
    name: lab
    state: absent
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
pool:
  description: The pool in the words of the options, as it is after the task (in check mode, as it would be);
    empty when it is gone.
  returned: always
  type: dict
  sample:
    name: lab
    type: dir
    path: /var/lib/libvirt/images/lab
    state: active
    autostart: true
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.steps import Pool


def main():
    run(Pool)


if __name__ == "__main__":
    main()
