#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory of 1,000 defined guests costs, on the hypervisor itself and over a slow link.

Each figure is a whole `ansible-inventory --list`: ours, a JSON file with the same content, and community.libvirt's. The
link is between two isolated hosts. Run as root: benchmarks/inventory.py [--guests 1000] [--rounds 7] [--delay 5]
"""

from __future__ import annotations

import argparse
import contextlib
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

from _community import collections  # noqa: E402
from _tools import cache_directory  # noqa: E402
from hypervisors import Hypervisor, Switch  # noqa: E402

URI = "qemu:///system"
GUEST = """<domain type='qemu'>
  <name>guest{number:04}</name>
  <metadata>
    <g:guest xmlns:g='urn:virtops:libvirt:guest'><g:label name='tier'>{tier}</g:label></g:guest>
    <l:libosinfo xmlns:l='http://libosinfo.org/xmlns/libvirt/domain/1.0'>
      <l:os id='http://debian.org/debian/12'/>
    </l:libosinfo>
  </metadata>
  <memory unit='MiB'>512</memory><vcpu>2</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <disk type='volume'>
      <driver name='qemu' type='qcow2'/><source pool='images' volume='guest{number:04}.qcow2'/><target dev='vda'/>
    </disk>
    <interface type='network'><source network='lab{network}'/><model type='virtio'/></interface>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <serial type='pty'/><graphics type='vnc'/>
  </devices>
</domain>"""
# Ours as it is without any option, and with all that a definition tells.
OURS = {"ours": {}, "ours, definitions": {"definition": True, "group_by": ["state", "network", "pool", "label", "os"]}}
RAW = """
import sys, libvirt
conn = libvirt.openReadOnly(sys.argv[1])
found = conn.listAllDomains(0)
conn.domainListGetStats(found, libvirt.VIR_DOMAIN_STATS_STATE, 0)
if sys.argv[2:]:
    [one.XMLDesc(0) for one in found]
"""


def define(count: int) -> None:
    """In the isolated host: define the guests."""
    import libvirt

    conn = libvirt.open(URI)
    for number in range(count):
        conn.defineXML(GUEST.format(number=number, tier=("web", "db", "app")[number % 3], network=number % 4))


class Bench:
    """Commands that are run in turns in one host."""

    def __init__(self, host: Hypervisor, uri: str, work: Path):
        self.host, self.work = host, work
        self.environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": f"{os.environ['ANSIBLE_COLLECTIONS_PATH']}:{collections(cache_directory())}",
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        }
        self.commands = {"Ansible's own start": self._listing("none.json", {"all": {}})}
        for name, options in OURS.items():
            file = f"{name.replace(', ', '-')}.libvirt.yml"
            self.commands[name] = self._listing(file, {"plugin": "virtops.libvirt.libvirt", "uris": [uri], **options})
            content = ready(self.run(self.commands[name]))
            self.commands[f"JSON file of the same ({name})"] = self._listing(f"{file}.json", content)
        options = {"plugin": "community.libvirt.libvirt", "uri": uri}
        self.commands["community.libvirt"] = self._listing("community.libvirt.yml", options)
        self.commands["raw calls"] = ["/usr/bin/python3", "-c", RAW, uri]
        self.commands["raw calls, documents"] = ["/usr/bin/python3", "-c", RAW, uri, "documents"]

    def _listing(self, file: str, content: dict) -> list[str]:
        path = self.work / file
        path.write_text(json.dumps(content), encoding="utf-8")
        return [str(Path(sys.executable).parent / "ansible-inventory"), "-i", str(path), "--list"]

    def run(self, command: list[str]) -> str:
        done = subprocess.run(
            self.host.command(command), env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{command} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def measure(self, names: list[str], rounds: int) -> dict[str, list[float]]:
        """Seconds of each round by the command's name, after one that only warms up."""
        seconds: dict[str, list[float]] = {name: [] for name in names}
        for number in range(rounds + 1):
            for name in names:
                started = time.perf_counter()
                self.run(self.commands[name])
                if number:
                    seconds[name].append(time.perf_counter() - started)
        return seconds


def ready(listed: str) -> dict:
    """What ansible-inventory lists, as a file that Ansible reads, without the marks of texts that are no templates."""

    def plain(said):
        if isinstance(said, dict):
            return said.get("__ansible_unsafe", {key: plain(one) for key, one in said.items()})
        return [plain(one) for one in said] if isinstance(said, list) else said

    answer = plain(json.loads(listed))
    hosts = answer.pop("_meta")["hostvars"]
    groups = {name: group["hosts"] for name, group in answer.items() if "hosts" in group}
    return {"all": {"hosts": hosts, "children": {name: {"hosts": dict.fromkeys(of)} for name, of in groups.items()}}}


def show(seconds: dict[str, list[float]], pairs: list[tuple[str, str]]) -> None:
    """Print medians, and for each pair of names how many times as long the first takes."""
    for name, values in seconds.items():
        print(f"  {name:45} median {statistics.median(values):6.2f} s of {len(values)}")
    for one, other in pairs:
        ratio = statistics.median(a / b for a, b in zip(seconds[one], seconds[other]))
        print(f"  {one} / {other}: {ratio:.2f}")


@contextlib.contextmanager
def slow_link(host: Hypervisor, milliseconds: float):
    """The URI of a host behind a link with a delay each way."""
    command = [sys.executable, str(CHECKOUT / "benchmarks" / "_link.py"), host.ip, str(milliseconds)]
    switch = Switch(host.state)
    with subprocess.Popen(switch.command(command), stdout=subprocess.PIPE) as link:
        try:
            link.stdout.readline()
            yield f"qemu+tcp://{switch.ip}/system"
        finally:
            link.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--guests", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--slow-rounds", type=int, default=2, help="over the link, where community.libvirt takes a minute"
    )
    parser.add_argument("--delay", type=float, default=5, help="milliseconds, each way")
    parser.add_argument("--define", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.define:
        define(arguments.define)
        return
    first, second = OURS
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        work = Path(directory)
        near, far = (
            stack.enter_context(Hypervisor(name, state_dir=work / "hosts")) for name in ("hypervisor", "controller")
        )
        count = str(arguments.guests)
        near.exec(["/usr/bin/python3", str(Path(__file__).resolve()), "--define", count], check=True)
        print(f"{count} guests, on the hypervisor itself:")
        bench = Bench(near, URI, work)
        pairs = [(name, f"JSON file of the same ({name})") for name in OURS]
        show(bench.measure(list(bench.commands), arguments.rounds), [*pairs, ("community.libvirt", second)])
        with slow_link(near, arguments.delay) as uri:
            print(f"the same over a link with {arguments.delay:g} ms each way:")
            bench = Bench(far, uri, work)
            names = [first, second, "community.libvirt", "raw calls", "raw calls, documents"]
            pairs = [("community.libvirt", name) for name in OURS]
            show(bench.measure(names, arguments.slow_rounds), pairs)


if __name__ == "__main__":
    main()
