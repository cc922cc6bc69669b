# SPDX-License-Identifier: GPL-3.0-or-later
"""Random tasks, one after another, for one object of a real libvirtd.

`make test` runs 10 lives of 50 tasks, always the same ones; `make soak` as many as SOAK says, each time others.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

LIVES = int(os.environ.get("SOAK", "10"))
TASKS = 50


def some(**options):
    """A dict with any of the options."""
    return st.fixed_dictionaries({}, optional=options)


def lives(machine, lab) -> None:
    """Have a state machine live on the host: its class finds that in C(lab)."""
    run_state_machine_as_test(
        type(machine.__name__, (machine,), {"lab": lab}),
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=TASKS,
            deadline=None,
            database=None,
            derandomize="SOAK" not in os.environ,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
            print_blob=True,
        ),
    )
