# SPDX-License-Identifier: GPL-3.0-or-later
"""What earlier tasks of a check-mode run would have made, handed to the later ones. Private to this collection.

A module is a process of its own and check mode writes nothing, so a volume whose pool the same play would have made
first could only be refused. The action plugins of this collection keep a ledger for that, on the controller, in the
run's own temporary directory, which Ansible removes when it ends. A run without --check never reads or writes it.

What tasks of others would make, the variable C(virtops_libvirt_planned) tells: a dict of two lists, C(devices) (bridges
and NICs of the host) and C(files) (absolute paths), of what will be there by then. It counts in check mode only.
"""

from __future__ import annotations

import json
import os
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail

from ansible_collections.virtops.libvirt.plugins.plugin_utils._here import HereActionBase

# How the variable calls what it lists, and the ledger one of it.
_TOLD = {"devices": "device", "files": "file"}


class PlannedActionBase(HereActionBase):
    """Run the module of the same name; in check mode with the ledger, and add to it what the module plans."""

    # Options that may name the object of a task, the first that is there.
    naming: tuple[str, ...] = ("name",)
    # What the module makes, where its name does not say it.
    kind = ""
    # Kinds of what it removes beside that, by the option that the change of each is told with.
    beside: dict[str, str] = {}
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        if self._task.check_mode:
            arguments["_planned"] = self._entries(task_vars or {}, arguments)
        result = self.execute(arguments, task_vars)
        # Who says that a check changes nothing asks a question, and plans nothing.
        if self._task.check_mode and result.get("changed") and self._task.changed_when != [False]:
            self._add(task_vars or {}, arguments, result)
        result.pop("planned", None)
        return result

    def execute(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """The module's result."""
        return self.execute_module(arguments, task_vars)

    def _path(self) -> str:
        return os.path.join(constants.DEFAULT_LOCAL_TMP, "virtops_libvirt_planned.jsonl")

    def _scope(self, task_vars: dict[str, Any], arguments: dict[str, Any]) -> list[str]:
        """The libvirt that a task speaks of: host, and uri where it names one."""
        host = self._task.delegate_to or task_vars.get("inventory_hostname", "")
        return [str(host), str(arguments.get("uri") or "")]

    def _entries(self, task_vars: dict[str, Any], arguments: dict[str, Any]) -> list[dict[str, Any]]:
        entries = self._told(task_vars)
        if os.path.exists(self._path()):
            with open(self._path(), encoding="utf-8") as ledger:
                # One that another task is writing has no end yet.
                lines = [json.loads(line) for line in ledger if line.endswith("\n")]
            entries += [line["entry"] for line in lines if line["scope"] == self._scope(task_vars, arguments)]
        return entries

    def _told(self, task_vars: dict[str, Any]) -> list[dict[str, Any]]:
        """What the user's variable says of tasks of others."""
        told = self._templar.template(task_vars.get("virtops_libvirt_planned") or {})
        if (
            not isinstance(told, dict)
            or set(told) - set(_TOLD)
            or not all(isinstance(names, list) for names in told.values())
        ):
            raise AnsibleActionFail(
                f"virtops_libvirt_planned: it is no dict of the lists {' and '.join(_TOLD)}; correct it"
            )
        return [
            {"kind": kind, "name": name, "pool": None, "words": {"name": name}, "xml": None}
            for plural, kind in _TOLD.items()
            for name in told.get(plural, ())
        ]

    def _add(self, task_vars: dict[str, Any], arguments: dict[str, Any], result: dict[str, Any]) -> None:
        if "planned" in result:
            for entry in result["planned"]:
                self._note(task_vars, arguments, entry)
            return
        kind = self.kind or self._task.action.rpartition(".")[2]
        words = result.get(kind) or {}
        # The domain of a network is that of its names.
        container = next((one for one in map(arguments.get, ("pool", "domain")) if isinstance(one, str)), None)
        for change in result["changes"]:
            option, _bracket, called = change["path"].removesuffix("]").partition("[")
            if option in self.beside:
                pool, _slash, called = called.rpartition("/")
                gone = {
                    "kind": self.beside[option],
                    "name": called,
                    "pool": pool or container,
                    "words": {},
                    "xml": None,
                }
                self._note(task_vars, arguments, gone)
        name = next((said[key] for said in (words, arguments) for key in self.naming if said.get(key)), None)
        if not name:
            return
        xml = next((part["after"] for part in result.get("diff", ()) if part["before_header"].endswith("(XML)")), None)
        self._note(task_vars, arguments, {"kind": kind, "name": name, "pool": container, "words": words, "xml": xml})

    def _note(self, task_vars: dict[str, Any], arguments: dict[str, Any], entry: dict[str, Any]) -> None:
        line = json.dumps({"scope": self._scope(task_vars, arguments), "entry": entry}) + "\n"
        # Tasks for several hosts share the file. One call writes it all behind what is there; a buffer takes several.
        with open(self._path(), "ab", buffering=0) as ledger:
            ledger.write(line.encode())
