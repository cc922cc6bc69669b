# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a domain for memory, processors and their limits. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import ANYTHING, Field, Group, Items
from ansible_collections.virtops.libvirt.plugins.module_utils._place import append
from ansible_collections.virtops.libvirt.plugins.module_utils._values import (
    ALIAS,
    COUNT,
    CPUSET,
    LIMIT,
    NUMBER,
    ON_OFF,
    YES_NO,
    Bool,
    Int,
    Size,
)

PRESENT = Bool()
KIB = Size("KiB")
# QEMU starts with whole MiB (qemuDomainGetMemorySizeAlignment; those of pSeries are larger).
MEMORY_SIZE = Size("KiB", least=1024, started=1 << 20)
# 0 is none, and libvirt writes none; what is below is no limit (formatdomain, "CPU Tuning").
QUOTA = Int(least=-1, nothing=0)
TUNED = Size("KiB", nothing=0)
NEEDS_CGROUP = "where the host gives the guest such a cgroup"


class _Vcpus(Field):
    """The processors that are plugged in: C(<vcpu current='2'>4</vcpu>), where the text is how many there can be."""

    def read(self, owner):
        element = owner.find("vcpu")
        return None if element is None or not element.text else int(element.get("current") or element.text)

    def write(self, owner, canonical):
        if self.agrees(owner, canonical):
            return
        element = self.made(owner)
        if canonical >= int(element.text or 0):
            element.attrib.pop("current", None)
            element.text = str(canonical)
        else:
            element.set("current", str(canonical))


class _MaxVcpus(Field):
    """How many processors there can be; those that are plugged in stay so."""

    def write(self, owner, canonical):
        element = self.made(owner)
        now = element.get("current") or element.text or "1"
        super().write(owner, canonical)
        element.attrib.pop("current", None)
        if int(now) < canonical:
            element.set("current", now)


class _Nested(Field):
    """Whether the guest can run guests of its own: C(vmx) of Intel's, C(svm) of AMD's processors."""

    _NAMES = ("svm", "vmx")

    def _feature(self, owner):
        found = (owner.find(f"feature[@name='{name}']") for name in self._NAMES)
        return next((element for element in found if element is not None), None)

    def read(self, owner):
        element = self._feature(owner)
        return None if element is None else element.get("policy", "require") in ("force", "require", "optional")

    def write(self, owner, canonical):
        if self.agrees(owner, canonical):
            return
        element = self._feature(owner)
        if element is None:
            element = append(owner, "feature[@name='svm']")
        element.set("policy", "require" if canonical else "disable")

    def read_in(self, document):
        """The value in a whole document, None without a C(<cpu>)."""
        element = document.find("cpu")
        return None if element is None else self.read(element)


NESTED = _Nested("nested", "feature", Bool(), runtime=True)


def settle_cpu(element, wanted):
    """A model, and how closely it is checked, belong to the mode that they were given for (formatdomain, "CPU")."""
    if "mode" in wanted and wanted["mode"] != "custom" and "model" not in wanted:
        for model in element.findall("model"):
            element.remove(model)
        for name in ("match", "check"):
            if name not in wanted:
                element.attrib.pop(name, None)


CPU = Group(
    "cpu",
    "cpu",
    (
        Field("mode", "@mode", choices=("host-passthrough", "host-model", "maximum", "custom")),
        Field("model", "model", runtime=True),
        Field("check", "@check", choices=("none", "partial", "full"), drifts=True),
        Field("migratable", "@migratable", ON_OFF),
        Group(
            "topology",
            "topology",
            (
                Field("sockets", "@sockets", COUNT),
                Field("dies", "@dies", COUNT),
                Field("cores", "@cores", COUNT),
                Field("threads", "@threads", COUNT),
            ),
        ),
        Items(
            "features",
            "feature",
            (
                Field("name", "@name", required=True),
                Field(
                    "policy",
                    "@policy",
                    choices=("force", "require", "optional", "disable", "forbid"),
                    # What an emulated processor does not have, QEMU leaves out.
                    runs_as={"optional": ANYTHING, "require": ("disable",), "force": ("disable",)},
                ),
            ),
            identity=("name",),
            where=lambda element: element.get("name") not in ("svm", "vmx"),
            runtime=True,
        ),
        NESTED,
        Items(
            "cells",
            "numa/cell",
            (
                Field("id", "@id", NUMBER, required=True),
                Field("cpus", "@cpus", CPUSET),
                Field("memory", "@memory", Size("KiB", started=1 << 20), required=True),
                Field("access", "@memAccess", choices=("shared", "private")),
                Field("discard", "@discard", YES_NO),
            ),
            identity=("id",),
        ),
    ),
    finish=settle_cpu,
)


def _finish_memballoon(element, _wanted):
    """libvirt's own default, which its schema does not know."""
    if not element.get("model"):
        element.set("model", "virtio")


# What goes with which models of memory (formatdomain, "Memory devices").
_MEMORY_MODELS: dict[str, tuple] = {
    "source": (),
    "address": ("dimm", "nvdimm"),
    "target/node": ("dimm", "nvdimm", "virtio-mem"),
    "target/block": ("virtio-mem",),
    "target/requested": ("virtio-mem",),
    "target/current": (),
    "target/address": (),
    "target/label": ("nvdimm",),
    "target/readonly": ("nvdimm",),
    "uuid": ("nvdimm",),
}
MEMORY = (
    Field("memory", "memory", MEMORY_SIZE),
    Field(
        "current_memory",
        "currentMemory",
        Size("KiB", least=1024),
        by="balloon",
        when="with a memory balloon, and not more than the memory that it was started with",
        drifts=True,
    ),
    Group(
        "max_memory",
        "maxMemory",
        (Field("size", ".", KIB, required=True), Field("slots", "@slots", COUNT)),
        optional=True,
    ),
    Group(
        "memory_backing",
        "memoryBacking",
        (
            Field("hugepages", "hugepages", PRESENT, present=True),
            Field("page_size", "hugepages/page/@size", Size("KiB")),
            Field("source", "source/@type", choices=("anonymous", "file", "memfd")),
            Field("access", "access/@mode", choices=("shared", "private")),
            Field("allocation", "allocation/@mode", choices=("immediate", "ondemand")),
            Field("locked", "locked", PRESENT, present=True),
            Field("nosharepages", "nosharepages", PRESENT, present=True),
            Field("discard", "discard", PRESENT, present=True),
        ),
        optional=True,
    ),
    Items(
        "memory_devices",
        "devices/memory",
        (
            Field("alias", "alias/@name", ALIAS),
            Field(
                "model",
                "@model",
                required=True,
                choices=("dimm", "nvdimm", "virtio-pmem", "virtio-mem"),
                decides=_MEMORY_MODELS,
            ),
            Field("size", "target/size", KIB, required=True),
            Field("node", "target/node", NUMBER),
            Field("block", "target/block", KIB),
            Field("requested", "target/requested", KIB, by="update"),
            Field("path", "source/path"),
        ),
        identity=("alias",),
        by="plug",
        when="with a free slot of max_memory; virtio-mem and virtio-pmem with a free PCIe port",
    ),
    Group(
        "memballoon",
        "devices/memballoon",
        (
            Field("model", "@model", choices=("virtio", "virtio-transitional", "virtio-non-transitional", "none")),
            Field("autodeflate", "@autodeflate", ON_OFF),
            Field("free_page_reporting", "@freePageReporting", ON_OFF),
            Field("stats_period", "stats/@period", LIMIT, by="stats_period"),
        ),
        finish=_finish_memballoon,
    ),
)


def _finish_vcpu_pin(element, _wanted):
    """libvirt wants them in the order of the processors, and gives them so."""
    owner = element.getparent()
    owner[:] = sorted(owner, key=lambda one: int(one.get("vcpu", "-1")) if one.tag == "vcpupin" else -1)


PROCESSORS = (
    _Vcpus(
        "vcpus",
        "vcpu",
        COUNT,
        by="vcpus",
        when="up to the maximum that it was started with; fewer where those that go can be unplugged",
    ),
    _MaxVcpus("max_vcpus", "vcpu", COUNT),
    Field("cpuset", "vcpu/@cpuset", CPUSET),
    Field("iothreads", "iothreads", LIMIT, by="iothreads"),
    CPU,
    Group(
        "cputune",
        "cputune",
        (
            Field("shares", "shares", COUNT, by="scheduler", when=NEEDS_CGROUP),
            Field("period", "period", COUNT, by="scheduler", when=NEEDS_CGROUP),
            Field("quota", "quota", QUOTA, by="scheduler", when=NEEDS_CGROUP),
            Field("global_period", "global_period", COUNT, by="scheduler", when=NEEDS_CGROUP),
            Field("global_quota", "global_quota", QUOTA, by="scheduler", when=NEEDS_CGROUP),
            Field("emulator_period", "emulator_period", COUNT, by="scheduler", when=NEEDS_CGROUP),
            Field("emulator_quota", "emulator_quota", QUOTA, by="scheduler", when=NEEDS_CGROUP),
            Field("emulator_pin", "emulatorpin/@cpuset", CPUSET, by="pin_emulator"),
            Items(
                "vcpu_pins",
                "vcpupin",
                (
                    Field("vcpu", "@vcpu", NUMBER, required=True),
                    Field("cpuset", "@cpuset", CPUSET, required=True, by="pin_vcpu"),
                ),
                identity=("vcpu",),
                by="pin_vcpu",
                finish=_finish_vcpu_pin,
            ),
            Items(
                "iothread_pins",
                "iothreadpin",
                (
                    Field("iothread", "@iothread", COUNT, required=True),
                    Field("cpuset", "@cpuset", CPUSET, required=True, by="pin_iothread"),
                ),
                identity=("iothread",),
                by="pin_iothread",
            ),
        ),
    ),
    Group(
        "numatune",
        "numatune/memory",
        (
            Field("mode", "@mode", choices=("strict", "preferred", "interleave", "restrictive")),
            Field("nodeset", "@nodeset", CPUSET, by="numa", when=NEEDS_CGROUP),
        ),
        optional=True,
    ),
    Group("blkiotune", "blkiotune", (Field("weight", "weight", LIMIT, by="blkio", when=NEEDS_CGROUP),)),
    Group(
        "memtune",
        "memtune",
        tuple(
            Field(name, name, TUNED, by="memtune", when=NEEDS_CGROUP)
            for name in ("hard_limit", "soft_limit", "swap_hard_limit")
        ),
    ),
)
FIELDS = (*MEMORY, *PROCESSORS)
