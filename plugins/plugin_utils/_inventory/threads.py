# SPDX-License-Identifier: GPL-3.0-or-later
"""Many calls at once, until a deadline. Private to this collection."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Any, Callable


def side_by_side(work: Callable[[Any], Any], items: Iterable[Any], workers: int, seconds: float) -> dict[int, Any]:
    """What C(work(item)) gave, or the exception that it ended with, by the item's number.

    Those that were not done after C(seconds) are missing. A call of libvirt cannot be broken off, so the threads that
    hang in one are left alone: they hold up neither what comes next nor the end of the process.
    """
    waiting = deque(enumerate(items))
    outcomes: dict[int, Any] = {}

    def run() -> None:
        while True:
            try:
                number, item = waiting.popleft()
            except IndexError:
                return
            try:
                outcomes[number] = work(item)
            except Exception as error:  # noqa: BLE001 -- whoever asked is to have it
                outcomes[number] = error

    deadline = time.monotonic() + seconds
    threads = [threading.Thread(target=run, daemon=True) for _number in range(min(workers, len(waiting)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    waiting.clear()
    return dict(outcomes)
