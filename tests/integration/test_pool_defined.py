# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools of every kind as definitions: libvirt keeps one of a kind whose storage this host has not."""

from __future__ import annotations

import pytest

MOUNTED = "/var/lib/libvirt/images/mounted"
TARGET = "iqn.2026-01.test.lab:disks"
INITIATOR = "iqn.2026-01.test.lab:host"
SHARE = {"hosts": [{"name": "nas.test"}], "dir": "/export"}
FC = {"type": "fc_host", "wwnn": "20000000c9831b4b", "wwpn": "10000000c9831b4b"}
DEFINED = {
    "dir": [
        {"path": MOUNTED, "source": {"vendor": "Acme", "product": "Box"}},
        {"source": {"vendor": ""}, "path": MOUNTED + "2/"},
        # Of a directory on btrfs, to which building would give it.
        {"features": {"cow": False}},
        {"features": {"cow": True}},
    ],
    "netfs": [
        {"path": MOUNTED, "source": SHARE},
        {"source": {"format": "nfs", "protocol_version": "4.1"}, "mount_options": ["noatime"]},
        {"source": {"hosts": [{"name": "10.0.0.9"}]}, "mount_options": ["nodev", "noatime"]},
    ],
    "iscsi": [
        {"path": "/dev/disk/by-path", "source": {"hosts": [{"name": "san.test"}], "devices": [{"path": TARGET}]}},
        {"source": {"initiator": INITIATOR, "hosts": [{"name": "san.test", "port": 3261}]}},
    ],
    "scsi": [
        {"path": "/dev/disk/by-path", "source": {"adapter": {"type": "scsi_host", "name": "scsi_host5"}}},
        {"source": {"adapter": {"type": "scsi_host", "name": "scsi_host6"}}},
        {"source": {"adapter": FC}},
        {"source": {"adapter": {"type": "scsi_host", "name": "scsi_host6"}}},
    ],
    "scsi by its place": [
        {
            "path": "/dev/disk/by-path",
            "source": {
                "adapter": {
                    "type": "scsi_host",
                    "address": {"unique_id": 1, "bus": "0x00", "slot": "0x1f", "function": "0x2", "domain": "0x0000"},
                }
            },
        },
        {
            "source": {
                "adapter": {
                    "type": "scsi_host",
                    "address": {"unique_id": 2, "bus": "1", "slot": "2", "function": "3", "domain": "1"},
                }
            }
        },
    ],
    "scsi over fibre channel": [
        {"path": "/dev/disk/by-path", "source": {"adapter": FC}},
        {"source": {"adapter": {**FC, "parent": "scsi_host3", "managed": False}}},
        {
            "source": {
                "adapter": {
                    "type": "fc_host",
                    "wwnn": "20000000c9831b4c",
                    "wwpn": "10000000c9831b4c",
                    "managed": True,
                    "parent_wwnn": FC["wwnn"],
                    "parent_wwpn": FC["wwpn"],
                    "parent_fabric_wwn": "2000000043214321",
                }
            }
        },
    ],
    "mpath": [{"path": "/dev/mapper"}, {"path": "/dev/other"}],
    "rbd": [
        {
            "source": {
                "name": "images",
                "hosts": [{"name": "mon1.test"}, {"name": "mon2.test", "port": 6790}],
                "auth": {"type": "ceph", "username": "admin", "secret": {"usage": "ceph of the lab"}},
            }
        },
        {"rbd_options": {"client_mount_timeout": "45"}, "volume_allocation": "capacity"},
        {"source": {"hosts": [{"name": "mon2.test", "port": 6790}], "auth": {}}, "rbd_options": {}},
        {"volume_allocation": "default", "source": {"name": "others"}},
    ],
    "gluster": [
        {"source": {"hosts": [{"name": "brick.test"}]}},
        {"source": {"dir": "/deep//down/", "name": "vol"}},
    ],
    "zfs": [{"source": {"name": "tank"}}, {"source": {"devices": [{"path": "/dev/sdz"}]}}],
    "disk": [
        {"path": "/dev", "source": {"devices": [{"path": "/dev/sdz"}]}},
        {"source": {"format": "gpt", "devices": [{"path": "/dev/sdz", "part_separator": True}]}},
    ],
    "logical": [
        {"source": {"devices": [{"path": "/dev/sdy"}, {"path": "/dev/sdz"}]}},
        {"source": {"devices": [{"path": "/dev/sdy"}], "name": "vg0"}},
    ],
    "fs": [
        {"path": MOUNTED, "source": {"devices": [{"path": "/dev/sdz"}]}},
        {"source": {"format": "xfs"}, "mount_options": ["ro"], "features": {"cow": True}},
    ],
}


@pytest.mark.parametrize("what", DEFINED)
def test_a_pool_is_defined_and_changed(lab, what):
    kind = what.split()[0]
    lab.ok("secret", type="ceph", usage="ceph of the lab", value="x")
    for options in DEFINED[what]:
        made = lab.change("pool", name="new", **({} if lab.state()["pool"] else {"type": kind}), **options)
        # What it tells can be fed back, and so can its document.
        lab.unchanged("pool", **made["pool"])
        lab.unchanged("pool", xml=lab.xml("pool", "new"))
    gone = lab.change("pool", name="new", state="absent")
    assert gone["steps"] == ["undefine pool new"]


@pytest.mark.parametrize("kind", ["netfs", "gluster", "iscsi", "scsi", "mpath", "disk", "scsi over fibre channel"])
def test_two_pools_cannot_have_one_source(lab, kind):
    first = DEFINED[kind][0]
    lab.ok("pool", name="one", type=kind.split()[0], **first)
    second = {**first, "path": "/elsewhere"} if "path" in first else first
    if kind == "gluster":
        second["source"]["name"] = lab.tree("pool", "one").findtext("source/name")
    message = lab.refused("pool", name="two", type=kind.split()[0], **second)
    assert "is that of pool one already" in message
