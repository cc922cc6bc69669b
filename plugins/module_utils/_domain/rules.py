# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt's driver for QEMU refuses in a document that its schema takes, as a table. Private to this collection,
imported only before a change.
"""

from __future__ import annotations

import functools
import string
import sys

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree

# What the serial number of a disk is made of.
_SERIAL = f"{string.ascii_letters}{string.digits}-_ .+"
_LOWER = "translate({}, 'ABCDEF- ', 'abcdef')"
# qemuDomainMachineIsI440FX
_I440FX = (
    "@machine='pc' or starts-with(@machine, 'pc-i440fx-') or starts-with(@machine, 'pc-0.')"
    " or starts-with(@machine, 'pc-1.') or starts-with(@machine, 'rhel')"
)
_ALL = sys.maxsize
# The first libvirt that gives a guest with a maximum of memory a cell of its own (its news of 9.6.0).
_OWN_CELL = 9006000
# Elements that cannot be, or whether there is something that cannot be; what to say of the first, with words in braces
# for its attributes; and the first libvirt that refuses it and the first that does not any more, where not all do. They
# are from libvirt's sources, the function above each block, of 9.0 and 11.3.
_RULES: tuple[tuple, ...] = (
    # qemuValidateLifecycleAction
    (
        "on_poweroff[.='rename-restart'] | on_reboot[.='rename-restart'] | on_crash[.='rename-restart']",
        "QEMU starts no guest anew under another name; choose another action than rename-restart",
    ),
    (
        "on_poweroff[.='preserve'] | on_reboot[.='preserve']",
        "only a crash can preserve what QEMU has of a guest; choose destroy or restart",
    ),
    (
        "on_poweroff[.='restart'][../on_reboot[.='destroy']]",
        "on_poweroff restart does not go with on_reboot destroy; choose another one of them",
    ),
    # qemuValidateDomainDefClockTimers
    (
        "clock/timer[@name='platform']",
        "clock.timers[platform]: QEMU has no such timer; take it out",
    ),
    (
        "clock/timer[@name='rtc'][@track='boot']",
        "clock.timers[rtc]: QEMU cannot track boot; choose guest, wall or realtime",
    ),
    (
        "clock/timer[@name='rtc'][@tickpolicy='merge' or @tickpolicy='discard']",
        "clock.timers[rtc]: QEMU cannot {tickpolicy} its ticks; choose delay or catchup",
    ),
    (
        "clock/timer[@name='pit'][@tickpolicy='merge']",
        "clock.timers[pit]: QEMU cannot merge its ticks; choose delay, catchup or discard",
    ),
    # qemuValidateDomainDef
    (
        "self::*[os/@firmware='efi' or os/loader[@type='pflash']][os/type/@arch='x86_64'][not(features/acpi)]",
        "UEFI needs ACPI; set features.acpi, or choose firmware.type bios",
    ),
    # virDomainDefOSValidate
    (
        "os[not(@firmware or loader)]/firmware/feature",
        "firmware: {name} is a matter of the firmware that libvirt chooses; give firmware.type efi",
    ),
    # qemuFirmwareFillDomain
    (
        "os/firmware[feature[@name='secure-boot'][@enabled='no']]/feature[@name='enrolled-keys'][@enabled='yes']",
        "firmware: enrolled keys are for Secure Boot; set firmware.secure_boot, or take 'enrolled_keys' out",
    ),
    # virSysinfoParseXML
    (
        f"self::*[uuid]/sysinfo[@type='smbios']/system/entry[@name='uuid'][{_LOWER.format('.')}!="
        f"{_LOWER.format('../../../uuid')}]",
        "smbios.system: its uuid is not that of the guest; take it out",
    ),
    # virDomainNumaDefParseXML
    (
        "cpu/numa/cell[@id >= count(../cell)]",
        "cpu.cells: there is a cell {id} and none for a number before; number them from 0",
    ),
    # qemuValidateDomainDefMemory
    (
        "memoryBacking/hugepages[../allocation/@mode='ondemand' or ../source/@type='anonymous']",
        "memory_backing: huge pages are not for memory that is anonymous or allocated on demand; take one of them out",
    ),
    # qemuValidateDomainDeviceDefTPM
    (
        "devices/tpm[@model='tpm-crb']/backend[@version='1.2']",
        "tpm: TPM 1.2 has no interface tpm-crb; choose version 2.0, or tpm-tis",
    ),
    # virCPUDefParseXML
    (
        "cpu[@migratable][not(@mode='host-passthrough' or @mode='maximum')]",
        "cpu.migratable is for the modes host-passthrough and maximum; take it out",
    ),
    # virDomainDefIOMMUValidate
    (
        "devices/iommu/driver[@intremap='on'][../../../features/ioapic/@driver!='qemu']",
        "iommu.intremap needs an I/O APIC of QEMU; set features.ioapic to qemu",
    ),
    # qemuValidateDomainDefVhostUserRequireSharedMemory
    (
        "devices/filesystem[driver/@type='virtiofs'][not(../../cpu/numa/cell)]"
        "[not(../../memoryBacking/access/@mode='shared')]/target",
        "filesystems[{dir}]: virtiofs needs memory that is shared; set memory_backing.access to shared, and its source"
        " to memfd",
    ),
    (
        "devices/filesystem[driver/@type='virtiofs'][../../cpu/numa/cell[@memAccess='private'"
        " or (not(@memAccess) and not(../../../memoryBacking/access/@mode='shared'))]]/target",
        "filesystems[{dir}]: virtiofs needs memory that is shared, in each of cpu.cells; set their access to shared",
    ),
    # qemuValidateDomainWatchdogDef
    (
        f"devices/watchdog[@model='ib700'][not(../../os/type[{_I440FX}])]",
        "watchdogs: an ib700 needs machine pc; choose i6300esb, or that machine",
        (9003000, _ALL),
    ),
    # virDomainDefCputuneValidate
    (
        "cputune/*[contains(name(), 'period')][. > 0 and (. < 1000 or . > 1000000)]",
        "cputune: a period is 1000 to 1000000 microseconds; correct it",
    ),
    (
        "cputune/*[contains(name(), 'quota')][. > 0 and . < 1000]",
        "cputune: a quota is 1000 microseconds or more, 0 for none of its own, or -1 for no limit; correct it",
    ),
    (
        "cputune/shares[. > 0 and (. < 2 or . > 262144)]",
        "cputune: shares are 2 to 262144; correct them",
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
    # qemuValidateDomainDeviceDefDisk
    (
        "devices/disk/target[translate(substring(@dev, string-length(@dev)), '0123456789', '')='']",
        "disks[{dev}]: a target is a whole disk; take the number out",
    ),
    # qemuDomainValidateStorageSource
    (
        "devices/disk[driver[@type='iso' or @type='dir' or @type='cow']]/target",
        "disks[{dev}]: QEMU has no such format; write raw for an ISO image, or convert it",
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
    # qemuValidateDomainDeviceDefVNCGraphics
    (
        "devices/graphics[@type='vnc'][string-length(@passwd) > 8]",
        "graphics[vnc]: a password of VNC has 8 characters at most; give a shorter one",
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
        f"devices/iommu[@model='intel' or @model='virtio'][../../os/type[{_I440FX}]]",
        "iommu: model {model} needs machine q35; choose that, or take it out",
    ),
    (
        "devices/iommu[@model='virtio'][not(../../features/acpi)]",
        "iommu: model virtio needs ACPI; set features.acpi",
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
    # virDomainNumatuneSet
    (
        "numatune/memory[not(@nodeset or @placement='auto' or ../../vcpu/@placement='auto')]",
        "numatune names no nodes; give 'nodeset'",
    ),
    # virSysinfoParseFWCfgDef, qemuValidateDomainDefSysinfo
    (
        "sysinfo[@type='fwcfg']/entry[not(@file)][not(text())]",
        "fw_cfg[{name}]: an entry is not empty; give it a 'value', or a 'file'",
    ),
    (
        "sysinfo[@type='fwcfg']/entry[not(starts-with(@name, 'opt/'))]",
        "fw_cfg[{name}]: names of the user's own begin with opt/; correct it",
    ),
    (
        "sysinfo[@type='fwcfg']/entry[starts-with(@name, 'opt/ovmf/') or starts-with(@name, 'opt/org.qemu/')]",
        "fw_cfg[{name}]: this name is the firmware's or QEMU's own; choose another one",
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

# What libvirt takes in a document, and an option cannot mean: it leaves that out, or QEMU does not start with it.
_OF_BOOT: tuple[tuple, ...] = (
    # virDomainDefParseBootXML
    (
        "os/bootmenu[@timeout][not(@enable='yes')]",
        "boot.menu_timeout: a menu that is off has none; take it out, or set 'menu: true'",
    ),
)
_OF_DISKS: tuple[tuple, ...] = (
    # QEMU's throttle_is_valid
    *(
        (
            f"devices/disk[iotune/{what}_max > 0][not(iotune/{what} > 0) or iotune/{what}_max < iotune/{what}]/target",
            f"disks[{{dev}}].iotune: {what}_max is a peak above {what}; give that, and no more than the peak",
        )
        for what in (f"{kind}_{unit}_sec" for kind in ("total", "read", "write") for unit in ("bytes", "iops"))
    ),
    (
        "devices/disk[iotune/size_iops_sec > 0][not(iotune/*[contains(name(), '_iops_sec')"
        " and not(contains(name(), 'size_'))] > 0)]/target",
        "disks[{dev}].iotune: size_iops_sec counts for a limit of operations; give one, such as total_iops_sec",
    ),
)
_OF_OPTIONS = {"boot": _OF_BOOT, "disks": _OF_DISKS}


@functools.cache
def _compiled(rules: tuple) -> list[tuple]:
    """Rules with their places as a function of a document: a stack asks for hundreds of guests."""
    return [(etree.XPath(place), *more) for place, *more in rules]


def check(domain, target) -> None:
    """Refused for what cannot be defined in any state of the host."""
    asked = (rules for option, rules in _OF_OPTIONS.items() if domain.xml is None and option in domain.wanted)
    for find, words, *versions in (rule for rules in (_RULES, *asked) for rule in _compiled(rules)):
        found = find(target)
        if found and all(since <= domain.conn.getLibVersion() < below for since, below in versions):
            raise Refused(f"{domain.subject}: {words.format(**found[0].attrib)}")
