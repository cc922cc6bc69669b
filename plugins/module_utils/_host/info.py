# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what a host of libvirt is and can do. Private to this collection."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused, libvirt_words
from ansible_collections.virtops.libvirt.plugins.module_utils._host.devices import devices
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt

_GUEST = {
    "virt_type": {"type": "str", "choices": ["kvm", "qemu"]},
    "arch": {"type": "str"},
    "machine": {"type": "str"},
}
SPEC = {
    "domain_capabilities": {"type": "dict", "options": _GUEST},
    "devices": {"type": "bool", "default": False},
    "documents": {"type": "bool", "default": False},
}
_KIB = 1024


def gather(conn, params: dict) -> dict:
    """C(host), C(guests), C(pool_types), C(unchecked); where asked, C(domain_capabilities), C(devices), C(documents).

    Sizes are in bytes. Refused for an arch, a machine or a type that the host cannot run.
    """
    texts = {"capabilities": conn.getCapabilities(), "pool_capabilities": conn.getStoragePoolCapabilities()}
    capabilities = _parsed(texts["capabilities"])
    found = {
        "host": _host(conn, capabilities),
        "guests": [_guest(arch) for arch in capabilities.iterfind("guest/arch")],
        "pool_types": sorted(
            pool.get("type") for pool in _parsed(texts["pool_capabilities"]).iterfind("pool[@supported='yes']")
        ),
        "unchecked": [],
    }
    if params["domain_capabilities"] is not None:
        text = _domain_capabilities(conn, params["domain_capabilities"])
        if text is None:
            found["unchecked"] = ["domain_capabilities: a read-only connection does not tell them"]
        else:
            found["domain_capabilities"], texts["domain_capabilities"] = _can(_parsed(text)), text
    if params["devices"]:
        found["devices"] = devices(conn)
    if params["documents"]:
        found["documents"] = texts
    return found


def _parsed(text: str):
    return ET.fromstring(text)  # noqa: S314 (the text is libvirt's own)


def _domain_capabilities(conn, guest: dict) -> str | None:
    """What libvirt says of a kind of guest, None where it tells this connection nothing."""
    try:
        return conn.getDomainCapabilities(None, guest["arch"], guest["machine"], guest["virt_type"])
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_OPERATION_DENIED:
            return None
        asked = ", ".join(f"{name} {guest[name]}" for name in _GUEST if guest[name])
        raise Refused(
            f"host {conn.getHostname()}: it runs no guest of {asked or 'any kind'}; virtops.libvirt.host_info"
            f" lists in guests what it runs; {libvirt_words(error)}"
        ) from error


def _version(number: int) -> str:
    """C(major * 1,000,000 + minor * 1,000 + release) as people write it (virConnectGetVersion)."""
    return f"{number // 1_000_000}.{number // 1_000 % 1_000}.{number % 1_000}"


def _host(conn, capabilities) -> dict:
    cpu = capabilities.find("host/cpu")
    _model, _memory, threads, _mhz, nodes, sockets, cores, per_core = conn.getInfo()
    cells = [_cell(conn, cell) for cell in capabilities.iterfind("host/topology/cells/cell")]
    return {
        "name": conn.getHostname(),
        "uri": conn.getURI(),
        "libvirt_version": _version(conn.getLibVersion()),
        "hypervisor": conn.getType(),
        "hypervisor_version": _version(conn.getVersion()),
        "arch": cpu.findtext("arch"),
        "cpu": {
            "model": cpu.findtext("model"),
            "vendor": cpu.findtext("vendor"),
            # Sockets are told for one NUMA node (virNodeInfo).
            "sockets": sockets * nodes,
            "cores": cores,
            "threads": per_core,
            "total": threads,
            "features": sorted(feature.get("name") for feature in cpu.iterfind("feature")),
        },
        "memory": {"total": sum(cell["memory"] for cell in cells), "free": conn.getFreeMemory()},
        "cells": cells,
        "iommu": capabilities.find("host/iommu[@support='yes']") is not None,
        "security_models": [model.text for model in capabilities.iterfind("host/secmodel/model")],
    }


def _cell(conn, cell) -> dict:
    """A NUMA node: its memory, its processors, its pages of each size."""
    number, sizes = int(cell.get("id")), [int(page.get("size")) for page in cell.iterfind("pages")]
    free = conn.getFreePages(sizes, number, 1)[number] if sizes else {}
    return {
        "id": number,
        "memory": int(cell.findtext("memory", "0")) * _KIB,
        "cpus": sorted(int(one.get("id")) for one in cell.iterfind("cpus/cpu")),
        "pages": [
            {"size": int(page.get("size")) * _KIB, "total": int(page.text), "free": free[int(page.get("size"))]}
            for page in cell.iterfind("pages")
        ],
    }


def _guest(arch) -> dict:
    """What the host can emulate of an architecture."""
    machines: dict[str, dict] = {}
    for one in arch.iterfind(".//machine"):
        entry = {"name": one.text, "canonical": one.get("canonical"), "max_vcpus": int(one.get("maxCpus", "0"))}
        machines.setdefault(one.text, {name: value for name, value in entry.items() if value})
    return {
        "arch": arch.get("name"),
        "emulator": arch.findtext("emulator"),
        "virt_types": [domain.get("type") for domain in arch.iterfind("domain")],
        "machines": [machines[name] for name in sorted(machines)],
    }


def _can(tree) -> dict:
    """What a guest of a type, an arch and a machine may have."""
    custom = tree.findall("cpu/mode[@name='custom']/model")
    return {
        "arch": tree.findtext("arch"),
        "machine": tree.findtext("machine"),
        "virt_type": tree.findtext("domain"),
        "emulator": tree.findtext("path"),
        "max_vcpus": int(tree.find("vcpu").get("max")),
        "firmware": _values(tree, "os/enum[@name='firmware']"),
        "secure_boot": "yes" in _values(tree, "os/loader/enum[@name='secure']"),
        "cpu_modes": [mode.get("name") for mode in tree.iterfind("cpu/mode[@supported='yes']")],
        "cpu_models": sorted(model.text for model in custom if model.get("usable") == "yes"),
        "memory_backing": _values(tree, "memoryBacking/enum[@name='sourceType']"),
        "devices": {
            device.tag: {enum.get("name"): _values(device, f"enum[@name='{enum.get('name')}']") for enum in device}
            for device in tree.iterfind("devices/*[@supported='yes']")
        },
        "features": sorted(one.tag for one in tree.iterfind("features/*[@supported='yes']")),
    }


def _values(tree, place: str) -> list[str]:
    return [value.text for value in tree.iterfind(f"{place}/value")]
