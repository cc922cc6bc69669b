# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's default event loop, in a thread of its own. Private to this collection.

Events come by it. So do the daemon's questions whether a client is still there: it hangs up on one that does not answer
for half a minute (C(keepalive_interval) and C(keepalive_count) in libvirtd.conf), and outside of calls only the loop
answers, such as while an image is converted.
"""

from __future__ import annotations

import threading

from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt

# After so long without an end of its work a connection gets the loop. Most have ended by then.
_SECONDS_BEFORE = 3
# It returns only when something happened; with a timer it notices what is registered meanwhile, and that it may end.
_SECONDS_BETWEEN = 0.5


class Loop:
    """The loop, which is no thing for two threads, for as long as it has users."""

    def __init__(self):
        self._lock = threading.Lock()
        self._now = threading.Event()
        self._is_registered = False
        self._users = 0
        self._thread: threading.Thread | None = None

    def register(self) -> None:
        """To be called before a connection is opened, as virEventRegisterDefaultImpl asks."""
        with self._lock:
            if not self._is_registered:
                libvirt.virEventRegisterDefaultImpl()
                self._is_registered = True

    def enter(self, at_once: bool = False) -> None:
        """Let it run for one more user, C(at_once) or a little later."""
        with self._lock:
            self._users += 1
            if self._thread is None:
                self._now.clear()
                self._thread = threading.Thread(target=self._run, name="libvirt-events", daemon=True)
                self._thread.start()
        if at_once:
            self._now.set()

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._now.set()

    def _run(self) -> None:
        self._now.wait(_SECONDS_BEFORE)
        if not self._is_wanted():
            return
        timer = libvirt.virEventAddTimeout(int(_SECONDS_BETWEEN * 1000), lambda *_args: None, None)
        while self._is_wanted():
            libvirt.virEventRunDefaultImpl()
        libvirt.virEventRemoveTimeout(timer)

    def _is_wanted(self) -> bool:
        with self._lock:
            if self._users == 0:
                self._thread = None
            return self._users > 0


LOOP = Loop()
