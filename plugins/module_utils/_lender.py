# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands on the host, for what libvirt has no call for. Private to this collection."""

from __future__ import annotations

from typing import Callable


class Lender:
    """What has AnsibleModule's C(run_command), for what libvirt has no call for. The module lends it after the init."""

    run_command: Callable[..., tuple[int, str, str]]

    def lend(self, other) -> None:
        """Have C(other) run commands as this one does."""

        def run_command(*words, **more):
            # Looked up at the call: the module lends its own after the init.
            return self.run_command(*words, **more)

        other.run_command = run_command
