# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new guest has where the task says nothing else. Private to this collection, imported only for new guests."""

from __future__ import annotations

import copy

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.schema import PC
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import parse, printed

_X86 = "<features><acpi/><apic/></features>"
_DOCUMENT = """<domain type='{virt_type}'><name/><memory/><vcpu>1</vcpu>
<os><type arch='{arch}' machine='{machine}'>hvm</type></os>{features}<clock offset='utc'/>
<devices>
<console type='pty'><target type='serial' port='0'/></console>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
</devices></domain>"""


def capabilities(domain):
    """The capabilities of a domain's host (virConnectGetCapabilities)."""
    return domain.planned.once("capabilities", lambda: parse(domain.conn.getCapabilities()))


def arch_of(domain, document) -> str:
    """The arch of a document, by default that of the host."""
    return document.find("os/type").get("arch") or capabilities(domain).findtext("host/cpu/arch")


def arch_on(domain, arch: str):
    """What a domain's host can emulate of an arch; Refused where it is nothing."""
    found = capabilities(domain).find(f"guest/arch[@name='{arch}']")
    if found is None:
        raise Refused(
            f"{domain.subject}: this host has no emulator for arch {arch}; correct it, or install QEMU for it"
        )
    return found


def types_on(domain, found, virt_type: str | None) -> str:
    """C(virt_type), or the best that the host has for an arch; Refused where it has no such type."""
    types = [element.get("type") for element in found.findall("domain")]
    virt_type = virt_type or ("kvm" if "kvm" in types else "qemu")
    if virt_type not in types:
        raise Refused(
            f"{domain.subject}: virt_type {virt_type} is not to be had for {found.get('name')} on this host; it has"
            f" {', '.join(types)}"
        )
    return virt_type


def machines_on(domain, arch: str, machine: str) -> list:
    """What it says of a machine; Refused where it has none of that name."""
    found = [one for one in arch_on(domain, arch).iterfind(".//machine") if machine in (one.text, one.get("canonical"))]
    if not found:
        raise Refused(
            f"{domain.subject}: machine {machine} is not known to this host's QEMU for {arch};"
            " 'virsh capabilities' lists them"
        )
    return found


def canonical_machine(domain, arch: str, machine: str) -> str | None:
    """What the host's alias C(machine) stands for now, None where it is no alias there."""
    found = capabilities(domain).find(f"guest/arch[@name='{arch}']")
    if found is None:
        return None
    return next(
        (e.get("canonical") for e in found.iterfind(".//machine") if (e.text or "") == machine and e.get("canonical")),
        None,
    )


def skeleton(domain):
    """The document that a new guest starts from; what the task wants is laid over it."""
    subject, wanted = domain.subject, domain.wanted
    # That of NUMA cells is their sum.
    if "memory" not in wanted and not wanted.get("cpu", {}).get("cells"):
        raise Refused(
            f"{subject}: there is none, and a new guest needs 'memory', for example '1 GiB'; or correct its name"
        )
    arch = wanted.get("arch") or capabilities(domain).findtext("host/cpu/arch")
    found = arch_on(domain, arch)
    virt_type = types_on(domain, found, wanted.get("virt_type"))
    machines = {element.text for element in found.iterfind(".//machine")}
    machine = wanted.get("machine") or ("q35" if "q35" in machines else "virt" if "virt" in machines else None)
    if machine is not None:
        machines_on(domain, arch, machine)
    document = parse(
        _DOCUMENT.format(
            virt_type=virt_type,
            arch=arch,
            machine=machine,
            features=_X86 if arch in PC else "",
        )
    )
    if machine is None:
        del document.find("os/type").attrib["machine"]
    return document


def completed(text: str) -> str:
    """The document of a new guest with what libvirt adds: all memory in use, and a balloon to change that.

    The latter in a PC (qemuDomainDefAddDefaultDevices).
    """
    document = parse(text)
    memory = document.find("memory")
    if memory is not None and document.find("currentMemory") is None:
        memory.addnext(copy.deepcopy(memory))
        memory.getnext().tag = "currentMemory"
    devices = document.find("devices")
    if document.find("os/type").get("arch") in PC and devices is not None and devices.find("memballoon") is None:
        devices.append(devices.makeelement("memballoon", {"model": "virtio"}))
    return printed(document)
