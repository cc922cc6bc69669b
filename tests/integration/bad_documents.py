# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents of guests that libvirt's schema takes, and libvirt does not: (options, words of the refusal)."""

from __future__ import annotations

from integration.bad_guests import guest, xml

PC, Q35 = ("<type arch='x86_64' machine='pc'>hvm</type>", "<type arch='x86_64' machine='q35'>hvm</type>")
USB_CONTROLLER = "<controller type='usb' index='0' model='qemu-xhci'{}/>"
DISK = "<disk type='file'><driver name='qemu' type='{}'/><source file='/x'/><target dev='{}'{}/>{}</disk>"


def disk(target="vda", bus="", more="", kind="raw"):
    return DISK.format(kind, target, f" bus='{bus}'" if bus else "", more)


def at(bus, slot, function=0, domain=0):
    return f"<address type='pci' domain='{domain}' bus='{bus}' slot='{slot}' function='{function}'/>"


def rng(*address, **more):
    return f"<rng model='virtio'><backend model='random'>/dev/urandom</backend>{at(*address, **more)}</rng>"


def controller(index, model, *address):
    return f"<controller type='pci' index='{index}' model='{model}'>{at(*address) if address else ''}</controller>"


def pci(*devices, os=Q35):
    return xml("".join(devices), os=os)


# What libvirt's own parser says, and libvirt's words of it.
PARSED = [
    (xml(disk() * 2), "libvirt refuses its XML", "target 'vda' duplicated"),
    (
        xml(
            "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/><product id='0x2'/></source></hostdev>" * 2
        ),
        "libvirt refuses its XML",
        "already exists",
    ),
    (
        xml(disk(more="<boot order='1'/>"), os="<type>hvm</type><boot dev='hd'/>"),
        "per-device boot elements cannot be used together with os/boot elements",
    ),
    (xml(disk("sda", "sata", at(0, 9)), os=PC), "Invalid address type 'pci' for the disk 'sda'"),
    (xml(more="<numatune><memnode cellid='0' mode='strict' nodeset='0'/></numatune>"), "without any guest NUMA cells"),
    (xml("<graphics type='vnc' listen='1.2.3.4'><listen type='address' address='1.2.3.5'/></graphics>"), "must match"),
    (
        xml("<rng model='virtio'><backend model='egd' type='unix'><source mode='connect'/></backend></rng>"),
        "Missing source path attribute",
    ),
]
# What the host has no emulator for.
EMULATED = [
    (xml(os="<type machine='pc-q35-foobar'>hvm</type>"), "machine pc-q35-foobar is not known to this host's QEMU"),
    (xml(os="<type arch='alpha'>hvm</type>"), "this host has no emulator for arch alpha"),
    (xml(os="<type>xen</type>"), "<os><type> is xen"),
    (xml(virt_type="vmware"), "virt_type vmware is not to be had"),
    (xml("<emulator>/none</emulator>"), "emulator: the host has no file /none"),
    (guest(emulator="/none"), "emulator: the host has no file /none"),
]
ADDRESSES = [
    (pci(rng(0, 5) * 2), "<rng> at PCI address 0000:00:05.0: <rng> is there"),
    (pci(rng(0, 1), os=PC), "<rng> at PCI address 0000:00:01.0: what the machine has by itself is there"),
    (pci(rng(0, 31, 3)), "<rng> at PCI address 0000:00:1f.3: what the machine has by itself is there"),
    (pci(rng(0, 5, domain=1)), "<rng> at PCI address 0001:00:05.0: there is only the domain 0"),
    (pci(controller(1, "pcie-root-port"), rng(1, 1)), "a pcie-root-port has slots 0 to 0"),
    (pci(controller(1, "pci-bridge"), rng(1, 0), os=PC), "a pci-bridge has slots 1 to 31"),
    (pci(controller(1, "pcie-root-port", 0, 4), controller(2, "pcie-root-port", 1, 0)), "<controller> at", "bus 1 is"),
    (pci(controller(1, "pcie-expander-bus", 0, 4), rng(1, 1)), "does not go on a pcie-expander-bus"),
    (pci(controller(0, "pci-root")), "the controller of PCI with index 0 is a pcie-root with this machine"),
    (pci(controller(1, "pci-bridge") * 2, os=PC), "there are two controllers of PCI with index 1"),
    (pci(controller(1, "pcie-expander-bus"), os=PC), "a pcie-expander-bus does not go with this machine"),
]
DEVICES = [
    (xml(disk("hda", more="<readonly/>"), os=PC), "disks[hda]: a disk on bus ide cannot be readonly"),
    (xml(disk("hda"), os=Q35), "a machine q35 has no bus ide"),
    (xml("<controller type='ide' index='1'/>", os=PC), "there is one controller of IDE and no more; take number 1 out"),
    (xml(disk(more="<vendor>X</vendor>")), "disks[vda]: only a disk on bus scsi says its vendor"),
    (xml(disk().replace("'qemu'", "'phy'")), "disks[vda]: libvirt knows one driver"),
    (
        xml(
            disk(
                kind="vmdk",
                more=f"<encryption format='luks'><secret type='passphrase' uuid='{'1' * 32}'/></encryption>",
            )
        ),
        "disks[vda]: only raw and qcow2 can be encrypted",
    ),
    (xml(USB_CONTROLLER.format(" ports='16'")), "a qemu-xhci has 15 ports at most"),
    (
        xml("<input type='tablet' bus='usb'><address type='usb' bus='3' port='1'/></input>"),
        "there is no controller of USB with index 3",
    ),
    (xml("<channel type='spicevmc'><target type='virtio' name='x'/></channel>"), "a channel of type spicevmc needs"),
    (xml("<console type='pty'><target type='sclp'/></console>", os=PC), "a serial port of type sclp is for guests"),
    (xml("<filesystem type='ram'><source usage='1'/><target dir='x'/></filesystem>"), "choose type mount"),
    (
        xml(
            "<interface type='user'><model type='virtio'/><driver rx_queue_size='300'/>"
            "<mac address='52:54:00:aa:03:09'/></interface>"
        ),
        "a power of two of places, and rx_queue_size is 300",
    ),
    (xml("<input type='mouse' bus='virtio' model='virtio-transitional'/>"), "inputs: a mouse has model virtio"),
]
OTHERS = [
    (xml(more="<cpu mode='maximum'><cache mode='emulate' level='2'/></cpu>"), "only the cache of level 3"),
    (xml(more="<cpu mode='maximum'><cache mode='passthrough' level='3'/></cpu>"), "take level 3 out"),
    (xml(more="<cpu mode='maximum'><maxphysaddr mode='emulate'/></cpu>"), "give the 'bits' of maxphysaddr"),
    (xml(more="<cpu mode='maximum'><maxphysaddr mode='passthrough' bits='40'/></cpu>"), "'bits' of maxphysaddr out"),
    (
        xml(more="<vcpu>2</vcpu><vcpus><vcpu id='0' enabled='no'/><vcpu id='1' enabled='yes'/></vcpus>"),
        "always has its processor 0",
    ),
    (
        xml(more="<features><smm state='on'><tseg unit='MiB'>8</tseg></smm></features>", os=PC),
        "SMM's TSEG needs machine q35",
    ),
    (xml(more="<features><gic version='2'/></features>", os=PC), "features: gic is for machine virt"),
    (xml(more="<vcpu>2</vcpu><cpu><topology sockets='3' cores='1' threads='1'/></cpu>"), "cpu.topology makes 3"),
]
BAD_DOCUMENTS = [*PARSED, *EMULATED, *ADDRESSES, *DEVICES, *OTHERS]
