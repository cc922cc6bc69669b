#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What planning a guest of 20 devices costs, beside what libvirt's own calls for it take in the same run.

Run as root: benchmarks/planning.py [--rounds 50]. It plans on an isolated libvirt host, in one process there, so that
neither Ansible nor imports count.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
URI = "qemu:///system"
DISKS = [{"target": f"vd{letter}", "file": f"/images/{letter}.qcow2", "format": "qcow2"} for letter in "abcdefghij"]
NICS = [{"type": "user", "mac": f"52:54:00:00:00:{number:02x}"} for number in range(10)]
GUEST = {"name": "bench", "virt_type": "qemu", "memory": "64 MiB", "disks": DISKS, "interfaces": NICS}
COMMON = {"state": "present", "timeout": 1, "force": False}


def tasks(xml: str) -> dict[str, dict]:
    """Tasks by what is to be done for them."""
    return {
        "options, nothing to do": GUEST,
        "options, a change": {**GUEST, "title": "another", "vcpus": 2},
        "xml, nothing to do": {"xml": xml},
        "xml, a change": {"xml": xml.replace("/images/d.qcow2", "/images/z.qcow2")},
    }


def milliseconds(rounds: int, work) -> float:
    """The median time of one round."""
    found = []
    for _round in range(rounds):
        started = time.perf_counter()
        work()
        found.append((time.perf_counter() - started) * 1000)
    return statistics.median(found)


def inside(rounds: int) -> None:
    """In the isolated host: make the guest, plan each task, print the figures."""
    from ansible_collections.virtops.libvirt.plugins.module_utils._connection import connection
    from ansible_collections.virtops.libvirt.plugins.module_utils._converge import converge
    from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain

    with connection(URI, read_only=False) as conn:
        converge(Domain(conn, {**COMMON, **GUEST}), check=False)
        xml = conn.lookupByName("bench").XMLDesc(2)
        converge(Domain(conn, {**COMMON, "xml": xml}), check=False)

        def calls() -> None:
            handle = conn.lookupByName("bench")
            handle.XMLDesc(2)
            handle.state()
            handle.hasManagedSaveImage()

        own = milliseconds(rounds, calls)
        print(f"libvirt's own calls: {own:.1f} ms")
        for words, task in tasks(xml).items():
            whole = milliseconds(rounds, lambda task=task: Domain(conn, {**COMMON, **task}).plan())
            print(f"{words}: {whole:.1f} ms, {whole - own:.1f} ms beyond them, {whole / own:.1f} times as much")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        inside(arguments.rounds)
        return
    import ansible

    sys.path.insert(0, str(CHECKOUT / "tests" / "hypervisors"))
    from hypervisors import Hypervisor

    with tempfile.TemporaryDirectory() as directory, Hypervisor("bench", state_dir=Path(directory) / "hosts") as host:
        # Only Ansible and the collection: libvirt and lxml are to be the host's own.
        libraries = Path(directory) / "libraries"
        libraries.mkdir()
        (libraries / "ansible").symlink_to(Path(ansible.__file__).parent)
        path = os.pathsep.join([str(libraries), os.environ["ANSIBLE_COLLECTIONS_PATH"]])
        command = ["/usr/bin/python3", str(Path(__file__).resolve()), "--inside", "--rounds", str(arguments.rounds)]
        host.exec(["env", f"PYTHONPATH={path}", *command], check=True)


if __name__ == "__main__":
    main()
