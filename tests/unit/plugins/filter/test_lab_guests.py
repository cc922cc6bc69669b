# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab roles hand to the module stack."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.filter.lab_guests import lab_guests

SETTINGS = {"memory": "1 GiB", "vcpus": 1, "disk_size": "10 GiB", "user_data": {"ntp": {"enabled": True}}}
LAB = {
    "lab": "lab",
    "settings": SETTINGS,
    "dns": {"address": "192.168.150.1", "domain": "lab.test"},
    "cloud_config": {"ssh_pwauth": False},
}
WEB = {"name": "web1", "mac": "52:54:00:00:00:01", "base": "base.qcow2"}


def test_a_new_guest_has_a_disk_on_the_base_and_a_seed_of_its_own():
    made = lab_guests([WEB], there=[], **LAB)
    disk, seed = made["volumes"]
    assert disk == {"pool": "lab", "name": "web1.qcow2", "capacity": "10 GiB", "backing": {"volume": "base.qcow2"}}
    assert seed["name"] == "web1-seed.iso"
    assert seed["cloud_init"]["user_data"] == {
        "hostname": "web1",
        "fqdn": "web1.lab.test",
        "ssh_pwauth": False,
        "ntp": {"enabled": True},
    }
    assert [disk["volume"] for disk in made["domains"][0]["disks"]] == ["web1.qcow2", "web1-seed.iso"]


def test_a_disk_that_is_there_stays_as_it_is():
    assert lab_guests([WEB], there=[{"name": "web1.qcow2", "capacity": "10 GiB"}], **LAB)["volumes"][0] == {
        "pool": "lab",
        "name": "web1.qcow2",
    }


def test_a_disk_is_only_ever_made_larger():
    disks = [
        lab_guests([WEB], there=[{"name": "web1.qcow2", "capacity": capacity}], **LAB)["volumes"][0]
        for capacity in ("8 GiB", "10 GiB", "12 GiB")
    ]
    assert [disk.get("capacity") for disk in disks] == ["10 GiB", None, None]


def test_options_of_guests_are_laid_over_what_is_made():
    settings = {**SETTINGS, "labels": {"env": "test"}, "options": {"title": "A guest", "cpu": {"mode": "maximum"}}}
    guest = {**WEB, "labels": {"tier": "web"}, "options": {"title": "Web 1"}}
    (made,) = lab_guests([guest], there=[], **{**LAB, "settings": settings})["domains"]
    assert made["labels"] == {"env": "test", "tier": "web"}
    assert (made["title"], made["cpu"], made["memory"]) == ("Web 1", {"mode": "maximum"}, "1 GiB")


def test_what_a_guest_says_counts_before_the_settings():
    own = {"memory": "2 GiB", "packages": ["nginx"], "user_data": {"ntp": {"servers": ["a"]}, "hostname": "other"}}
    made = lab_guests([{**WEB, **own}], there=[], **LAB)
    assert made["domains"][0]["memory"] == "2 GiB"
    told = made["volumes"][1]["cloud_init"]["user_data"]
    assert (told["packages"], told["package_update"], "runcmd" in told) == (["nginx"], True, False)
    assert (told["ntp"], told["hostname"]) == ({"enabled": True, "servers": ["a"]}, "other")


def test_what_is_gone_is_to_be_removed():
    made = lab_guests([], there=[], gone={"domains": ["db1"], "volumes": ["db1.qcow2"]}, **LAB)
    assert made["domains"] == [{"name": "db1", "state": "absent"}]
    assert made["volumes"] == [{"pool": "lab", "name": "db1.qcow2", "state": "absent"}]


def test_a_disk_under_a_snapshot_grows_where_the_guest_writes():
    there = [{"name": "web1.qcow2", "capacity": "8 GiB"}, {"name": "web1.before", "capacity": "9 GiB"}]
    disks = lab_guests([WEB], there=there, tops={"web1": "web1.before"}, **LAB)["volumes"][:-1]
    assert disks == [
        {"pool": "lab", "name": "web1.qcow2"},
        {"pool": "lab", "name": "web1.before", "capacity": "10 GiB"},
    ]
    there[1]["capacity"] = "10 GiB"
    disks = lab_guests([WEB], there=there, tops={"web1": "web1.before"}, **LAB)["volumes"][:-1]
    assert disks == [{"pool": "lab", "name": "web1.qcow2"}]
    # A file that libvirt does not know yet cannot be asked for its size.
    disks = lab_guests([WEB], there=there[:1], tops={"web1": "web1.before"}, **LAB)["volumes"][:-1]
    assert disks == [{"pool": "lab", "name": "web1.qcow2", "capacity": "10 GiB"}]


def test_a_guest_that_is_not_in_the_labs_network_says_where_it_is():
    network = {"version": 2, "ethernets": {"lan": {"dhcp4": True}}}
    domain = {"interfaces": [{"bridge": "br0", "mac": WEB["mac"]}], "autostart": True}
    dns = {"address": "", "domain": ""}
    made = lab_guests([{**WEB, "network_config": network, "domain": domain}], there=[], **{**LAB, "dns": dns})
    seed = made["volumes"][1]["cloud_init"]
    assert (seed["network_config"], seed["user_data"]["fqdn"]) == (network, "web1")
    assert (made["domains"][0]["interfaces"], made["domains"][0]["autostart"]) == (domain["interfaces"], True)
