#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: secret
short_description: Manage secrets of libvirt
version_added: 0.1.0
description:
  - Defines, changes and removes a secret that volumes, storage pools and guests refer to by its usage or its UUID, and
    sets its value.
  - The value appears in no result, diff or log.
options:
  state:
    description:
      - V(present) defines it.
      - V(absent) removes it with its value.
    type: str
    choices: [present, absent]
    default: present
  uuid:
    description:
      - UUID, chosen by libvirt where it is not given. It cannot be changed.
      - It names a secret that has no O(usage).
    type: str
  type:
    description: What the secret is for. It cannot be changed.
    type: str
    choices: [volume, ceph, iscsi, tls, vtpm]
  usage:
    description:
      - What exactly it is for, by which others refer to it; with O(type) it names the secret. A path for V(volume),
        else a name of your choice. It cannot be changed.
    type: str
  description:
    description: Words for people.
    type: str
  ephemeral:
    description: Whether it is kept in memory only, and is gone when libvirt's daemon ends.
    type: bool
  private:
    description: Whether libvirt never tells its value to anybody. Once set it stays.
    type: bool
  value:
    description:
      - The secret itself.
      - libvirt tells a value only to a connection that may write, so that check mode cannot compare it, and the value
        of a private secret to nobody; then RV(unchecked) says so.
    type: str
  value_encoding:
    description: Whether O(value) is V(text) or, for bytes that are none, V(base64).
    type: str
    choices: [text, base64]
    default: text
  update_value:
    description:
      - When O(value) is set. A new secret gets it in any case.
      - V(if_different) where libvirt tells another one, or that there is none. The value of a private secret stays.
      - V(on_create) never again.
      - V(always) at each run, which reports a change each time; for a private secret with a new value.
    type: str
    choices: [if_different, on_create, always]
    default: if_different
extends_documentation_fragment:
  - virtops.libvirt.common
  - virtops.libvirt.common.changing
  - virtops.libvirt.common.planned
  - virtops.libvirt.common.document
seealso:
  - module: virtops.libvirt.secret_info
  - module: virtops.libvirt.pool
  - module: virtops.libvirt.volume
"""

EXAMPLES = r"""
- name: The passphrase of encrypted volumes
  virtops.libvirt.secret:
    type: volume
    usage: /var/lib/libvirt/images/lab/web1.luks
    value: "{{ vault_web1_passphrase }}"

- name: The password of an iSCSI target
  virtops.libvirt.secret:
    type: iscsi
    usage: san
    value: "{{ vault_san_password }}"

- name: A key of Ceph, which libvirt tells nobody
  virtops.libvirt.secret:
    type: ceph
    usage: client.libvirt
    private: true
    value: AQCj2YpRiAe6CxAA7/ETt7Hcl9IyxyYciVs47w==
    value_encoding: base64

- name: A new value for it
  virtops.libvirt.secret:
    type: ceph
    usage: client.libvirt
    value: AQCj2YpRiAe6CxAA8/EUt7Hcl9IyxyYciVs48w==
    value_encoding: base64
    update_value: always

- name: Gone
  virtops.libvirt.secret:
    type: iscsi
    usage: san
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
secret:
  description: The secret in the words of the options, as it is after the task (in check mode, as it would be), without
    its value; empty when it is gone.
  returned: always
  type: dict
  sample:
    uuid: 0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f
    type: iscsi
    usage: san
    ephemeral: false
    private: false
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run
from ansible_collections.virtops.libvirt.plugins.module_utils._secret.steps import Secret


def main():
    run(Secret)


if __name__ == "__main__":
    main()
