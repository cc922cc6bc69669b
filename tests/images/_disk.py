# SPDX-License-Identifier: GPL-3.0-or-later
"""Bootable disk images without loop devices or mounts.  Private to tests/.

Layout: MBR, GRUB's core image in the gap behind it, one Linux partition at 1 MiB with the ext4 file system.
"""

from __future__ import annotations

import struct
from pathlib import Path

from _tools import HypervisorError, run

SECTOR = 512
PARTITION_START = 2048  # in sectors; GRUB's core image must fit between the MBR and here
GRUB_MODULES = (
    "biosdisk",
    "part_msdos",
    "ext2",
    "linux",
    "serial",
    "terminal",
    "normal",
    "echo",
    "configfile",
    "test",
    "minicmd",
)


def grub_images(root: Path, config: str) -> tuple[bytes, bytes]:
    """GRUB's boot sector and core image, made by the tools of a Debian root that has grub-pc-bin."""
    (root / "tmp").mkdir(exist_ok=True)
    (root / "tmp/early.cfg").write_text(config)
    run(
        [
            "chroot",
            root,
            "grub-mkimage",
            "-O",
            "i386-pc",
            "-d",
            "/usr/lib/grub/i386-pc",
            "-o",
            "/tmp/core.img",
            # No disk named: GRUB takes the one that it was booted from.
            "-p",
            "(,msdos1)/boot/grub",
            "-c",
            "/tmp/early.cfg",
            *GRUB_MODULES,
        ]
    )
    boot, core = (root / "usr/lib/grub/i386-pc/boot.img").read_bytes(), (root / "tmp/core.img").read_bytes()
    for name in ("early.cfg", "core.img"):
        (root / "tmp" / name).unlink()
    return boot, core


def write_disk(
    tree: Path, disk: Path, *, mebibytes: int, label: str, grub: tuple[bytes, bytes], options: tuple[str, ...] = ()
) -> None:
    """Write a raw disk of that size that boots by BIOS and holds a copy of the tree."""
    boot, core = grub
    if SECTOR + len(core) > PARTITION_START * SECTOR:
        raise HypervisorError(f"GRUB's core image has {len(core)} bytes and does not fit before the partition")
    sectors = mebibytes * 2048 - PARTITION_START
    # One active partition of type 0x83.  The CHS fields hold the values for "use LBA".
    entry = struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", PARTITION_START, sectors)
    with disk.open("wb") as out:
        out.truncate(mebibytes << 20)
        # The boot sector expects the core image in the sector after it, and that one expects itself in a row.
        out.write(boot[:440] + bytes(6) + entry + bytes(48) + b"\x55\xaa" + core)
    run(
        [
            "mke2fs",
            "-q",
            "-F",
            "-t",
            "ext4",
            "-L",
            label,
            "-d",
            tree,
            "-E",
            f"offset={PARTITION_START * SECTOR},root_owner=0:0",
            *options,
            disk,
            f"{sectors // 2}k",
        ]
    )


def to_qcow2(raw: Path, qcow2: Path) -> None:
    # Not compressed: QEMU unpacks 64 KiB for every small read, and a guest without KVM took half as long again to boot.
    run(["qemu-img", "convert", "-O", "qcow2", raw, qcow2])
    raw.unlink()
