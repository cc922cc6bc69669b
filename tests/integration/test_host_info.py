# SPDX-License-Identifier: GPL-3.0-or-later
"""The module host_info, on a real libvirtd."""

from __future__ import annotations

from lxml import etree
from yaml import safe_load

from ansible_collections.virtops.libvirt.plugins.modules import host_info


def undocumented(contains: dict, value: dict) -> set[str]:
    """What of a result its documentation does not name."""
    found = set(value) - set(contains)
    for name, entry in contains.items():
        below = entry.get("contains")
        inside = value.get(name)
        for item in inside if isinstance(inside, list) else [inside]:
            if below and isinstance(item, dict):
                found |= {f"{name}.{one}" for one in undocumented(below, item)}
    return found


def test_it_tells_what_libvirt_tells(lab):
    asked = {"domain_capabilities": {"virt_type": "qemu", "machine": "q35"}, "devices": True, "documents": True}
    checked, found = lab.check("host_info", **asked), lab.run("host_info", **asked)
    assert not found.get("failed"), found["msg"]
    assert undocumented(safe_load(host_info.RETURN), found) <= {"changed", "invocation"}
    assert found["unchecked"] == []
    (untold,) = checked["unchecked"]
    assert untold.startswith("domain_capabilities: ")
    assert [checked[one] for one in ("guests", "devices", "pool_types")] == [
        found[one] for one in ("guests", "devices", "pool_types")
    ]
    capabilities = etree.fromstring(found["documents"]["capabilities"].encode())
    told = lab.virsh("version")
    for one in (found["host"]["libvirt_version"], found["host"]["hypervisor_version"]):
        assert f" {one}\n" in told + "\n"
    assert found["host"]["name"] == lab.virsh("hostname")
    assert found["host"]["cpu"]["total"] == int(lab.shell("nproc --all"))
    assert found["host"]["memory"]["total"] == 1024 * sum(map(int, capabilities.xpath("//cell/memory/text()")))
    assert 0 < found["host"]["memory"]["free"] < found["host"]["memory"]["total"]
    assert found["host"]["cells"][0]["pages"][0]["size"] == 4096
    (mine,) = [one for one in found["guests"] if one["arch"] == "x86_64"]
    assert "qemu" in mine["virt_types"]
    (q35,) = [one for one in mine["machines"] if one["name"] == "q35"]
    can = found["domain_capabilities"]
    assert (can["virt_type"], can["arch"], can["machine"]) == ("qemu", "x86_64", q35["canonical"])
    assert "host-passthrough" not in can["cpu_modes"]
    assert "qemu64" in can["cpu_models"]
    assert can["firmware"] == ["efi"]
    assert "virtio" in can["devices"]["disk"]["bus"]
    assert {"dir", "logical"} <= set(found["pool_types"])
    names = lab.virsh("nodedev-list").split()
    assert [one["name"] for one in found["devices"]] == sorted(names)
    (loop,) = [one for one in found["devices"] if one.get("interface") == "lo"]
    assert loop["type"] == "net"
    assert all(one["address"].count(":") == 2 for one in found["devices"] if one["type"] == "pci")


def test_what_is_named_can_be_made(lab):
    """The words are those of the options of a guest."""
    found = lab.run("host_info", domain_capabilities={"virt_type": "qemu"})
    assert "devices" not in found
    assert "documents" not in found
    can = found["domain_capabilities"]
    guest = {"machine": can["machine"], "virt_type": can["virt_type"], "memory": "16 MiB", "vcpus": can["max_vcpus"]}
    lab.change("domain", name="guest", **guest, cpu={"mode": "custom", "model": can["cpu_models"][0]})


def test_what_the_host_cannot_run_is_refused(lab):
    for asked in ({"arch": "vax"}, {"machine": "toaster"}):
        message = lab.run("host_info", domain_capabilities=asked)["msg"]
        assert f"it runs no guest of {' '.join(next(iter(asked.items())))}" in message
    assert "must be one of" in lab.run("host_info", domain_capabilities={"virt_type": "xen"})["msg"]
