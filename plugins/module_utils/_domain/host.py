# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at the host for what a guest needs at its start; at its files where the task runs on libvirt's host.

Private to this collection, imported only where a guest starts or is changed while it runs. It only looks whether things
are there.
"""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local, is_missing, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._domain import abilities, connections, ports, writers
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.skeleton import capabilities
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.storage import OPTIONAL
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._network.host import has_device
from ansible_collections.virtops.libvirt.plugins.module_utils._values import CPUSET, MOST_CPUS

# Files that QEMU reads, by the option that names them. What libvirt makes itself, such as the variables of UEFI and the
# logs of serial ports, is not among them.
_FILES = (
    ("kernel", "os/kernel"),
    ("initrd", "os/initrd"),
    ("dtb", "os/dtb"),
    ("firmware.loader", "os/loader"),
    ("emulator", "devices/emulator"),
)
# Kinds of objects whose making makes files.
_MAKERS = ("volume", "volume_export", "export")
_VSOCK = "/dev/vhost-vsock"
_CARDS = "/dev/dri"
_POSSIBLE = "/sys/devices/system/cpu/possible"
_PINNED = (
    ("cpuset", "vcpu"),
    ("cputune.emulator_pin", "cputune/emulatorpin"),
    ("cputune.vcpu_pins", "cputune/vcpupin"),
    ("cputune.iothread_pins", "cputune/iothreadpin"),
)


def check(domain, actual, document, starts: bool, live: set[str]) -> None:
    """Refused where the guest cannot start, or cannot have C(live), the options that change while it runs."""
    new = _new_devices(actual, document, starts, live)
    if starts:
        _kernel(domain, document)
        ports.check(domain, document)
        _model(domain, document)
    if starts or "numatune" in live:
        _nodes(domain, document)
    if starts or "cputune" in live:
        _processors(domain, document, starts)
    if starts or "interfaces" in live:
        connections.check(domain, [nic for nic in document.iterfind("devices/interface") if connections.is_choosy(nic)])
        connections.check_networks(domain, [device for device in new if device.tag == "interface"])
    if is_local(domain.conn):
        _look(domain, document, starts, live, new)
    if starts or "disks" in live:
        writers.check(domain, document)


def _look(domain, document, starts: bool, live: set[str], new: list) -> None:
    """A look at files and devices of the host. C(new): the disks and NICs that the guest is about to get."""
    if (starts or "vsock" in live) and document.find("devices/vsock") is not None and is_missing(_VSOCK):
        raise Refused(f"{domain.subject}: vsock: the host has no {_VSOCK}; load its module vhost_vsock, or take it out")
    _sources(domain, document, new)
    if starts:
        _files(domain, document)
        _memory_and_graphics(domain, document)
        lacking = abilities.firmware_problem(domain, document)
        if lacking:
            raise Refused(f"{domain.subject}: {lacking}")


def _kernel(domain, document) -> None:
    """Refused for what QEMU takes with a kernel only; libvirt keeps it without one."""
    lost = [name for name in ("initrd", "cmdline") if document.findtext(f"os/{name}")]
    if lost and not document.findtext("os/kernel"):
        raise Refused(
            f"{domain.subject}: {' and '.join(lost)}: there is no kernel for it; give 'kernel', or take it out"
        )


def _model(domain, document) -> None:
    """Refused for a model of processor that libvirt does not know; it asks for it when the guest starts."""
    model, arch = document.findtext("cpu/model"), document.find("os/type").get("arch")
    if not model or not arch or document.find("cpu").get("mode", "custom") != "custom":
        return
    known = domain.planned.once(f"models of {arch}", lambda: _models(domain, arch))
    if known and model.strip() not in known:
        raise Refused(
            f"{domain.subject}: cpu.model: libvirt knows no {model} for {arch}; 'virsh cpu-models' lists them"
        )


def _models(domain, arch: str) -> list[str]:
    """The models that libvirt knows, none where it leaves them to QEMU."""
    try:
        return domain.conn.getCPUModelNames(arch)
    except libvirt.libvirtError:
        return []


def _nodes(domain, document) -> None:
    """Refused for NUMA nodes that the host does not have (virDomainNumatuneNodesetIsAvailable)."""
    sets = [one.get("nodeset") for one in document.iterfind("numatune/*") if one.get("nodeset")]
    named = {number for one in sets for number in CPUSET.numbers(one)}
    if not named:
        return
    there = {int(cell.get("id")) for cell in capabilities(domain).iterfind("host/topology/cells/cell")}
    if named - there:
        raise Refused(
            f"{domain.subject}: numatune.nodeset: this host has no NUMA node {min(named - there)};"
            f" choose of {CPUSET.parse(','.join(map(str, there)))}"
        )


def _processors(domain, document, starts: bool) -> None:
    """Refused for processors that the host does not have: the kernel takes none that it never can have, and at least
    one that it has; a change while the guest runs cannot even name others (virNodeGetCPUMap).
    """
    vcpus = document.find("vcpu")
    count = 1 if vcpus is None else int(vcpus.get("current", vcpus.text))
    for name, place in _PINNED:
        for element in document.iterfind(place):
            # Only virtual processors that are on are pinned.
            if element.get("cpuset") and int(element.get("vcpu", "0")) < count:
                _pinned(domain, name, CPUSET.numbers(element.get("cpuset")), starts)


def _pinned(domain, name: str, asked: set[int], starts: bool) -> None:
    there = domain.planned.once("processors", lambda: domain.conn.getCPUMap(0)[0])
    lacking = asked - set(range(there))
    if lacking and not (starts and asked - lacking and max(lacking) <= _last_processor(domain)):
        raise Refused(
            f"{domain.subject}: {name}: this host has no processor {min(lacking)}; choose of"
            f" {CPUSET.parse(f'0-{there - 1}')}"
        )


def _last_processor(domain) -> int:
    """The number of the last processor that may ever come to the host, as far as that can be seen."""
    try:
        text = Path(_POSSIBLE).read_text(encoding="ascii") if is_local(domain.conn) else ""
        return max(CPUSET.numbers(text.strip()))
    except (OSError, ValueError):
        return MOST_CPUS


def _files(domain, document) -> None:
    """Refused where a file or a device that the document names is not there."""
    for option, place in _FILES:
        _file(domain, option, document.findtext(place))
    for entry in document.iterfind("sysinfo[@type='fwcfg']/entry"):
        _file(domain, f"fw_cfg[{entry.get('name')}].file", entry.get("file"))
    for entry in document.iterfind("devices/filesystem[@type='mount']/source/.."):
        _file(domain, f"filesystems[{entry.find('target').get('dir')}].source", entry.find("source").get("dir"))
    for kind in ("serial", "parallel", "console"):
        # libvirt makes the file, but not its directory.
        for source in document.iterfind(f"devices/{kind}[@type='file']/source"):
            _file(domain, f"{kind}s: path", os.path.dirname(source.get("path") or ""))


def _memory_and_graphics(domain, document) -> None:
    """Refused where the host has no large pages, or no card to draw with."""
    if document.find("memoryBacking/hugepages") is not None and not _has_large_pages():
        raise Refused(f"{domain.subject}: memory_backing.hugepages: the host has no hugetlbfs mounted; mount it first")
    draws = document.find("devices/graphics[@type='egl-headless']") is not None
    draws = draws or document.find("devices/graphics/gl[@enable='yes']") is not None
    if draws and is_missing(_CARDS):
        raise Refused(
            f"{domain.subject}: graphics: the host has no {_CARDS}, which OpenGL needs; load its driver, or do without"
        )


def _has_large_pages() -> bool:
    """Whether they are mounted, or nobody can tell."""
    try:
        return " hugetlbfs " in Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True


def _new_devices(actual, document, starts: bool, live: set[str]) -> list:
    """The disks and NICs that the guest is about to get: all where it starts, else those that are not as they were."""
    found = []
    for option, place in (("disks", "devices/disk"), ("interfaces", "devices/interface")):
        old = set() if starts or actual is None else {_source(one) for one in actual.tree.iterfind(place)}
        if starts or option in live:
            found += [one for one in document.iterfind(place) if _source(one) not in old]
    return found


def _source(device) -> tuple:
    """What a device is connected to, and its name."""
    source = device.find("source")
    return device.get("type"), () if source is None else tuple(sorted(source.attrib.items())), _name(device)


def _name(device) -> str:
    """The target of a disk, the MAC of a NIC."""
    place, attribute = ("target", "dev") if device.tag == "disk" else ("mac", "address")
    found = device.find(place)
    return "" if found is None else found.get(attribute, "")


def _sources(domain, document, devices: list) -> None:
    """Refused where what one of C(devices) is connected to is not there."""
    spared = document.findall(OPTIONAL)
    for device in devices:
        source = device.find("source")
        if device.tag == "interface":
            _device(domain, f"interfaces[{_name(device)}]", device)
        # libvirt itself does without a medium that is optional; a descriptor that it was handed has no file.
        elif source is not None and device not in spared and not source.get("fdgroup"):
            path = {"file": source.get("file"), "block": source.get("dev")}.get(device.get("type"))
            _file(domain, f"disks[{_name(device)}]", path)


def _file(domain, option: str, path: str | None) -> None:
    if not path or not path.startswith("/") or not is_missing(path) or _is_planned(domain, path):
        return
    # A task in a container sees other files than libvirt does.
    if lookup(domain.conn.storageVolLookupByPath, path, libvirt.VIR_ERR_NO_STORAGE_VOL) is None:
        raise Refused(f"{domain.subject}: {option}: the host has no file {path}; make it first, or correct the path")


def _is_planned(domain, path: str) -> bool:
    """Whether something that is planned could make this file: where a volume will lie is not always known yet."""
    name = os.path.basename(path)
    if domain.planned.get("file", path):
        return True
    if any(words.get("path") and path.startswith(words["path"] + "/") for words in domain.planned.all("pool")):
        return True
    made = (words for kind in _MAKERS for words in domain.planned.all(kind))
    return any(name in (words.get("name"), os.path.basename(words.get("path") or "")) for words in made)


def _device(domain, where: str, nic) -> None:
    source, port = nic.find("source"), nic.find("virtualport")
    # A switch that is not the kernel's own need not be a device of it.
    if source is None or (port is not None and port.get("type") in ("openvswitch", "midonet")):
        return
    name = {"bridge": source.get("bridge"), "direct": source.get("dev")}.get(nic.get("type"))
    planned = (words.get("bridge") or {} for words in domain.planned.all("network"))
    if name and not has_device(name, domain.planned) and all(bridge.get("name") != name for bridge in planned):
        raise Refused(f"{domain.subject}: {where}: the host has no device {name}; make it first, or name another one")
