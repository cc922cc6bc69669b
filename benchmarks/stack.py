#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab costs, from nothing and with nothing to do: virsh, libvirt-python, community.libvirt, our modules, stack.

All ways take turns on one isolated libvirt host. Run as root: benchmarks/stack.py [--rounds 5] [--counts 10 50 200]
[--made 20] [--profiled 1000]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT / "tests" / "hypervisors"))

import _labs  # noqa: E402
from _community import collections  # noqa: E402
from _tools import cache_directory  # noqa: E402
from hypervisors import Hypervisor  # noqa: E402

PYTHON = "/usr/bin/python3"
# More would take minutes a round with what starts a process for each.
_SLOW = {"community.libvirt": 50, "loops": 50}


class Bench:
    """Runs the ways of making a lab in one host."""

    def __init__(self, host: Hypervisor, work: Path):
        self.host, self.work = host, work
        self.image = str(work / "image.qcow2")
        raw = work / "image.raw"
        raw.write_bytes(os.urandom(200 << 20))
        subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, self.image], check=True)
        raw.unlink()
        ours = os.environ["ANSIBLE_COLLECTIONS_PATH"]
        self.environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": f"{ours}:{collections(cache_directory())}",
            "ANSIBLE_PYTHON_INTERPRETER": PYTHON,
            "ANSIBLE_PIPELINING": "true",
        }

    def command(self, way: str, count: int, again: bool) -> list[str]:
        if way == "virsh":
            return _labs.virsh(count, self.image, again)
        if way == "libvirt-python":
            return _labs.libvirt_python(count, self.image, again)
        playbook = str(_labs.write_plays(self.work, count, self.image)[way])
        return [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local", playbook]

    def seconds(self, way: str, count: int, again: bool) -> float:
        command = self.host.command(self.command(way, count, again))
        started = time.perf_counter()
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        taken = time.perf_counter() - started
        if done.returncode:
            raise SystemExit(f"{way} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return taken

    def clear(self) -> None:
        self.host.exec([PYTHON, "-c", _labs.CLEAR], check=True)

    def made(self, count: int, rounds: int) -> dict[str, list[float]]:
        """Seconds of each round from nothing, by way, after one that only warms up."""
        ways = ["virsh", "libvirt-python", *_labs.PLAYS]
        found: dict[str, list[float]] = {way: [] for way in ways}
        for number in range(rounds + 1):
            for way in ways:
                self.clear()
                taken = self.seconds(way, count, again=False)
                if number:
                    found[way].append(taken)
        return found

    def again(self, count: int, rounds: int) -> dict[str, list[float]]:
        """Seconds of each round with nothing to do, by way."""
        self.clear()
        self.seconds("stack", count, again=False)
        ways = [way for way in ("virsh", "libvirt-python", *_labs.PLAYS) if count <= _SLOW.get(way, count)]
        found: dict[str, list[float]] = {way: [] for way in ways}
        for number in range(rounds + 1):
            for way in ways:
                taken = self.seconds(way, count, again=True)
                if number:
                    found[way].append(taken)
        return found


def show(found: dict[str, list[float]]) -> None:
    """Print medians, and how many times as long the others take as C(stack)."""
    for way, values in found.items():
        ratio = statistics.median(one / stack for one, stack in zip(values, found["stack"]))
        print(f"  {way:20} median {statistics.median(values):6.2f} s of {len(values)}; / stack: {ratio:.2f}")


def profile(count: int) -> None:
    """In the isolated host: where the time of a plan of so many guests with nothing to do goes, and its memory."""
    import cProfile
    import pstats
    import resource

    from ansible_collections.virtops.libvirt.plugins.module_utils._connection import connection
    from ansible_collections.virtops.libvirt.plugins.module_utils._converge import converge
    from ansible_collections.virtops.libvirt.plugins.module_utils._stack.schema import SPEC
    from ansible_collections.virtops.libvirt.plugins.module_utils._stack.steps import Stack

    (play,) = _labs.stack(count, "/none")
    task = play["tasks"][0]["virtops.libvirt.stack"]
    task["volumes"][0] = {"name": "base.qcow2", "pool": "lab", "format": "qcow2", "capacity": "1 GiB"}
    options = {name: task.get(name, about.get("default")) for name, about in SPEC.items()}

    def run(check: bool) -> None:
        with connection(_labs.URI, read_only=check) as conn:
            converge(Stack(conn, options), check)

    run(check=False)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    started = time.perf_counter()
    run(check=True)
    print(f"  the plan takes {time.perf_counter() - started:.2f} s; the making took {before} MiB of memory", flush=True)
    profiler = cProfile.Profile()
    profiler.runcall(run, check=True)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(15)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--made", type=int, default=20)
    parser.add_argument("--counts", type=int, nargs="*", default=[10, 20, 50, 200])
    parser.add_argument("--profiled", type=int, default=1000)
    parser.add_argument("--profile", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.profile:
        profile(arguments.profile)
        return
    with tempfile.TemporaryDirectory() as directory, Hypervisor("bench", state_dir=Path(directory) / "hosts") as host:
        bench = Bench(host, Path(directory))
        print(f"a lab of {arguments.made} guests, from nothing:", flush=True)
        show(bench.made(arguments.made, arguments.rounds))
        for count in arguments.counts:
            print(f"the same with {count} guests and nothing to do:", flush=True)
            show(bench.again(count, arguments.rounds))
        bench.clear()
        print(f"{arguments.profiled} guests, in one process:", flush=True)
        (Path(directory) / "ansible").symlink_to(Path(__import__("ansible").__file__).parent)
        path = os.pathsep.join([directory, os.environ["ANSIBLE_COLLECTIONS_PATH"]])
        inside = [PYTHON, str(Path(__file__).resolve()), "--profile", str(arguments.profiled)]
        host.exec(inside, env={**os.environ, "PYTHONPATH": path}, check=True)


if __name__ == "__main__":
    main()
