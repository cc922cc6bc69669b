# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until guests answer over SSH with their key, all at once, with one deadline for all.

Usage: wait_for_ssh.py SSH_CONFIG SECONDS GUEST ...
Says on stderr which guests did not answer, and what SSH said last; then the exit status is 1.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

# A guest that boots refuses at once or stays silent. An emulated one may take seconds for the key exchange alone.
PAUSE = 0.5
ATTEMPT = 20


def ask(config: str, guest: str, seconds: float) -> str | None:
    """What is wrong, None where the guest answered."""
    command = ["ssh", "-n", "-F", config, "-o", "BatchMode=yes", "-o", f"ConnectTimeout={ATTEMPT}", guest, "true"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=max(seconds, 1), check=False)
    except subprocess.TimeoutExpired:
        return "no answer"
    if done.returncode == 0:
        return None
    return (done.stderr.strip() or f"ssh ended with status {done.returncode}").splitlines()[-1].strip()


def wait(config: str, guest: str, deadline: float) -> str | None:
    """Ask until the guest answers or the deadline is reached; what was wrong last, or None."""
    while True:
        left = deadline - time.monotonic()
        wrong = ask(config, guest, min(left, 2 * ATTEMPT))
        if wrong is None or time.monotonic() + PAUSE >= deadline:
            return wrong
        time.sleep(PAUSE)


def main(config: str, seconds: str, *guests: str) -> int:
    """Exit status."""
    started = time.monotonic()
    deadline = started + float(seconds)
    with ThreadPoolExecutor(max_workers=len(guests)) as pool:
        wrong = dict(zip(guests, pool.map(lambda guest: wait(config, guest, deadline), guests)))
    silent = [f"{guest} ({words})" for guest, words in wrong.items() if words is not None]
    if silent:
        took = time.monotonic() - started
        sys.stderr.write(f"After {took:.0f} s these did not answer over SSH: {', '.join(silent)}.\n")
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
