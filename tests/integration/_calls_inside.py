# SPDX-License-Identifier: GPL-3.0-or-later
"""Inside an isolated libvirt host: plan one task, options on standard input, and tell the calls that libvirt got."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from unit.recording import Recording

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import connection
from ansible_collections.virtops.libvirt.plugins.module_utils._converge import converge
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain
from ansible_collections.virtops.libvirt.plugins.module_utils._info import gather

# What a handle knows by itself.
LOCAL = {"name", "ID", "UUIDString"}


def main() -> None:
    options = json.load(sys.stdin)
    with connection("qemu:///system", read_only=True) as real:
        conn = Recording(real, [])
        if sys.argv[1] == "domain_info":
            changed = not gather(Domain, conn, options, run_command=None)
        else:
            changed = converge(Domain(conn, {"timeout": 1, "force": False, **options}), check=True)["changed"]
    print(json.dumps({"changed": changed, "calls": [call for call in conn.calls if call not in LOCAL]}))


if __name__ == "__main__":
    main()
