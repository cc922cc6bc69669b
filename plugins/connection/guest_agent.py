# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: guest_agent
short_description: Run tasks in a guest of libvirt through its agent, without a network
description:
  - Runs commands and moves files in a guest by way of libvirt and the guest's C(qemu-guest-agent). The guest needs no
    network, no SSH server and no key; the controller only needs to reach libvirt, be it over C(qemu+ssh://).
  - Commands run as the agent's user, which is root, whoever C(ansible_user) is. C(become) to another user works by
    C(sudo), C(su) and whatever else asks root for no password; C(ansible_become_password) is never sent to the guest.
  - Output and files may be of any size. An agent takes data slowly, though; what has gigabytes comes better on a disk.
  - Where the connection to libvirt breaks while a command runs, because its daemon is restarted, the task goes on.
version_added: 0.1.0
author:
  - The virtops authors (@virtops)
requirements:
  - libvirt-python on the controller, in the Python that runs Ansible
  - a guest with a POSIX shell, and for modules Python. Windows is not supported.
  - a channel C(org.qemu.guest_agent.0) (option C(channels) of M(virtops.libvirt.domain)), and C(qemu-guest-agent) in
    the guest
notes:
  - The distributions of Red Hat, Fedora and SUSE forbid their agent to run commands. Allow C(guest-exec),
    C(guest-exec-status), C(guest-file-open), C(guest-file-read), C(guest-file-write) and C(guest-file-close) in
    C(/etc/sysconfig/qemu-ga) and restart C(qemu-guest-agent).
  - Where SELinux confines the agent, it confines what runs through it as well, until the guest's policy lets it
    (C(virt_qemu_ga_run_unconfined)).
  - A command cannot be answered while it runs, so what asks for something ends or hangs. There is no terminal.
  - A command runs within the agent's service and ends with it; restart that service with
    O(ansible.builtin.systemd_service#module:no_block).
  - libvirt marks the guest as tainted with C(custom-ga-command), which says that somebody talked to its agent and has
    no other effect.
options:
  remote_addr:
    description: Name or UUID of the guest. The last of the variables that is there counts.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
      - name: libvirt_name
  libvirt_uri:
    description: Connection URI of the libvirt that runs the guest, as the controller sees it.
    type: str
    default: qemu:///system
    env:
      - name: LIBVIRT_DEFAULT_URI
    vars:
      - name: libvirt_uri
      - name: ansible_libvirt_uri
  remote_user:
    description: The agent's user. It only says whose home and files are meant, and changes no user.
    type: str
    default: root
    vars:
      - name: ansible_guest_agent_user
  executable:
    description: Shell that runs the commands.
    type: str
    default: /bin/sh
    vars:
      - name: ansible_executable
  pipelining:
    description: Send modules as input of the guest's Python instead of as files, which takes fewer steps.
    type: bool
    default: true
    env:
      - name: ANSIBLE_PIPELINING
    ini:
      - section: connection
        key: pipelining
      - section: defaults
        key: pipelining
    vars:
      - name: ansible_pipelining
  timeout:
    description: Seconds within which the agent has to answer. A command may take longer; the agent answers meanwhile.
    type: int
    default: 10
    env:
      - name: ANSIBLE_TIMEOUT
    ini:
      - section: defaults
        key: timeout
    vars:
      - name: ansible_timeout
    cli:
      - name: timeout
  command_timeout:
    description:
      - Seconds that one command may take; 0 for any time. After that the task fails, and says which process it was.
      - The process goes on in the guest, as nobody knows whether ending it would do harm.
    type: int
    default: 0
    vars:
      - name: ansible_guest_agent_command_timeout
"""

EXAMPLES = r"""
- name: An inventory of guests without a network
  vms:
    hosts:
      web1:
      db1:
        # The guest's name in libvirt, where it is another one
        ansible_host: customer-db1
    vars:
      ansible_connection: virtops.libvirt.guest_agent
      libvirt_uri: qemu+ssh://root@kvm1.example.com/system

- name: A playbook that gives a guest an SSH server
  hosts: vms
  gather_facts: false
  tasks:
    - name: Wait until the guest's agent is up
      ansible.builtin.wait_for_connection:
        timeout: 120
    - name: Install it
      ansible.builtin.package:
        name: openssh-server

- name: One task through the agent, in a play that goes over SSH
  ansible.builtin.command: ip -brief address
  vars:
    ansible_connection: virtops.libvirt.guest_agent
    ansible_host: web1
"""

import os
from contextlib import contextmanager
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.plugins.connection import ConnectionBase

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import MISSING


class Connection(ConnectionBase):
    """virtops.libvirt.guest_agent: what a guest's agent does, as Ansible asks for it."""

    transport = "virtops.libvirt.guest_agent"
    has_pipelining = True
    _connected: bool

    def _connect(self):
        if not self._connected:
            if "libvirt" in MISSING:
                raise AnsibleError(
                    "guest_agent needs libvirt-python in the Python that runs Ansible; install it there (pip install"
                    " libvirt-python, or the package python3-libvirt)"
                )
            # What it imports needs libvirt.
            from ansible_collections.virtops.libvirt.plugins.plugin_utils._guest import Guest

            self._guest = Guest(*(self.get_option(name) for name in ("libvirt_uri", "remote_addr", "timeout")))
            self._display.vvv(f"GUEST AGENT AT {self._guest.uri}", host=self._guest.name)
            self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        self._display.vvv(f"EXEC {cmd}", host=self._guest.name)
        with self._plainly():
            return self._guest.run(self.get_option("executable"), cmd, in_data, self.get_option("command_timeout"))

    def put_file(self, in_path: str, out_path: str) -> None:
        super().put_file(in_path, out_path)
        self._display.vvv(f"PUT {in_path} TO {out_path}", host=self._guest.name)
        if not os.path.exists(in_path):
            raise AnsibleFileNotFound(f"{in_path} is not on the controller; correct the path")
        with open(in_path, "rb") as source, self._plainly():
            self._guest.put(source, out_path)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        super().fetch_file(in_path, out_path)
        self._display.vvv(f"FETCH {in_path} TO {out_path}", host=self._guest.name)
        with open(out_path, "wb") as target, self._plainly():
            self._guest.fetch(in_path, target)

    @contextmanager
    def _plainly(self) -> Any:
        from ansible_collections.virtops.libvirt.plugins.plugin_utils._guest import Unreachable

        try:
            yield
        except Unreachable as error:
            # Ansible would print the messages of causes behind ours, which has libvirt's words already.
            raise AnsibleConnectionFailure(str(error)) from None
        except Failed as error:
            raise AnsibleError(str(error)) from None

    def reset(self) -> None:
        self.close()

    def close(self) -> None:
        self._connected = False
