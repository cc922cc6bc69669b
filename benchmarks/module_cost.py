#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task with nothing to do costs, as a ratio to ansible.builtin.ping.

Both tasks alternate in one play on one isolated libvirt host, so that each pair sees the same machine; the figure is
the median of the pairs' ratios. Run as root: benchmarks/module_cost.py [--pairs 40] [--connection ssh|local]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT / "tests" / "hypervisors"))

from hypervisors import Hypervisor  # noqa: E402

GUEST = {
    "name": "bench",
    "virt_type": "qemu",
    "memory": "64 MiB",
    "vcpus": 1,
    "state": "running",
    "disks": [],
    "interfaces": [],
}
PAIR = [
    {"name": "ping", "ansible.builtin.ping": {}},
    {"name": "domain", "virtops.libvirt.domain": GUEST},
]


def play(pairs: int) -> list[dict]:
    tasks = [{"name": "make", "virtops.libvirt.domain": GUEST}, *PAIR * 2, *PAIR * pairs]
    return [{"hosts": "all", "gather_facts": False, "tasks": tasks}]


def measure(host: Hypervisor, connection: str, pairs: int, work: Path) -> list[float]:
    """Ratio of each pair, after two pairs that only warm up."""
    (work / "play.yml").write_text(json.dumps(play(pairs)), encoding="utf-8")
    durations = work / f"{connection}.jsonl"
    environment = {
        **os.environ,
        "ANSIBLE_CALLBACK_PLUGINS": str(CHECKOUT / "benchmarks" / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "durations",
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
        "DURATIONS": str(durations),
    }
    playbook = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", f"{host.name},", str(work / "play.yml")]
    if connection == "local":
        command = host.command([*playbook, "-c", "local"])
    else:
        (work / "ssh_config").write_text(host.ssh_config(), encoding="utf-8")
        command = [*playbook, "--ssh-common-args", f"-F {work / 'ssh_config'}"]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    lines = [json.loads(line) for line in durations.read_text(encoding="utf-8").splitlines()]
    measured = lines[1 + 2 * len(PAIR) :]
    if any(line["changed"] for line in measured):
        raise SystemExit("a task that should have had nothing to do changed something")
    seconds = {name: [line["seconds"] for line in measured if line["task"] == name] for name in ("ping", "domain")}
    for name, values in seconds.items():
        print(f"  {name:8} median {statistics.median(values) * 1000:6.0f} ms of {len(values)}")
    return [domain / ping for ping, domain in zip(seconds["ping"], seconds["domain"])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--connection", choices=("ssh", "local"), action="append")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, Hypervisor("bench", state_dir=Path(directory) / "hosts") as host:
        for connection in arguments.connection or ("ssh", "local"):
            print(f"{connection}:")
            ratios = measure(host, connection, arguments.pairs, Path(directory))
            quartiles = statistics.quantiles(ratios, n=4)
            print(
                f"  domain / ping: {statistics.median(ratios):.2f} (quartiles {quartiles[0]:.2f} to {quartiles[2]:.2f})"
            )


if __name__ == "__main__":
    main()
