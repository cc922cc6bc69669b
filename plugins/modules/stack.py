#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: stack
short_description: Manage many pools, volumes, networks and domains of libvirt as one
version_added: 0.1.0
description:
  - Brings any number of objects to the state that the task declares, with one plan over one connection. What refers to
    something (a domain to its volumes, networks and filters, a volume to its backing) comes after it, and all else is
    done side by side.
  - The objects have the options of their own modules, and the same rules. Pools and networks are made active unless
    they say something else.
  - Everything is planned, and refused if need be, before anything is touched.
  - What the stack makes is known as its own. A domain carries the stack's name in its metadata; volumes, networks,
    filters and pools are listed in the description of a secret of libvirt that has no value. What was there before and
    is only declared does not become the stack's own, and is never pruned.
options:
  name:
    description: Name of the stack.
    type: str
    required: true
  state:
    description:
      - The state of all objects that do not give one of their own.
      - V(present) makes them, and leaves domains running or not, as they are.
      - V(running) starts the domains, too.
      - V(stopped) shuts the domains down; pools and networks stay active.
      - V(absent) removes all objects that the task declares, volumes with what is in them, whatever state of their own
        they give.
    type: str
    choices: [present, running, stopped, absent]
    default: present
  secrets:
    description: Secrets, with the options of M(virtops.libvirt.secret). They are never pruned.
    type: list
    elements: dict
  pools:
    description: Pools, with the options of M(virtops.libvirt.pool).
    type: list
    elements: dict
  nwfilters:
    description: Network filters, with the options of M(virtops.libvirt.nwfilter).
    type: list
    elements: dict
  networks:
    description: Networks, with the options of M(virtops.libvirt.network).
    type: list
    elements: dict
  volumes:
    description: Volumes, with the options of M(virtops.libvirt.volume). A source on the controller is not to be had
      here.
    type: list
    elements: dict
  domains:
    description:
      - Domains, with the options of M(virtops.libvirt.domain). All that have C(wait_for) are waited for at once.
      - Every object may also have C(profile), the name of one of the O(profiles) or a list of them, and C(count), which
        makes that many of it, numbered from C(start) on (1 where it is not given).
      - Then C({n}) stands for the number in all its strings, C({n:02}) for the number with two digits, and C({name})
        for the object's name. C(${name}) is left as it is, as shells mean something else by it.
    type: list
    elements: dict
  defaults:
    description:
      - What is laid under each object of a kind, for example V(domains) with V(memory). A mapping is completed by the
        object's own one, a list is replaced by it. C({name}) stands for the name of the object here, too.
    type: dict
  profiles:
    description: Sets of options by name, which objects take with C(profile) over the O(defaults).
    type: dict
  prune:
    description: Remove what the stack made and does not declare any more, but for volumes and secrets. Refused while
      something that is declared refers to it.
    type: bool
    default: false
  prune_volumes:
    description: With O(prune), remove such volumes, too, with what is in them. Refused while a guest that stays has one
      as a disk.
    type: bool
    default: false
  on_error:
    description:
      - What becomes of the others where one object cannot be made as planned. It itself is as it was before, or the
        message says what is not.
      - V(stop) begins nothing more.
      - V(continue) goes on with all that does not need it, and fails at the end.
      - V(roll_back) takes back what was done before, as far as that can be; what stands is named.
    type: str
    choices: [stop, continue, roll_back]
    default: stop
  overcommit:
    description: Whether guests may be started whose memory together is more than the host has free, volumes made that
      take more than their pool has, and NICs connected to a network with too few addresses.
    type: bool
    default: false
  workers:
    description: How many objects are worked on at the same time. Libvirt itself carries out five calls of one
      connection at a time, unless its C(max_client_requests) says something else. Guests start one at a time for each
      four processors of the host, because more of them keep each other from booting.
    type: int
    default: 5
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.changing
  - virtops.libvirt.common.planned
notes:
  - The first to come is what others need, so the order in which objects are declared says nothing.
seealso:
  - module: virtops.libvirt.domain
  - module: virtops.libvirt.volume
  - module: virtops.libvirt.network
  - module: virtops.libvirt.nwfilter
  - module: virtops.libvirt.pool
"""

EXAMPLES = r"""
- name: Three web servers on one base image
  virtops.libvirt.stack:
    name: web
    state: running
    pools:
      - name: web
        path: /var/lib/libvirt/images/web
    networks:
      - name: web
        forward: {mode: nat}
        ips:
          - address: 192.168.160.1
            prefix: 24
            dhcp:
              ranges: [{start: 192.168.160.100, end: 192.168.160.199}]
    volumes:
      - {name: base.qcow2, pool: web, source: {path: /srv/images/debian.qcow2}}
      - {name: "web{n:02}.qcow2", count: 3, pool: web, backing: {volume: base.qcow2}, capacity: 10 GiB}
    domains:
      - {name: "web{n:02}", count: 3, profile: small}
    defaults:
      domains:
        disks: [{target: vda, pool: web, volume: "{name}.qcow2"}]
        interfaces: [{network: web}]
    profiles:
      small: {memory: 512 MiB, vcpus: 1}

- name: Two of them will do
  virtops.libvirt.stack:
    name: web
    prune: true
    prune_volumes: true
    volumes:
      - {name: base.qcow2, pool: web, source: {path: /srv/images/debian.qcow2}}
      - {name: "web{n:02}.qcow2", count: 2, pool: web, backing: {volume: base.qcow2}, capacity: 10 GiB}
    domains:
      - name: "web{n:02}"
        count: 2
        memory: 512 MiB
        disks: [{target: vda, pool: web, volume: "{name}.qcow2"}]
        interfaces: [{network: web}]
    pools:
      - {name: web, path: /var/lib/libvirt/images/web}
    networks:
      - {name: web}
"""

RETURN = r"""
changes:
  description:
    - What was changed, or would be in check mode. The paths begin with the object, for example
      C(domains[web01].memory).
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: What changes, in the words of the options or of the XML; only the object where that is new.
      type: str
    before:
      description: Value before.
      type: raw
    after:
      description: Value after.
      type: raw
    effect:
      description: V(live) at once, V(next_boot) with the next start, V(power_cycle) by switching a guest off and on,
        V(config) for what does not run.
      type: str
pending:
  description: Changes that wait for the next start of what runs, in the form of RV(changes).
  returned: always
  type: list
  elements: dict
attached:
  description: The NICs of running guests that a change of a network waits for or that lose packets by its restart, by
    the name of the network; in the form of RV(virtops.libvirt.network#module:attached).
  returned: always
  type: dict
steps:
  description: What is done, or would be, object by object.
  returned: always
  type: list
  elements: str
power_cycled:
  description: Whether a guest was switched off and on.
  returned: always
  type: bool
unchecked:
  description: What a read-only connection could not see in check mode.
  returned: always
  type: list
  elements: str
addresses:
  description: The addresses of each domain that was waited for, by its name.
  returned: when a domain has C(wait_for)
  type: dict
cloud_init:
  description: What came of cloud-init in each domain that was waited for so, by its name.
  returned: when a domain has C(wait_for) with V(cloud_init)
  type: dict
stack:
  description: All objects in the words of their options, as they are after the task (in check mode, as they would be),
    so that it can be fed back, but for C(path) of volumes.
  returned: always
  type: dict
  sample:
    name: web
    pools:
      - name: web
        path: /var/lib/libvirt/images/web
        state: active
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run
from ansible_collections.virtops.libvirt.plugins.module_utils._stack.steps import Stack


def main():
    run(Stack)


if __name__ == "__main__":
    main()
