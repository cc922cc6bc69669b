# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains: the libvirt calls. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Actual
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._diff import CONFIG, POWER_CYCLE
from ansible_collections.virtops.libvirt.plugins.module_utils._domain import reading, states
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.schema import FIELDS
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.storage import PLACES
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._field import LIVE, NEXT_BOOT
from ansible_collections.virtops.libvirt.plugins.module_utils._kind import PURGE
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._resource import Resource
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import drop_secrets, printed, without_secrets

# What a running guest has otherwise than its definition by libvirt's own doing: the details of the model that QEMU made
# of the CPU, ports that were free at the start, an open tray (formatdomain: "CPU model and topology", "Graphical
# framebuffers", "target" of a disk).
_RUNS_OTHERWISE = (
    "cpu/@match",
    "cpu/model/@fallback",
    "devices/graphics/@websocket",
    "devices/graphics/@tlsPort",
    "devices/disk/target/@tray",
)
# Operations after which a guest is off.
_OFF = {"shut_down", "switch_off"}
# Operations that start one.
_ON = {"start", "start_paused"}
_AT_ONCE = (LIVE, POWER_CYCLE)


class Domain(Resource):
    """One guest."""

    kind = root = schema = "domain"
    states: tuple[str, ...] = ("absent", "present", "running", "stopped", "paused", "saved", "restarted")
    fields = FIELDS
    kept = frozenset({"uuid", "devices/interface/mac"})
    runs_otherwise = frozenset(_RUNS_OTHERWISE)
    info_options = {
        "addresses": {"type": "bool", "default": False},
        "documents": {"type": "bool", "default": False},
    }
    extra = {
        "autostart": {"type": "bool"},
        "force": {"type": "bool", "default": False},
        "power_cycle": {"type": "bool", "default": False},
        **PURGE,
        "wait_for": {"type": "list", "elements": "str", "choices": ["ip", "agent", "ssh", "cloud_init"]},
        "remove_volumes": {"type": "list", "elements": "str"},
        "timeout": {"type": "int", "default": 120},
    }

    # Whether the guest is switched off and on for what waits.
    _cycles = False
    # Its definition as it was, with its secrets, once it has another one.
    old_text = ""
    # What ran, with its secrets, once it is off and is to come back.
    live_text = ""
    # The running guest as the ways of a change to it see it.
    _guest = None

    @classmethod
    def told_beside(cls, conn, names, params, planned):
        asked = [name for name in cls.info_options if params[name]]
        if not asked:
            return {}
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain import info

        return {name: getattr(info, name)(conn, names, planned) for name in asked}

    def find(self):
        listed = self.listed
        handle = listed.handles.get(self.name) if listed else None
        if handle is None and not listed:
            handle = lookup(self.conn.lookupByName, self.name, libvirt.VIR_ERR_NO_DOMAIN)
        if handle is None and "uuid" in self.asked:
            # It has another name until the task is done.
            handle = lookup(self.conn.lookupByUUIDString, self.asked["uuid"], libvirt.VIR_ERR_NO_DOMAIN)
        return handle

    def completed(self, text):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.skeleton import completed

        return completed(text)

    def forget(self):
        super().forget()
        self._guest = None

    # --- what is there ----------------------------------------------------------------------------------------------

    def read(self) -> Actual | None:
        return reading.read(self)

    @property
    def listed(self):
        """All guests, looked at together where many are planned; else None."""
        if not self.planned.many:
            return None
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.listed import Listed

        return self.planned.once("domains", lambda: Listed(self.conn))

    def shapes(self):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.shapes import SHAPES

        return SHAPES

    def applied(self, actual):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain import applied

        return applied.read(actual.document)

    # --- what is wanted ---------------------------------------------------------------------------------------------

    def skeleton(self):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.skeleton import skeleton

        return skeleton(self)

    def prepare(self, actual):
        self._refuse_words()
        now, most = (self.wanted.get(name) for name in ("vcpus", "max_vcpus"))
        if now and most and now > most:
            raise Refused(f"{self.subject}: vcpus {now} is more than max_vcpus {most}; make one fit the other")
        self._cycles, self._guest, self.old_text = False, None, ""
        self.live_text = ""
        machine = self.wanted.get("machine")
        kind = actual.tree.find("os/type") if actual is not None else None
        now = kind.get("machine", "") if kind is not None else ""
        arch = kind.get("arch", "") if kind is not None else ""
        if machine and now and machine != now and self._is_alias(machine, now, arch):
            self.wanted["machine"] = now
        there = [] if actual is None else self.values(actual.tree).get("disks", [])
        known = {disk["target"]: disk for disk in there}
        if actual is not None and any(_is_elsewhere(disk, known) for disk in self.wanted.get("disks", ())):
            from ansible_collections.virtops.libvirt.plugins.module_utils._domain.overlays import follow

            follow(self, actual, there)
        for disk in self.wanted.get("disks", ()):
            if "format" not in disk and disk["target"] not in known:
                from ansible_collections.virtops.libvirt.plugins.module_utils._domain.checks import disk_format

                disk["format"] = disk_format(self, disk)

    def _refuse_words(self) -> None:
        if self.options.get("wait_for") and self.state not in ("running", "restarted"):
            raise Refused(f"{self.subject}: wait_for waits for a running guest; say also 'state: running'")
        given = [item["password"] for item in reading.passwords(self.asked) if item["type"] == "vnc"]
        if self.xml is not None:
            given += [one.get("passwd", "") for one in self.xml.iterfind("devices/graphics[@type='vnc']")]
        # Also where it may be the one that is there: a connection that only reads does not tell.
        if any(len(password) > 8 for password in given):
            raise Refused(f"{self.subject}: graphics: a password of VNC has 8 characters at most; give a shorter one")

    def _is_alias(self, machine: str, now: str, arch: str) -> bool:
        """Whether a guest's versioned machine is one that its host calls C(machine): no upgrade unasked."""
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.skeleton import canonical_machine

        canonical = canonical_machine(self, arch, machine)
        return canonical is not None and canonical.rpartition("-")[0] == now.rpartition("-")[0]

    def target(self, base, actual):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.document import settle_quirks

        target, edits = super().target(base, actual)
        if base is None and self.owner:
            from ansible_collections.virtops.libvirt.plugins.module_utils._stack import owner

            owner.write(target, self.owner)
        return target, edits + settle_quirks(self, base, target)

    def adapt(self, wanted, base, actual):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.document import settle_consoles
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.overlays import follow_document

        if self.unchecked:
            drop_secrets(wanted)
        follow_document(self, wanted, base, actual)
        settle_consoles(wanted)
        asked, now = (document.find("os/type") for document in (wanted, base))
        if asked is None or now is None or asked.get("machine") in (None, now.get("machine")):
            return
        if self._is_alias(asked.get("machine"), now.get("machine", ""), now.get("arch", "")):
            asked.set("machine", now.get("machine"))

    def as_started(self, document, running):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.started import as_started

        return as_started(self, document, running)

    def finish(self, target):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain import applied

        if self.xml is not None:
            applied.write(target, self.xml)

    def printed(self, document):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain import applied

        return printed(without_secrets(applied.without(document)))

    def check(self, actual, target):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.checks import check

        check(self, actual, target)

    def _complete(self, plan, actual, target, changes):
        ways = self._ways(actual)
        # One that is saved wakes up with the files that it had.
        starts = _ON & set(ways[1:] if actual is not None and actual.state == states.SAVED else ways)
        live = {change.trail[0].name for change in changes if change.trail and change.effect in _AT_ONCE}
        if starts or live:
            from ansible_collections.virtops.libvirt.plugins.module_utils._domain.host import check

            check(self, actual, target, bool(starts), live)
        super()._complete(plan, actual, target, changes)

    # --- steps ------------------------------------------------------------------------------------------------------

    def write_steps(self, actual, target, changes):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.define import steps

        return steps(self, actual, target, changes)

    def wakes(self, actual) -> bool:
        """Whether the guest is woken up or resumed before what it takes at once is brought to it."""
        after = self.state_after(actual)
        return (actual.state, after) in {
            (states.SAVED, states.RUNNING),
            (states.SAVED, states.PAUSED),
            (states.PAUSED, states.RUNNING),
        }

    def late_steps(self, actual, changes):
        if actual is None or not self.wakes(actual):
            return []
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.define import live_steps

        return live_steps(self, changes)

    def settle(self, again):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.define import settle

        return settle(self, again)

    def effect(self, change, actual, target):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.live import Guest, effect

        after = self.state_after(actual)
        if actual.state == after == states.SAVED:
            return NEXT_BOOT
        if self._guest is None:
            awake = states.RUNNING in (actual.state, after)
            self._guest = Guest(actual.handle, actual.live_tree, actual.active, awake)
        return effect(change, actual, self._guest)

    def interruption(self, actual, waiting):
        self._cycles = False
        if _OFF & set(states.WAYS.get((actual.state, self.state), ())):
            return CONFIG if self.state == states.STOPPED else POWER_CYCLE
        self._cycles = waiting and self.options.get("power_cycle", False)
        return POWER_CYCLE if self._cycles else ""

    def state_after(self, actual):
        now = actual.state if actual is not None else states.STOPPED
        return {"present": now, "restarted": states.RUNNING}.get(self.state, self.state)

    def _ways(self, actual) -> tuple:
        """The operations that bring the guest into the wanted state."""
        now = actual.state if actual is not None else states.STOPPED
        if self._cycles:
            return states.WAYS[now, states.STOPPED] + states.WAYS[states.STOPPED, self.state_after(actual)]
        return states.WAYS.get((now, self.state), ())

    def state_steps(self, actual):
        ways = self._ways(actual)
        return [
            Step(
                f"{name.replace('_', ' ')} {self.subject}", self._operation(name, ways), self._undo(name, actual, ways)
            )
            for name in ways
        ]

    def keeping_steps(self, actual):
        # One that is in no definition would be gone.
        if not (_OFF | {"save"}) & set(self._ways(actual)) or actual.persistent:
            return []
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.define import keep

        return [Step(f"define {self.subject}", lambda: keep(self), lambda: self.handle_now().undefine())]

    def _undo(self, name: str, actual, ways: tuple):
        """What takes an operation back: a guest that is to go off and on again gets its old definition for it first."""
        if name in _ON and (actual is None or actual.state == states.STOPPED):
            return self._operation("switch_off")
        if name in _ON and actual.state == states.SAVED:
            return self._operation("save")
        if name not in _OFF & set(ways[:-1]):
            return None
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.define import restore

        return lambda: restore(self, actual.state)

    def _operation(self, name: str, ways: tuple = ()):
        """What carries out an operation, one of C(ways)."""
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.power import operation

        def run() -> None:
            handle = self.find()
            if name in _OFF & set(ways[:-1]):
                self.live_text = handle.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE)
            operation(self.conn, handle, name, self.options["timeout"], self.options["force"])

        return run

    def waits(self):
        if not self.options.get("wait_for"):
            return None
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.ready import Wait

        return Wait(self, self.find() or self.handle_now())

    def ready(self):
        wait = self.waits()
        return wait.result_now() if wait else {}

    def check_absent(self, actual):
        self._refuse_words()
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.removal import check

        check(self, actual)

    def remove_more(self, plan):
        if self.options.get("remove_volumes"):
            from ansible_collections.virtops.libvirt.plugins.module_utils._domain.removal import remove_volumes

            remove_volumes(self, plan)

    def absent_steps(self, actual):
        steps = [Step(f"switch off {self.subject}", self._operation("switch_off"))] if actual.active else []
        if actual.persistent:
            from ansible_collections.virtops.libvirt.plugins.module_utils._domain.removal import undefine

            steps.append(Step(f"undefine {self.subject}", lambda: undefine(self.conn, self.handle_now())))
        return steps


def _is_elsewhere(disk: dict, known: dict[str, dict]) -> bool:
    """Whether the disk of the same target in C(known) has another source; without an import for those that have not."""
    now = known.get(disk["target"], disk)
    return any(now.get(key) != disk[key] for key in PLACES if key in disk)
