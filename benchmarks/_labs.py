# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab in five ways: a network, a pool, a base image, and so many guests with a linked clone each.

Each way is what somebody would write who knows it well. C(make): from nothing. C(again): with nothing to do.
"""

from __future__ import annotations

import json
from pathlib import Path

URI = "qemu:///system"
POOL = "/var/lib/libvirt/images/lab"
NETWORK_XML = """<network><name>lab</name><ip address='10.73.0.1' netmask='255.255.0.0'>
<dhcp><range start='10.73.1.0' end='10.73.200.0'/></dhcp></ip></network>"""
POOL_XML = f"<pool type='dir'><name>lab</name><target><path>{POOL}</path></target></pool>"
VOLUME_XML = f"""<volume><name>NAME.qcow2</name><allocation>0</allocation><capacity unit='GiB'>1</capacity>
<target><format type='qcow2'/></target>
<backingStore><path>{POOL}/base.qcow2</path><format type='qcow2'/></backingStore></volume>"""
DOMAIN_XML = """<domain type='qemu'><name>NAME</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/><apic/></features><devices>
<disk type='volume'><driver name='qemu' type='qcow2'/><source pool='lab' volume='NAME.qcow2'/>
<target dev='vda' bus='virtio'/></disk>
<interface type='network'><source network='lab'/><model type='virtio'/></interface>
<console type='pty'/></devices></domain>"""
GUEST = {
    "virt_type": "qemu",
    "memory": "64 MiB",
    "disks": [{"target": "vda", "pool": "lab", "volume": "{name}.qcow2"}],
    "interfaces": [{"network": "lab"}],
}
NETWORK = {
    "name": "lab",
    "ips": [{"address": "10.73.0.1", "prefix": 16, "dhcp": {"ranges": [{"start": "10.73.1.0", "end": "10.73.200.0"}]}}],
}

# As root in the isolated host: remove all of it.
CLEAR = """
import libvirt, shutil
conn = libvirt.open("qemu:///system")
for one in conn.listAllDomains(0):
    one.isActive() and one.destroy()
    one.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM | libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
for one in conn.listAllStoragePools(0) + conn.listAllNetworks(0):
    one.isActive() and one.destroy()
    one.undefine()
for one in conn.listAllSecrets(0):
    one.undefine()
shutil.rmtree("/var/lib/libvirt/images/lab", ignore_errors=True)
"""
LIBVIRT_PYTHON = """
import os, sys, libvirt
count, image, documents = int(sys.argv[1]), sys.argv[2], eval(sys.argv[3])
conn = libvirt.open("qemu:///system")
os.makedirs("/var/lib/libvirt/images/lab", exist_ok=True)
conn.networkDefineXML(documents["network"]).create()
pool = conn.storagePoolDefineXML(documents["pool"])
pool.create()
os.system(f"qemu-img convert -O qcow2 {image} /var/lib/libvirt/images/lab/base.qcow2")
pool.refresh()
names = [f"web{number:04}" for number in range(1, count + 1)]
for name in names:
    pool.createXML(documents["volume"].replace("NAME", name), 0)
for name in names:
    conn.defineXML(documents["domain"].replace("NAME", name))
"""
LIBVIRT_PYTHON_AGAIN = """
import sys, libvirt
conn = libvirt.open("qemu:///system")
pool = conn.storagePoolLookupByName("lab")
there = {one.name() for one in pool.listAllVolumes()} | {one.name() for one in conn.listAllDomains()}
assert conn.networkLookupByName("lab").isActive() and "base.qcow2" in there
for number in range(1, int(sys.argv[1]) + 1):
    assert {f"web{number:04}", f"web{number:04}.qcow2"} <= there
[one.XMLDesc(2) for one in conn.listAllDomains()]
"""
VIRSH = """set -e
mkdir -p {pool}
virsh -q net-define /dev/stdin <<<"{network}"; virsh -q net-start lab
virsh -q pool-define /dev/stdin <<<"{pool_xml}"; virsh -q pool-start lab
virsh -q vol-create-as lab base.qcow2 1G --format qcow2
virsh -q vol-upload --pool lab base.qcow2 {image}
for number in $(seq -f %04g {count}); do
    virsh -q vol-create-as lab web$number.qcow2 1G --format qcow2 --backing-vol base.qcow2 --backing-vol-format qcow2
    virsh -q define /dev/stdin <<<"${{domain//NAME/web$number}}"
done
"""
VIRSH_AGAIN = """set -e
virsh -q net-info lab; virsh -q pool-info lab; virsh -q vol-info --pool lab base.qcow2
for number in $(seq -f %04g {count}); do
    virsh -q vol-info --pool lab web$number.qcow2
    virsh -q dominfo web$number
done
"""


def _play(*tasks: dict) -> list[dict]:
    defaults = {"group/virtops.libvirt.all": {"uri": URI}}
    return [{"hosts": "all", "gather_facts": False, "module_defaults": defaults, "tasks": list(tasks)}]


def _names(count: int) -> str:
    return f"{{{{ query('ansible.builtin.sequence', 'start=1 end={count} format=web%04d') }}}}"


def stack(count: int, image: str) -> list[dict]:
    """All of it as one task."""
    clones = {"name": "web{n:04}.qcow2", "count": count, "pool": "lab", "backing": {"volume": "base.qcow2"}}
    task = {
        "name": "lab",
        "pools": [{"name": "lab", "path": POOL}],
        "networks": [NETWORK],
        "volumes": [
            {"name": "base.qcow2", "pool": "lab", "format": "qcow2", "source": {"path": image}},
            {**clones, "capacity": "1 GiB"},
        ],
        "domains": [{"name": "web{n:04}", "count": count, **GUEST}],
    }
    return _play({"virtops.libvirt.stack": task})


def loops(count: int, image: str) -> list[dict]:
    """A task for each kind, with a loop."""
    guest = json.loads(json.dumps(GUEST).replace("{name}", "{{ item }}"))
    base = {"name": "base.qcow2", "pool": "lab", "format": "qcow2", "source": {"path": image}}
    clone = {"name": "{{ item }}.qcow2", "pool": "lab", "backing": {"volume": "base.qcow2"}, "capacity": "1 GiB"}
    return _play(
        {"virtops.libvirt.network": {**NETWORK, "state": "active"}},
        {"virtops.libvirt.pool": {"name": "lab", "path": POOL, "state": "active"}},
        {"virtops.libvirt.volume": base},
        {"virtops.libvirt.volume": clone, "loop": _names(count)},
        {"virtops.libvirt.domain": {"name": "{{ item }}", **guest}, "loop": _names(count)},
    )


def community(count: int, image: str) -> list[dict]:
    """The same with community.libvirt, whose volumes have no source: the base is copied into the pool."""
    volume, domain = (text.replace("NAME", "{{ item }}") for text in (VOLUME_XML, DOMAIN_XML))
    return _play(
        {"community.libvirt.virt_net": {"name": "lab", "command": "define", "xml": NETWORK_XML}},
        {"community.libvirt.virt_net": {"name": "lab", "state": "active"}},
        {"ansible.builtin.file": {"path": POOL, "state": "directory"}},
        {"community.libvirt.virt_pool": {"name": "lab", "command": "define", "xml": POOL_XML}},
        {"community.libvirt.virt_pool": {"name": "lab", "state": "active"}},
        {"ansible.builtin.copy": {"src": image, "dest": f"{POOL}/base.qcow2", "remote_src": True}},
        {"community.libvirt.virt_pool": {"name": "lab", "command": "refresh"}},
        {"community.libvirt.virt_volume": {"pool": "lab", "state": "present", "xml": volume}, "loop": _names(count)},
        {"community.libvirt.virt": {"command": "define", "xml": domain}, "loop": _names(count)},
    )


def empty(_count: int, _image: str) -> list[dict]:
    """What Ansible itself takes."""
    return _play({"ansible.builtin.ping": {}})


PLAYS = {"stack": stack, "loops": loops, "community.libvirt": community, "one empty task": empty}


def virsh(count: int, image: str, again: bool) -> list[str]:
    """The command of the virsh script."""
    text = VIRSH_AGAIN if again else 'domain="{domain}"\n' + VIRSH
    values = {"network": NETWORK_XML, "pool_xml": POOL_XML, "domain": DOMAIN_XML, "pool": POOL, "image": image}
    return ["bash", "-c", text.format(count=count, **values)]


def libvirt_python(count: int, image: str, again: bool) -> list[str]:
    """The command of the libvirt-python script: the floor."""
    if again:
        return ["/usr/bin/python3", "-c", LIBVIRT_PYTHON_AGAIN, str(count)]
    documents = {"network": NETWORK_XML, "pool": POOL_XML, "volume": VOLUME_XML, "domain": DOMAIN_XML}
    return ["/usr/bin/python3", "-c", LIBVIRT_PYTHON, str(count), image, repr(documents)]


def write_plays(directory: Path, count: int, image: str) -> dict[str, Path]:
    """The playbooks of a lab, by the name of the way."""
    paths = {}
    for name, play in PLAYS.items():
        paths[name] = directory / f"{name.replace(' ', '-')}-{count}.yml"
        paths[name].write_text(json.dumps(play(count, image)), encoding="utf-8")
    return paths
