# SPDX-License-Identifier: GPL-3.0-or-later
"""Inside an isolated libvirt host: read its guests as the inventory does, and tell the calls that libvirt got.

Standard input: {"asked": what is asked, "vanishes": the name of a guest that goes once all are listed, or null}.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import libvirt
from unit.recording import Recording

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import connection
from ansible_collections.virtops.libvirt.plugins.plugin_utils._inventory.reading import Hypervisor

URI = "qemu:///system"
# What a handle knows by itself.
LOCAL = {"name", "UUIDString"}


class Vanishing(Recording):
    """A connection that undefines a guest after its C(call) was answered."""

    def __init__(self, target, calls: list[str], call: str, name: str):
        super().__init__(target, calls)
        self.call, self.name = call, name

    def __getattr__(self, name: str):
        answer = super().__getattr__(name)
        if name != self.call or not self.name:
            return answer

        def last(*args):
            found = answer(*args)
            writer, gone, self.name = libvirt.open(URI), self.name, ""
            writer.lookupByName(gone).undefine()
            return found

        return last


def main() -> None:
    task = json.load(sys.stdin)
    with connection(URI, read_only="agent" not in task["asked"]["addresses"]) as real:
        conn = Vanishing(real, [], task["after"], task["vanishes"])
        guests = Hypervisor(conn, URI, task["asked"], time.monotonic() + 30).guests()
    print(json.dumps({"guests": guests, "calls": [call for call in conn.calls if call not in LOCAL]}))


if __name__ == "__main__":
    main()
