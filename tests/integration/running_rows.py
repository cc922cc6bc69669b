# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of every option on a running guest: what it is before, what it becomes.

A case is (options before, options after, effects that differ from the declared one because a condition does not hold).
"""

from __future__ import annotations

UUID = "6f2ab1d0-5c3e-4a7b-9d10-0123456789ab"
MAC = "52:54:00:aa:04:01"
IMAGE = "/var/lib/libvirt/images/images"
VCPUS = {"vcpus": 1, "max_vcpus": 4}
CELL = {"id": 0, "cpus": "0-3", "memory": "64 MiB"}
CELLS = {"cpu": {"mode": "maximum", "cells": [CELL]}, **VCPUS}
MODULES = {"size": "512 MiB", "slots": 4}
NIC = {"mac": MAC, "network": "lab"}
# Rows that no change of a running guest can show here, each with the reason.
NOT_HERE = {
    "uuid": "it is fixed",
    "name": "it is refused while the guest runs; test_domain.py renames one that is off",
    "launch_security": "it needs a processor that has it",
    "hostdevs": "they need a device of the host to give away",
    "tpm.device": "it needs a TPM of the host",
    "inputs[].source": "it needs an input device of the host",
    "virt_type": "it needs a host with KVM; test_domain.py changes it where there is one",
    "numatune.": "it needs a host of two NUMA nodes",
    "memory_devices[].block": "it needs virtio-mem, which wants more of the guest",
    "memory_devices[].requested": "it needs virtio-mem, which wants more of the guest",
    "tpm.type": "it needs a TPM of the host",
    "vsock": "it needs the host's vhost_vsock",
    "interfaces[].vlan.": "it needs Open vSwitch on the host",
    "interfaces[].virtualport.": "it needs Open vSwitch on the host",
    "interfaces[].bandwidth": "it needs the host's sch_sfq",
    "disks[].network.hosts[].": "it needs a server; test_domain.py changes them of a guest that is off",
    "disks[].block": "it needs a block device of the host",
    "graphics[].password": "check mode cannot compare it; test_domain_live.py changes one",
}

# Effects with a newer libvirt than that of Debian 12.
NEWER = {
    "a NIC of another port group": dict.fromkeys(("interfaces[].network", "interfaces[].portgroup"), "next_boot"),
}
CASES = {
    "identity": (
        {},
        {
            "title": "A title",
            "description": "Two\nlines <&>",
            "labels": {"tier": "web", "owner": "me & you"},
            "protected": True,
        },
        {},
    ),
    "kind": (
        {"machine": "pc-q35-6.0"},
        {"arch": "i686", "machine": "pc-q35-7.0", "emulator": "/usr/bin/qemu-system-i386"},
        {},
    ),
    "memory": (
        {},
        {
            "memory": "96 MiB",
            "current_memory": "48 MiB",
            "memballoon": {
                "model": "virtio-non-transitional",
                "autodeflate": True,
                "free_page_reporting": True,
                "stats_period": 5,
            },
            "memory_backing": {
                "hugepages": True,
                "page_size": "2 MiB",
                "access": "shared",
                "locked": True,
                "nosharepages": True,
            },
        },
        {},
    ),
    "more memory backing": (
        {"memory_backing": {"source": "anonymous"}},
        {"memory_backing": {"source": "memfd", "allocation": "immediate", "discard": True}},
        {},
    ),
    "memory can be plugged": (CELLS, {"max_memory": MODULES}, {}),
    "memory is plugged": (
        {**CELLS, "max_memory": MODULES, "memory_devices": []},
        {
            "memory_devices": [{"alias": "ua-dimm", "model": "dimm", "size": "128 MiB", "node": 0}],
            "max_memory": {"size": "1 GiB", "slots": 8},
        },
        {"current_memory": "next_boot"},
    ),
    "CPUs": ({**VCPUS, "iothreads": 1}, {"vcpus": 3, "iothreads": 3}, {}),
    "more CPUs than can be": ({}, {"vcpus": 2, "cpuset": "0"}, {"vcpus": "next_boot"}),
    "CPU": (
        VCPUS,
        {
            "max_vcpus": 8,
            "cpu": {
                "mode": "custom",
                "model": "Nehalem",
                "check": "none",
                "topology": {"sockets": 1, "dies": 2, "cores": 2, "threads": 2},
                "features": [{"name": "aes", "policy": "disable"}],
                "nested": True,
                "cells": [
                    {"id": 0, "cpus": "0-3", "memory": "32 MiB", "access": "shared", "discard": True},
                    {"id": 1, "cpus": "4-7", "memory": "32 MiB"},
                ],
            },
        },
        {},
    ),
    "the CPU that QEMU can": ({}, {"cpu": {"mode": "maximum", "migratable": False}}, {}),
    "pins": (
        {**VCPUS, "iothreads": 1},
        {
            "cputune": {
                "emulator_pin": "0",
                "vcpu_pins": [{"vcpu": 0, "cpuset": "1"}],
                "iothread_pins": [{"iothread": 1, "cpuset": "0"}],
            },
        },
        {},
    ),
    "other pins": (
        {
            "iothreads": 1,
            "cputune": {
                "vcpu_pins": [{"vcpu": 0, "cpuset": "1"}],
                "iothread_pins": [{"iothread": 1, "cpuset": "0"}],
            },
        },
        {
            "cputune": {
                "vcpu_pins": [{"vcpu": 0, "cpuset": "0"}],
                "iothread_pins": [{"iothread": 1, "cpuset": "1"}],
            },
        },
        {},
    ),
    "shares": (
        {},
        {
            "cputune": {
                "shares": 512,
                "period": 50000,
                "quota": 25000,
                "global_period": 50000,
                "global_quota": 25000,
                "emulator_period": 50000,
                "emulator_quota": 25000,
            },
            "numatune": {"mode": "strict", "nodeset": "0"},
            "blkiotune": {"weight": 200},
            "memtune": {"hard_limit": "4 GiB", "soft_limit": "3 GiB", "swap_hard_limit": "5 GiB"},
        },
        {},
    ),
    "firmware": (
        {},
        {
            "firmware": {"type": "efi", "secure_boot": True, "enrolled_keys": False},
            "features": {"smm": True},
            "tpm": {"model": "tpm-crb", "version": "2.0", "persistent_state": True},
        },
        {},
    ),
    "own firmware": (
        {},
        {
            "firmware": {
                "loader": "/usr/share/OVMF/OVMF_CODE_4M.fd",
                "loader_type": "pflash",
                "loader_readonly": True,
                "loader_secure": False,
                "nvram": "/var/lib/libvirt/qemu/nvram/own.fd",
                "nvram_template": "/usr/share/OVMF/OVMF_VARS_4M.fd",
            },
            "boot": {
                "devices": ["network", "hd"],
                "menu": True,
                "menu_timeout": 3000,
                "reboot_timeout": 10,
                "serial_console": True,
            },
        },
        {},
    ),
    "kernel": (
        {},
        {"kernel": "/boot/vmlinuz", "initrd": "/boot/initrd", "cmdline": "quiet 'a b'", "dtb": "/boot/dtb"},
        {},
    ),
    "SMBIOS": (
        {},
        {
            "smbios": {
                "mode": "sysinfo",
                "bios": {"vendor": "virtops"},
                "system": {"manufacturer": "A & B", "serial": "<1>"},
                "base_board": {"product": "board"},
                "chassis": {"asset": "42"},
            }
        },
        {},
    ),
    "fw_cfg": (
        {
            "smbios": {"mode": "sysinfo", "system": {"serial": "1"}},
            "fw_cfg": [
                {"name": "opt/a", "value": "x"},
                {"name": "opt/b", "file": "/etc/hostname"},
                {"name": "opt/c", "value": "x"},
            ],
        },
        {
            "smbios": {"system": {"serial": "2"}},
            "fw_cfg": [
                {"name": "opt/a", "value": "<y> & 'z'"},
                {"name": "opt/b", "file": "/etc/hosts"},
                {"name": "opt/d", "file": "/etc/hosts"},
            ],
        },
        {},
    ),
    "fw_cfg as value and file": (
        {"fw_cfg": [{"name": "opt/a", "value": "x"}, {"name": "opt/b", "file": "/etc/hosts"}]},
        {"fw_cfg": [{"name": "opt/a", "file": "/etc/hosts"}, {"name": "opt/b", "value": "x"}]},
        {},
    ),
    "no fw_cfg": ({"fw_cfg": [{"name": "opt/a", "value": "x"}]}, {"fw_cfg": []}, {}),
    "features": (
        {"features": {"acpi": True, "apic": True}},
        {"features": {"acpi": False, "apic": False, "pae": True, "vmport": False, "kvm_hidden": True}},
        {},
    ),
    "I/O APIC": ({}, {"features": {"ioapic": "qemu"}, "iommu": {"model": "intel", "intremap": True}}, {}),
    "clock": (
        {},
        {
            "clock": {
                "offset": "timezone",
                "timezone": "Europe/Berlin",
                "timers": [
                    {"name": "rtc", "tickpolicy": "catchup", "track": "guest"},
                    {"name": "hpet", "present": False},
                ],
            },
            "on_poweroff": "destroy",
            "on_reboot": "destroy",
            "on_crash": "preserve",
        },
        {},
    ),
    "clock that varies": (
        {"on_poweroff": "restart"},
        {"clock": {"offset": "variable", "basis": "localtime", "adjustment": "3600"}, "on_poweroff": "destroy"},
        {"on_poweroff": "live"},
    ),
    "clock that starts anew": ({}, {"clock": {"offset": "absolute", "start": "1700000000"}}, {}),
    "disks come": (
        {},
        {
            "disks": [
                {"target": "vda", "pool": "images", "volume": "a.qcow2"},
                {"target": "sda", "pool": "images", "volume": "b.qcow2", "bus": "scsi"},
            ]
        },
        {},
    ),
    "a disk that no machine takes while it runs": (
        {},
        {"disks": [{"target": "sda", "pool": "images", "volume": "a.qcow2", "bus": "sata"}]},
        {"disks[]": "next_boot"},
    ),
    "a disk changes": (
        {"iothreads": 1, "disks": [{"target": "vda", "pool": "images", "volume": "a.qcow2"}]},
        {
            "disks": [
                {
                    "target": "vda",
                    "alias": "ua-first",
                    "pool": "images",
                    "volume": "b.qcow2",
                    "cache": "none",
                    "io": "native",
                    "discard": "unmap",
                    "detect_zeroes": "unmap",
                    "queues": 2,
                    "iothread": 1,
                    "serial": "one",
                    "boot": 1,
                    "iotune": {
                        "read_bytes_sec": 1000000,
                        "write_bytes_sec": 2000000,
                        "read_iops_sec": 100,
                        "write_iops_sec": 200,
                        "read_bytes_sec_max": 3000000,
                        "write_bytes_sec_max": 3000000,
                        "read_iops_sec_max": 300,
                        "write_iops_sec_max": 300,
                        "size_iops_sec": 4096,
                    },
                }
            ]
        },
        {"disks[].volume": "next_boot"},
    ),
    "limits of both ways": (
        {
            "disks": [
                {
                    "target": "vda",
                    "pool": "images",
                    "volume": "a.qcow2",
                    "iotune": {"read_bytes_sec": 1000, "read_iops_sec": 5},
                }
            ]
        },
        {
            "disks": [
                {
                    "target": "vda",
                    "pool": "images",
                    "volume": "a.qcow2",
                    "readonly": True,
                    "shareable": True,
                    "iotune": {
                        "read_bytes_sec": 0,
                        "read_iops_sec": 0,
                        "total_bytes_sec": 1000000,
                        "total_iops_sec": 100,
                        "total_bytes_sec_max": 3000000,
                        "total_iops_sec_max": 300,
                    },
                }
            ]
        },
        {},
    ),
    "a disk becomes another one": (
        {"disks": [{"target": "sda", "file": IMAGE + "/a.qcow2", "format": "qcow2", "bus": "scsi"}]},
        {
            "disks": [
                {
                    "target": "sda",
                    "network": {
                        "protocol": "nbd",
                        "name": "export",
                        "hosts": [{"name": "10.99.0.1", "port": 10809, "transport": "tcp"}],
                    },
                    "format": "raw",
                    "wwn": "5000c50015ea71aa",
                }
            ]
        },
        {"disks[].file": "next_boot"},
    ),
    "a disk of a socket": (
        {"disks": [{"target": "vda", "pool": "images", "volume": "a.qcow2"}]},
        {
            "disks": [
                {
                    "target": "vda",
                    "device": "disk",
                    "format": "raw",
                    "network": {"protocol": "nbd", "hosts": [{"transport": "unix", "socket": "/run/nbd"}]},
                }
            ]
        },
        {"disks[].pool": "next_boot", "disks[].volume": "next_boot"},
    ),
    "a drive becomes a disk": (
        {"disks": [{"target": "sda", "device": "cdrom", "bus": "sata"}]},
        {
            "disks": [
                {
                    "target": "sda",
                    "device": "disk",
                    "block": "/dev/null",
                    "bus": "scsi",
                    "format": "raw",
                    "readonly": False,
                }
            ]
        },
        {"disks[].block": "next_boot"},
    ),
    "a medium comes": (
        {"disks": [{"target": "sda", "device": "cdrom", "bus": "sata"}]},
        {"disks": [{"target": "sda", "device": "cdrom", "pool": "images", "volume": "c.raw"}]},
        {},
    ),
    "a medium changes": (
        {"disks": [{"target": "sda", "device": "cdrom", "bus": "sata", "pool": "images", "volume": "c.raw"}]},
        {"disks": [{"target": "sda", "device": "cdrom", "file": IMAGE + "/d.raw"}]},
        {},
    ),
    "file systems": (
        {"memory_backing": {"source": "memfd", "access": "shared"}},
        {
            "filesystems": [
                {"target": "a", "source": "/srv", "driver": "path", "accessmode": "mapped"},
            ]
        },
        {"filesystems[]": "next_boot"},
    ),
    "virtiofs": (
        {"memory_backing": {"source": "memfd", "access": "shared"}},
        {"filesystems": [{"target": "a", "source": "/srv", "driver": "virtiofs"}]},
        {},
    ),
    "a file system changes": (
        {"filesystems": [{"target": "a", "source": "/srv", "driver": "path"}]},
        {
            "filesystems": [
                {
                    "target": "a",
                    "alias": "ua-a",
                    "source": "/opt",
                    "driver": "virtiofs",
                    "accessmode": "passthrough",
                    "queue": 1024,
                    "cache": "always",
                    "xattr": True,
                }
            ],
            "memory_backing": {"source": "memfd", "access": "shared"},
        },
        {},
    ),
    "a file system is protected": (
        {"filesystems": [{"target": "a", "source": "/srv", "driver": "path"}]},
        {
            "filesystems": [
                {"target": "a", "source": "/srv", "driver": "path", "readonly": True, "accessmode": "squash"},
            ]
        },
        {},
    ),
    "NICs come": ({}, {"interfaces": [NIC, {"type": "user", "alias": "ua-own"}]}, {}),
    "a NIC moves": (
        {"interfaces": [NIC]},
        {"interfaces": [{"mac": MAC, "bridge": "virbr1", "link": "down"}]},
        {},
    ),
    "a NIC changes": (
        {"interfaces": [NIC]},
        {
            "interfaces": [
                {
                    "mac": MAC,
                    "alias": "ua-nic",
                    "network": "other",
                    "mtu": 1400,
                    "queues": 2,
                    "isolated": True,
                    "trust_guest_rx_filters": True,
                    "target": "guest0",
                    "acpi_index": 3,
                    "rom": False,
                    "guest_csum": False,
                    "boot": 1,
                    "filter": {"name": "own", "parameters": {"IP": "10.51.0.9"}},
                }
            ]
        },
        {},
    ),
    "a NIC of another port group": (
        {"interfaces": [NIC]},
        {"interfaces": [{**NIC, "network": "other", "portgroup": "fast"}]},
        {},
    ),
    "a NIC that leaves its port group": (
        {"interfaces": [{**NIC, "portgroup": "fast"}]},
        {"interfaces": [{"mac": MAC, "bridge": "virbr1"}]},
        {},
    ),
    "a NIC of another model": ({"interfaces": [NIC]}, {"interfaces": [{**NIC, "model": "e1000e"}]}, {}),
    "a filter changes": (
        {"interfaces": [{**NIC, "filter": {"name": "own", "parameters": {"IP": "10.50.0.9"}}}]},
        {"interfaces": [{**NIC, "filter": {"name": "other", "parameters": {"IP": "10.50.0.8"}}}]},
        {},
    ),
    "a filter goes": (
        {"interfaces": [{**NIC, "filter": {"name": "own"}}]},
        {"interfaces": [{**NIC, "filter": {}}]},
        {},
    ),
    "a NIC becomes another one": (
        {"interfaces": [NIC]},
        {"interfaces": [{"mac": MAC, "direct": {"dev": "dummy0", "mode": "private"}}]},
        {"interfaces[].type": "next_boot", "interfaces[].network": "next_boot"},
    ),
    "a NIC of a switch": (
        {"interfaces": [NIC]},
        {
            "interfaces": [
                {
                    **NIC,
                    "virtualport": {"type": "openvswitch", "interfaceid": UUID, "profileid": "web"},
                    "vlan": {"trunk": True, "tags": [10, 20], "native_untagged": 10},
                }
            ]
        },
        {},
    ),
    "graphics": (
        {"graphics": [{"type": "vnc", "listen": "127.0.0.1"}]},
        {
            "graphics": [
                {"type": "vnc", "listen": "127.0.0.2", "port": 5907, "keymap": "de"},
            ],
            "videos": [{"model": "virtio", "heads": 2, "primary": True, "accel3d": False, "alias": "ua-video"}],
        },
        {},
    ),
    "more graphics": (
        {"graphics": [{"type": "vnc", "listen": "127.0.0.1", "port": 5907}], "videos": [{"model": "virtio"}]},
        {
            "graphics": [{"type": "vnc", "autoport": True}, {"type": "spice", "gl": False}],
            "videos": [{"model": "qxl", "vram": 32768, "heads": 1}],
        },
        {},
    ),
    "video changes": (
        {"videos": [{"model": "virtio"}]},
        {"videos": [{"model": "vga", "vram": 16384, "heads": 1, "primary": True, "accel3d": False, "alias": "ua-v"}]},
        {},
    ),
    "channels": (
        {"channels": [{"name": "org.qemu.guest_agent.0"}]},
        {"channels": [{"name": "org.qemu.guest_agent.0"}, {"name": "org.example.0", "alias": "ua-own"}]},
        {},
    ),
    "a channel changes": (
        {"channels": [{"alias": "ua-own", "name": "org.example.0"}]},
        {
            "channels": [
                {
                    "alias": "ua-own",
                    "name": "org.example.0",
                    "type": "file",
                    "path": "/var/log/libvirt/channel.log",
                    "log_file": "/var/log/libvirt/channel.copy",
                    "log_append": True,
                }
            ]
        },
        {},
    ),
    "serial ports and consoles": (
        {},
        {
            "serials": [{"port": 0}, {"port": 1, "type": "null", "alias": "ua-second"}],
            "consoles": [{"port": 1, "alias": "ua-console"}],
        },
        {},
    ),
    "serial ports and consoles change": (
        {"serials": [{"port": 0}], "consoles": [{"port": 1}]},
        {
            "serials": [
                {
                    "port": 0,
                    "type": "file",
                    "path": "/var/log/libvirt/serial.log",
                    "log_file": "/var/log/libvirt/serial.copy",
                    "log_append": True,
                }
            ],
            "consoles": [
                {
                    "port": 1,
                    "type": "file",
                    "path": "/var/log/libvirt/console.log",
                    "log_file": "/var/log/libvirt/console.copy",
                    "log_append": True,
                }
            ],
        },
        {},
    ),
    "small devices come": (
        {"rngs": []},
        {
            "rngs": [{"alias": "ua-rng"}],
            "inputs": [{"type": "tablet", "bus": "usb"}, {"type": "keyboard", "bus": "virtio"}],
            "watchdogs": [{"model": "i6300esb", "action": "reset"}],
            "sounds": [{"model": "ich9"}],
            "panics": [{"model": "isa"}],
        },
        {},
    ),
    "small devices change": (
        {
            "rngs": [{"alias": "ua-rng"}],
            "inputs": [{"type": "tablet", "bus": "usb", "alias": "ua-input"}],
            "watchdogs": [{"model": "i6300esb", "action": "reset"}],
            "sounds": [{"model": "ich9", "alias": "ua-sound"}],
            "iommu": {"model": "intel"},
            "features": {"ioapic": "qemu"},
            "tpm": {"model": "tpm-tis", "version": "2.0"},
        },
        {
            "rngs": [
                {
                    "alias": "ua-rng",
                    "backend": "random",
                    "source": "/dev/random",
                    "rate_bytes": 1024,
                    "rate_period": 500,
                    "model": "virtio-non-transitional",
                }
            ],
            "inputs": [{"type": "mouse", "bus": "virtio", "alias": "ua-input"}],
            "watchdogs": [{"model": "i6300esb", "action": "poweroff"}],
            "sounds": [{"model": "ac97", "alias": "ua-sound"}],
            "iommu": {"model": "intel", "caching_mode": True, "iotlb": True, "intremap": True},
            "tpm": {"model": "tpm-crb", "persistent_state": True},
        },
        {},
    ),
    "CPU, once more": (
        {
            "vcpus": 4,
            "cpu": {
                "mode": "custom",
                "model": "Nehalem",
                "topology": {"sockets": 4, "dies": 1, "cores": 1, "threads": 1},
                "features": [{"name": "aes", "policy": "disable"}],
                "cells": [
                    {"id": 0, "cpus": "0-1", "memory": "32 MiB"},
                    {"id": 1, "cpus": "2-3", "memory": "32 MiB"},
                ],
            },
        },
        {
            "cpu": {
                "topology": {"sockets": 1, "dies": 1, "cores": 2, "threads": 2},
                "features": [{"name": "aes", "policy": "optional"}],
                "cells": [
                    {"id": 0, "cpus": "0-2", "memory": "48 MiB", "access": "shared", "discard": True},
                    {"id": 1, "cpus": "3", "memory": "16 MiB"},
                ],
            },
        },
        {},
    ),
    "a timer changes": (
        {"clock": {"timers": [{"name": "rtc", "present": True}, {"name": "pit", "tickpolicy": "delay"}]}},
        {
            "clock": {
                "timers": [
                    {"name": "rtc", "present": False, "track": "wall"},
                    {"name": "pit", "tickpolicy": "discard"},
                ]
            }
        },
        {},
    ),
    "a port of a switch changes": (
        {"interfaces": [{**NIC, "model": "virtio"}]},
        {"interfaces": [{**NIC, "vlan": {"tags": [5, 6], "native_tagged": 6}, "virtualport": {"type": "openvswitch"}}]},
        {},
    ),
    "devices of one kind change": (
        {
            "iommu": {"model": "intel"},
            "rngs": [{"backend": "random", "source": "/dev/urandom"}],
            "tpm": {"model": "tpm-tis", "version": "1.2"},
            "graphics": [{"type": "spice", "listen": "127.0.0.1"}],
            "videos": [{"model": "virtio", "alias": "ua-video"}],
        },
        {
            "iommu": {"model": "virtio"},
            "rngs": [{"backend": "builtin", "source": ""}],
            "tpm": {"model": "tpm-tis", "version": "2.0"},
            "graphics": [{"type": "spice", "gl": False}],
            "videos": [
                {"model": "virtio", "alias": "ua-video", "heads": 4, "primary": True, "accel3d": False},
            ],
        },
        {},
    ),
    "memory backing changes": (
        {"memory_backing": {"access": "private", "source": "memfd"}},
        {
            "memory_backing": {
                "access": "shared",
                "hugepages": True,
                "page_size": "2 MiB",
                "locked": True,
                "nosharepages": True,
            }
        },
        {},
    ),
    "a memory module changes": (
        {
            **CELLS,
            "memory": "192 MiB",
            "max_memory": MODULES,
            "memory_devices": [{"alias": "ua-dimm", "model": "dimm", "size": "128 MiB", "node": 0}],
        },
        {
            "cpu": {"cells": [{**CELL, "cpus": "0-1"}, {"id": 1, "cpus": "2-3", "memory": "32 MiB"}]},
            "memory_devices": [
                {
                    "alias": "ua-dimm",
                    "model": "nvdimm",
                    "size": "64 MiB",
                    "node": 1,
                    "path": "/var/lib/libvirt/images/nvdimm",
                }
            ],
        },
        {"current_memory": "next_boot"},
    ),
    "another adapter is the first": (
        {"videos": [{"model": "virtio", "alias": "ua-a"}, {"model": "virtio", "alias": "ua-b"}]},
        {"videos": [{"model": "virtio", "alias": "ua-b", "primary": True}]},
        {},
    ),
}
