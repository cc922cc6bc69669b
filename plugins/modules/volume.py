#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: volume
short_description: Manage volumes in storage pools of libvirt
version_added: 0.1.0
description:
  - Creates a volume, empty, as a linked clone, or with the content of a file, a URL or another volume, of this host or
    another one; makes a cloud-init seed or a config for Ignition; grows a volume, also under a running guest;
    deletes it.
  - An imported volume appears under its name only when it is whole; what an interrupted run left is used or cleaned by
    the next.
  - The content of an existing volume is never replaced, except for a seed. What lies under its name in the directory of
    an active pool is the volume, also where libvirt does not know of it yet; it is told then (the change C(known)).
options:
  name:
    description:
      - Name of the volume; may be left out where O(xml) has it.
    type: str
  pool:
    description: Name of the pool that it lies in; the pool must be active.
    type: str
    required: true
  state:
    description:
      - V(present) creates it where it is not there.
      - V(absent) deletes it and what is in it. It is refused while a guest runs on the volume or is saved with it, and
        while another volume is built on it, or its pool is off.
    type: str
    choices: [present, absent]
    default: present
  force:
    description: With O(state=absent), delete a volume that is in use all the same.
    type: bool
    default: false
  wipe:
    description:
      - With O(state=absent), write over the content first. V(true) is V(zero); the others are C(trim), which only pools
        of type C(rbd) have, and by the program scrub C(nnsa), C(dod), C(bsi), C(gutmann), C(schneier), C(pfitzner7),
        C(pfitzner33) and C(random).
    type: str
  capacity:
    description:
      - Size with its unit, such as V(10 GiB). A bare number is refused, because libvirt and its tools read it in
        different units.
      - An existing volume is grown to it. Where a guest runs on it, it grows through the guest's disk, and the guest
        sees it at once.
      - A new volume takes it from O(backing) or O(source) where it is not given.
      - QEMU grows images of the formats raw, qcow2, qed and luks only, and fills the last cylinder of an empty one of
        format vpc up.
    type: str
  allow_shrink:
    description:
      - Let O(capacity) make a volume smaller that no guest runs on, or is saved with. What is behind the new end is
        lost.
    type: bool
    default: false
  allocation:
    description: How much of an empty raw volume is allocated when it is made; nothing without it. It is not compared.
    type: str
  preallocation:
    description:
      - What of a new volume is allocated when it is made, V(metadata) of a qcow2 image or V(falloc) for all of it. It
        is not compared.
    type: str
    choices: [metadata, falloc]
  format:
    description:
      - Format of the image. It cannot be changed.
      - A new volume is V(qcow2) with O(backing), as its source with O(source), else V(raw).
    type: str
    choices: [raw, qcow2, qcow, vmdk, vdi, vpc, qed, bochs, cloop, dmg, iso, luks]
  compat:
    description:
      - Version of the qcow2 format. A new volume has V(1.1). It cannot be changed. libvirt tells of none where it is
        V(0.10).
    type: str
    choices: ["0.10", "1.1"]
  cluster_size:
    description: Size of the clusters of a qcow2 image, such as V(128 KiB). It cannot be changed.
    type: str
  features:
    description: Features of a qcow2 image. They cannot be changed.
    type: dict
    suboptions:
      lazy_refcounts:
        description: Write reference counts late.
        type: bool
      extended_l2:
        description: Allocate parts of a cluster.
        type: bool
  nocow:
    description: Switch copy-on-write off for the file, on btrfs. It cannot be changed.
    type: bool
  permissions:
    description:
      - Whose the volume is. A new one has what the pool gives it, where this is not given.
      - Put right where they drifted in a pool of files, where the task runs on libvirt's own host. While a guest runs,
        libvirt gives the file to the guest's user.
    type: dict
    suboptions:
      mode:
        description: Octal mode, quoted.
        type: str
      owner:
        description: Number of the user.
        type: int
      group:
        description: Number of the group.
        type: int
      label:
        description: SELinux label.
        type: str
  encryption:
    description:
      - Encrypt the volume when it is made. It cannot be changed.
      - Content of O(source) is encrypted on its way by libvirt.
    type: dict
    suboptions:
      format:
        description: How.
        type: str
        choices: [luks]
      secret:
        description: The secret of libvirt that has the passphrase; one of both names it. It is not compared.
        type: dict
        suboptions:
          uuid:
            description: Its UUID.
            type: str
          usage:
            description: Its usage.
            type: str
  backing:
    description:
      - Make a linked clone of another volume or file.
      - The empty mapping takes the base's content into an existing clone, also while a guest runs on it.
      - Another base is refused unless O(rebase) says how.
    type: dict
    suboptions:
      volume:
        description: Name of the volume that is the base.
        type: str
      pool:
        description: Pool of that volume; without it O(pool).
        type: str
      path:
        description: Path of the base, where it is no volume.
        type: str
      format:
        description: Format of the base; known by itself for a volume.
        type: str
        choices: [raw, qcow2, qcow, vmdk, vdi, vpc, qed, bochs, cloop, dmg, iso, luks]
  rebase:
    description:
      - How an existing clone may be put on another base. V(safe) copies what differs, so that the guest sees the same
        as before; V(unsafe) changes the name of the base only, for one that has the same content.
    type: str
    choices: [never, safe, unsafe]
    default: never
  source:
    description:
      - What a new volume is filled with; one of O(source.path), O(source.url) and O(source.volume). It is looked at
        when the volume is made, and never again.
      - Where the task runs on libvirt's own host and the pool is one of files, the content is written beside the volume
        and renamed. Elsewhere it goes through libvirt, and a volume C(NAME.unfinished) stands in the pool as long as it
        is not whole; that needs a pool of files, or one of type logical, rbd or zfs.
      - Long work prints nothing while it lasts. A file C(.NAME.download) grows in the pool's directory meanwhile.
    type: dict
    suboptions:
      path:
        description: Path of a file on the host that runs the task; on the controller with O(source.remote_src=false).
        type: path
      remote_src:
        description:
          - Whether O(source.path) is on the host that runs the task.
          - V(false) sends the file from the controller, without its holes, when the volume is not there yet. It needs
            its space in C(remote_tmp) for that time. To stream it instead, run the task on the controller with a O(uri)
            such as V(qemu+ssh://root@host/system).
        type: bool
        default: true
      url:
        description:
          - HTTP or HTTPS URL, fetched by the host that runs the task. What breaks off is gone on with, by the next run
            too.
          - Check mode reads the first bytes only. Where those of a packed raw image do not tell its size, give
            O(capacity).
        type: str
      volume:
        description: Name of a volume that is copied whole. A guest that writes into it must be off.
        type: str
      pool:
        description: Pool of that volume; without it O(pool).
        type: str
      uri:
        description: libvirt host of that volume, as the host that runs the task sees it; without it the same as O(uri).
        type: str
      checksum:
        description:
          - The checksum that the file must have as it lies there, such as V(sha256:e3b0...), or V(sha256:) and the URL
            of a list that names the file, as sha256sum writes it with or without C(--tag).
        type: str
      format:
        description: Format of the image; found out by itself.
        type: str
      decompress:
        description: Unpack what is packed with gzip, xz, bzip2 or zstd, as its first bytes tell.
        type: bool
        default: true
      headers:
        description: Headers for the server of O(source.url).
        type: dict
      username:
        description: User for that server.
        type: str
      password:
        description: Password for that server.
        type: str
      validate_certs:
        description: Whether the certificate of that server must be right.
        type: bool
        default: true
      ca_path:
        description: File of the authorities that may have signed it.
        type: path
      use_proxy:
        description: Whether the proxy of the environment is used.
        type: bool
        default: true
      timeout:
        description: Seconds without an answer after which an attempt is given up.
        type: int
        default: 30
      retries:
        description: How many attempts in a row may bring nothing, beside the first.
        type: int
        default: 5
  cloud_init:
    description:
      - Make the volume a NoCloud seed for cloud-init, an ISO image with the label C(cidata).
      - A seed that differs is written anew, and RV(changes) names the files in it that do, without their content.
        Guests read it when they are started next; one that runs keeps the old seed also when it boots again by
        itself, until it has been off (such as with O(virtops.libvirt.domain#module:state=restarted)).
      - What cloud-init then does anew depends on O(cloud_init.instance_id).
      - No value in it is shown in a result, a diff or a log.
      - Needs the Python library pycdlib on the host that runs the task (package C(python3-pycdlib)). Text is parsed
        with the library yaml (C(python3-yaml)); without it RV(unchecked) says what was not looked at.
    type: dict
    suboptions:
      user_data:
        description:
          - Cloud-config as a mapping, or any user-data as text, which is taken as it is.
          - Text whose first line cloud-init does not know is refused, as cloud-init would ignore it; so is cloud-config
            that is no YAML.
        type: raw
      vendor_data:
        description: The same from whoever provides the guest; what O(cloud_init.user_data) says counts more.
        type: raw
      meta_data:
        description: Mapping or text; a mapping without C(instance-id) gets one, see O(cloud_init.instance_id).
        type: raw
      network_config:
        description: Mapping or text, version 1 or 2.
        type: raw
      instance_id:
        description:
          - What the C(instance-id) is where O(cloud_init.meta_data) has none.
          - V(name) is the name of the volume, also where this option is not given. After a change of the seed
            cloud-init runs again only what it runs at every boot.
          - V(content) is another one for every content of the seed. After a change cloud-init takes the guest for a new
            one and runs all of it anew, which also makes new SSH host keys.
        type: str
        choices: [name, content]
      validate:
        description:
          - Refuse what cloud-init would not take.
          - Say V(false) for a guest that reads a seed with something else, such as Talos Linux.
        type: bool
        default: true
  ignition:
    description:
      - Make the volume a config for Ignition (Fedora CoreOS, Flatcar), JSON as a mapping or text.
      - A guest gets it by O(virtops.libvirt.domain#module:fw_cfg), from the C(path) in RV(volume); where its machine
        has no C(fw_cfg), as a disk with the C(serial) C(ignition).
      - One that differs is written anew. Ignition reads it at a guest's first boot only.
      - No value in it is shown in a result, a diff or a log.
    type: raw
  _sent:
    description: What the collection knows of a file on the controller. It fills it in; it is not for playbooks.
    type: dict
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.changing
  - virtops.libvirt.common.planned
  - virtops.libvirt.common.document
seealso:
  - module: virtops.libvirt.volume_info
  - module: virtops.libvirt.domain
"""

EXAMPLES = r"""
- name: Import a cloud image once
  virtops.libvirt.volume:
    pool: lab
    name: debian-12.qcow2
    source:
      path: /var/tmp/debian-12-genericcloud-amd64.qcow2
      checksum: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

- name: A disk that starts as a clone of it
  virtops.libvirt.volume:
    pool: lab
    name: web1.qcow2
    capacity: 10 GiB
    backing:
      volume: debian-12.qcow2

- name: What cloud-init finds at the first boot
  virtops.libvirt.volume:
    pool: lab
    name: web1-seed.iso
    cloud_init:
      meta_data:
        instance-id: web1
        local-hostname: web1
      user_data:
        users:
          - name: admin
            ssh_authorized_keys: ["{{ lookup('file', '~/.ssh/id_ed25519.pub') }}"]

- name: A seed with an address, after whose changes cloud-init runs anew
  virtops.libvirt.volume:
    pool: lab
    name: web2-seed.iso
    cloud_init:
      instance_id: content
      user_data: |
        #cloud-config
        hostname: web2
        packages: [nginx]
      network_config:
        version: 2
        ethernets:
          enp1s0:
            addresses: [192.0.2.12/24]
            routes: [{to: default, via: 192.0.2.1}]
            nameservers: {addresses: [192.0.2.1]}

- name: What Ignition finds at the first boot of Fedora CoreOS
  virtops.libvirt.volume:
    pool: lab
    name: core1.ign
    ignition:
      ignition:
        version: 3.4.0
      passwd:
        users:
          - name: core
            sshAuthorizedKeys: ["{{ lookup('file', '~/.ssh/id_ed25519.pub') }}"]
  register: config

- name: The guest that reads it
  virtops.libvirt.domain:
    name: core1
    memory: 2 GiB
    disks:
      - target: vda
        pool: lab
        volume: core1.qcow2
    fw_cfg:
      - name: opt/com.coreos/config
        file: "{{ config.volume.path }}"

- name: A packed image of a web server, with the list of checksums beside it
  virtops.libvirt.volume:
    pool: lab
    name: tool.qcow2
    source:
      url: https://images.example.com/tool.qcow2.xz
      checksum: sha256:https://images.example.com/SHA256SUMS

- name: A full copy, as another format
  virtops.libvirt.volume:
    pool: lab
    name: web1-copy.raw
    format: raw
    source:
      volume: web1.qcow2

- name: A copy of a volume on another host
  virtops.libvirt.volume:
    pool: lab
    name: db1.qcow2
    source:
      volume: db1.qcow2
      pool: default
      uri: qemu+ssh://root@old.example.com/system

- name: Let a clone stand on its own
  virtops.libvirt.volume:
    pool: lab
    name: web1.qcow2
    backing: {}

- name: Delete a disk and leave nothing of its content
  virtops.libvirt.volume:
    pool: lab
    name: secrets.raw
    state: absent
    wipe: zero

- name: An empty disk
  virtops.libvirt.volume:
    pool: lab
    name: data.raw
    capacity: 20 GiB
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
volume:
  description: The volume in the words of the options, as it is after the task (in check mode, as it would be);
    empty when it is gone.
  returned: always
  type: dict
  sample:
    pool: lab
    name: web1.qcow2
    capacity: 10 GiB
    format: qcow2
    path: /var/lib/libvirt/images/lab/web1.qcow2
    backing:
      path: /var/lib/libvirt/images/lab/debian-12.qcow2
      format: qcow2
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume


def main():
    run(Volume)


if __name__ == "__main__":
    main()
