# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in a guest without a network: on its console, which is a socket of the host."""

from __future__ import annotations

import re
import socket
import time

from integration._lab import wait_until

# A directory that a test's wipe leaves alone.
DIRECTORY = "/var/lib/libvirt"


def device(name: str) -> str:
    """The XML of the console of a guest."""
    return f"<serial type='unix'><source mode='bind' path='{DIRECTORY}/{name}.sock'/></serial>"


class Console:
    """The shell on the console of a running guest."""

    def __init__(self, lab, name: str):
        self.name, self._count = name, 0
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(0.2)
        self._socket.connect(str(lab.file(f"{DIRECTORY}/{name}.sock")))

    def close(self) -> None:
        self._socket.close()

    def wait(self, seconds: float = 90) -> None:
        """Until the shell answers."""
        wait_until(lambda: self._answer("true", 1), seconds, f"the boot of {self.name}")

    def run(self, command: str, seconds: float = 20) -> tuple[int, str]:
        """(exit code, output) of a command."""
        found = self._answer(command, seconds)
        assert found, f"{self.name}: no answer to {command!r} within {seconds} s"
        return found

    def ok(self, command: str, seconds: float = 20) -> bool:
        """Whether a command succeeds."""
        return self.run(command, seconds)[0] == 0

    def _answer(self, command: str, seconds: float) -> tuple[int, str] | None:
        self._count += 1
        # What the console echoes is not yet the answer.
        mark = f"answer-{self._count}-"
        self._socket.sendall(f"{command}; echo {mark[:3]}''{mark[3:]}$?-\n".encode())
        text, deadline = "", time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                text += self._socket.recv(65536).decode(errors="replace")
            except TimeoutError:
                continue
            match = re.search(rf"(.*){mark}(\d+)-", text, re.DOTALL)
            if match:
                return int(match[2]), match[1]
        return None
