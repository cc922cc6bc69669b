# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipe of the guest image `tiny`: Debian's cloud kernel with BusyBox, in memory only.  Private to tests/."""

from __future__ import annotations

import shutil
from pathlib import Path

import _debian
import _disk
import _initramfs
from _tools import scratch_directory, step

HERE = Path(__file__).parent
FILES = ("tiny.qcow2", "vmlinuz", "initrd.img")
MEBIBYTES = 32
PACKAGES = ("linux-image-cloud-amd64", "busybox-static", "grub-pc-bin", "grub-common", "coreutils", "dash")
MODULES = (
    *_initramfs.VIRTIO,
    "net/core/failover",
    "net/net_failover",
    "net/virtio_net",
    *_initramfs.DISKS,
    "virtio/virtio_balloon",
    "char/virtio_console",
    "char/hw_random/rng-core",
    "char/hw_random/virtio-rng",
    "acpi/button",
    "input/evdev",
)
EARLY_GRUB = """\
serial --unit=0 --speed=115200
terminal_output console serial
linux /vmlinuz console=tty0 console=ttyS0,115200 quiet mitigations=off
initrd /initrd.img
boot
"""


def build(directory: Path) -> None:
    with scratch_directory(directory, "root.") as scratch:
        root, tree = scratch / "root", scratch / "tree"
        with step("tiny: unpacking the kernel and BusyBox"):
            # Unpacked only: no package runs a script, no initramfs is made.
            _debian.bootstrap("bookworm", root, PACKAGES, variant="extract")
        with step("tiny: making the disk"):
            tree.mkdir()
            shutil.copy(next(root.glob("boot/vmlinuz-*")), tree / "vmlinuz")
            files = {"init": HERE / "tiny-init.sh", "bin/dhcp": HERE / "tiny-dhcp.sh"}
            _initramfs.write(root, scratch / "initramfs", tree / "initrd.img", modules=MODULES, files=files)
            grub = _disk.grub_images(root, EARLY_GRUB)
            raw = scratch / "disk.raw"
            _disk.write_disk(
                tree, raw, mebibytes=MEBIBYTES, label="tiny", grub=grub, options=("-O", "^has_journal", "-m", "0")
            )
            _disk.to_qcow2(raw, directory / FILES[0])
            for name in FILES[1:]:
                shutil.copyfile(tree / name, directory / name)
