# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: libvirt
short_description: The guests of one or many libvirt hosts as an inventory
version_added: 0.1.0
author:
  - The virtops authors (@virtops)
description:
  - Makes a host of every guest of the hypervisors in O(uris), which are all read at once.
  - The name of the file that configures it ends with C(libvirt.yml) or C(libvirt.yaml), as in C(lab.libvirt.yml).
  - A hypervisor is asked for all its guests together. Only where O(addresses) are asked for is each guest that is awake
    read, and only where something asks for what a guest's definition says (see O(definition)) every guest. Many such
    reads are under way at once, so that a slow link costs little.
  - Each host has the variables V(libvirt_name), V(libvirt_uuid), V(libvirt_uri), V(libvirt_hypervisor) (the host in the
    URI, V(localhost) where it names none, the whole URI where two of O(uris) have the same host), V(libvirt_state)
    (V(running), V(paused), V(stopped), V(saved), V(crashed)) and V(libvirt_autostart). With O(addresses) there is
    V(libvirt_addresses), and where one is known V(ansible_host).
  - "Where the definition is read, there are also, in the words of the options of M(virtops.libvirt.domain),
    V(libvirt_title), V(libvirt_description), V(libvirt_labels), V(libvirt_memory) and V(libvirt_vcpus). Beside them are
    V(libvirt_networks) (their names), V(libvirt_interfaces) (V(mac), and V(network) or V(bridge)), V(libvirt_pools)
    (the names of those that its disks are in), V(libvirt_os) (V(debian-12), as libosinfo's metadata has it) and
    V(libvirt_stack) (the one of M(virtops.libvirt.stack) that made it). Of a guest that runs it is the definition that
    it runs with."
  - It only reads, over a connection that cannot write, unless the guest agent is asked (libvirt lets only those who may
    write do so).
  - A guest that goes away while it is read is left out.
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
requirements:
  - libvirt-python on the controller, in the Python that runs Ansible
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [virtops.libvirt.libvirt]
  uris:
    description:
      - Connection URIs of the hypervisors, as the controller sees them.
      - Without it the environment variable E(LIBVIRT_DEFAULT_URI) counts, and without that V(qemu:///system).
    type: list
    elements: str
  timeout:
    description: Seconds within which a hypervisor has to tell all.
    type: float
    default: 10
  on_unreachable:
    description:
      - What it means that a hypervisor does not answer, or not in time.
      - V(fail_if_all) leaves its guests out with a warning, and is an error where none of O(uris) answers.
      - V(warn) is a warning also then.
      - V(fail) is always an error.
    type: str
    choices: [fail_if_all, warn, fail]
    default: fail_if_all
  names:
    description: Patterns (V(web*), V(db[0-9])) of names of guests; guests whose name matches none are left out.
    type: list
    elements: str
  exclude_names:
    description: Patterns of names of guests that are left out.
    type: list
    elements: str
  states:
    description: States that guests must have; others are left out.
    type: list
    elements: str
    choices: [running, paused, stopped, saved, crashed]
  exclude_states:
    description: States whose guests are left out.
    type: list
    elements: str
    choices: [running, paused, stopped, saved, crashed]
  labels:
    description:
      - Labels that guests must have, all of them, each with a pattern or a list of patterns for its value. V("*") takes
        any value.
      - See O(virtops.libvirt.domain#module:labels). The definition of every guest is read for it.
    type: dict
  exclude_labels:
    description: Labels of which a guest that is left out has at least one, each with patterns as in O(labels).
    type: dict
  definition:
    description:
      - Whether to read each guest's definition. That takes a call of libvirt a guest.
      - It is read anyway where O(group_by), O(labels) or O(exclude_labels) need it, and where O(compose), O(groups),
        O(keyed_groups) or O(host_name) mention one of the variables that come from it.
    type: bool
    default: false
  addresses:
    description:
      - Where to look for the addresses of guests that are awake, in this order; the first source that knows one counts.
        The address of the first NIC becomes V(ansible_host), IPv4 before IPv6.
      - V(lease) is the leases of libvirt's own networks, V(arp) the table of neighbours of the hypervisor. With
        V(agent) the guest agent is asked, where one has connected.
      - Of another host's table libvirt tells the first hundred neighbours only, and nothing before its release 10.4 on
        a newer kernel. Take V(agent) for guests of many.
      - The empty list asks for none.
    type: list
    elements: str
    choices: [lease, agent, arp]
    default: [lease]
  agent_timeout:
    description: Seconds, beyond O(timeout), that all guest agents of a hypervisor have to tell their addresses.
    type: float
    default: 5
  group_by:
    description:
      - What to make groups of, such as V(state_running), V(network_default), V(pool_images), V(stack_lab),
        V(label_tier_web), V(os_debian_12), V(hypervisor_hv1). What Ansible does not take in the name of a group becomes
        V(_).
      - All but V(state) and V(hypervisor) need the definition of every guest.
    type: list
    elements: str
    choices: [state, hypervisor, network, pool, stack, label, os]
    default: [state]
  group_prefix:
    description: What the names of the groups of O(group_by) begin with.
    type: str
    default: ''
  host_name:
    description:
      - A Jinja expression over the guest's variables, which gives the name of the host. Without it that is the guest's
        name.
      - Where guests of several hypervisors have the same, each of them has its V(libvirt_hypervisor) behind it, as in
        V(web1@hv1), and a warning tells so. An expression such as V(libvirt_name ~ '.' ~ libvirt_hypervisor) makes
        names that do not depend on what other hypervisors have.
    type: str
  connection:
    description:
      - V(guest_agent) lets Ansible work in the guests through their agents, without a network, by setting
        V(ansible_connection) to V(virtops.libvirt.guest_agent).
    type: str
    choices: [guest_agent]
seealso:
  - module: virtops.libvirt.domain_info
"""

EXAMPLES = r"""
# lab.libvirt.yml: the guests of this host, those that run with their address
plugin: virtops.libvirt.libvirt

---
# Many hypervisors, one of which may be down; the web servers of production by their networks
plugin: virtops.libvirt.libvirt
uris:
  - qemu+ssh://root@hv1.example.org/system?no_tty=1
  - qemu+ssh://root@hv2.example.org/system?no_tty=1
timeout: 5
states: [running]
exclude_names: ["test-*"]
labels:
  tier: web
  stage: ["production", "canary*"]
group_by: [state, hypervisor, network]
host_name: libvirt_name ~ '.' ~ libvirt_hypervisor

---
# Groups and variables of one's own; guests on a bridge are known by their agents or their ARP entries
plugin: virtops.libvirt.libvirt
addresses: [agent, lease, arp]
compose:
  ansible_user: "'debian' if libvirt_os.startswith('debian') else 'root'"
groups:
  big: libvirt_vcpus >= 8
keyed_groups:
  - key: libvirt_labels.tier | default('none')
    prefix: tier
strict: true
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /tmp/libvirt_inventory
cache_timeout: 300

---
# Guests without a network: modules run through the guest agent
plugin: virtops.libvirt.libvirt
uris: [qemu:///system]
states: [running]
addresses: []
connection: guest_agent
"""

import json
import os

import ansible.template
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import default_uri
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import MISSING
from ansible_collections.virtops.libvirt.plugins.plugin_utils._inventory.definition import NOTHING
from ansible_collections.virtops.libvirt.plugins.plugin_utils._inventory.hosts import GROUPS, groups, hypervisors, named
from ansible_collections.virtops.libvirt.plugins.plugin_utils._inventory.reading import read_all

# Options that choose what is read; what is in the cache is good for the same ones only.
_READING = (
    "names",
    "exclude_names",
    "states",
    "exclude_states",
    "labels",
    "exclude_labels",
    "addresses",
    "agent_timeout",
)
_NAMES = ("libvirt.yml", "libvirt.yaml")
_EXPRESSIONS = ("compose", "groups", "keyed_groups", "host_name")


def _untrusted(said):
    """What a hypervisor says; before ansible-core 2.19 every text was a template that was not marked as none."""
    if hasattr(ansible.template, "trust_as_template"):
        return said
    from ansible.utils.unsafe_proxy import wrap_var

    return wrap_var(said)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Ansible's door to the inventory."""

    NAME = "virtops.libvirt.libvirt"

    def verify_file(self, path):
        """Whether the file is one of this plugin, by its name."""
        return super().verify_file(path) and os.path.basename(path).endswith(_NAMES)

    def parse(self, inventory, loader, path, cache=True):
        """Fill the inventory."""
        if "libvirt" in MISSING:
            raise AnsibleError(
                "the Python that runs Ansible has no libvirt-python, which the inventory virtops.libvirt.libvirt needs;"
                " install it there (pip install libvirt-python, or the package python3-libvirt)"
            )
        super().parse(inventory, loader, path, cache)
        unknown = set(self._read_config_data(path)) - set(self._options)
        if unknown:
            raise AnsibleParserError(f"{path}: there is no option {' and no '.join(map(repr, sorted(unknown)))}")
        try:
            uris = list(dict.fromkeys(map(str, self.get_option("uris") or [default_uri(None)])))
            names = hypervisors(uris)
            read = self._read(uris, path, cache)
            guests = [{**guest, "libvirt_hypervisor": names[uri]} for uri in uris for guest in read.get(uri, ())]
            hosts, several = named([_untrusted(guest) for guest in guests], self._host_name)
        except (Refused, Failed) as error:
            raise AnsibleParserError(f"{path}: {error}") from error
        if several:
            self.display.warning(
                f"{path}: several hypervisors have guests called {', '.join(several)}; they are NAME@HYPERVISOR here"
            )
        for host, guest in hosts.items():
            self._add(host, guest)

    def _read(self, uris: list[str], path: str, cache: bool) -> dict[str, list[dict]]:
        """{uri: its guests}, of what the cache has from there, of others from libvirt."""
        asked = json.loads(json.dumps({name: self.get_option(name) for name in _READING}))
        asked["definition"] = self._needs_definition()
        key, keeps = self.get_cache_key(path), self.get_option("cache")
        kept: dict = self._cache.get(key) or {} if keeps and cache else {}
        known = kept.get("guests", {}) if kept.get("asked") == asked else {}
        found, wrong = read_all([uri for uri in uris if uri not in known], asked, self.get_option("timeout"))
        found = {**{uri: known[uri] for uri in uris if uri in known}, **found}
        if keeps:
            self._cache[key] = {"asked": asked, "guests": found}
        rule = self.get_option("on_unreachable")
        if wrong and (rule == "fail" or (rule == "fail_if_all" and not found)):
            raise Failed("; ".join(wrong.values()))
        for words in wrong.values():
            self.display.warning(f"{path}: {words}; its guests are left out")
        return found

    def _needs_definition(self) -> bool:
        by_document = [kind for kind in self.get_option("group_by") if GROUPS[kind] in NOTHING]
        said = json.dumps([self.get_option(name) for name in _EXPRESSIONS])
        asked = self.get_option("definition") or self.get_option("labels") or self.get_option("exclude_labels")
        return bool(asked or by_document or any(name in said for name in NOTHING))

    def _host_name(self, guest: dict) -> str:
        expression = self.get_option("host_name")
        if not expression:
            return guest["libvirt_name"]
        try:
            name = self._compose(expression, guest)
        except AnsibleError as error:
            raise Refused(f"'host_name' is wrong for guest {guest['libvirt_name']}: {error}") from error
        if not isinstance(name, str) or not name:
            raise Refused(f"'host_name' gives {name!r} for guest {guest['libvirt_name']}, which is no name")
        return name

    def _add(self, host: str, guest: dict) -> None:
        self.inventory.add_host(host)
        for name, value in guest.items():
            self.inventory.set_variable(host, name, value)
        if self.get_option("connection"):
            self.inventory.set_variable(host, "ansible_connection", f"virtops.libvirt.{self.get_option('connection')}")
        for name in groups(guest, self.get_option("group_by")):
            group = to_safe_group_name(self.get_option("group_prefix") + name, force=True, silent=True)
            self.inventory.add_child(self.inventory.add_group(group), host)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), guest, host, strict)
        self._add_host_to_composed_groups(self.get_option("groups"), guest, host, strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), guest, host, strict)
