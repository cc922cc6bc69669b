# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.virtops.libvirt.plugins.plugin_utils._planned import PlannedActionBase


class ActionModule(PlannedActionBase):
    """virtops.libvirt.stack, which plans many objects and says so itself."""

    def _add(self, task_vars: dict[str, Any], arguments: dict[str, Any], result: dict[str, Any]) -> None:
        for entry in result.pop("planned", ()):
            self._note(task_vars, arguments, entry)
