# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: results
type: stdout
short_description: The result of each task as a line of JSON, for tests
description: [Prints what a task answered, whatever came of it, and nothing else.]
"""


class CallbackModule(CallbackBase):
    """One line for each task and host."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "results"

    def _print(self, result, **_options):
        # Attributes of a result have no public name before ansible-core 2.20.
        self._display.display(json.dumps(result._result))

    v2_runner_on_ok = v2_runner_on_failed = v2_runner_on_unreachable = v2_runner_on_skipped = _print
