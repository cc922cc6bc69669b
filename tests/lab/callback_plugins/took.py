# SPDX-License-Identifier: GPL-3.0-or-later
"""Say how long a task took, where it took long."""

from __future__ import annotations

import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: took
type: aggregate
short_description: Say how long a task took
description: Prints the seconds of every task that took two or more.
"""

WORTH_SAYING = 2


class CallbackModule(CallbackBase):
    """Ansible calls the methods of this class."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "took"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._started: float | None = None

    def _end(self) -> None:
        if self._started is not None and (took := time.monotonic() - self._started) >= WORTH_SAYING:
            self._display.display(f"    ({took:.0f} s)", color="bright gray")
        self._started = None

    def v2_playbook_on_task_start(self, task, is_conditional) -> None:
        self._end()
        self._started = time.monotonic()

    def v2_playbook_on_stats(self, stats) -> None:
        self._end()
