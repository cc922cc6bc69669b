# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt's driver for QEMU refuses in the devices of a guest: the part of C(rules) for them. Private to this
collection, imported only before a change.
"""

from __future__ import annotations

import string

# What the serial number of a disk is made of.
_SERIAL = f"{string.ascii_letters}{string.digits}-_ .+"
_POWERS = f" {' '.join(str(1 << power) for power in range(48))} "
# qemuDomainMachineIsI440FX
I440FX = (
    "@machine='pc' or starts-with(@machine, 'pc-i440fx-') or starts-with(@machine, 'pc-0.')"
    " or starts-with(@machine, 'pc-1.') or starts-with(@machine, 'rhel')"
)
# The memory of a guest that is not shared, of one with NUMA cells and of one without, and what to do about it.
_PRIVATE = (
    (
        "not(../../cpu/numa/cell or ../../memoryBacking/access/@mode='shared')",
        "; set memory_backing.access to shared, and its source to memfd",
    ),
    (
        "../../cpu/numa/cell[@memAccess='private' or not(@memAccess or ../../../memoryBacking/access/@mode='shared')]",
        ", in each of cpu.cells; set their access to shared",
    ),
)
# Versions of libvirt: any, and the first that gives a guest with a maximum of memory a cell of its own (news of 9.6.0).
_ALL = 1 << 63
_OWN_CELL = 9006000
DEVICES: tuple[tuple, ...] = (
    # qemuValidateDomainDeviceDefTPM
    (
        "devices/tpm[@model='tpm-crb']/backend[@version='1.2']",
        "tpm: TPM 1.2 has no interface tpm-crb; choose version 2.0, or tpm-tis",
    ),
    # virDomainDefIOMMUValidate
    (
        "devices/iommu/driver[@intremap='on'][../../../features/ioapic/@driver!='qemu']",
        "iommu.intremap needs an I/O APIC of QEMU; set features.ioapic to qemu",
    ),
    # qemuValidateDomainDefVhostUserRequireSharedMemory; for NICs by the news of 11.2.0
    *(
        (f"devices/{device}[{private}]{named}", f"{words} needs memory that is shared{advice}", *versions)
        for device, named, words, *versions in (
            ("filesystem[driver/@type='virtiofs']", "/target", "filesystems[{dir}]: virtiofs"),
            ("interface[@type='vhostuser']", "", "interfaces: a NIC of type vhostuser", (11002000, _ALL)),
        )
        for private, advice in _PRIVATE
    ),
    # qemuValidateDomainDefWatchdogs
    (
        "devices/watchdog[../watchdog/@action != @action or (@action != 'reset' and ../watchdog[not(@action)])]",
        "watchdogs: all of a guest do the same, and {model} is to {action}; give them one 'action'",
        (9001000, _ALL),
    ),
    # qemuValidateDomainWatchdogDef
    (
        f"devices/watchdog[@model='ib700'][not(../../os/type[{I440FX}])]",
        "watchdogs: an ib700 needs machine pc; choose i6300esb, or that machine",
        (9003000, _ALL),
    ),
    # virDomainDiskDefValidate
    (
        "devices/disk[@device='floppy']/target[not(starts-with(@dev, 'fd'))]",
        "disks[{dev}]: a floppy drive is called fda or fdb; correct its 'target'",
    ),
    (
        "devices/disk[@device='floppy']/target[@bus!='fdc']",
        "disks[{dev}]: a floppy drive is on bus fdc, not {bus}; take 'bus' out",
    ),
    (
        "devices/disk[not(@device) or @device='disk' or @device='lun']/target"
        "[not(starts-with(@dev, 'hd') or starts-with(@dev, 'sd') or starts-with(@dev, 'vd')"
        " or starts-with(@dev, 'xvd') or starts-with(@dev, 'ubd'))]",
        "disks[{dev}]: no disk is called {dev}; choose a target such as vda or sda",
    ),
    (
        "devices/disk[not(@device='floppy')]/target[@bus='fdc']",
        "disks[{dev}]: bus fdc is for floppy drives; choose another one",
    ),
    (
        "devices/disk[driver/@queues]/target[@bus!='virtio']",
        "disks[{dev}]: only a disk on bus virtio has queues, and this is on {bus}; take 'queues' out",
    ),
    *(
        (
            f"devices/disk[iotune/total_{what} > 0][iotune/read_{what} > 0 or iotune/write_{what} > 0]/target",
            f"disks[{{dev}}].iotune: total_{what} does not go with those for reading and writing; take one of them out",
        )
        for what in ("bytes_sec", "iops_sec", "bytes_sec_max", "iops_sec_max")
    ),
    # qemuValidateDomainDeviceDefDiskFrontend
    (
        "devices/disk[@device='cdrom']/target[@bus='virtio' or @bus='sd']",
        "disks[{dev}]: a CD-ROM drive cannot be on bus {bus}; choose sata or scsi",
    ),
    (
        "devices/disk[wwn]/target[@bus!='scsi' and @bus!='ide']",
        "disks[{dev}]: a disk on bus {bus} has no wwn; take it out, or choose scsi",
    ),
    (
        "devices/disk[@device='lun'][wwn]/target",
        "disks[{dev}]: a lun has the wwn of its device; take 'wwn' out",
    ),
    (
        "devices/disk[@device='lun']/target[@bus!='virtio' and @bus!='scsi']",
        "disks[{dev}]: a lun cannot be on bus {bus}; choose scsi or virtio",
    ),
    (
        "devices/disk[not(@device) or @device='disk'][readonly]/target[@bus='ide' or @bus='sata']",
        "disks[{dev}]: a disk on bus {bus} cannot be readonly; take that out, or choose virtio or scsi",
    ),
    (
        "devices/disk[driver[@io='native'][not(@cache='none' or @cache='directsync')]]/target",
        "disks[{dev}]: io native needs cache none or directsync; correct one of them",
    ),
    (
        f"devices/disk[translate(serial, '{_SERIAL}', '')]/target",
        "disks[{dev}]: its serial has characters that QEMU does not take; use letters, digits, '-', '_', '.', '+' and"
        " spaces",
    ),
    (
        "devices/disk[vendor or product]/target[@bus!='scsi']",
        "disks[{dev}]: only a disk on bus scsi says its vendor and product; take them out, or choose scsi",
    ),
    (
        "devices/disk[address/@type!='usb']/target[@bus='usb']",
        "disks[{dev}]: a disk on bus usb has an address of that bus; correct its address, or take it out",
    ),
    (
        "devices/disk[@device='cdrom'][not(source)]/target[@bus='usb']",
        "disks[{dev}]: a drive on bus usb is never empty; give it a medium, or choose sata or scsi",
        (11003000, _ALL),
    ),
    # qemuValidateDomainDeviceDefDisk
    (
        "devices/disk[driver/@name!='qemu']/target",
        "disks[{dev}]: libvirt knows one driver of disks for QEMU, qemu; correct its name, or take it out",
    ),
    (
        "devices/disk/target[translate(substring(@dev, string-length(@dev)), '0123456789', '')='']",
        "disks[{dev}]: a target is a whole disk; take the number out",
    ),
    # qemuDomainValidateStorageSource
    (
        "devices/disk[driver[@type='iso' or @type='dir' or @type='cow']]/target",
        "disks[{dev}]: QEMU has no such format; write raw for an ISO image, or convert it",
    ),
    (
        "devices/disk[.//encryption[not(@engine='librbd')]][driver[@type!='raw' and @type!='qcow2']]/target",
        "disks[{dev}]: only raw and qcow2 can be encrypted; convert it, or take the encryption out",
    ),
    # qemuBlockStorageSourceSupportsConcurrentAccess
    (
        "devices/disk[shareable][not(readonly)][driver/@type!='raw']/target",
        "disks[{dev}]: what guests share and write to has format raw; take 'shareable' out, or set 'readonly: true'",
    ),
    # qemuValidateDomainDeviceDefDiskIOThreads
    (
        "devices/disk[driver/@iothread]/target[@bus!='virtio']",
        "disks[{dev}]: only a disk on bus virtio has an iothread of its own, and this is on {bus}; take it out",
    ),
    # qemuValidateDomainDeviceDefControllerIDE
    (
        "devices/*[self::controller[@type='ide'] or self::disk[target/@bus='ide']]"
        "[../../os/type[contains(@machine, 'q35') or @machine='microvm']]",
        "a machine q35 has no bus ide; choose sata or virtio",
    ),
    (
        "devices/controller[@type='ide'][@index > 0]",
        "there is one controller of IDE and no more; take number {index} out",
    ),
    # qemuValidateDomainDeviceDefControllerPCI, qemuValidateDomainDeviceDefControllerNECXHCI
    (
        f"devices/controller[@type='pci'][@model='pcie-expander-bus'][../../os/type[{I440FX}]]"
        " | devices/controller[@type='pci'][@model='pci-expander-bus'][contains(../../os/type/@machine, 'q35')]",
        "a {model} does not go with this machine; take it out, or choose another machine",
    ),
    (
        "devices/controller[@type='usb'][@model='qemu-xhci' or @model='nec-xhci'][@ports > 15]",
        "a {model} has 15 ports at most; correct the number of its 'ports'",
    ),
    # virDomainUSBAddressReserve
    (
        "devices/*/address[@type='usb'][@bus > 0][not(@bus=../../controller[@type='usb']/@index)]",
        "there is no controller of USB with index {bus}; add one, or correct the bus of the address",
    ),
    # qemuValidateDomainDeviceDefFS
    (
        "devices/filesystem[@type and @type!='mount']/target",
        "filesystems[{dir}]: QEMU shares directories and nothing else; choose type mount",
    ),
    (
        "devices/filesystem[driver/@type='virtiofs'][readonly][not(source/@socket)]/target",
        "filesystems[{dir}]: this libvirt has no virtiofs that is readonly; take that out, or choose 9p",
        (0, 11000000),
    ),
    # qemuValidateDomainDeviceDefNetwork
    *(
        (
            f"devices/interface[starts-with(model/@type, 'virtio')]/driver[@{what}_queue_size"
            f" and not(contains('{_POWERS}', concat(' ', @{what}_queue_size, ' ')))]",
            f"interfaces: a queue of virtio has a power of two of places, and {what}_queue_size is"
            f" {{{what}_queue_size}}; correct it",
        )
        for what in ("rx", "tx")
    ),
    # qemuDomainNetSupportsMTU
    (
        "devices/interface[mtu][not(@type='network' or @type='bridge' or @type='ethernet' or @type='vhostuser')]"
        "[not(backend/@type='passt')]",
        "interfaces: a NIC of type {type} has no mtu of its own; take it out, or choose another connection",
    ),
    # virDomainNetDefValidatePortOptions
    (
        "devices/interface[port/@isolated='yes'][not(@type='network' or @type='bridge')]",
        "interfaces: a NIC of type {type} cannot be isolated; take that out, or connect it by a network or a bridge",
    ),
    (
        "devices/interface[port/@isolated='yes']/virtualport[@type]",
        "interfaces: a port of {type} cannot be isolated; take that out, or the 'virtualport'",
    ),
    # qemuValidateDomainChrSourceDef
    (
        "devices[not(graphics/@type='spice')]/*[@type='spicevmc' or @type='spiceport']",
        "a channel of type {type} needs graphics of type spice; add those, or take it out",
    ),
    (
        "devices/*/source/reconnect[@enabled='yes'][@timeout='0']",
        "who connects anew waits a second or more; correct the timeout of <reconnect>",
    ),
    # qemuValidateDomainDefConsole, qemuValidateDomainChrDef
    *(
        (
            f"devices/*[self::console or self::serial]/target[{test}][../../../os/type[@arch and"
            f" not(starts-with(@arch, '{arch}'))]]",
            f"a serial port of type {{type}} is for guests of arch {arch}; take it out, or choose another type",
        )
        for arch, test in (
            ("s390", "@type='sclp' or @type='sclplm' or @type='sclp-serial'"),
            ("ppc64", "@type='spapr-vio-serial'"),
        )
    ),
    # qemuValidateDomainDeviceDefShmem; QEMU itself has no ivshmem from 4.0 on
    (
        "devices/shmem[model/@type='ivshmem']",
        "a shmem of model ivshmem is nothing that QEMU has any more; choose ivshmem-plain or ivshmem-doorbell",
    ),
    (
        f"devices/shmem[size[not(contains('{_POWERS}', concat(' ', normalize-space(.), ' ')))]]",
        "shmem {name}: its size is a power of two; correct it",
        (11003000, _ALL),
    ),
    # qemuValidateDomainDeviceDefInput
    (
        "devices/input[@bus='virtio'][starts-with(@model, 'virtio-')]",
        "inputs: a {type} has model virtio, and no transitional one; correct it",
    ),
    # qemuValidateDomainMdevDefVFIOPCI, qemuValidateDomainDeviceDefHostdev
    (
        "devices[not(graphics)]/hostdev[@display='on']",
        "hostdevs: a display needs graphics; add those, or take 'display' out",
    ),
    (
        "devices/hostdev[@type='scsi_host']/boot",
        "hostdevs: nothing boots from an adapter of vhost-scsi; take 'boot' out",
    ),
    # qemuValidateDomainDeviceDefZPCIAddress
    (
        "devices/*/address/zpci[../../../../os/type[@arch and not(starts-with(@arch, 's390'))]]",
        "addresses of zPCI are for guests of arch s390x; take them out",
    ),
    # qemuValidateDomainDeviceDefGraphics
    (
        "devices[graphics/@type='egl-headless']/graphics[not(@type='egl-headless' or @type='vnc' or @type='spice')]",
        "graphics: egl-headless does not go with {type}; take one of them out",
    ),
    (
        "devices[graphics/@type='egl-headless']/graphics[@type='spice'][gl/@enable='yes']",
        "graphics: QEMU has one display with OpenGL, egl-headless or spice; take one of them out",
    ),
    # qemuValidateDomainDeviceDefIOMMU
    (
        f"devices/iommu[@model='intel' or @model='virtio'][../../os/type[{I440FX}]]",
        "iommu: model {model} needs machine q35; choose that, or take it out",
    ),
    (
        "devices/iommu[@model='virtio'][not(../../features/acpi)]",
        "iommu: model virtio needs ACPI; set features.acpi",
    ),
    (
        "devices/iommu[@model='virtio']/address[@type!='pci' or translate(@bus, '0x', '')]",
        "iommu: model virtio has an address of PCI on bus 0; correct its address, or take it out",
    ),
    # virDomainIOMMUDefValidate
    (
        "devices/iommu[@model='virtio' or @model='smmuv3'][driver/@intremap or driver/@caching_mode or driver/@eim"
        " or driver/@iotlb or driver/@aw_bits]",
        "iommu: model {model} has nothing to set; take all but 'model' out, or choose intel",
    ),
    # qemuValidateDomainDefPanic, qemuValidateDomainWatchdogDef
    *(
        (
            f"devices/{tag}[@model='{model}'][../../os/type[@arch and not(starts-with(@arch, '{arch}'))]]",
            f"{tag}s: a {model} is for guests of arch {arch}; take it out, or choose another model",
        )
        for tag, model, arch in (
            ("panic", "s390", "s390"),
            ("panic", "pseries", "ppc64"),
            ("watchdog", "diag288", "s390"),
        )
    ),
    # qemuDomainDefValidateMemoryHotplug
    (
        "maxMemory[not(../cpu/numa/cell)][not(starts-with(../os/type/@arch, 'ppc64') or ../os/type/@arch='s390x')]",
        "max_memory needs NUMA cells for the memory that comes; give 'cpu.cells'",
        (0, _OWN_CELL),
    ),
    (
        "devices/memory[count(../memory[@model='dimm' or @model='nvdimm']) > ../../maxMemory/@slots]",
        "memory_devices: there are more modules than max_memory has slots; give more slots",
    ),
    (
        "devices/memory[count(../memory) > ../../maxMemory/@slots]",
        "memory_devices are more than max_memory has slots; give more slots",
        (0, 9005000),
    ),
    # qemuDomainDefValidateMemoryHotplugDevice, virDomainMemoryDefValidate
    (
        "devices/memory[@model!='virtio-pmem' and @model!='sgx-epc'][not(target/node)][../../cpu/numa/cell]",
        "memory_devices: a {model} belongs to a NUMA cell; give its 'node'",
    ),
    (
        "devices/memory[../../cpu/numa/cell][target/node >= count(../../cpu/numa/cell)]",
        "memory_devices: there is no NUMA cell of that node for a {model}; correct 'node', or give more 'cpu.cells'",
    ),
    (
        "devices/memory[@model='virtio-pmem'][target/node]",
        "memory_devices: a virtio-pmem belongs to no NUMA cell; take 'node' out",
    ),
    (
        "devices/memory[@model='nvdimm' or @model='virtio-pmem'][not(source/path)]",
        "memory_devices: a {model} needs the 'path' of its file; give it",
    ),
)
