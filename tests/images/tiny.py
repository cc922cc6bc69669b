# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipe of the guest image `tiny`: Debian's cloud kernel with BusyBox, in memory only.  Private to tests/."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import _debian
import _disk
from _tools import HypervisorError, run, scratch_directory, step

FILES = ("tiny.qcow2", "vmlinuz", "initrd.img")
MEBIBYTES = 32
PACKAGES = ("linux-image-cloud-amd64", "busybox-static", "grub-pc-bin", "grub-common", "coreutils", "dash")
# In the order of their dependencies: insmod knows none.
MODULES = (
    "virtio/virtio_ring",
    "virtio/virtio",
    "virtio/virtio_pci_legacy_dev",
    "virtio/virtio_pci_modern_dev",
    "virtio/virtio_pci",
    "net/core/failover",
    "net/net_failover",
    "net/virtio_net",
    "block/virtio_blk",
    "scsi/scsi_common",
    "scsi/scsi_mod",
    "scsi/virtio_scsi",
    "scsi/sd_mod",
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
            _initramfs(root, scratch / "initramfs", tree / "initrd.img")
            grub = _disk.grub_images(root, EARLY_GRUB)
            raw = scratch / "disk.raw"
            _disk.write_disk(
                tree, raw, mebibytes=MEBIBYTES, label="tiny", grub=grub, options=("-O", "^has_journal", "-m", "0")
            )
            _disk.to_qcow2(raw, directory / FILES[0])
            for name in FILES[1:]:
                shutil.copyfile(tree / name, directory / name)


def _initramfs(root: Path, tree: Path, archive: Path) -> None:
    for name in ("bin", "dev", "etc", "modules", "proc", "sys", "tmp", "www"):
        (tree / name).mkdir(parents=True)
    shutil.copy(root / "bin/busybox", tree / "bin/busybox")
    here = Path(__file__).parent
    for source, target in (("tiny-init.sh", "init"), ("tiny-dhcp.sh", "bin/dhcp")):
        shutil.copy(here / source, tree / target)
        (tree / target).chmod(0o755)
    modules = {path.name.partition(".")[0]: path for path in root.glob("lib/modules/*/kernel/**/*.ko")}
    order = []
    for name in (module.rpartition("/")[2] for module in MODULES):
        # What is no module is part of the kernel; the NIC's and the disk's drivers never are.
        if name in modules:
            shutil.copy(modules[name], tree / "modules" / modules[name].name)
            order.append(modules[name].name)
    if "virtio_net.ko" not in order:
        raise HypervisorError("the kernel package has no virtio_net module; its layout must have changed")
    (tree / "modules/order").write_text("\n".join(order) + "\n")
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    done = run(
        ["cpio", "--quiet", "--create", "--format=newc", "--owner=0:0", "--reproducible", "--file", f"{archive}.cpio"],
        cwd=tree,
        input=names + "\n",
    )
    assert done.returncode == 0
    plain = Path(f"{archive}.cpio")
    archive.write_bytes(gzip.compress(plain.read_bytes(), 9, mtime=0))
    plain.unlink()
