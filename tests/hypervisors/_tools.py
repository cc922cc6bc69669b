# SPDX-License-Identifier: GPL-3.0-or-later
"""What the other modules here share: paths, errors, running programs, waiting, locking.  Private to tests/."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Callable

CHECKOUT = Path(__file__).resolve().parents[2]
INSTALL_HINT = "run: sudo tests/hypervisors/hypervisors.py install"


class HypervisorError(Exception):
    """Something the user can act on; its text is all they are shown."""


def state_directory(given: os.PathLike[str] | str | None = None) -> Path:
    return Path(given or os.environ.get("HYPERVISORS_DIR") or CHECKOUT / ".lab" / "hypervisors").absolute()


def cache_directory() -> Path:
    return Path(os.environ.get("VIRTOPS_CACHE") or CHECKOUT / ".cache").absolute()


def require_root() -> None:
    if os.geteuid() != 0:
        raise HypervisorError("namespaces need root: run this with sudo")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a long step and say how long it took."""
    started = time.monotonic()
    say(f"{text} ...")
    yield
    say(f"{text}: done in {time.monotonic() - started:.1f} s")


def run(
    command: Sequence[str | os.PathLike[str]], *, check: bool = True, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a program in the C locale and keep its output; on failure raise with the last lines of what it said."""
    environment = {**os.environ, **options.pop("env", {}), "LC_ALL": "C"}
    words = [os.fspath(word) for word in command]
    try:
        done = subprocess.run(
            words,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            env=environment,
            **{"stdin": subprocess.DEVNULL, **({} if "input" not in options else {"stdin": None}), **options},
        )
    except FileNotFoundError as error:
        raise HypervisorError(f"{error.filename} is missing; {INSTALL_HINT}") from error
    if check and done.returncode:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
        raise HypervisorError(f"{' '.join(words)} failed ({done.returncode}):\n{said}")
    return done


def wait_until(condition: Callable[[], Any], seconds: float, *, every: float = 0.05) -> Any:
    """Poll until the condition gives something true and return that; after the deadline return what it gave last."""
    deadline = time.monotonic() + seconds
    while not (outcome := condition()) and time.monotonic() < deadline:
        time.sleep(every)
    return outcome


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file.  The kernel drops it with the process, so a killed run blocks nobody."""
    while True:
        make_directory(path.parent)
        with path.open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            # The previous holder may have removed the file while we waited: such a lock excludes nobody.
            try:
                current = path.stat().st_ino == os.fstat(handle.fileno()).st_ino
            except FileNotFoundError:
                current = False
            if current:
                yield
                return


@contextlib.contextmanager
def scratch_directory(parent: Path, prefix: str) -> Iterator[Path]:
    """A new directory that is gone afterwards, also when programs that are being ended still write to it."""
    make_directory(parent)
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))

    def gone() -> bool:
        shutil.rmtree(path, ignore_errors=True)
        return not path.exists()

    try:
        yield path
    finally:
        if not wait_until(gone, 10):
            raise HypervisorError(f"{path} can't be removed")


def give_to_caller(*paths: Path) -> None:
    """Under sudo, hand files to the user who called it: they need the SSH key and may remove the directories."""
    owner, group = os.environ.get("SUDO_UID"), os.environ.get("SUDO_GID")
    if os.geteuid() == 0 and owner and group:
        for path in paths:
            os.chown(path, int(owner), int(group))


def make_directory(path: Path) -> Path:
    """mkdir -p, with every directory that was missing given to the user who called sudo."""
    missing = [path, *path.parents]
    missing = [one for one in missing if not one.exists()]
    path.mkdir(parents=True, exist_ok=True)
    give_to_caller(*missing)
    return path
