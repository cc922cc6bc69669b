# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that are off, and one change of each: {name: row of _changes_inside.py}."""

from __future__ import annotations

MAC = "52:54:00:aa:02:01"
IMAGES = "/var/lib/libvirt/images"
GUEST = {"name": "guest", "virt_type": "qemu", "memory": "64 MiB"}
FULL = {
    "disks": [
        {"target": "vda", "file": f"{IMAGES}/a", "format": "raw", "boot": 1},
        {"target": "sda", "bus": "sata", "device": "cdrom"},
    ],
    "interfaces": [{"mac": MAC, "type": "user", "boot": 2}, {"type": "user", "model": "e1000"}],
    "videos": [{"model": "vga"}],
    "graphics": [{"type": "vnc"}],
    "sounds": [{"model": "ich6"}],
    "inputs": [{"type": "tablet", "bus": "usb"}],
    "watchdogs": [{"model": "i6300esb"}],
    "rngs": [{}],
    "channels": [{"name": "org.example.0"}],
}


def document(device: str, more: str = "") -> str:
    return (
        f"<domain type='qemu'><name>guest</name><memory unit='MiB'>64</memory>{more}"
        f"<os><type machine='q35'>hvm</type></os><devices>{device}</devices></domain>"
    )


# --- types: a device of a document, and what an option makes of it ----------------------------------------------------

SOURCES = {
    "null": "",
    "pty": "",
    "file": f"<source path='{IMAGES}/x' append='on'/>",
    "unix": "<source mode='bind' path='/run/x'/>",
    "tcp": "<source mode='bind' host='127.0.0.1' service='77' tls='no'/><protocol type='telnet'/>",
    "udp": "<source mode='connect' host='127.0.0.1' service='77'/>",
    "pipe": "<source path='/tmp/p'/>",
}
NEXT = {"null": "file", "pty": "unix", "file": "pty", "unix": "null", "tcp": "pty", "udp": "file", "pipe": "unix"}
PATHS = {"file": {"path": f"{IMAGES}/y"}, "unix": {"path": "/run/y"}}


def character(tag: str, option: str, item: dict, target: str) -> dict:
    return {
        f"{tag} {kind} to {NEXT[kind]}": (
            f"<{tag} type='{kind}'>{source}<target {target}/></{tag}>",
            {option: [{**item, "type": NEXT[kind], **PATHS.get(NEXT[kind], {})}]},
        )
        for kind, source in SOURCES.items()
    }


def disk(kind: str, source: str, more: str = "", bus: str = "virtio", driver: str = "") -> str:
    return (
        f"<disk type='{kind}'><driver name='qemu' type='raw'{driver}/><source {source}</source>"
        f"<target dev='vda' bus='{bus}'/>{more}</disk>"
    )


FILE = f"file='{IMAGES}/a' startupPolicy='optional'><seclabel relabel='no'/>"
RBD = (
    "protocol='rbd' name='p/i'><host name='h'/><snapshot name='s'/><config file='/c'/>"
    "<auth username='u'><secret type='ceph' usage='z'/></auth>"
)
NBD = {"network": {"protocol": "nbd", "hosts": [{"name": "n", "port": 9}]}}
CHAIN = "<backingStore type='file'><format type='raw'/><source file='/b'/></backingStore>"
OF_VIRTIO = " io='native' cache='none' queues='2' iothread='1' event_idx='on' ioeventfd='on' packed='on'"
OF_SCSI = "<vendor>V</vendor><product>P</product><wwn>5000c50015ea71ad</wwn>"
DISKS = {
    "file to network": (disk("file", FILE, CHAIN), NBD),
    "file to block": (disk("file", FILE, CHAIN), {"block": "/dev/zero"}),
    "network to file": (disk("network", RBD), {"file": "/n"}),
    "one server to another": (disk("network", RBD), NBD),
    "block to file": (disk("block", "dev='/dev/null'>"), {"file": "/n"}),
    "volume to block": (disk("volume", "pool='p' volume='v' mode='host'>"), {"block": "/dev/zero"}),
    "nvme to file": (
        disk("nvme", "type='pci' managed='yes' namespace='1'><address domain='0' bus='1' slot='0' function='0'/>"),
        {"file": "/n"},
    ),
    "virtio to sata": (disk("file", FILE, driver=OF_VIRTIO), {"bus": "sata"}),
    "scsi to virtio": (disk("file", FILE, OF_SCSI, "scsi"), {"bus": "virtio"}),
    "usb to scsi": (disk("file", FILE, "", "usb"), {"bus": "scsi"}),
}


def nic(kind: str, inside: str, model: str = "<model type='virtio'/>") -> str:
    return f"<interface type='{kind}'><mac address='{MAC}'/>{inside}{model}</interface>"


PORT = (
    "<virtualport type='openvswitch'><parameters interfaceid='6f2ab1d0-5c3e-4a7b-9d10-0123456789ab'/></virtualport>"
    "<vlan><tag id='5'/></vlan><bandwidth><inbound average='9'/></bandwidth><filterref filter='clean-traffic'/>"
)
SHARED = "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
SOCKET = "<source type='unix' path='/s' mode='client'><reconnect enabled='yes' timeout='10'/></source>"
PCI = "<address type='pci' domain='0' bus='6' slot='0' function='0'/>"
NICS = {
    "network to bridge": (nic("network", "<source network='lab'/>" + PORT), {"bridge": "br0"}),
    "network to user": (nic("network", "<source network='lab'/>" + PORT), {"type": "user"}),
    "bridge to network": (nic("bridge", "<source bridge='br0'/><script path='/s'/>"), {"network": "lab"}),
    "bridge to direct": (nic("bridge", "<source bridge='br0'/>" + PORT), {"direct": {"dev": "eth0", "mode": "bridge"}}),
    "direct to user": (nic("direct", "<source dev='eth0' mode='vepa'/>"), {"type": "user"}),
    "user to ethernet": (nic("user", "<ip family='ipv4' address='10.9.9.9' prefix='24'/>"), {"type": "ethernet"}),
    "udp to network": (
        nic("udp", "<source address='127.0.0.1' port='1'><local address='127.0.0.1' port='2'/></source>"),
        {"network": "lab"},
    ),
    "vhostuser to user": (nic("vhostuser", SOCKET), {"type": "user"}, SHARED),
    "hostdev to network": (
        nic("hostdev", f"<source>{PCI}</source><driver name='vfio'/>", "").replace(
            "'hostdev'", "'hostdev' managed='yes'"
        ),
        {"network": "lab"},
    ),
}
HOSTDEVS = {
    "pci": f"<driver name='vfio'/><source>{PCI.replace(' type=' + repr('pci'), '')}</source><rom bar='off'/>",
    "usb": "<source startupPolicy='optional'><vendor id='0x1234'/><product id='0xbeef'/></source>",
    "mdev": "<source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source>",
}
GIVEN = {
    "pci": {"address": "0000:07:00.0", "managed": True},
    "usb": {"vendor": "0x1111", "product": "0x2222"},
    "mdev": {"model": "vfio-pci", "uuid": "11111111-f1bb-47f0-914d-32a22e3a8804"},
}


def hostdev(kind: str) -> str:
    more = {"pci": "managed='yes'", "mdev": "model='vfio-pci' display='off'"}.get(kind, "")
    return f"<hostdev mode='subsystem' type='{kind}' {more}>{HOSTDEVS[kind]}<alias name='ua-x'/></hostdev>"


CELL = (
    "<maxMemory slots='8' unit='GiB'>4</maxMemory><vcpu>1</vcpu>"
    "<cpu><numa><cell id='0' cpus='0' memory='64' unit='MiB'/></numa></cpu>"
)
MODULE = "<target><size unit='MiB'>128</size><node>0</node>{}</target><alias name='ua-x'/></memory>"
MODULES = {
    "dimm": "<memory model='dimm'><source><nodemask>0</nodemask></source>" + MODULE.format(""),
    "nvdimm": "<memory model='nvdimm'><source><path>/nv</path><pmem/></source>"
    + MODULE.format("<label><size unit='KiB'>128</size></label><readonly/>"),
    "virtio-mem": "<memory model='virtio-mem'>"
    + MODULE.format("<block unit='MiB'>2</block><requested unit='MiB'>64</requested>"),
}
OF_MODULES = {
    "dimm": {"node": 0},
    "nvdimm": {"node": 0, "path": "/z"},
    "virtio-mem": {"node": 0, "block": "2 MiB", "requested": "64 MiB"},
    "virtio-pmem": {"path": "/z"},
}
VIRTIOFS = (
    "<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs' queue='512'/>"
    "<binary path='/v' xattr='on'><cache mode='always'/></binary><source dir='/srv'/><target dir='t'/></filesystem>"
)
PATH = (
    "<filesystem type='mount' accessmode='mapped' multidevs='remap'><driver type='path' wrpolicy='immediate'/>"
    "<source dir='/srv'/><target dir='t'/><readonly/></filesystem>"
)
EMULATOR = (
    "<tpm model='tpm-tis'><backend type='emulator' version='2.0' persistent_state='yes'>"
    "<active_pcr_banks><sha1/></active_pcr_banks></backend></tpm>"
)
EGD = (
    "<rng model='virtio'><backend model='egd' type='tcp'><source mode='connect' host='1.2.3.4' service='2'/>"
    "<protocol type='raw'/></backend></rng>"
)
VIRTIO = (
    "<video><model type='virtio' heads='2'><acceleration accel3d='no'/><resolution x='800' y='600'/></model>"
    "<alias name='ua-x'/></video>"
)
IOMMU = "<features><acpi/><ioapic driver='qemu'/></features>"
ITEM = {"alias": "ua-x"}
OTHERS = {
    **{
        f"hostdev {one} to {other}": (hostdev(one), {"hostdevs": [{**ITEM, "type": other, **GIVEN[other]}]})
        for one, other in (("pci", "usb"), ("usb", "mdev"), ("mdev", "pci"))
    },
    **{
        f"memory {one} to {other}": (
            MODULES[one],
            {"memory_devices": [{**ITEM, "model": other, "size": "128 MiB", **OF_MODULES[other]}]},
            CELL,
        )
        for one, other in (
            ("dimm", "nvdimm"),
            ("nvdimm", "virtio-mem"),
            ("virtio-mem", "dimm"),
            ("dimm", "virtio-pmem"),
        )
    },
    "virtiofs to path": (VIRTIOFS, {"filesystems": [{"target": "t", "driver": "path"}]}, SHARED),
    "path to virtiofs": (PATH, {"filesystems": [{"target": "t", "driver": "virtiofs", "queue": 1024}]}, SHARED),
    "TPM to that of the host": (EMULATOR, {"tpm": {"type": "passthrough", "device": "/dev/tpm1"}}),
    "TPM from that of the host": (
        "<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>",
        {"tpm": {"type": "emulator", "version": "2.0"}},
    ),
    "rng egd to random": (EGD, {"rngs": [{"backend": "random"}]}),
    "rng random to builtin": (
        "<rng model='virtio'><backend model='random'>/dev/random</backend></rng>",
        {"rngs": [{"backend": "builtin"}]},
    ),
    "input evdev to mouse": (
        "<input type='evdev'><source dev='/dev/input/event1' grab='all'/><alias name='ua-x'/></input>",
        {"inputs": [{**ITEM, "type": "mouse", "bus": "usb"}]},
    ),
    "input virtio to usb": (
        "<input type='tablet' bus='virtio' model='virtio'><alias name='ua-x'/></input>",
        {"inputs": [{**ITEM, "type": "tablet", "bus": "usb"}]},
    ),
    "video virtio to vga": (VIRTIO, {"videos": [{**ITEM, "model": "vga"}]}),
    "video vga to virtio": (
        "<video><model type='vga' vram='16384'/><alias name='ua-x'/></video>",
        {"videos": [{**ITEM, "model": "virtio"}]},
    ),
    "sound ich9 to usb": (
        "<sound model='ich9'><codec type='micro'/><alias name='ua-x'/></sound>",
        {"sounds": [{**ITEM, "model": "usb"}]},
    ),
    "IOMMU intel to virtio": (
        "<iommu model='intel'><driver intremap='on' iotlb='on'/></iommu>",
        {"iommu": {"model": "virtio"}},
        IOMMU,
    ),
    "clock variable to utc": (
        "",
        {"clock": {"offset": "utc"}},
        "<clock offset='variable' adjustment='3600' basis='localtime'/>",
    ),
    "clock absolute to timezone": (
        "",
        {"clock": {"offset": "timezone", "timezone": "Europe/Rome"}},
        "<clock offset='absolute' start='1234'/>",
    ),
}
TYPES = {
    **character("serial", "serials", {"port": 0}, "port='0'"),
    **character("console", "consoles", {"port": 0}, "type='virtio' port='0'"),
    **character("channel", "channels", {"name": "org.x.0"}, "type='virtio' name='org.x.0'"),
    **{
        f"disk {name}": (device, {"disks": [{"target": "vda", "format": "raw", **item}]}, "<iothreads>1</iothreads>")
        for name, (device, item) in DISKS.items()
    },
    **{
        f"NIC {name}": (device, {"interfaces": [{"mac": MAC, **item}]}, *more)
        for name, (device, item, *more) in NICS.items()
    },
    **OTHERS,
}


def row(device: str, options: dict, more: str = "", *, beside: bool) -> dict:
    """C(beside): the options are laid over the document, else they change the guest that was made of it."""
    xml = document(device, more)
    return {"before": {"xml": xml}, "after": {"xml": xml, **options} if beside else {"name": "guest", **options}}


# Types that only a document has, and what a document says of others.
MORE = "<iothreads>1</iothreads><memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
PARALLEL = (
    "<parallel type='tcp'><source mode='bind' host='127.0.0.1' service='77'/><protocol type='telnet'/></parallel>"
)
EDITS = {
    "parallel port": (PARALLEL, "<parallel type='pty'/>"),
    "serial port": (PARALLEL.replace("parallel", "serial"), "<serial type='null'/>"),
    "disk": (disk("file", FILE, CHAIN), disk("block", "dev='/dev/zero'>")),
    "bus": (disk("file", FILE, driver=OF_VIRTIO), disk("file", FILE, bus="sata")),
    "file system": (
        PATH,
        "<filesystem type='mount'><driver type='virtiofs'/><source dir='/x'/><target dir='t'/></filesystem>",
    ),
    "NIC": (nic("bridge", "<source bridge='br0'/>" + PORT), nic("user", "")),
}

# --- options alone ----------------------------------------------------------------------------------------------------


def one_disk(**more) -> dict:
    return {"disks": [{"target": "vda", "file": f"{IMAGES}/a", "format": "raw", **more}]}


def disks(count: int, prefix: str, **more) -> dict:
    names = [f"{prefix}{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"[:count]]
    return {"disks": [{"target": name, "file": f"{IMAGES}/{name}", "format": "raw", **more} for name in names]}


def one_nic(model: str) -> dict:
    return {"interfaces": [{"mac": MAC, "type": "user", "model": model}]}


Q35, PC = {"machine": "q35"}, {"machine": "pc"}
FOUR = {"vcpus": 4, "cpu": {"mode": "maximum", "topology": {"sockets": 1, "cores": 4, "threads": 1}}}
CELLS = {"vcpus": 4, "cpu": {"mode": "maximum", "cells": [{"id": 0, "cpus": "0-3", "memory": "64 MiB"}]}}
USB = {"hostdevs": [{"alias": "ua-x", "type": "usb", "vendor": "0x1", "product": "0x2", "boot": 2}]}
SLOTS = {
    "memory": "192 MiB",
    "cpu": {"mode": "maximum", "cells": [{"id": 0, "cpus": "0", "memory": "64 MiB"}]},
    "max_memory": {"size": "1 GiB", "slots": 2},
    "memory_devices": [{"model": "dimm", "size": "128 MiB", "node": 0}],
}
BUSES = ("virtio", "scsi", "sata", "usb")
OPTIONS = {
    "q35 to pc": ({**Q35, **FULL}, PC),
    "pc to q35": ({**PC, **FULL}, Q35),
    "q35 to pc, and more": ({**Q35, **FULL}, {**PC, "memory": "96 MiB", "sounds": []}),
    "q35 with UEFI to pc": (
        {**Q35, "firmware": {"type": "efi"}},
        {**PC, "firmware": {"secure_boot": False, "enrolled_keys": False}},
    ),
    "another version": ({"machine": "pc-q35-6.0", **FULL}, {"machine": "pc-q35-7.0"}),
    "i686": ({**Q35, **FULL}, {"arch": "i686"}),
    "x86_64": ({"arch": "i686", **PC}, {"arch": "x86_64"}),
    **{
        f"disk {one} to {other}": ({**Q35, **one_disk(bus=one)}, one_disk(bus=other))
        for one, other in zip(BUSES, BUSES[1:] + BUSES)
    },
    "disk virtio to ide": ({**PC, **one_disk(bus="virtio")}, one_disk(bus="ide")),
    "watchdog of PCI to ISA": (
        {**PC, "watchdogs": [{**ITEM, "model": "i6300esb"}]},
        {"watchdogs": [{**ITEM, "model": "ib700"}]},
    ),
    "CD-ROM to disk": (
        {**Q35, "disks": [{"target": "sda", "bus": "sata", "device": "cdrom"}]},
        disks(1, "sd", bus="sata", device="disk"),
    ),
    "NIC virtio to rtl8139": ({**Q35, **one_nic("virtio")}, one_nic("rtl8139")),
    "NIC rtl8139 to virtio": ({**Q35, **one_nic("rtl8139")}, one_nic("virtio")),
    "NIC e1000 to e1000e": ({**PC, **one_nic("e1000")}, one_nic("e1000e")),
    "26 disks": ({**Q35, **disks(3, "vd")}, disks(26, "vd")),
    "10 disks on SATA": ({**Q35, "disks": []}, disks(10, "sd", bus="sata")),
    "10 disks on SCSI": ({**Q35, **disks(1, "sd", bus="scsi")}, disks(10, "sd", bus="scsi")),
    "the boot order swaps": (
        {**Q35, **one_disk(boot=1), "interfaces": [{"mac": MAC, "type": "user", "boot": 2}]},
        {"disks": [{"target": "vda", "boot": 2}], "interfaces": [{"mac": MAC, "type": "user", "boot": 1}]},
    ),
    "fewer processors in a topology": ({**Q35, **FOUR}, {"vcpus": 2}),
    "more processors and their topology": (
        {**Q35, **FOUR},
        {"vcpus": 8, "cpu": {"topology": {"sockets": 2, "cores": 4, "threads": 1}}},
    ),
    "fewer processors than pins": (
        {**Q35, "vcpus": 4, "cputune": {"vcpu_pins": [{"vcpu": 3, "cpuset": "0"}]}},
        {"vcpus": 2, "max_vcpus": 2},
    ),
}
REFUSED = {
    "disk of IDE to q35": (
        {**PC, **one_disk(target="hda", bus="ide")},
        Q35,
        "machine q35 does not go with a disk on bus ide",
    ),
    "IOMMU to pc": (
        {**Q35, "iommu": {"model": "intel"}, "features": {"ioapic": "qemu"}},
        PC,
        "iommu: model intel needs machine q35",
    ),
    "secure boot to pc": (
        {**Q35, "firmware": {"type": "efi", "secure_boot": True}, "features": {"smm": True}},
        PC,
        "machine pc does not go with firmware.secure_boot",
    ),
    "no PCI": (PC, {"machine": "isapc"}, "machine isapc has no PCI"),
    "unknown machine": (PC, {"machine": "pc-q35-0.1"}, "machine pc-q35-0.1 is not known to this host's QEMU"),
    "unknown arch": (PC, {"arch": "s390x", "machine": "s390-ccw-virtio"}, "no emulator for arch s390x"),
    "boot order of a USB device": (
        {**Q35, **one_disk(boot=1), **USB},
        {"disks": [{"target": "vda", "boot": 2}]},
        "boot 2 is that of disks[vda] too",
    ),
    "more processors than the topology": ({**Q35, **FOUR}, {"vcpus": 8}, "cpu.topology makes 4 processors"),
    "fewer processors than cells have": (
        {**Q35, **CELLS},
        {"vcpus": 2, "max_vcpus": 2},
        "cpu.cells have 4 processors, and the guest can have 2",
    ),
    "more processors than the machine takes": (PC, {"vcpus": 257}, "takes 255 processors at most, not 257"),
    "fewer threads than pins": (
        {**Q35, "iothreads": 2, "cputune": {"iothread_pins": [{"iothread": 2, "cpuset": "0"}]}},
        {"iothreads": 1},
        "cputune.iothread_pins[2] needs I/O thread 2, and iothreads is 1",
    ),
    "no thread for a disk": (
        {**Q35, "iothreads": 1, **one_disk(iothread=1)},
        {"iothreads": 0},
        "disks[vda].iothread needs I/O thread 1",
    ),
    "no slots for modules": ({**Q35, **SLOTS}, {"max_memory": {}}, "memory_devices need slots"),
}
TABLES = {
    "options beside a document": {name: row(*one, beside=True) for name, one in TYPES.items()},
    "options after a document": {name: row(*one, beside=False) for name, one in TYPES.items()},
    "another document": {
        **{
            name: {"before": {"xml": document(one, MORE)}, "after": {"xml": document(other, MORE)}}
            for name, (one, other) in EDITS.items()
        },
        # What others added to what goes: with an adjustment libvirt makes no "utc" of it.
        "clock": {
            "before": {"xml": document("", "<clock offset='variable'/>")},
            "between": {"name": "guest", "clock": {"adjustment": "5", "basis": "localtime"}},
            "after": {"xml": document("", "<clock offset='utc'/>")},
            "gone": "clock[@basis]",
        },
    },
    "options": {
        name: {"before": {**GUEST, **before}, "after": {"name": "guest", **after}}
        for name, (before, after) in OPTIONS.items()
    },
    "refused": {
        name: {"before": {**GUEST, **before}, "after": {"name": "guest", **after}, "refused": words}
        for name, (before, after, words) in REFUSED.items()
    },
}
