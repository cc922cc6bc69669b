# SPDX-License-Identifier: GPL-3.0-or-later
"""Random tasks, one after another, for one object of a real libvirtd.

`make test` runs 6 lives of 50 tasks for a guest and 5 for each of its parts and for all else, always the same ones;
`make soak` as many as SOAK says, each time others. SEED says which.
"""

from __future__ import annotations

import os
import random

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, PrimitiveProvider
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from integration._lab import PLANNED

TASKS = 50
SEED = int(os.environ.get("SEED", random.randrange(10**6) if "SOAK" in os.environ else 0))
# How it is told that a guest keeps a device, and a processor: QEMU asks for that only what knows its ACPI tables.
KEPT = ("did not give it up", "unplug request for not supported device type")


def some(**options):
    """A dict with any of the options."""
    return st.fixed_dictionaries({}, optional=options)


def few(most: int, **options):
    """A dict with C(most) of the options, or fewer: of many at once, two that exclude each other are rarely missing."""
    names = st.lists(st.sampled_from(sorted(options)), max_size=most, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: options[name] for name in chosen}))


class Drawn(PrimitiveProvider):
    """What the seed alone decides: Hypothesis's own choices follow the constants of all code that is loaded, too."""

    def __init__(self, _conjecturedata, /):
        self.random = random.Random(SEED)

    def draw_boolean(self, p=0.5):
        return self.random.random() < p

    def draw_integer(self, min_value=None, max_value=None, **_hints):
        return self.random.randint(min_value, max_value)

    def draw_float(self, *, min_value, max_value, **_hints):
        return self.random.uniform(min_value, max_value)

    def draw_string(self, intervals, *, min_size=0, max_size):
        return "".join(chr(self.random.choice(intervals)) for _letter in range(self.random.randint(min_size, max_size)))

    def draw_bytes(self, min_size=0, *, max_size):
        return self.random.randbytes(self.random.randint(min_size, max_size))


AVAILABLE_PROVIDERS["drawn"] = f"{__name__}.{Drawn.__name__}"


class Machine(RuleBasedStateMachine):
    """What gets one random task after another on the host C(lab)."""

    lab = None

    def same(self, module: str, task: dict, repeats: bool = True) -> tuple[dict, dict] | None:
        """Check a task, apply it and, where it C(repeats), check that nothing is left to do: what those two said.

        None where it was refused: in the same words, and without a trace. A guest without a system keeps its devices,
        which nobody can foresee; all guests are switched off then.
        """
        before = self.lab.state()
        plan = self.lab.check(module, **task)
        assert self.lab.state() == before, task
        real = self.lab.run(module, **task)
        if any(words in real.get("msg", "") for words in KEPT):
            # Nothing of that guest has become different.
            assert module == "stack" or self.lab.documents() == self.lab.documents(before)
            self.by_virsh("for guest in $(virsh list --name); do virsh destroy $guest; done")
            return None
        if plan.get("failed") or real.get("failed"):
            assert plan.get("msg") == real.get("msg"), (plan.get("msg"), real.get("msg"), task)
            assert self.lab.state() == before, task
            return None
        for key in PLANNED:
            assert real[key] == plan[key], (key, task)
        again = self.lab.check(module, **task) if repeats else {}
        assert not again.get("failed"), (again["msg"], task)
        assert again.get("changes", []) == [], task
        return real, again

    def by_virsh(self, command: str) -> None:
        """What somebody does beside the collection, whether it can be done or not."""
        self.lab.shell(f"({command}) >/dev/null 2>&1 || true")


def lives(machine, lab, usual: int = 5) -> None:
    """Have a state machine live on the host, which its class finds in C(lab); C(usual) times unless SOAK says more."""
    print(f"SEED={SEED}")
    run_state_machine_as_test(
        type(machine.__name__, (machine,), {"lab": lab}),
        settings=settings(
            max_examples=int(os.environ.get("SOAK", usual)),
            stateful_step_count=TASKS,
            deadline=None,
            database=None,
            backend="drawn",
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
            print_blob=True,
        ),
    )
