# SPDX-License-Identifier: GPL-3.0-or-later
"""Small initial RAM disks: BusyBox, a few kernel modules and a script as first process.  Private to tests/."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from _tools import HypervisorError, run

VIRTIO = (
    "virtio/virtio_ring",
    "virtio/virtio",
    "virtio/virtio_pci_legacy_dev",
    "virtio/virtio_pci_modern_dev",
    "virtio/virtio_pci",
)
DISKS = (
    "block/virtio_blk",
    "scsi/scsi_common",
    "scsi/scsi_mod",
    "scsi/virtio_scsi",
    "scsi/sd_mod",
)
DIRECTORIES = ("bin", "dev", "etc", "modules", "proc", "root", "sys", "tmp")


def write(root: Path, tree: Path, archive: Path, *, modules: Sequence[str], files: Mapping[str, Path]) -> None:
    """Write the archive, out of a Debian root that has a kernel and busybox-static.

    C(tree): where it is put together, which must not exist; C(modules): in the order of their dependencies, as insmod
    knows none; C(files): {where in the archive: what}, all of which can be executed.
    """
    for name in DIRECTORIES:
        (tree / name).mkdir(parents=True)
    for target, source in {"bin/busybox": root / "bin/busybox", **files}.items():
        shutil.copy(source, tree / target)
        (tree / target).chmod(0o755)
    found = {path.name.partition(".")[0]: path for path in root.glob("lib/modules/*/kernel/**/*.ko")}
    # What is no module is part of the kernel; the disk's driver never is.
    order = [found[name] for name in (module.rpartition("/")[2] for module in modules) if name in found]
    if not any(path.stem == "virtio_blk" for path in order):
        raise HypervisorError("the kernel package has no virtio_blk module; its layout must have changed")
    for path in order:
        shutil.copy(path, tree / "modules")
    (tree / "modules/order").write_text("".join(f"{path.name}\n" for path in order))
    _pack(tree, archive)


def _pack(tree: Path, archive: Path) -> None:
    names = "".join(f"{path.relative_to(tree)}\n" for path in sorted(tree.rglob("*")))
    plain = Path(f"{archive}.cpio")
    run(
        ["cpio", "--quiet", "--create", "--format=newc", "--owner=0:0", "--reproducible", "--file", plain],
        cwd=tree,
        input=names,
    )
    archive.write_bytes(gzip.compress(plain.read_bytes(), 9, mtime=0))
    plain.unlink()
