# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that most people leave to libvirt: given, they are kept; later they are nothing to do, or fixed."""

from __future__ import annotations

import pytest

UUID = "6f2ab1d0-5c3e-4a7b-9d10-0123456789ab"
OBJECTS = {
    "pool": {"name": "given", "path": "/var/lib/libvirt/images/given"},
    "network": {
        "name": "given",
        "forward": {"mode": "nat", "dev": "lo"},
        "ips": [{"address": "10.66.0.1", "prefix": 24}],
    },
    "domain": {"name": "given", "virt_type": "qemu", "arch": "x86_64", "memory": "64 MiB"},
}


@pytest.mark.parametrize("kind", OBJECTS)
def test_a_uuid_is_kept_and_fixed(lab, kind):
    made = lab.change(kind, uuid=UUID.upper(), **OBJECTS[kind])
    assert made[kind]["uuid"] == UUID
    lab.unchanged(kind, **OBJECTS[kind])
    message = lab.refused(kind, **{**OBJECTS[kind], "uuid": UUID.replace("6", "7")})
    assert f"uuid is {UUID} and cannot be changed" in message


def test_a_clone_of_a_file_that_is_no_volume(lab, pool):
    lab.ok("volume", pool=pool, name="base.raw", capacity="8 MiB")
    path = "/var/lib/libvirt/images/images/base.raw"
    made = lab.change("volume", pool=pool, name="clone", backing={"path": path, "format": "raw"})
    assert made["volume"]["capacity"] == "8 MiB"
    assert made["volume"]["backing"] == {"path": path, "format": "raw"}
