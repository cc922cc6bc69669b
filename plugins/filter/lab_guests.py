# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: lab_guests
short_description: Describe the guests of a lab for the module stack
version_added: 0.1.0
author:
  - The virtops authors (@virtops)
description:
  - Makes of a lab's guests, as P(virtops.libvirt.lab_layout#filter) gives them, the volumes and domains that
    M(virtops.libvirt.stack) takes.
  - Each guest has a linked clone of the base as its disk, a cloud-init seed, and one NIC in the lab's network. A disk
    that is there stays as it is, on the base that it was made from, and is only ever made larger.
options:
  _input:
    description:
      - The guests, with V(name), V(mac), the name of the V(base) volume that a disk is built on where it is still to
        be made, as P(virtops.libvirt.lab_images#filter) gives it, and what each has other than the O(settings).
      - One that is not in the lab's own network has a V(network_config) for cloud-init, and in V(domain) what it has
        other than the domain that is made here, as its C(interfaces).
    type: list
    elements: dict
    required: true
  lab:
    description: Name of the lab's pool and network.
    type: str
    required: true
  there:
    description: The volumes that are in the pool already, as M(virtops.libvirt.volume_info) gives them.
    type: list
    elements: dict
    required: true
  settings:
    description:
      - What guests have that say nothing else, V(memory), V(vcpus), V(disk_size), V(packages), V(runcmd); V(user_data)
        and V(labels) are laid under their own, and V(options) of M(virtops.libvirt.domain) over what is made here.
    type: dict
    required: true
  dns:
    description: The V(address) of the lab's DNS server, and its V(domain).
    type: dict
    required: true
  cloud_config:
    description: What the user-data of every guest begins with.
    type: dict
    required: true
  tops:
    description:
      - The volumes that guests write to, by the names of the guests, where a snapshot has them write elsewhere than to
        their disks. Those are the ones that are made larger.
    type: dict
    default: {}
  gone:
    description: The V(volumes) and V(domains), each by its name, that are to be removed.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Make two guests on a base that is there
  virtops.libvirt.stack:
    name: lab
    state: running
    volumes: "{{ guests.volumes }}"
    domains: "{{ guests.domains }}"
  vars:
    layout: "{{ ['web1', 'db1'] | virtops.libvirt.lab_layout(lab='lab', subnet='192.168.150.0/24') }}"
    settings: {memory: 1 GiB, vcpus: 1, disk_size: 10 GiB}
    based: "{{ layout.guests | map('combine', {'base': 'base.qcow2'}) }}"
    guests: "{{ based | virtops.libvirt.lab_guests(lab='lab', there=[{'name': 'base.qcow2'}], settings=settings,
      dns={'address': layout.address, 'domain': 'lab.test'}, cloud_config={'ssh_pwauth': false}) }}"
"""

RETURN = r"""
_value:
  description: The description.
  type: dict
  contains:
    volumes:
      description: Disks and seeds, for O(virtops.libvirt.stack#module:volumes).
      type: list
      elements: dict
    domains:
      description: The guests, for O(virtops.libvirt.stack#module:domains).
      type: list
      elements: dict
"""

from ansible.utils.vars import merge_hash

from ansible_collections.virtops.libvirt.plugins.module_utils._values import Size


def _disks(guest: dict, lab: str, there: dict[str, dict], settings: dict, top: str | None) -> list[dict]:
    name, size = f"{guest['name']}.qcow2", guest.get("disk_size", settings["disk_size"])
    if name not in there:
        return [{"pool": lab, "name": name, "capacity": size, "backing": {"volume": guest["base"]}}]
    disks = {name: {"pool": lab, "name": name}}
    written = top if top in there else name
    if Size().parse(size) > Size().parse(there[written].get("capacity", size)):
        disks[written] = {"pool": lab, "name": written, "capacity": size}
    return list(disks.values())


def _network(guest: dict, dns: dict) -> dict:
    nic = {
        "match": {"macaddress": guest["mac"]},
        "dhcp4": True,
        # Guests find each other by their short names too. (Without addresses cloud-init 22.4 skips the whole NIC.)
        "nameservers": {"addresses": [dns["address"]], "search": [dns["domain"]]},
    }
    return {"version": 2, "ethernets": {"lab": nic}}


def _seed(guest: dict, lab: str, settings: dict, dns: dict, cloud_config: dict) -> dict:
    name = guest["name"]
    packages, runcmd = (guest.get(word, settings.get(word)) or [] for word in ("packages", "runcmd"))
    # What is empty is left out.
    extras = {"packages": packages, "package_update": bool(packages), "runcmd": runcmd}
    fqdn = f"{name}.{dns['domain']}" if dns["domain"] else name
    user_data = {"hostname": name, "fqdn": fqdn, **cloud_config}
    user_data.update({word: value for word, value in extras.items() if value})
    for more in (settings.get("user_data"), guest.get("user_data")):
        user_data = merge_hash(user_data, more or {})
    seed = {
        "meta_data": {"instance-id": name, "local-hostname": name},
        "user_data": user_data,
        "network_config": guest.get("network_config") or _network(guest, dns),
    }
    return {"pool": lab, "name": f"{name}-seed.iso", "cloud_init": seed}


def _domain(guest: dict, lab: str, settings: dict) -> dict:
    name = guest["name"]
    domain = {
        "name": name,
        "memory": guest.get("memory", settings["memory"]),
        "vcpus": guest.get("vcpus", settings["vcpus"]),
        "disks": [
            {"target": "vda", "pool": lab, "volume": f"{name}.qcow2", "format": "qcow2"},
            {"target": "vdb", "pool": lab, "volume": f"{name}-seed.iso", "format": "raw", "readonly": True},
        ],
        "interfaces": [{"network": lab, "mac": guest["mac"]}],
        **(guest.get("domain") or {}),
    }
    if labels := {**(settings.get("labels") or {}), **(guest.get("labels") or {})}:
        domain["labels"] = labels
    for more in (settings.get("options"), guest.get("options")):
        domain = merge_hash(domain, more or {})
    return domain


def lab_guests(
    guests: list[dict],
    lab: str,
    there: list[dict],
    settings: dict,
    dns: dict,
    cloud_config: dict,
    gone: dict[str, list[str]] | None = None,
    tops: dict[str, str] | None = None,
) -> dict:
    """See DOCUMENTATION."""
    volumes, domains = ((gone or {}).get(kind) or [] for kind in ("volumes", "domains"))
    known = {volume["name"]: volume for volume in there}
    tops = tops or {}
    return {
        "volumes": [
            *(disk for one in guests for disk in _disks(one, lab, known, settings, tops.get(one["name"]))),
            *(_seed(guest, lab, settings, dns, cloud_config) for guest in guests),
            *({"pool": lab, "name": name, "state": "absent"} for name in volumes),
        ],
        "domains": [
            *(_domain(guest, lab, settings) for guest in guests),
            *({"name": name, "state": "absent"} for name in domains),
        ],
    }


class FilterModule:
    """Ansible's door to the filter."""

    def filters(self):
        return {"lab_guests": lab_guests}
