# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out many plans side by side, each after those that it needs. Private to this collection."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed
from ansible_collections.virtops.libvirt.plugins.module_utils._stack.order import After


def _through_idle(plans: list, after: list) -> list[After]:
    """What each comes after, with what those come after that have nothing to do and end at once."""
    found: list[After] = []
    for needs in after:
        first, some = needs.all, set()
        for place in needs.some:
            if plans[place].steps or place >= len(found):
                some.add(place)
            else:
                first, some = max(first, found[place].all), some | found[place].some
        found.append(After(first, some))
    return found


class Work:
    """Plans with those that each comes after (C(order.After)). C(on_error): see the option of the module.

    At the end each place is in C(done), in C(failed) with its error, or in neither: it was not begun.
    """

    def __init__(self, plans: list, after: list, workers: int, on_error: str):
        self.plans, self.after = plans, _through_idle(plans, after)
        self.workers, self.on_error = max(1, workers), on_error
        # What has nothing to do needs no worker, and nothing waits for it.
        self.done: dict[int, None] = dict.fromkeys(n for n, plan in enumerate(plans) if not plan.steps)
        self.failed: dict[int, Failed] = {}
        self._left = [place for place in range(len(plans)) if place not in self.done]
        self._running: dict[Future, int] = {}
        # So many of the first ones are all done.
        self._first = 0

    def run(self) -> None:
        """Carry out all of them, as far as none fails."""
        with ThreadPoolExecutor(self.workers) as pool:
            self._begin(pool)
            while self._running:
                for future in wait(self._running, return_when=FIRST_COMPLETED).done:
                    self._end(self._running.pop(future), future.exception())
                self._begin(pool)

    def _begin(self, pool) -> None:
        """Begin what can be begun; no more than there are workers, so that a failure stops the rest."""
        if self.failed and self.on_error != "continue":
            return
        while self._first in self.done:
            self._first += 1
        ready = filter(self._is_ready, self._left)
        for place in [one for _worker, one in zip(range(self.workers - len(self._running)), ready)]:
            self._left.remove(place)
            self._running[pool.submit(self.plans[place].run)] = place

    def _is_ready(self, place: int) -> bool:
        after = self.after[place]
        return after.all <= self._first and after.some <= self.done.keys()

    def _end(self, place: int, error: BaseException | None) -> None:
        if error is None:
            self.done[place] = None
        elif isinstance(error, Failed):
            self.failed[place] = error
        else:
            raise error

    def roll_back(self) -> list[str]:
        """Take back what was done, the last first; words on what stands all the same."""
        return [stands for place in reversed(list(self.done)) for stands in self.plans[place].take_back()]
