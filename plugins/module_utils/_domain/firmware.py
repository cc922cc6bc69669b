# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a domain for how it starts: firmware, boot, clock. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import Field, Group, Items
from ansible_collections.virtops.libvirt.plugins.module_utils._place import remove
from ansible_collections.virtops.libvirt.plugins.module_utils._scalars import Mapping, Scalars
from ansible_collections.virtops.libvirt.plugins.module_utils._values import NUMBER, ON_OFF, YES_NO, Bool, Default, Int

PRESENT = Bool()


def _finish_firmware(element, wanted):
    """What belongs to UEFI goes with it, its variables excepted: those are a file (formatdomain, "BIOS bootloader")."""
    if wanted.get("type") == "bios":
        for name in ("firmware", "loader", "nvram"):
            remove(element, name)


class _Type(Field):
    """What a guest boots with. One that runs names its loader and no more that libvirt chose it."""

    def read(self, owner):
        loader = owner.find("loader")
        return super().read(owner) or ("efi" if loader is not None and loader.get("type") == "pflash" else None)


# BIOS is what a guest has where its XML names no firmware.
FIRMWARE = Group(
    "firmware",
    "os",
    (
        _Type("type", "@firmware", Default("bios"), choices=("bios", "efi")),
        Field(
            "secure_boot",
            "firmware/feature[@name='secure-boot']/@enabled",
            YES_NO,
            # The file that libvirt 11 chose for it and notes.
            decides={"loader": (), "nvram/@template": (), "nvram/@templateFormat": ()},
        ),
        Field("enrolled_keys", "firmware/feature[@name='enrolled-keys']/@enabled", YES_NO),
        Field("loader", "loader", runtime=True),
        Field("loader_type", "loader/@type", choices=("rom", "pflash"), runtime=True),
        Field("loader_readonly", "loader/@readonly", YES_NO, runtime=True),
        Field("loader_secure", "loader/@secure", YES_NO, runtime=True),
        Field("nvram", "nvram", runtime=True),
        Field("nvram_template", "nvram/@template", runtime=True),
    ),
    finish=_finish_firmware,
)
BOOT = Group(
    "boot",
    "os",
    (
        Scalars("devices", "boot/@dev", choices=("hd", "cdrom", "network", "fd")),
        Field("menu", "bootmenu/@enable", YES_NO, decides={"bootmenu/@timeout": (True,)}),
        Field("menu_timeout", "bootmenu/@timeout", NUMBER),
        Field("reboot_timeout", "bios/@rebootTimeout", Int(least=-1)),
        Field("serial_console", "bios/@useserial", YES_NO),
    ),
)


SMBIOS = Group(
    "smbios",
    ".",
    (
        Field("mode", "os/smbios/@mode", choices=("emulate", "host", "sysinfo")),
        Mapping("bios", "sysinfo[@type='smbios']/bios/entry", key="name"),
        Mapping("system", "sysinfo[@type='smbios']/system/entry", key="name"),
        Mapping("base_board", "sysinfo[@type='smbios']/baseBoard/entry", key="name"),
        Mapping("chassis", "sysinfo[@type='smbios']/chassis/entry", key="name"),
    ),
)


def _finish_fw_cfg(element, wanted):
    """An entry has its value or a file; libvirt refuses both (formatdomain, "SMBIOS System Information")."""
    if "file" in wanted:
        element.text = None
    elif "value" in wanted:
        element.attrib.pop("file", None)


FW_CFG = Items(
    "fw_cfg",
    "sysinfo[@type='fwcfg']/entry",
    (Field("name", "@name", required=True), Field("value", "."), Field("file", "@file")),
    identity=("name",),
    one_of=("value", "file"),
    finish=_finish_fw_cfg,
)
FEATURES = Group(
    "features",
    "features",
    (
        Field("acpi", "acpi", PRESENT, present=True),
        Field("apic", "apic", PRESENT, present=True),
        Field("pae", "pae", PRESENT, present=True),
        Field("smm", "smm/@state", ON_OFF),
        Field("vmport", "vmport/@state", ON_OFF),
        Field("ioapic", "ioapic/@driver", choices=("kvm", "qemu")),
        Field("kvm_hidden", "kvm/hidden/@state", ON_OFF),
    ),
)
LAUNCH_SECURITY = Group(
    "launch_security",
    "launchSecurity",
    (
        Field(
            "type",
            "@type",
            required=True,
            choices=("sev", "sev-snp", "s390-pv", "tdx"),
            decides={"*": (), "@kernelHashes": ()},
        ),
        Field("policy", "policy"),
        Field("cbitpos", "cbitpos", NUMBER),
        Field("reduced_phys_bits", "reducedPhysBits", NUMBER),
        Field("dh_cert", "dhCert"),
        Field("session", "session"),
    ),
    optional=True,
)
CLOCK = Group(
    "clock",
    "clock",
    (
        Field(
            "offset",
            "@offset",
            choices=("utc", "localtime", "timezone", "variable", "absolute"),
            decides={"@timezone": (), "@adjustment": (), "@basis": (), "@start": ()},
        ),
        Field("timezone", "@timezone"),
        # QEMU counts from UTC, and libvirt makes it that at the start (qemuBuildClockArgStr).
        Field("basis", "@basis", choices=("utc", "localtime"), runs_as={"localtime": ("utc",)}),
        Field("adjustment", "@adjustment", drifts=True),
        Field("start", "@start"),
        Items(
            "timers",
            "timer",
            (
                Field("name", "@name", required=True),
                Field("present", "@present", YES_NO),
                Field("tickpolicy", "@tickpolicy", choices=("delay", "catchup", "merge", "discard")),
                Field("track", "@track", choices=("boot", "guest", "wall", "realtime")),
            ),
            identity=("name",),
        ),
    ),
)
# What QEMU can do; libvirt knows more (qemuValidateLifecycleAction).
_ACTIONS = ("destroy", "restart")
_AT_CRASH = (*_ACTIONS, "preserve", "coredump-destroy", "coredump-restart")
FIELDS = (
    FIRMWARE,
    BOOT,
    Field("kernel", "os/kernel"),
    Field("initrd", "os/initrd"),
    Field("cmdline", "os/cmdline"),
    Field("dtb", "os/dtb"),
    SMBIOS,
    FW_CFG,
    FEATURES,
    LAUNCH_SECURITY,
    CLOCK,
    Field("on_poweroff", "on_poweroff", choices=_ACTIONS, by="lifecycle"),
    Field("on_reboot", "on_reboot", choices=_ACTIONS, by="lifecycle"),
    Field("on_crash", "on_crash", choices=_AT_CRASH, by="lifecycle"),
)
