# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of plays, and plays made of them."""

from __future__ import annotations

import json

NAME = "integration"
PLAY = """
- hosts: all
  gather_facts: false
  module_defaults:
    group/virtops.libvirt.all:
      uri: "{{ libvirt_uri | default('qemu:///system') }}"
  tasks:
"""
NETWORK = """
    - virtops.libvirt.network:
        name: lab
        state: active
        ips: [{address: 10.70.0.1, prefix: 24}]
"""
POOL = """
    - virtops.libvirt.pool: {name: lab, path: /var/lib/libvirt/images/lab, state: active}
"""
BASE = """
    - virtops.libvirt.volume: {pool: lab, name: base.qcow2, capacity: 8 MiB, format: qcow2}
"""
CLONE = """
    - virtops.libvirt.volume: {pool: lab, name: web1.qcow2, capacity: 16 MiB, backing: {volume: base.qcow2}}
"""
SEED = """
    - virtops.libvirt.volume: {pool: lab, name: web1-seed.iso, cloud_init: {user_data: {hostname: web1}}}
"""
SEED_DISK = """
          - {target: vdb, pool: lab, volume: web1-seed.iso, readonly: true}"""
GUEST = """
    - virtops.libvirt.domain:
        name: web1
        virt_type: qemu
        memory: 16 MiB
        disks:
          - {target: vda, pool: lab, volume: web1.qcow2}
          - {target: vdb, pool: lab, volume: web1-seed.iso, readonly: true}
        interfaces: [{network: lab}]
        state: running
"""
FILTER = """
    - virtops.libvirt.nwfilter:
        name: web
        rules: [{action: drop, direction: in, protocol: tcp, dst_port: 25, src_ip: $OFFICE}]
    - virtops.libvirt.nwfilter: {name: guests, filters: [{name: web}]}
"""
FILTERED = """
    - virtops.libvirt.domain:
        name: web1
        virt_type: qemu
        memory: 16 MiB
        interfaces: [{network: lab, filter: {name: guests, parameters: {OFFICE: 10.0.0.1}}}]
        state: running
"""
SECRET = """
    - virtops.libvirt.secret: {type: iscsi, usage: san, value: ganz geheim}
"""
SAN = """
    - virtops.libvirt.pool:
        name: san
        type: iscsi
        path: /dev/disk/by-path
        source:
          hosts: [{name: san.test}]
          devices: [{path: "iqn.2026-01.test.san:disks"}]
          auth: {type: chap, username: lab, secret: {usage: san}}
"""
EXPORT = """
    - virtops.libvirt.volume_export: {pool: lab, name: web1.qcow2, path: /var/lib/libvirt/images/web1.img, format: raw}
"""
MOVED = """
    - virtops.libvirt.pool: {name: lab, state: absent}
    - virtops.libvirt.pool: {name: other, path: /var/lib/libvirt/images/lab}
"""
GONE = """
    - virtops.libvirt.domain: {name: web1, state: absent}
    - virtops.libvirt.volume: {pool: lab, name: web1.qcow2, state: absent}
    - virtops.libvirt.volume: {pool: lab, name: web1-seed.iso, state: absent}
    - virtops.libvirt.volume: {pool: lab, name: base.qcow2, state: absent}
    - virtops.libvirt.pool: {name: lab, state: absent, remove_target: true}
    - virtops.libvirt.network: {name: lab, state: absent}
"""


def play_of(*tasks: dict) -> str:
    """A play of tasks, each as {module: options}."""
    return PLAY + "".join(
        f"    - virtops.libvirt.{kind}: {json.dumps(options)}\n" for task in tasks for kind, options in task.items()
    )


def checked_and_done(lab, here, *tasks: dict) -> list[dict]:
    """Results of the tasks of a play, whose check touches nothing and says what the run then does."""
    text, before = play_of(*tasks), lab.state()
    planned = here(text, "--check")
    assert lab.state() == before
    done = here(text)
    assert planned.code == done.code, planned.text + done.text
    for plan, real in zip(planned.tasks, done.tasks):
        for key in ("changed", "changes", "steps", "msg"):
            assert plan.get(key) == real.get(key)
    return done.tasks
