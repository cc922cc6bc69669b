# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask libvirt about many objects before the answers are needed. Private to this collection."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, Callable

# libvirtd works on five questions of a client at a time (libvirtd.conf, "max_client_requests").
_WORKERS = 4
# So many answers are under way, or wait to be taken.
_WINDOW = 4 * _WORKERS


class Ahead:
    """Answers to C(questions), {name: what asks}, which are asked in their order, some before they are taken.

    Most of the time of one is the daemon's, or that of the way to it.
    """

    def __init__(self, workers: ThreadPoolExecutor, questions: dict[str, Callable[[], Any]]):
        self._workers = workers
        self._left = iter(questions.items())
        self._asked: dict[str, Future] = {}
        for _number in range(_WINDOW):
            self._next()

    def _next(self) -> None:
        for name, ask in self._left:
            self._asked[name] = self._workers.submit(ask)
            return

    def take(self, name: str, otherwise: Callable[[], Any]):
        """The answer to a question, or what it raised; that of C(otherwise()) where it is not among them."""
        future = self._asked.pop(name, None)
        if future is None:
            return otherwise()
        self._next()
        return future.result()


class Asker:
    """Asks about objects, C(names) of them by kind and pool in their order."""

    def __init__(self, workers: ThreadPoolExecutor, names: dict[tuple, list[str]]):
        self._workers, self._names = workers, names

    def ahead(self, kind: str, pool: str | None, handles: dict, ask) -> Ahead:
        """What C(ask(handle)) answers of those of the C(handles), by name, that it is to ask about."""
        names = [name for name in self._names.get((kind, pool), ()) if name in handles]
        return Ahead(self._workers, {name: partial(ask, handles[name]) for name in names})


@contextmanager
def asker(keys):
    """An Asker about objects with these C((kind, pool, name))."""
    names: dict[tuple, list[str]] = {}
    for kind, pool, name in keys:
        names.setdefault((kind, pool), []).append(name)
    with ThreadPoolExecutor(_WORKERS) as workers:
        try:
            yield Asker(workers, names)
        finally:
            workers.shutdown(wait=False, cancel_futures=True)
