# SPDX-License-Identifier: GPL-3.0-or-later
"""What guests cannot have beside each other, though each by itself is right: (options, words of the refusal)."""

from __future__ import annotations

from integration.bad_guests import cpu, disk, guest, nic, starts, xml

CELL = {"id": 0, "memory": "16 MiB", "cpus": "0"}
SLOTS = {"size": "1 GiB", "slots": 1}


def timer(name, **more):
    return guest(clock={"timers": [{"name": name, **more}]})


def memory(*devices, **more):
    options = guest(cpu={"mode": "maximum", "cells": [CELL]}, max_memory=SLOTS, memory_devices=list(devices), **more)
    # It is the sum of them all.
    del options["memory"]
    return options


def entry(name, value="x"):
    return guest(fw_cfg=[{"name": name, "value": value}])


def shared(**more):
    return guest(filesystems=[{"target": "a", "source": "/srv", "driver": "virtiofs"}], **more)


GUEST_PAIRS = [
    (guest(on_poweroff="restart", on_reboot="destroy"), "on_poweroff restart does not go with on_reboot destroy"),
    (xml(more="<on_reboot>preserve</on_reboot>"), "only a crash can preserve"),
    (xml(more="<on_crash>rename-restart</on_crash>"), "choose another action than rename-restart"),
    (timer("platform"), "clock.timers[platform]: QEMU has no such timer"),
    (timer("rtc", track="boot"), "clock.timers[rtc]: QEMU cannot track boot"),
    (timer("rtc", tickpolicy="merge"), "clock.timers[rtc]: QEMU cannot merge its ticks"),
    (timer("pit", tickpolicy="merge"), "clock.timers[pit]: QEMU cannot merge its ticks"),
    (guest(firmware={"type": "efi"}, features={"acpi": False}), "UEFI needs ACPI"),
    (guest(firmware={"secure_boot": True}), "firmware: secure-boot is a matter of the firmware that libvirt chooses"),
    (guest(tpm={"model": "tpm-crb", "version": "1.2"}), "TPM 1.2 has no interface tpm-crb"),
    (guest(cpu={"mode": "host-model", "migratable": True}), "cpu.migratable is for the modes"),
    (guest(boot={"menu": False, "menu_timeout": 3000}), "boot.menu_timeout: a menu that is off has none"),
    (guest(cputune={"period": 999}), "a period is 1000 to 1000000 microseconds"),
    (guest(cputune={"emulator_quota": 999}), "a quota is 1000 microseconds or more"),
    (guest(cputune={"shares": 1}), "shares are 2 to 262144"),
    (guest(numatune={"mode": "strict"}), "numatune names no nodes; give 'nodeset'"),
    (starts(numatune={"nodeset": "31"}), "this host has no NUMA node 31; choose of 0"),
    (starts(memory_backing={"hugepages": True}), "the host has no hugetlbfs mounted"),
    (starts(filesystems=[{"target": "a", "source": "/nosuch"}]), "filesystems[a].source: the host has no file /nosuch"),
    (starts(serials=[{"type": "file", "path": "/nodir/log"}]), "serials: path: the host has no file /nodir"),
    (starts(cpuset="0,9999"), "cpuset: this host has no processor"),
    (starts(cputune={"emulator_pin": "9999"}), "cputune.emulator_pin: this host has no processor 9999"),
    (
        starts(cputune={"vcpu_pins": [{"vcpu": 0, "cpuset": "9999"}]}),
        "cputune.vcpu_pins: this host has no processor 9999; choose of 0",
    ),
    (starts(initrd="/proc/version"), "initrd: there is no kernel for it"),
    (starts(cmdline="quiet"), "cmdline: there is no kernel for it"),
    (
        guest(firmware={"type": "efi", "secure_boot": False, "enrolled_keys": True}),
        "enrolled keys are for Secure Boot",
    ),
    (
        guest(uuid="2f6d2dd4-53ff-4c1a-9a3e-1f2d3c4b5a69", smbios={"system": {"uuid": "0" * 8}}),
        "smbios.system: its uuid is not that of the guest",
    ),
    (guest(memory_backing={"hugepages": True, "allocation": "ondemand"}), "huge pages are not for memory"),
    (cpu(cells=[{**CELL, "id": 1}]), "there is a cell 1 and none for a number before"),
    (entry("mine"), "fw_cfg[mine]: names of the user's own begin with opt/"),
    (entry("opt/ovmf/x"), "this name is the firmware's or QEMU's own"),
    (entry("opt/x", ""), "fw_cfg[opt/x]: an entry is not empty"),
    (
        guest(graphics=[{"type": "spice", "autoport": True, "port": 5901}]),
        "graphics[spice]: with 'autoport' libvirt chooses",
    ),
    (
        guest(graphics=[{"type": "vnc", "autoport": True, "port": 5901}]),
        "graphics[vnc]: with 'autoport' libvirt chooses",
    ),
    (guest(graphics=[{"type": "spice", "autoport": False}]), "graphics[spice]: 'autoport: false' needs a 'port'"),
    (guest(graphics=[{"type": "vnc", "autoport": False}]), "graphics[vnc]: 'autoport: false' needs a 'port'"),
    (guest(graphics=[{"type": "vnc"}], videos=[]), "videos: libvirt gives a guest with graphics one"),
    (guest(max_memory=SLOTS), "max_memory needs NUMA cells"),
    (memory({"model": "dimm", "size": "1 MiB"}), "a dimm belongs to a NUMA cell; give its 'node'"),
    (memory({"model": "dimm", "size": "1 MiB", "node": 1}), "there is no NUMA cell of that node for a dimm"),
    (memory(*[{"model": "dimm", "size": "1 MiB", "node": 0}] * 2), "more modules than max_memory has slots"),
    (memory({"model": "dimm", "size": "1 GiB", "node": 0}), "max_memory leaves 1008 MiB beside the memory"),
    (memory({"model": "nvdimm", "size": "1 MiB", "node": 0}), "a nvdimm needs the 'path' of its file"),
    (memory({"model": "virtio-pmem", "size": "1 MiB", "node": 0, "path": "/x"}), "belongs to no NUMA cell"),
    (cpu(cells=[{**CELL, "cpus": "0-7"}]), "cpu.cells have 8 processors, and the guest can have 4"),
]
DEVICE_PAIRS = [
    (disk(device="floppy"), "disks[vda]: a floppy drive is called fda or fdb"),
    (disk(device="floppy", target="fda", bus="usb"), "disks[fda]: a floppy drive is on bus fdc, not usb"),
    ({**disk(target="fda"), "machine": "pc"}, "disks[fda]: no disk is called fda"),
    ({**disk(bus="fdc"), "machine": "pc"}, "disks[vda]: bus fdc is for floppy drives"),
    (disk(device="cdrom"), "a CD-ROM drive cannot be on bus virtio"),
    (disk(bus="sata", queues=2), "only a disk on bus virtio has queues, and this is on sata"),
    (disk(bus="sata", wwn="5000c50015ea71aa"), "a disk on bus sata has no wwn"),
    (disk(bus="sata", device="lun"), "a lun cannot be on bus sata"),
    (disk(bus="sata", readonly=True), "a disk on bus sata cannot be readonly"),
    (disk(bus="scsi", iothread=1) | {"iothreads": 1}, "only a disk on bus virtio has an iothread of its own"),
    (disk(io="native"), "io native needs cache none or directsync"),
    (disk(serial="größer"), "its serial has characters that QEMU does not take"),
    (disk(format="qcow2", shareable=True), "what guests share and write to has format raw"),
    (disk(iotune={"total_iops_sec": 1, "read_iops_sec": 1}), "total_iops_sec does not go with those"),
    (guest(videos=[{"model": "qxl", "primary": False}]), "videos: one of them is the primary one"),
    (disk(target="vda1"), "disks[vda1]: a target is a whole disk"),
    (disk(format="iso"), "QEMU has no such format; write raw for an ISO image"),
    (guest(machine="pc", iommu={"model": "virtio"}), "iommu: model virtio needs machine q35"),
    (guest(features={"acpi": False}, iommu={"model": "virtio"}), "iommu: model virtio needs ACPI"),
    (
        guest(graphics=[{"type": "egl-headless"}, {"type": "spice", "gl": True}]),
        "QEMU has one display with OpenGL",
    ),
    (guest(interfaces=[{"type": "user", "mtu": 1400}]), "a NIC of type user has no mtu of its own"),
    (guest(interfaces=[{"type": "user", "isolated": True}]), "a NIC of type user cannot be isolated"),
    (nic(isolated=True, virtualport={"type": "openvswitch"}), "a port of openvswitch cannot be isolated"),
    (guest(graphics=[{"type": "vnc", "password": "longer than it"}]), "a password of VNC has 8 characters at most"),
    (xml("<graphics type='vnc' passwd='longer than it'/>"), "a password of VNC has 8 characters at most"),
    (guest(graphics=[{"type": "egl-headless"}, {"type": "dbus"}]), "egl-headless does not go with dbus"),
    (guest(iommu={"model": "virtio", "iotlb": True}), "iommu: model virtio has nothing to set"),
    (guest(panics=[{"model": "pseries"}]), "a pseries is for guests of arch ppc64"),
    (guest(watchdogs=[{"model": "diag288"}]), "a diag288 is for guests of arch s390"),
    (disk(iotune={"read_bytes_sec_max": 1}), "read_bytes_sec_max is a peak above read_bytes_sec"),
    (disk(iotune={"total_iops_sec": 2, "total_iops_sec_max": 1}), "total_iops_sec_max is a peak above"),
    (disk(iotune={"size_iops_sec": 4096}), "size_iops_sec counts for a limit of operations"),
    (guest(boot={"devices": []}), "boot.devices: libvirt boots from hd where nothing is named"),
    (xml("<disk type='file' device='floppy'><source file='/x'/><target dev='fda' bus='usb'/></disk>"), "on bus fdc"),
    (shared(), "filesystems[a]: virtiofs needs memory that is shared"),
    (shared(cpu={"mode": "maximum", "cells": [{**CELL, "access": "private"}]}), "in each of cpu.cells"),
    (
        guest(iommu={"model": "intel", "intremap": True}, features={"ioapic": "kvm"}),
        "iommu.intremap needs an I/O APIC of QEMU",
    ),
    (guest(consoles=[{"port": 3}]), "consoles[3]: libvirt numbers its consoles 1 to 1, the serial port being 0"),
    (guest(serials=[], consoles=[{"port": 3}]), "consoles[3]: libvirt numbers its consoles 0 to 0"),
    (starts(interfaces=[{"type": "user", "queues": 2}]), "a NIC of type user has one queue"),
    (nic(vlan={"tags": [5]}) | {"state": "running"}, "vlan: libvirt tags nothing on such a connection"),
    (starts(interfaces=[{"network": "idle"}]), "network idle is not active", "'state: active'"),
    (starts(graphics=[{"type": "vnc", "autoport": False, "port": -1}]), "'autoport: false' needs a 'port'"),
    (guest(boot={"devices": ["hd"]}, interfaces=[{"network": "lab", "boot": 1}]), "boot.devices does not go with"),
    (starts(interfaces=[{"network": "lab", "target": "a" * 16}]), "is longer than the 15 characters of a device"),
    (starts(cpu={"mode": "custom", "model": "Foo"}), "cpu.model: libvirt knows no Foo for x86_64"),
    ({"name": "one", "graphics": [{"type": "vnc", "password": "123456789"}]}, "a password of VNC has 8 characters"),
    (guest() | {"name": "n" * 252}, "name", "longer than the 251 bytes"),
    # What a guest that runs gets must be there, too.
    ({"name": "one", "interfaces": [{"network": "idle", "mac": "52:54:00:aa:03:0a"}]}, "network idle is not active"),
    ({"name": "one", "interfaces": [{"bridge": "none0", "mac": "52:54:00:aa:03:0a"}]}, "the host has no device none0"),
    ({"name": "one", "disks": [{"target": "vdb", "file": "/none", "format": "raw"}]}, "the host has no file /none"),
    (starts(vsock={"auto": True}), "vsock: the host has no /dev/vhost-vsock"),
]
PAIRS = [*GUEST_PAIRS, *DEVICE_PAIRS]
