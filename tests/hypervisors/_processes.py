# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes by id and by network namespace.  Private to tests/."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path

from _tools import HypervisorError, run, wait_until

NAMESPACES = Path("/run/netns")


def start_time(pid: int) -> int | None:
    """When a process started, in clock ticks since boot: with it a recorded id is never taken for a reused one."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def child_of(pid: int) -> int | None:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(children[0]) if children else None


def namespace_exists(name: str) -> bool:
    return (NAMESPACES / name).exists()


def pids_in(namespace: str) -> list[int]:
    """Every process in a named network namespace, but never ourselves."""
    if not namespace_exists(namespace):
        return []
    listed = run(["ip", "netns", "pids", namespace], check=False).stdout.split()
    return [int(pid) for pid in listed if int(pid) != os.getpid()]


def names_in(namespace: str) -> set[str]:
    """The kernel's short names of the processes in a network namespace."""
    names = set()
    for pid in pids_in(namespace):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            names.add(Path(f"/proc/{pid}/comm").read_text().strip())
    return names


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def groups(name: str) -> list[Path]:
    """A host's control groups, one in every hierarchy, each after those inside it."""
    roots = [*Path("/sys/fs/cgroup").glob(name), *Path("/sys/fs/cgroup").glob(f"*/{name}")]
    return sorted([path for root in roots for path in [root, *root.rglob("*")] if path.is_dir()], reverse=True)


def remove_groups(name: str) -> None:
    def removed() -> bool:
        for group in groups(name):
            # Busy until the kernel is through with its last process.
            with contextlib.suppress(OSError):
                group.rmdir()
        return not groups(name)

    if not wait_until(removed, 10):
        raise HypervisorError(f"control groups of {name} can't be removed: {', '.join(map(str, groups(name)))}")


def empty_namespace(namespace: str, *, patience: float = 3.0) -> None:
    """End every process in a network namespace: politely, then, after `patience` seconds, for good."""
    _signal(pids_in(namespace), signal.SIGTERM)
    # A host's first process ignores SIGTERM from outside while it boots, so silence is no error here.
    wait_until(lambda: not pids_in(namespace), patience)

    def killed() -> bool:
        left = pids_in(namespace)
        _signal(left, signal.SIGKILL)
        return not left

    if not wait_until(killed, 20):
        raise HypervisorError(f"processes in {namespace} survive SIGKILL: {pids_in(namespace)}")
