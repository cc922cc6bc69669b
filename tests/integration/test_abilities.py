# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host's QEMU and firmware lack is refused before anything is touched, in check mode and for real."""

from __future__ import annotations

import pytest

GUEST = {"name": "guest", "virt_type": "qemu", "memory": "16 MiB"}
EMULATOR = "/root/qemu"
# As it is where a distribution has parts of QEMU in packages that nobody installed.
POOR = """#!/bin/sh
case "$2" in help) qemu-system-x86_64 "$@" | grep -v -e qxl -e addr=; exit;; esac
exec qemu-system-x86_64 "$@"
"""
DESCRIPTORS = "/usr/share/qemu/firmware"


@pytest.fixture
def poor_emulator(lab):
    lab.shell(f"cat >{EMULATOR} && chmod +x {EMULATOR}", POOR)
    yield EMULATOR
    lab.shell(f"rm {EMULATOR}")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"videos": [{"model": "qxl"}]}, "videos: the host's QEMU has no qxl"),
        ({"graphics": [{"type": "spice"}]}, "graphics: the host's QEMU has no spice"),
    ],
    ids=["qxl", "spice"],
)
def test_a_part_of_qemu_that_is_not_installed(lab, poor_emulator, options, words):
    assert words in lab.refused("domain", **GUEST, **options, emulator=poor_emulator)
    lab.ok("domain", **GUEST, videos=[{"model": "vga"}], graphics=[{"type": "vnc"}], emulator=poor_emulator)


@pytest.fixture
def no_firmware(lab):
    """Descriptors of the administrator that take those of the packages out."""
    lab.shell(f"mkdir -p /etc/qemu/firmware && for one in {DESCRIPTORS}/*; do >/etc/qemu/firmware/${{one##*/}}; done")
    yield
    lab.shell("rm -r /etc/qemu/firmware")


def test_a_firmware_that_is_not_installed(lab, no_firmware):
    uefi = {**GUEST, "firmware": {"type": "efi", "secure_boot": True}, "state": "running"}
    message = lab.refused("domain", **uefi)
    assert "firmware: the host has none of type efi for x86_64" in message
    assert "with secure-boot" in message
    lab.shell("rm /etc/qemu/firmware/*")
    assert "firmware" not in lab.check("domain", **uefi).get("msg", "")
