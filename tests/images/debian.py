# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipe of the guest image `debian`: Debian 12 as a cloud image, but quick to boot without KVM.  Private to tests/."""

from __future__ import annotations

from pathlib import Path

import _debian
import _disk
import _initramfs
from _tools import scratch_directory, step

FILES = ("debian.qcow2",)
MEBIBYTES = 2048
PACKAGES = (
    "linux-image-cloud-amd64",
    "busybox-static",
    "systemd",
    "systemd-sysv",
    "systemd-resolved",
    "udev",
    "dbus",
    "kmod",
    "iproute2",
    "iputils-ping",
    "procps",
    "netbase",
    "sudo",
    "openssh-server",
    "python3",
    "python3-apt",
    "cloud-init",
    "cloud-guest-utils",
    "fdisk",
    "qemu-guest-agent",
    "grub-pc-bin",
)
EARLY_GRUB = """\
serial --unit=0 --speed=115200
terminal_output console serial
configfile /boot/grub/grub.cfg
"""
# random.trust_cpu: the guest has no other early entropy.  What is switched off costs much under emulation; what lies at
# the same address in every process (norandmaps) is translated once.
GRUB = """\
set quick="random.trust_cpu=on mitigations=off no5lvl nokaslr norandmaps init_on_alloc=0 cryptomgr.notests"
set quick="$quick nowatchdog audit=0 apparmor=0"
linux /vmlinuz root=LABEL=root ro console=tty0 console=ttyS0,115200 quiet $quick
initrd /boot/quick.img
boot
"""
# The first stage of cloud-init starts what runs them all; a later one asks it, or runs by itself where there is none.
STAGES = {"cloud-init": "init", "cloud-config": "modules --mode=config", "cloud-final": "modules --mode=final"}
FIRST_STAGE = """\
[Service]
ExecStart=
ExecStart=/usr/bin/python3 /usr/lib/cloud-init-stages.py init --local
"""
LATER_STAGE = """\
[Service]
ExecStart=
ExecStart=/bin/sh -c '[ -p ask ] || exec cloud-init {0}; echo {0} >ask; read code <answer; exit $code'
WorkingDirectory=-/run/cloud-init-stages
"""
UNUSED = (
    "kvm",
    "kvm_amd",
    "kvm_intel",
    "aesni_intel",
    "crc32_pclmul",
    "crc32c_intel",
    "crct10dif_pclmul",
    "ghash_clmulni_intel",
    "powernow_k8",
    "sha1_ssse3",
    "sha256_ssse3",
    "sha512_ssse3",
)
TREE = {
    "etc/fstab": "LABEL=root / ext4 defaults 0 0\n",
    "etc/hostname": "debian\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    # Empty, so that every guest makes its own.
    "etc/machine-id": "",
    "boot/grub/grub.cfg": GRUB,
    # The first NIC asks for a lease with the guest's name even where cloud-init is told nothing about networks.
    "etc/systemd/network/90-dhcp.network": """\
[Match]
Name=en* eth*

[Network]
DHCP=yes

[DHCPv4]
ClientIdentifier=mac
""",
    # One NIC with an address is enough to go on.
    "etc/systemd/system/systemd-networkd-wait-online.service.d/any.conf": """\
[Service]
ExecStart=
ExecStart=/lib/systemd/systemd-networkd-wait-online --any --timeout=30
""",
    # Its lease's name would be set by a service of its own, after cloud-init has set that of the seed.
    **{
        f"etc/systemd/network/{name}.network.d/quick.conf": "[DHCPv4]\nUseHostname=no\n"
        for name in ("90-dhcp", "10-cloud-init-enp1s0")
    },
    # It asks whether its settings are good, and then reads them again.
    "etc/systemd/system/ssh.service.d/quick.conf": "[Service]\nExecStartPre=\n",
    # Loaded for what a processor can do, and never used here.
    "etc/modprobe.d/quick.conf": "".join(f"blacklist {module}\n" for module in UNUSED),
    "usr/lib/cloud-init-stages.py": Path(__file__).with_name("debian-stages.py").read_text(),
    "etc/systemd/system/cloud-init-local.service.d/stages.conf": FIRST_STAGE,
    **{
        f"etc/systemd/system/{unit}.service.d/stages.conf": LATER_STAGE.format(arguments)
        for unit, arguments in STAGES.items()
    },
    "etc/cloud/cloud.cfg.d/90-quick.cfg": """\
# Other data sources are looked for over the network, for minutes.
datasource_list: [NoCloud, None]
# An RSA key takes longer than the rest of the boot.
ssh_genkeytypes: [ed25519, ecdsa]
apt: {preserve_sources_list: true}
manage_etc_hosts: localhost
# SSH waits for the first list.  Growing the root takes seconds and nobody needs it to log in.
cloud_init_modules: [seed_random, bootcmd, write-files, disk_setup, mounts, set_hostname, update_hostname,
                     update_etc_hosts, ca-certs, rsyslog, users-groups, ssh]
cloud_config_modules: [growpart, resizefs, ssh-import-id, set-passwords, ntp, timezone, runcmd]
cloud_final_modules: [package-update-upgrade-install, write-files-deferred, ansible, scripts-vendor,
                      scripts-per-once, scripts-per-boot, scripts-per-instance, scripts-user, phone-home,
                      final-message, power-state-change]
""",
}
# There before initramfs-tools, whose own is kept away by it: no kernel is to make an initramfs.
NO_INITRAMFS = "etc/kernel/postinst.d/initramfs-tools"
MODULES = (*_initramfs.VIRTIO, *_initramfs.DISKS)
MASKED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "systemd-timesyncd.service",
    "systemd-pstore.service",
    "systemd-binfmt.service",
    "proc-sys-fs-binfmt_misc.automount",
    "systemd-update-utmp.service",
    "systemd-update-utmp-runlevel.service",
    # All users are there.
    "systemd-sysusers.service",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    *(f"modprobe@{module}.service" for module in ("configfs", "dm_mod", "drm", "fuse", "loop")),
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "cloud-init-hotplugd.socket",
)
WANTED = (
    "cloud-init.target",
    "systemd-networkd.service",
    "systemd-resolved.service",
    "serial-getty@ttyS0.service",
)


def build(directory: Path) -> None:
    with scratch_directory(directory, "root.") as scratch:
        root = scratch / "root"
        with step("debian: installing Debian 12"):
            _debian.bootstrap(
                "bookworm",
                root,
                PACKAGES,
                options=[
                    f'--essential-hook=mkdir -p "$1/{Path(NO_INITRAMFS).parent}" && touch "$1/{NO_INITRAMFS}"',
                    "--dpkgopt=force-confold",
                ],
            )
        with step("debian: making the disk"):
            grub = _disk.grub_images(root, EARLY_GRUB)
            _configure(root)
            init = {"init": Path(__file__).with_name("debian-init.sh")}
            _initramfs.write(root, scratch / "initramfs", root / "boot/quick.img", modules=MODULES, files=init)
            raw = scratch / "disk.raw"
            _disk.write_disk(root, raw, mebibytes=MEBIBYTES, label="root", grub=grub)
            _disk.to_qcow2(raw, directory / FILES[0])


def _configure(root: Path) -> None:
    for name, text in TREE.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
    for unit in MASKED:
        link = root / "etc/systemd/system" / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    # What decides at each boot whether cloud-init is to run is a long script.
    generator = root / "etc/systemd/system-generators/cloud-init-generator"
    generator.parent.mkdir(exist_ok=True)
    generator.symlink_to("/dev/null")
    for unit in WANTED:
        wants = root / "etc/systemd/system/multi-user.target.wants" / unit
        wants.parent.mkdir(parents=True, exist_ok=True)
        if not wants.is_symlink():
            wants.symlink_to("/lib/systemd/system/" + unit.replace("ttyS0", ""))
    # Host keys are made at first boot: no two guests may share one.
    for key in root.glob("etc/ssh/ssh_host_*"):
        key.unlink()
    resolv = root / "etc/resolv.conf"
    resolv.unlink(missing_ok=True)
    resolv.symlink_to("/run/systemd/resolve/stub-resolv.conf")
