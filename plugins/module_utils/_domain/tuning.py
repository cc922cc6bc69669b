# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a running guest libvirt sets by a call of its own. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.schema import GUEST
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.storage import LIMITS
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._values import UNITS, CpuSet

# virDomainModificationImpact LIVE.
_LIVE = 1
# Words of libvirt's parameters for virDomainSetSchedulerParametersFlags, where they are not ours.
_SCHEDULER = {"shares": "cpu_shares", "period": "vcpu_period", "quota": "vcpu_quota"}
# VIR_DOMAIN_MEMORY_PARAM_UNLIMITED
_UNLIMITED = 9007199254740991


class Setter:
    """One call for each change: C(call(handle, change, value)), with the value in its canonical form or None.

    C(possible(change, guest)): whether the running guest takes it; always where it is not given. C(needs_value): a
    value that goes is replaced by libvirt's default, which comes with the next start.
    """

    def __init__(self, call, possible=None, needs_value=False):
        self._call, self._possible, self._needs_value = call, possible, needs_value

    def able(self, change, guest) -> bool:
        if self._needs_value and None in (change.before, change.after):
            return False
        return self._possible is None or self._possible(change, guest)

    def calls(self, changes):
        for change in changes:
            yield (
                f"set {change.path} of the running guest",
                self._set(change, change.after),
                self._set(change, change.before),
            )

    def _set(self, change, shown):
        field = change.trail[-1]
        value = None if shown is None or field.optional else field.value.parse(shown)
        return lambda domain: self._call(domain.handle_now(), change, value)


class _OnceForAll:
    """One call for all changes of a kind together: C(do(domain, before)), which takes itself back when called again."""

    def __init__(self, words: str, do):
        self._words, self._do = words, do

    def able(self, _change, _guest) -> bool:
        return True

    def calls(self, changes):
        if changes:
            before: list = []
            yield self._words, lambda domain: self._do(domain, before), lambda domain: self._do(domain, before)


def _answers(question: str):
    """Whether libvirt can say what the running guest has there: it can set it only then (a cgroup, mostly)."""

    def possible(_change, guest) -> bool:
        if not guest.active:
            # It wakes up before it is changed.
            return True
        try:
            getattr(guest.handle, question)(_LIVE)
        except libvirt.libvirtError:
            return False
        return True

    return possible


def _set_text(handle, change, value) -> None:
    kind = getattr(libvirt, f"VIR_DOMAIN_METADATA_{change.trail[-1].name.upper()}")
    handle.setMetadata(kind, value, None, None, _LIVE)


def _set_guest(domain, before: list) -> None:
    """Our metadata of the running guest as its definition has them; the second time as they were."""
    handle = domain.handle_now()
    if before:
        text = before.pop()
    else:
        before.append(_metadata(handle, _LIVE))
        text = _metadata(handle, libvirt.VIR_DOMAIN_AFFECT_CONFIG)
    handle.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, text, "guest", GUEST, _LIVE)


def _metadata(handle, flag: int) -> str | None:
    try:
        return handle.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, GUEST, flag)
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN_METADATA:
            raise
        return None


def _kib(element) -> int:
    return int(element.text) * UNITS[element.get("unit", "KiB").upper()] // 1024


def _can_balloon(change, guest) -> bool:
    balloon = guest.tree.find("devices/memballoon")
    wanted = change.trail[-1].value.parse(change.after) // 1024
    return balloon is not None and balloon.get("model") != "none" and wanted <= _kib(guest.tree.find("memory"))


def _can_plug_vcpus(change, guest) -> bool:
    if change.after > change.before:
        return change.after <= int(guest.tree.findtext("vcpu"))
    hot = guest.tree.findall("vcpus/vcpu[@enabled='yes'][@hotpluggable='yes']")
    return change.before - change.after <= len(hot)


def _set_iothreads(handle, _change, value) -> None:
    numbers = sorted(thread[0] for thread in handle.ioThreadInfo(_LIVE))
    for number in numbers[value or 0 :]:
        handle.delIOThread(number, _LIVE)
    free = (number for number in range(1, len(numbers) + (value or 0) + 1) if number not in numbers)
    for number, _new in zip(free, range((value or 0) - len(numbers))):
        handle.addIOThread(number, _LIVE)


def _set_lifecycle(handle, change, value) -> None:
    action = getattr(libvirt, "VIR_DOMAIN_LIFECYCLE_ACTION_" + value.replace("-", "_").upper())
    event = change.trail[-1].name.rpartition("_")[2].upper()
    handle.setLifecycleAction(getattr(libvirt, f"VIR_DOMAIN_LIFECYCLE_{event}"), action, _LIVE)


def _set_scheduler(handle, change, value) -> None:
    name = change.trail[-1].name
    # What nobody limits has the kernel's own share, and no quota.
    default = 1024 if name == "shares" else -1 if name.endswith("quota") else 100000
    handle.setSchedulerParametersFlags({_SCHEDULER.get(name, name): default if value is None else value}, _LIVE)


def _map(handle, cpuset: str | None) -> tuple[bool, ...]:
    """Processors of the host as libvirt wants them; all where C(cpuset) is None."""
    count = handle.connect().getCPUMap()[0]
    return tuple(cpuset is None or number in CpuSet.numbers(cpuset) for number in range(count))


class _Pin:
    """Pin a processor or an I/O thread; a pin that goes leaves all processors of the host."""

    def __init__(self, key: str, call: str):
        self._key, self._call = key, call

    def able(self, _change, _guest) -> bool:
        return True

    def calls(self, changes):
        for change in changes:
            before, after = change.item
            yield f"set {change.path} of the running guest", self._pin(before, after), self._pin(after, before)

    def _pin(self, old, new):
        number, cpuset = (new or old)[self._key], (new or {}).get("cpuset")

        def run(domain) -> None:
            handle = domain.handle_now()
            getattr(handle, self._call)(number, _map(handle, cpuset), _LIVE)

        return run


class _IoTune:
    """All limits of a disk in one call: some of them exclude each other, so that the order would matter."""

    @staticmethod
    def able(_change, _guest) -> bool:
        return True

    @staticmethod
    def calls(changes):
        for change in {change.label: change for change in changes}.values():
            before, after = ({name: item.get("iotune", {}).get(name, 0) for name in LIMITS} for item in change.item)

            def run(domain, label=change.label, limits=after) -> None:
                domain.handle_now().setBlockIoTune(label, limits, _LIVE)

            def undo(domain, label=change.label, limits=before) -> None:
                domain.handle_now().setBlockIoTune(label, limits, _LIVE)

            yield f"set the limits of disks[{change.label}] of the running guest", run, undo


WAYS = {
    "text": Setter(_set_text),
    "guest": _OnceForAll("set labels of the running guest", _set_guest),
    "lifecycle": Setter(_set_lifecycle, needs_value=True),
    "vcpus": Setter(lambda handle, _change, value: handle.setVcpusFlags(value, _LIVE), _can_plug_vcpus, True),
    "balloon": Setter(lambda handle, _change, value: handle.setMemoryFlags(value // 1024, _LIVE), _can_balloon, True),
    "stats_period": Setter(lambda handle, _change, value: handle.setMemoryStatsPeriod(value or 0, _LIVE)),
    "iothreads": Setter(_set_iothreads),
    "scheduler": Setter(_set_scheduler, _answers("schedulerParametersFlags")),
    "blkio": Setter(
        lambda handle, _change, value: handle.setBlkioParameters({"weight": value or 0}, _LIVE),
        _answers("blkioParameters"),
    ),
    "memtune": Setter(
        lambda handle, change, value: handle.setMemoryParameters(
            {change.trail[-1].name: value // 1024 if value else _UNLIMITED}, _LIVE
        ),
        _answers("memoryParameters"),
    ),
    "numa": Setter(
        lambda handle, _change, value: handle.setNumaParameters({"numa_nodeset": value}, _LIVE),
        _answers("numaParameters"),
    ),
    "pin_emulator": Setter(lambda handle, _change, value: handle.pinEmulator(_map(handle, value), _LIVE)),
    "pin_vcpu": _Pin("vcpu", "pinVcpuFlags"),
    "pin_iothread": _Pin("iothread", "pinIOThread"),
    "iotune": _IoTune,
}
