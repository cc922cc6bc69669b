# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's default event loop, in a thread of its own. Private to this collection.

Events come by it. So do the daemon's questions whether a client is still there: it hangs up on one that does not answer
for half a minute (C(keepalive_interval) and C(keepalive_count) in libvirtd.conf), and outside of calls only the loop
answers, such as while an image is converted.
"""

from __future__ import annotations

import threading

from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt

# How often the daemon's questions are looked for while nobody waits for events: else the loop is in the way of calls.
_SECONDS_BETWEEN_LOOKS = 2
# A question is read in one round and answered in the next.
_ROUNDS_OF_A_LOOK = 4
# A round ends only when something happened; with a timer the loop notices what is registered meanwhile, and its end.
_MILLISECONDS_OF_A_ROUND = 500


class Loop:
    """The loop, which is no thing for two threads, for as long as it has users; without a pause while some wait."""

    def __init__(self):
        self._lock = threading.Lock()
        self._called = threading.Event()
        self._is_registered = False
        self._users = self._waiting = 0
        self._thread: threading.Thread | None = None

    def register(self) -> None:
        """To be called before a connection is opened, as virEventRegisterDefaultImpl asks."""
        with self._lock:
            if not self._is_registered:
                libvirt.virEventRegisterDefaultImpl()
                self._is_registered = True

    def enter(self, waits: bool = False) -> None:
        """Let it run for one more user, which C(waits) for events or only wants to keep a connection."""
        with self._lock:
            self._users += 1
            self._waiting += waits
            self._tell()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="libvirt-events", daemon=True)
                self._thread.start()

    def leave(self, waits: bool = False) -> None:
        with self._lock:
            self._users -= 1
            self._waiting -= waits
            self._tell()

    def _tell(self) -> None:
        """Let the thread make no pause, or make some."""
        if self._waiting or not self._users:
            self._called.set()
        else:
            self._called.clear()

    def _run(self) -> None:
        timer = None
        while True:
            # Most have ended before that.
            self._called.wait(_SECONDS_BETWEEN_LOOKS)
            with self._lock:
                if self._users == 0:
                    self._thread = None
                    break
                milliseconds, rounds = (_MILLISECONDS_OF_A_ROUND, 1) if self._waiting else (0, _ROUNDS_OF_A_LOOK)
            if timer is None:
                timer = libvirt.virEventAddTimeout(milliseconds, lambda *_args: None, None)
            libvirt.virEventUpdateTimeout(timer, milliseconds)
            for _round in range(rounds):
                libvirt.virEventRunDefaultImpl()
        if timer is not None:
            libvirt.virEventRemoveTimeout(timer)


LOOP = Loop()
