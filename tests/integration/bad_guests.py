# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad options and documents of guests: (options, words that the refusal must have)."""

from __future__ import annotations

NIC = {"network": "lab"}
VNC = {"type": "vnc"}


def guest(**options):
    return {"name": "new", "virt_type": "qemu", "memory": "16 MiB", **options}


def disk(**options):
    return guest(disks=[{"target": "vda", "file": "/x", "format": "raw", **options}])


def nic(**options):
    return guest(interfaces=[{**NIC, **options}])


def cpu(**options):
    return guest(vcpus=4, cpu={"mode": "maximum", **options})


def xml(devices="", more="", os="<type>hvm</type>", virt_type="qemu"):
    return {
        "xml": f"<domain type='{virt_type}'><name>new</name><memory unit='MiB'>16</memory>{more}"
        f"<os>{os}</os><devices>{devices}</devices></domain>"
    }


VALUES = [
    (guest(current_memory="10"), "current_memory", "no unit"),
    (guest(current_memory="many"), "current_memory", "is not a size"),
    (guest(max_memory={"slots": 4}), "max_memory", "needs 'size'"),
    (guest(max_memory={"size": "1 parsec", "slots": 4}), "max_memory.size", "unknown unit"),
    (guest(max_memory={"size": "1 GiB", "slots": 0}), "max_memory.slots", "less than 1"),
    (guest(memory_backing={"page_size": "2"}), "memory_backing.page_size", "no unit"),
    (guest(memory_backing={"source": "paper"}), "source", "paper"),
    (guest(memory_devices=[{"model": "dimm"}]), "memory_devices", "size"),
    (guest(memory_devices=[{"model": "simm", "size": "1 GiB"}]), "model", "simm"),
    (guest(memory_devices=[{"model": "dimm", "size": "1 GiB", "alias": "mine"}]), "memory_devices[0].alias", "ua-"),
    (guest(memballoon={"stats_period": -1}), "memballoon.stats_period", "less than 0"),
    (guest(memballoon={"model": "helium"}), "model", "helium"),
    (guest(max_vcpus=0), "max_vcpus", "less than 1"),
    (guest(vcpus=4, max_vcpus=2), "vcpus 4 is more than max_vcpus 2"),
    (guest(cpuset="0-"), "cpuset", "not a list of processors"),
    (guest(cpuset="3-1"), "cpuset", "not a list of processors"),
    (guest(cpuset="0,^0"), "cpuset", "names no processor"),
    (guest(cpuset="0-99999999"), "cpuset", "not a list of processors"),
    (guest(iothreads=-1), "iothreads", "less than 0"),
    (cpu(mode="custom"), "cpu.mode custom needs a model"),
    (cpu(mode="warp"), "mode", "warp"),
    (guest(cpu={"nested": True}), "no model to add them to"),
    (guest(cpu={"features": [{"name": "aes"}]}), "no model to add them to"),
    (cpu(features=[{"name": "aes", "policy": "maybe"}]), "policy", "maybe"),
    (cpu(features=[{"policy": "require"}]), "name", "features"),
    (cpu(features=[{"name": "aes"}, {"name": "aes"}]), "name aes is given twice"),
    (cpu(topology={"sockets": 1, "cores": 3}), "cpu.topology makes 3 processors"),
    (cpu(topology={"sockets": 0}), "cpu.topology.sockets", "less than 1"),
    (cpu(cells=[{"id": 0, "cpus": "0-3"}]), "memory", "cells"),
    (cpu(cells=[{"id": 0, "cpus": "0-3", "memory": "8 MiB"}]), "memory 16 MiB", "8 MiB"),
    (cpu(cells=[{"id": 0, "memory": "8 MiB"}, {"id": 0, "memory": "8 MiB"}]), "id 0 is given twice"),
    (guest(cputune={"shares": 0}), "cputune.shares", "less than 1"),
    (guest(cputune={"vcpu_pins": [{"vcpu": 0}]}), "cpuset", "vcpu_pins"),
    (guest(cputune={"vcpu_pins": [{"vcpu": 0, "cpuset": "all"}]}), "cputune.vcpu_pins[0].cpuset", "not a list"),
    (
        guest(cputune={"vcpu_pins": [{"vcpu": 0, "cpuset": "0"}, {"vcpu": 0, "cpuset": "1"}]}),
        "vcpu 0 is given twice",
    ),
    (guest(memtune={"hard_limit": "1"}), "memtune.hard_limit", "no unit"),
    (guest(firmware={"type": "coreboot"}), "type", "coreboot"),
    (guest(boot={"devices": ["tape"]}), "devices", "tape"),
    (guest(clock={"offset": "moon"}), "offset", "moon"),
    (guest(clock={"timers": [{"present": True}]}), "timers", "name"),
    (guest(clock={"timers": [{"name": "sundial"}]}), "domain new", "sundial"),
    (guest(on_crash="cry"), "on_crash", "cry"),
    (guest(labels={"a\x00b": "c", "d": "\x01"}), "labels", "XML cannot carry"),
    (guest(launch_security={"cbitpos": 47}), "launch_security", "needs 'type'"),
    (guest(launch_security={"type": "vault"}), "type", "vault"),
    (guest(emulator="qemu"), "domain new", "qemu"),
    (guest(colour="blue"), "colour"),
    (guest(state="flying"), "state", "flying"),
    (guest(wait_for=["ip"]), "wait_for waits for a running guest"),
    (guest(state="absent", wait_for=["ip"]), "wait_for waits for a running guest"),
    (guest(state="running", wait_for=["godot"]), "wait_for", "godot"),
    ({"name": "one", "state": "absent", "remove_volumes": ["base.qcow2"]}, "write it as POOL/VOLUME"),
    ({"name": "one", "state": "absent", "remove_volumes": ["images/base.qcow2"]}, "no disk of it is on"),
    ({"name": "one", "vcpus": 2, "max_vcpus": 1}, "vcpus 2 is more than max_vcpus 1"),
]
DEVICES = [
    (disk(bus="rail"), "bus", "rail"),
    (disk(cache="cash"), "cache", "cash"),
    (disk(io="fast"), "io", "fast"),
    (disk(queues=0), "disks[0].queues", "less than 1"),
    (disk(boot=0), "disks[0].boot", "less than 1"),
    (disk(alias="disk0"), "disks[0].alias", "ua-"),
    (disk(iotune={"total_iops_sec": -1}), "disks[0].iotune.total_iops_sec", "less than 0"),
    (disk(wwn="none"), "domain new", "wwn"),
    (disk(network={"protocol": "nbd", "hosts": [{"name": "a"}]}), "'file' and 'network' exclude each other"),
    (guest(disks=[{"target": "vda", "network": {"protocol": "smoke"}}]), "protocol", "smoke"),
    (guest(disks=[{"file": "/x"}]), "target", "disks"),
    (guest(filesystems=[{"source": "/srv"}]), "target", "filesystems"),
    (guest(filesystems=[{"target": "a", "source": "/srv", "driver": "nfs"}]), "driver", "nfs"),
    (guest(filesystems=[{"target": "a", "source": "/a"}] * 2), "target a is given twice"),
    (nic(mac="none"), "interfaces[0].mac", "not a MAC address"),
    (nic(type="tin can"), "type", "tin can"),
    (nic(mtu=0), "interfaces[0].mtu", "less than 1"),
    (nic(link="left"), "link", "left"),
    (nic(direct={"dev": "eth0"}), "'network' and 'direct' exclude each other"),
    (guest(interfaces=[{"direct": {"mode": "bridge"}}]), "dev", "direct"),
    (nic(vlan={"tags": [-1]}), "interfaces[0].vlan.tags", "less than 0"),
    (nic(bandwidth={"inbound": {"average": -5}}), "interfaces[0].bandwidth.inbound.average", "less than 0"),
    (nic(virtualport={"type": "serial"}), "type", "serial"),
    (guest(graphics=[{"port": 5900}]), "type", "graphics"),
    (guest(graphics=[{**VNC, "port": -2}]), "graphics[0].port", "less than -1"),
    (guest(graphics=[{**VNC, "listen": "not an address !"}]), "domain new", "listen"),
    (guest(graphics=[VNC, VNC]), "type vnc is given twice"),
    (guest(videos=[{"heads": 1}]), "model", "videos"),
    (guest(videos=[{"model": "tv"}]), "domain new", "tv"),
    (
        guest(filesystems=[{"source": "/srv", "target": "a", "driver": "virtiofs", "accessmode": "mapped"}]),
        "filesystems[a]: virtiofs has the accessmode passthrough only",
    ),
    (nic(model="e1000e", queues=2), "a e1000e has no queues"),
    (guest(serials=[], boot={"serial_console": True}), "boot.serial_console needs a serial port"),
    (guest(serials=[{"type": "file"}]), "serials[0]: the type file needs a 'path'"),
    (guest(consoles=[{"type": "unix"}]), "consoles[1]: the type unix needs a 'path'"),
    (guest(channels=[{"name": "org.x", "type": "null", "path": "/x"}]), "channels[org.x]: the type null has no path"),
    (guest(serials=[{"port": 1, "path": "/x"}]), "serials[1]: the type pty has no path"),
    (guest(videos=[{"model": "virtio"}, {"model": "vga"}]), "videos[1]: a vga can only be the primary one"),
    (guest(videos=[{"model": "vga"}, {"model": "qxl", "primary": True}]), "a vga can only be the primary one"),
    (guest(videos=[{"model": "qxl", "primary": True}] * 2), "only one of them can be primary"),
    (guest(videos=[{"model": "bochs", "heads": 2}]), "videos[0]: a bochs has one output"),
    (guest(videos=[{"model": "none"}, {"model": "virtio"}]), "videos[0]: 'none' is to have no other one"),
    (xml("<video><model type='virtio'/></video><video><model type='vga'/></video>"), "videos[1]: a vga can only be"),
    (guest(serials=[{"type": "parallel"}]), "type", "parallel"),
    (guest(serials=[{"port": 0}, {"port": 0}]), "port 0 is given twice"),
    (guest(hostdevs=[{"type": "pci", "address": "6:0"}]), "hostdevs[0].address", "not a PCI address"),
    (guest(hostdevs=[{"type": "usb", "vendor": "acme"}]), "hostdevs[0].vendor", "not a hexadecimal number"),
    (guest(hostdevs=[{"type": "mdev", "uuid": "1-2"}]), "hostdevs[0].uuid", "not a UUID"),
    (guest(hostdevs=[{"address": "0000:06:00.0"}]), "type", "hostdevs"),
    (guest(rngs=[{"backend": "dice"}]), "backend", "dice"),
    (guest(watchdogs=[{"action": "reset"}]), "model", "watchdogs"),
    (guest(inputs=[{"type": "glove"}]), "type", "glove"),
    (guest(vsock={"cid": 2}), "vsock.cid", "less than 3"),
    (guest(iommu={"iotlb": True}), "iommu", "needs 'model'"),
    (guest(tpm={"version": "3.0"}), "version", "3.0"),
]
DOCUMENTS = [
    (xml("<disk type='fire'><target dev='vda'/></disk>"), "domain new", "fire"),
    (xml("<disk type='file'><target dve='vda'/></disk>"), "domain new", "dve"),
    (xml("<interface type='network'><source netwrok='lab'/></interface>"), "domain new", "netwrok"),
    (xml("<interface type='network'><source network='lab'/><mac address='5'/></interface>"), "domain new", "address"),
    (xml("<graphics type='etching'/>"), "domain new", "etching"),
    (xml("<watchdog model='dog'/>"), "domain new", "dog"),
    (xml("<controller type='pci' model='bus'/>"), "domain new", "bus"),
    (xml(more="<vcpu placement='here'>1</vcpu>"), "domain new", "here"),
    (xml(more="<on_crash>cry</on_crash>"), "domain new", "cry"),
    (xml(more="<clock offset='moon'/>"), "domain new", "moon"),
    (xml(more="<features><acpi state='x'/></features>"), "domain new", "acpi"),
    (xml(more="<cpu mode='warp'/>"), "domain new", "warp"),
    (xml(more="<uuid>1</uuid>"), "domain new", "uuid"),
    (xml(more="<memtune><hard_limit>lots</hard_limit></memtune>"), "domain new", "hard_limit"),
    ({**xml(), "vcpus": 0}, "vcpus", "less than 1"),
]
IMAGES = "/var/lib/libvirt/images"


def starts(**options):
    return guest(state="running", **options)


# What a start needs, where nobody has made it.
STARTS = [
    (starts(disks=[{"target": "vda", "file": f"{IMAGES}/none", "format": "raw"}]), "disks[vda]: the host has no file"),
    (starts(disks=[{"target": "vda", "block": "/dev/none", "format": "raw"}]), "no file /dev/none", "make it first"),
    (starts(kernel="/none"), "domain new: kernel: the host has no file /none"),
    (starts(kernel="/proc/version", initrd="/none"), "initrd: the host has no file"),
    (starts(firmware={"loader": "/none", "loader_type": "rom"}), "firmware.loader: the host has no file"),
    (starts(fw_cfg=[{"name": "opt/a", "file": "/none"}]), "fw_cfg[opt/a].file: the host has no file"),
    (starts(emulator="/none"), "emulator: the host has no file"),
    (starts(interfaces=[{"bridge": "none0", "mac": "52:54:00:aa:03:07"}]), "the host has no device none0"),
    (starts(interfaces=[{"direct": {"dev": "none0"}}]), "the host has no device none0", "make it first"),
    (guest(state="paused", kernel="/none"), "kernel: the host has no file"),
    ({"name": "two", "kernel": "/none", "state": "running"}, "kernel: the host has no file"),
    ({"name": "one", "kernel": "/none", "power_cycle": True}, "kernel: the host has no file"),
    ({"name": "one", "kernel": "/none", "state": "restarted"}, "kernel: the host has no file"),
    (
        {
            **xml("<disk type='file' device='cdrom'><source file='/none'/><target dev='sda' bus='sata'/></disk>"),
            "state": "running",
        },
        "disks[sda]: the host has no file /none",
    ),
]
GUESTS = [*VALUES, *DEVICES, *DOCUMENTS, *STARTS]
