# SPDX-License-Identifier: GPL-3.0-or-later
"""Note how long each task took: one JSON line a task, in the file that DURATIONS names."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "durations"

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._started = time.perf_counter()

    def v2_runner_on_ok(self, result):
        seconds = time.perf_counter() - self._started
        with Path(os.environ["DURATIONS"]).open("a", encoding="utf-8") as stream:
            line = {
                "task": result._task.get_name(),
                "seconds": seconds,
                "changed": result._result.get("changed", False),
            }
            stream.write(json.dumps(line) + "\n")
