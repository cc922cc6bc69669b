# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: from_xml
short_description: An object of libvirt's XML in the words of the modules
version_added: 0.1.0
author:
  - The virtops authors (@virtops)
description:
  - Reads a document as C(virsh dumpxml) and its kin print it, and gives what it says in the options of the module of
    its kind, M(virtops.libvirt.domain), M(virtops.libvirt.network), M(virtops.libvirt.nwfilter),
    M(virtops.libvirt.pool), M(virtops.libvirt.volume) or M(virtops.libvirt.secret), so that it can be handed to that.
  - What no option speaks of is left out, and so are passwords.
options:
  _input:
    description: The document.
    type: str
    required: true
requirements:
  - lxml on the controller
"""

EXAMPLES = r"""
- name: A guest as a file describes it, with more memory
  virtops.libvirt.domain: "{{ lookup('ansible.builtin.file', 'web1.xml') | virtops.libvirt.from_xml
    | combine({'memory': '4 GiB'}) }}"
"""

RETURN = r"""
_value:
  description: The object in the words of the options.
  type: dict
  sample:
    name: web1
    memory: 1 GiB
    vcpus: 2
"""

from ansible.errors import AnsibleFilterError


def from_xml(text: str) -> dict:
    """See DOCUMENTATION."""
    # Ansible imports all filters of a collection in each task that uses one, and this is most of the collection.
    from ansible_collections.virtops.libvirt.plugins.plugin_utils._document import options

    try:
        return options(str(text))
    except ValueError as error:
        raise AnsibleFilterError(f"from_xml: {error}") from error


class FilterModule:
    """Ansible's door to the filter."""

    def filters(self):
        return {"from_xml": from_xml}
