# SPDX-License-Identifier: GPL-3.0-or-later
"""What came of cloud-init in a running guest, read through its agent. Private to this collection.

cloud-init notes it in the guest, anew at every boot (its documentation, "Reported boot status"): C(status.json) while
it runs, C(result.json) at its end. Only the files are read, so that an agent that runs no command is enough.
"""

from __future__ import annotations

import json
from typing import Callable

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.agent import Agent, NotThere
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed

_NOTES = "/run/cloud-init"
_DISABLED = (f"{_NOTES}/disabled", "/etc/cloud/cloud-init.disabled")
_PROGRAMS = ("/usr/bin/cloud-init", "/usr/local/bin/cloud-init")
_LOG = "/var/log/cloud-init-output.log"


class Outcome:
    """Asks until there is one. C(result) is then what the task tells: C(status), C(datasource), C(recoverable_errors).

    C(last): what was seen last, in words.
    """

    def __init__(self, handle, subject: str):
        self.agent, self.subject = Agent(handle, subject), subject
        self.result: dict = {}
        self.last = "its agent does not answer"
        self._reader: Callable[[str], bytes | None] | None = None

    def reached(self) -> bool:
        """Whether cloud-init is done; Failed where it ended in errors or never will run."""
        try:
            return self._look()
        except NotThere as error:
            self.last = f"its agent does not answer ({error})"
            return False

    def _look(self) -> bool:
        ended, status = self._note("result.json"), self._note("status.json")
        stages = {name: stage for name, stage in status.items() if isinstance(stage, dict)}
        if not ended:
            if not status:
                self._refuse_without()
            stage = status.get("stage")
            self.last = f"cloud-init is in its stage {stage}" if stage else "cloud-init has not begun"
            errors = _errors(stages)
            self.last += f", with errors so far: {'; '.join(errors)}" if errors else ""
            return False
        errors = _errors(stages) or [str(error) for error in ended.get("errors") or ()]
        if errors:
            raise Failed(f"{self.subject}: cloud-init ended with errors: {'; '.join(errors)}; see {_LOG} in the guest")
        self.result = {
            "status": "done",
            "datasource": ended.get("datasource") or "",
            "recoverable_errors": [
                f"{level}: {text}"
                for stage in stages.values()
                for level, texts in (stage.get("recoverable_errors") or {}).items()
                for text in texts
            ],
        }
        return True

    def _read(self, path: str) -> bytes | None:
        self._reader = self._reader or self.agent.reader()
        return self._reader(path)

    def _note(self, name: str) -> dict:
        """One of cloud-init's notes, {} where it is not there or just being written."""
        try:
            return dict(json.loads(self._read(f"{_NOTES}/{name}") or b"{}").get("v1") or {})
        except ValueError:
            return {}

    def _refuse_without(self) -> None:
        """Failed where cloud-init will not run."""
        if any(self._read(path) is not None for path in _DISABLED):
            raise Failed(
                f"{self.subject}: cloud-init is disabled in the guest: it found no seed, or was switched off; attach a"
                " seed, or take 'cloud_init' out of wait_for"
            )
        if all(self._read(path) is None for path in _PROGRAMS):
            raise Failed(
                f"{self.subject}: the guest has no cloud-init; use an image that has it, or take 'cloud_init' out of"
                " wait_for"
            )


def _errors(stages: dict) -> list[str]:
    """The errors of all stages, each behind its stage; cloud-init names the module in them."""
    return [f"{name}: {error}" for name, stage in stages.items() for error in stage.get("errors") or ()]
