# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains: the libvirt calls. Private to this collection."""

from __future__ import annotations

from functools import partial

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Actual
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._domain import applied, states
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.schema import DISKS, FIELDS
from ansible_collections.virtops.libvirt.plugins.module_utils._field import LIVE, read
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._resource import Resource
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import parse, printed, secrets, without_secrets

# virDomainXMLFlags INACTIVE and SECURE, as numbers: libvirt may be missing where this is read.
_WITH_SECRETS = 2 | 1


class Domain(Resource):
    """One guest."""

    kind = root = schema = "domain"
    states: tuple[str, ...] = ("absent", "present", "running", "stopped", "paused", "saved", "restarted")
    fields = FIELDS
    extra = {
        "autostart": {"type": "bool"},
        "force": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 120},
    }

    def find(self):
        return lookup(self.conn.lookupByName, self.name, libvirt.VIR_ERR_NO_DOMAIN)

    # --- what is there ----------------------------------------------------------------------------------------------

    def read(self) -> Actual | None:
        handle = self.find()
        if handle is None:
            return None
        state = states.name(handle)
        active = state not in (states.STOPPED, states.SAVED)
        return Actual(
            handle,
            self._text(handle),
            active=active,
            state=state,
            autostart=bool(handle.autostart()) if self.options.get("autostart") is not None else None,
            live_text=handle.XMLDesc(0) if active else "",
        )

    def _text(self, handle) -> str:
        """The persistent document; with its passwords where the task has some and libvirt tells them."""
        if self.secrets():
            try:
                return handle.XMLDesc(_WITH_SECRETS)
            except libvirt.libvirtError as error:
                if error.get_error_code() != libvirt.VIR_ERR_OPERATION_DENIED:
                    raise
                self.unchecked = ["passwords in the xml: a read-only connection does not tell them"]
        return handle.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)

    def applied(self, actual):
        return applied.read(actual.document)

    # --- what is wanted ---------------------------------------------------------------------------------------------

    def skeleton(self):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.skeleton import skeleton

        return skeleton(self.conn, self.subject, self.wanted)

    def prepare(self, actual):
        machine = self.wanted.get("machine")
        now = actual.tree.find("os/type").get("machine") if actual is not None else None
        if (
            machine
            and now
            and machine != now
            and self._is_alias(machine, now, actual.document.find("os/type").get("arch"))
        ):
            self.wanted["machine"] = now
        known = (
            {disk["target"] for disk in read((DISKS,), actual.tree).get("disks", ())} if actual is not None else set()
        )
        for disk in self.wanted.get("disks", ()):
            if "format" not in disk and disk["target"] not in known:
                from ansible_collections.virtops.libvirt.plugins.module_utils._domain.checks import disk_format

                disk["format"] = disk_format(self, disk)

    def _is_alias(self, machine: str, now: str, arch: str) -> bool:
        """Whether a guest's versioned machine is one that its host calls C(machine): no upgrade unasked."""
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.skeleton import canonical_machine

        canonical = canonical_machine(self.conn, arch, machine)
        return canonical is not None and canonical.rpartition("-")[0] == now.rpartition("-")[0]

    def target(self, base, actual):
        target, edits = super().target(base, actual)
        self._balloon(base, target)
        _follow_listen(target)
        return target, edits + self._boot(target)

    def _boot(self, target) -> list:
        """The boot order stands at the devices or in <os>, never in both (formatdomain, "BIOS bootloader")."""
        orders, in_os = target.findall("devices/*/boot"), target.findall("os/boot")
        if not orders or not in_os:
            return []
        from ansible_collections.virtops.libvirt.plugins.module_utils._merge import Edit

        asked = any("boot" in item for name in ("disks", "interfaces") for item in self.wanted.get(name, ()))
        asked = asked or (self.xml is not None and self.xml.find("devices/*/boot") is not None)
        gone = in_os if asked else orders
        for element in gone:
            element.getparent().remove(element)
        where = "os/boot" if asked else "devices/*/boot"
        return [Edit(where, where, ", ".join(e.get("dev") or e.get("order") for e in gone), None)]

    def adapt(self, wanted, base):
        if self.unchecked:
            for element in secrets(wanted):
                del element.attrib["passwd"]
        asked, now = (document.find("os/type") for document in (wanted, base))
        if asked is None or now is None or asked.get("machine") in (None, now.get("machine")):
            return
        if self._is_alias(asked.get("machine"), now.get("machine", ""), now.get("arch", "")):
            asked.set("machine", now.get("machine"))

    def _balloon(self, base, target) -> None:
        """Let the current memory follow the memory where the two were equal and nobody asked for another."""
        if base is None or (self.xml is not None and self.xml.find("currentMemory") is not None):
            return
        old, new, current = base.find("memory"), target.find("memory"), target.find("currentMemory")
        if current is not None and old is not None and current.text == old.text and new.text != old.text:
            current.text = new.text
            current.set("unit", new.get("unit", "KiB"))

    def finish(self, target):
        if self.xml is not None:
            applied.write(target, self.xml)

    def printed(self, document):
        return printed(without_secrets(applied.without(document)))

    def check(self, actual, target):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.checks import check

        check(self, actual, target)

    # --- steps ------------------------------------------------------------------------------------------------------

    def write_steps(self, actual, target, changes):
        if actual is None:
            flags = libvirt.VIR_DOMAIN_DEFINE_VALIDATE
            return [Step(f"define {self.subject}", lambda: self._define(target, flags), lambda: self.find().undefine())]
        old: list[str] = []
        steps = [Step(f"define {self.subject} anew", lambda: self._redefine(actual, old), lambda: self._restore(old))]
        texts = [change for change in changes if change.effect == LIVE and change.path in ("title", "description")]
        return steps + [Step(f"set {text.path} of the running guest", partial(self._set_text, text)) for text in texts]

    def _define(self, document, flags: int = 0) -> None:
        self.conn.defineXMLFlags(printed(document), flags)

    def _redefine(self, actual, old: list[str]) -> None:
        """Lay the task over the document as it is now, with its secrets, which a plan never sees; C(old) gets it."""
        text = self.handle_now().XMLDesc(_WITH_SECRETS)
        target, _edits = self.target(parse(text), actual)
        self.finish(target)
        self._define(target)
        old.append(text)

    def _restore(self, old: list[str]) -> None:
        self.conn.defineXMLFlags(old[0], 0)

    def _set_text(self, change) -> None:
        kind = libvirt.VIR_DOMAIN_METADATA_TITLE if change.path == "title" else libvirt.VIR_DOMAIN_METADATA_DESCRIPTION
        self.find().setMetadata(kind, change.after, None, None, libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def settle(self, again) -> list:
        """Changes that are left after applying and that are not libvirt's own rewriting of the user's xml."""
        known = {field.name for field in FIELDS} | {"autostart", "state"}
        left = [change for change in again.changes if change.path.split("[")[0].split(".")[0] in known]
        rewritten = [change for change in again.changes if change not in left]
        if rewritten and not left:
            # virDomainSetMetadata would put the document inside into our namespace, so the whole is defined again.
            document = parse(self.handle_now().XMLDesc(_WITH_SECRETS))
            applied.add_echoes(document, rewritten)
            self._define(document)
        return left

    def state_after(self, actual):
        now = actual.state if actual is not None else states.STOPPED
        return {"present": now, "restarted": states.RUNNING}.get(self.state, self.state)

    def state_steps(self, actual):
        now = actual.state if actual is not None else states.STOPPED
        return [
            Step(f"{name.replace('_', ' ')} {self.subject}", self._operation(name))
            for name in states.WAYS.get((now, self.state), ())
        ]

    def _operation(self, name: str):
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.power import operation

        return lambda: operation(self.conn, self.find(), name, self.options["timeout"], self.options["force"])

    def absent_steps(self, actual):
        steps = [Step(f"switch off {self.subject}", self._operation("switch_off"))] if actual.active else []
        if actual.persistent:
            steps.append(Step(f"undefine {self.subject}", self._undefine))
        return steps

    def _undefine(self) -> None:
        flags = 0
        for name in ("MANAGED_SAVE", "SNAPSHOTS_METADATA", "CHECKPOINTS_METADATA", "NVRAM"):
            flags |= getattr(libvirt, "VIR_DOMAIN_UNDEFINE_" + name)
        if self.conn.getLibVersion() >= 8009000:
            flags |= getattr(libvirt, "VIR_DOMAIN_UNDEFINE_TPM", 0)
        self.find().undefineFlags(flags)


def _follow_listen(target) -> None:
    """libvirt repeats the first listen address at its owner, and refuses another one there (formatdomain)."""
    for graphics in target.iterfind("devices/graphics[@listen]"):
        listen = graphics.find("listen")
        if listen is None or (listen.get("type") == "address" and listen.get("address") == graphics.get("listen")):
            continue
        graphics.attrib.pop("listen")
        if listen.get("address"):
            graphics.set("listen", listen.get("address"))
