# SPDX-License-Identifier: GPL-3.0-or-later
"""Inside an isolated libvirt host: plan one task, options on standard input.

It tells the calls that libvirt got, and what of the collection was imported for it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from unit.recording import Recording

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Planned
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import connection
from ansible_collections.virtops.libvirt.plugins.module_utils._converge import converge

# What a handle knows by itself.
LOCAL = {"name", "ID", "UUIDString"}


def domain(conn, options: dict) -> bool:
    from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain

    return converge(Domain(conn, {"timeout": 1, "force": False, **options}), check=True)["changed"]


def domain_info(conn, options: dict) -> bool:
    from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain
    from ansible_collections.virtops.libvirt.plugins.module_utils._info import gather

    return not gather(Domain, conn, options, Planned())


def volume(conn, options: dict) -> bool:
    from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume

    return converge(Volume(conn, options), check=True)["changed"]


PLANS = {"domain": domain, "domain_info": domain_info, "volume": volume}


def main() -> None:
    options = json.load(sys.stdin)
    with connection("qemu:///system", read_only=True) as real:
        conn = Recording(real, [])
        changed = PLANS[sys.argv[1]](conn, options)
    imported = [name.partition(".module_utils.")[2] for name in sys.modules]
    calls = [call for call in conn.calls if call not in LOCAL]
    print(json.dumps({"changed": changed, "calls": calls, "imported": list(filter(None, imported))}))


if __name__ == "__main__":
    main()
