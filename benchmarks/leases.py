#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long 20 guests take from their start until all have a lease: a loop of virsh, and one task of the module stack.

Both take turns on one isolated libvirt host; the guests are a small Linux without a disk. Run as root:
benchmarks/leases.py [--guests 20] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT / "tests" / "hypervisors"))

from _labs import NETWORK, URI  # noqa: E402
from hypervisors import Hypervisor  # noqa: E402

VIRSH = """set -e
for number in $(seq 1 {count}); do virsh -q start guest$number; done
until [ "$(virsh -q net-dhcp-leases lab | wc -l)" -ge {count} ]; do sleep 0.2; done
"""
# All off, and no lease left.
RESET = """
for guest in $(virsh -q list --name); do virsh -q destroy "$guest"; done
virsh -q net-destroy lab; rm -f /var/lib/libvirt/dnsmasq/*.status; virsh -q net-start lab
"""


def play(count: int, image: Path, **more) -> list[dict]:
    guest = {
        "virt_type": "qemu",
        "memory": "96 MiB",
        "kernel": str(image.parent / "vmlinuz"),
        "initrd": str(image.parent / "initrd.img"),
        "cmdline": "console=ttyS0 quiet mitigations=off",
        "cpu": {"mode": "maximum"},
        "interfaces": [{"network": "lab"}],
        "timeout": 600,
    }
    domains = [{"name": "guest{n}", "count": count, **guest, **more}]
    task = {"name": "lab", "uri": URI, "overcommit": True, "networks": [NETWORK], "domains": domains}
    return [{"hosts": "all", "gather_facts": False, "tasks": [{"virtops.libvirt.stack": task}]}]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--guests", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    count = arguments.guests
    build = [sys.executable, str(CHECKOUT / "tests" / "images" / "build.py"), "tiny"]
    image = Path(subprocess.run(build, stdout=subprocess.PIPE, text=True, check=True).stdout.strip())
    with tempfile.TemporaryDirectory() as directory, Hypervisor("bench", state_dir=Path(directory) / "hosts") as host:
        playbook = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local"]
        commands = {"virsh": ["bash", "-c", VIRSH.format(count=count)]}
        for name, more in (("define", {}), ("stack", {"state": "running", "wait_for": ["ip"]})):
            path = Path(directory) / f"{name}.yml"
            path.write_text(json.dumps(play(count, image, **more)), encoding="utf-8")
            commands[name] = [*playbook, str(path)]
        environment = {**os.environ, "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3"}
        host.exec(commands.pop("define"), env=environment, stdout=subprocess.DEVNULL, check=True)
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for _round in range(arguments.rounds):
            for name, command in commands.items():
                host.exec(["bash", "-c", RESET], check=True)
                started = time.perf_counter()
                host.exec(command, env=environment, stdout=subprocess.DEVNULL, check=True)
                seconds[name].append(time.perf_counter() - started)
        for name, values in seconds.items():
            print(f"{name:6} median {statistics.median(values):6.1f} s of {len(values)}")
        ratio = statistics.median(one / other for one, other in zip(seconds["stack"], seconds["virsh"]))
        print(f"stack / virsh: {ratio:.2f}")


if __name__ == "__main__":
    main()
