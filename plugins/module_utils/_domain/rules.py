# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt's driver for QEMU refuses in a document that its schema takes, as a table. Private to this collection,
imported only before a change.
"""

from __future__ import annotations

import copy
import functools

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.device_rules import DEVICES, I440FX
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree

_LOWER = "translate({}, 'ABCDEF- ', 'abcdef')"
# The bus of a disk for which a document says none (virDomainDiskDefParseXML).
_BUSES = {"fd": "fdc", "hd": "ide", "sd": "scsi", "vd": "virtio", "xvd": "xen", "ubd": "uml"}
# Elements that cannot be, or whether there is something that cannot be; what to say of the first, with words in braces
# for its attributes; and the first libvirt that refuses it and the first that does not any more, where not all do. They
# are from libvirt's sources, the function above each block, of 9.0 and 11.3.
_GUEST: tuple[tuple, ...] = (
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
    (
        "os[not(@firmware)]/loader[@secure='yes'][not(../../features/smm[not(@state='off')])]",
        "firmware: Secure Boot needs SMM; set features.smm",
    ),
    (
        "self::*[@type!='kvm']/cputune/*[self::cachetune or self::memorytune][*]",
        "cputune: only KVM divides the cache and the bandwidth of the memory; take that out",
    ),
    # qemuValidateDomainDefCpu
    (
        "cpu/cache[@mode='emulate'][not(@level='3')]",
        "cpu: only the cache of level 3 can be emulated; set its level to 3",
    ),
    (
        "cpu[not(@mode='host-passthrough' or @mode='maximum')]/cache[@mode='passthrough']",
        "cpu: the host's cache is for the modes host-passthrough and maximum; choose one of them, or take it out",
    ),
    (
        "cpu/cache[@mode='passthrough'][@level]",
        "cpu: the host's cache is that of all levels; take level {level} out",
    ),
    (
        "cpu/maxphysaddr[@mode='emulate'][not(@bits)]",
        "cpu: addresses that are emulated have a width; give the 'bits' of maxphysaddr",
        (0, 9003000),
    ),
    (
        "cpu/maxphysaddr[@mode='passthrough'][@bits]",
        "cpu: the host's addresses have its width; take the 'bits' of maxphysaddr out",
    ),
    # qemuDomainDefVcpusPostParse
    (
        "vcpus/vcpu[@id='0'][@enabled='no' or @hotpluggable='yes']",
        "vcpus: a guest always has its processor 0; enable it, and do not let it be unplugged",
    ),
    # qemuDomainDefTSEGValidate, qemuValidateDomainDefFeatures
    (
        f"features/smm/tseg[../../../os/type[{I440FX}]]",
        "features: SMM's TSEG needs machine q35; choose that, or take it out",
    ),
    *(
        (
            f"features/{feature}[not(@state='off')][../../os/type[not(starts-with(@machine, '{machine}'))]]",
            f"features: {feature} is for machine {machine}; take it out",
        )
        for machine, feature in (
            ("virt", "gic"),
            ("virt", "ras"),
            *(("pseries", one) for one in ("hpt", "htm", "nested-hv", "ccf-assist", "cfpc", "sbbc", "ibs")),
        )
    ),
    (
        "self::*[@type!='qemu']/features/tcg",
        "features: what is set of TCG needs virt_type qemu; take it out",
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
    # virCPUDefParseXML
    (
        "cpu[@migratable][not(@mode='host-passthrough' or @mode='maximum')]",
        "cpu.migratable is for the modes host-passthrough and maximum; take it out",
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
_OF_GRAPHICS: tuple[tuple, ...] = (
    # qemuBuildGraphicsVNCCommandLine; and virDomainGraphicsDefFormat, which leaves it out with SPICE
    (
        "devices/graphics[@autoport='no'][@type='vnc'][not(@port) or @port='-1']"
        " | devices/graphics[@autoport='no'][@type='spice'][not(@port or @tlsPort)]",
        "graphics[{type}]: 'autoport: false' needs a 'port'; give one, or take it out",
    ),
    # virDomainGraphicsDefParseXMLVNC, virDomainGraphicsDefParseXMLSpice
    (
        "devices/graphics[@autoport='yes'][@port > 0]",
        "graphics[{type}]: with 'autoport' libvirt chooses the port; take one of the two out",
    ),
)
_OF_INTERFACES: tuple[tuple, ...] = (
    # The kernel's IFNAMSIZ, without the byte that ends the name.
    (
        "devices/interface/target[string-length(@dev) > 15]",
        "interfaces: the name {dev} is longer than the 15 characters of a device; choose a shorter 'target'",
    ),
)
_OF_OPTIONS = {"interfaces": _OF_INTERFACES, "boot": _OF_BOOT, "disks": _OF_DISKS, "graphics": _OF_GRAPHICS}


@functools.cache
def _compiled(rules: tuple) -> list[tuple]:
    """Rules with their places as a function of a document: a stack asks for hundreds of guests."""
    return [(etree.XPath(place), *more) for place, *more in rules]


def problem(domain, target) -> str:
    """What cannot be defined in any state of the host, "" where there is nothing."""
    document = _explicit(target)
    asked = (rules for option, rules in _OF_OPTIONS.items() if domain.xml is None and option in domain.wanted)
    for find, words, *versions in (rule for rules in (_GUEST, DEVICES, *asked) for rule in _compiled(rules)):
        found = find(document)
        if found and all(since <= domain.conn.getLibVersion() < below for since, below in versions):
            return words.format(**found[0].attrib)
    return ""


def _explicit(target):
    """A document that says what libvirt makes of the names of disks."""
    document = copy.deepcopy(target)
    for disk in document.iterfind("devices/disk/target"):
        bus = next((bus for name, bus in _BUSES.items() if (disk.get("dev") or "").startswith(name)), None)
        if bus and not disk.get("bus"):
            disk.set("bus", bus)
    return document
