# SPDX-License-Identifier: GPL-3.0-or-later
"""The isolated hosts work, reach each other and nothing else, and leave nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "images")]

from _network import prefix  # noqa: E402
from hypervisors import Hypervisor, HypervisorError, Switch, down_all  # noqa: E402

pytestmark = [
    pytest.mark.hypervisor,
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root"),
]

CLI = [sys.executable, str(HERE / "hypervisors.py")]
NETWORK = """
<network>
  <name>lab</name>
  <forward mode='nat'/>
  <bridge name='virbr0'/>
  <ip address='192.168.150.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.150.10' end='192.168.150.99'/></dhcp>
  </ip>
</network>
"""
GUEST = """
<domain type='qemu'>
  <name>tiny</name>
  <memory unit='MiB'>96</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <cpu mode='maximum'/>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/var/lib/libvirt/images/tiny.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='network'><source network='lab'/><model type='virtio'/></interface>
    <serial type='pty'/>
  </devices>
</domain>
"""


def poll(condition: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while not (outcome := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return outcome


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def traces(state: Path) -> dict[str, list[str]]:
    """What hosts of this state directory may leave on the machine, where others may run beside them."""
    start = prefix(state)
    processes = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            said = (entry / "cmdline").read_bytes() + b"\0" + (entry / "environ").read_bytes()
            if str(state).encode() in said and entry.name != str(os.getpid()):
                processes.append(f"{entry.name}: {said[:80]!r}")
    links = [link["ifname"] for link in json.loads(output("ip", "-json", "link"))]
    return {
        "namespaces": [line for line in output("ip", "netns", "list").splitlines() if line.startswith(start)],
        "mounts": [
            line for line in Path("/proc/mounts").read_text().splitlines() if str(state) in line or start in line
        ],
        "processes": processes,
        "groups": [str(path) for path in Path("/sys/fs/cgroup").rglob(f"{start}-*")],
        "interfaces": [name for name in links if name.startswith(("port", "up0", "sw0", "veth", "virbr", "vnet"))],
        "files": [str(path) for path in ([state] if state.exists() else [])],
    }


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "state"
    before = traces(place)
    yield place
    down_all(place)
    assert traces(place) == before


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hypervisor, Hypervisor]]:
    place = tmp_path_factory.mktemp("pair") / "state"
    before = traces(place)
    with Hypervisor("one", state_dir=place) as one, Hypervisor("two", state_dir=place) as two:
        yield one, two
    assert traces(place) == before


def test_up_is_idempotent_and_libvirt_answers(pair: tuple[Hypervisor, Hypervisor]) -> None:
    one, _ = pair
    assert one.up() is False
    done = one.exec(["virsh", "-q", "-c", "qemu:///system", "hostname"], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "one")


def test_a_host_boots_no_guest_from_the_network(pair: tuple[Hypervisor, Hypervisor]) -> None:
    one, _ = pair
    found = one.exec(["find", "/usr/lib/ipxe/qemu", "-name", "*.rom", "-size", "+1"], capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "")


def test_a_shell_does_nothing_of_the_machines_at_its_start(pair: tuple[Hypervisor, Hypervisor]) -> None:
    one, _ = pair
    names = ["-name", ".bash*", "-o", "-name", ".profile"]
    found = one.exec(["find", "/root", "-maxdepth", "1", *names], capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "")


def test_exec_passes_input_output_and_exit_code(pair: tuple[Hypervisor, Hypervisor]) -> None:
    one, _ = pair
    command = [*CLI, "--state-dir", str(one.state), "exec", "one", "--", "sh", "-c", "cat; exit 7"]
    done = subprocess.run(command, input="hello", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, "hello")


def test_hosts_reach_each_other_and_the_outside(pair: tuple[Hypervisor, Hypervisor]) -> None:
    one, two = pair
    for source, target in ((one, two.ip), (two, "one"), (one, "10.99.0.1"), (two, "outside")):
        assert source.exec(["ping", "-q", "-c", "1", "-W", "2", target], stdout=subprocess.DEVNULL).returncode == 0, (
            target
        )
    for uri in (two.tcp_uri, "qemu+ssh://two/system"):
        done = one.exec(["virsh", "-q", "-c", uri, "hostname"], capture_output=True, text=True)
        assert done.stdout.strip() == "two", done.stderr


def test_a_server_outside_is_reached(pair: tuple[Hypervisor, Hypervisor], tmp_path: Path) -> None:
    one, _ = pair
    (tmp_path / "page").write_text("from outside")
    server = subprocess.Popen(
        Switch(one.state).command([sys.executable, "-m", "http.server", "8000", "-d", str(tmp_path)]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        fetch = [
            "python3",
            "-c",
            "import urllib.request as u; print(u.urlopen('http://10.99.0.1:8000/page', timeout=2).read().decode())",
        ]
        assert poll(lambda: one.exec(fetch, capture_output=True, text=True).stdout.strip() == "from outside", 10)
    finally:
        server.kill()
        server.wait()


def test_the_machine_has_no_way_to_a_host(pair: tuple[Hypervisor, Hypervisor]) -> None:
    # Asked of the kernel's tables, not by trying: a packet for a host must never leave the machine.
    one, two = pair
    for family in ("-4", "-6"):
        assert "10.99.0." not in output("ip", family, "addr")
        assert "10.99.0." not in output("ip", family, "route", "show", "table", "all")
    ours = {one.namespace, two.namespace, Switch(one.state).namespace}
    for link in json.loads(output("ip", "-json", "-details", "link")):
        assert link.get("link_netns") not in ours
        assert link["ifname"] not in ("up0", "sw0", "virbr0")


def test_ssh_through_its_own_configuration(pair: tuple[Hypervisor, Hypervisor], tmp_path: Path) -> None:
    _, two = pair
    config = tmp_path / "ssh_config"
    config.write_text(two.ssh_config())
    # More than any buffer on the way, both ways.
    data = os.urandom(1 << 22)
    command = ["ssh", "-F", str(config), "-o", "BatchMode=yes", "two", "cat; hostname >&2"]
    done = subprocess.run(command, input=data, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout == data, done.stderr.strip()) == (0, True, b"two")


def test_what_is_written_inside_stays_inside(pair: tuple[Hypervisor, Hypervisor]) -> None:
    one, two = pair
    name = "isolated-host-test"
    for directory in ("/etc", "/usr/local/bin", "/var/lib", "/root", "/run", "/dev"):
        one.exec(["touch", f"{directory}/{name}"], check=True)
        assert not Path(directory, name).exists()
        assert two.exec(["test", "-e", f"{directory}/{name}"]).returncode == 1


def test_tiny_guest_gets_a_lease_serves_a_page_and_shuts_down(pair: tuple[Hypervisor, Hypervisor]) -> None:
    from build import image

    one, _ = pair

    def virsh(*words: str) -> str:
        done = one.exec(["virsh", "-q", *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def lease() -> str:
        return next(
            (
                line.split()[4].partition("/")[0]
                for line in virsh("net-dhcp-leases", "lab").splitlines()
                if "tiny" in line
            ),
            "",
        )

    (one.directory / "lib/lab.xml").write_text(NETWORK)
    (one.directory / "lib/tiny.xml").write_text(GUEST)
    disk = "/var/lib/libvirt/images/tiny.qcow2"
    one.exec(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(image("tiny")), disk], check=True)
    virsh("net-create", "/var/lib/libvirt/lab.xml")
    virsh("define", "/var/lib/libvirt/tiny.xml")
    virsh("start", "tiny")
    address = poll(lease, 60)
    assert address, "no lease"
    fetch = [
        "python3",
        "-c",
        f"import urllib.request as u; print(u.urlopen('http://{address}/', timeout=2).read().decode())",
    ]
    assert poll(lambda: one.exec(fetch, capture_output=True, text=True).stdout.strip() == "tiny", 20)
    virsh("schedinfo", "tiny", "--live", "--set", "cpu_shares=512")
    assert "512" in virsh("schedinfo", "tiny", "--live")
    virsh("shutdown", "tiny")
    assert poll(lambda: virsh("domstate", "tiny").strip() == "shut off", 20)
    # One that runs on, for what `down` must end.
    virsh("start", "tiny")


@pytest.fixture
def hears_interrupts() -> Iterator[None]:
    """What starts from here hears Ctrl-C, also where the tests run in the background of a shell and ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hears_interrupts")
def test_an_interrupt_leaves_nothing(state: Path) -> None:
    stages = [(state / "early" / name).exists for name in ("etc", "log/boot.log", "log/virtlogd.log")]
    for number in (signal.SIGINT, signal.SIGTERM):
        for reached in stages:
            before = traces(state)
            process = subprocess.Popen(
                [*CLI, "--state-dir", str(state), "up", "early"], stderr=subprocess.PIPE, text=True
            )
            deadline = time.monotonic() + 20
            while not reached() and process.poll() is None and time.monotonic() < deadline:
                pass
            process.send_signal(number)
            process.communicate(timeout=30)
            if process.returncode == 0:
                pytest.fail("the host was up before the signal came")
            assert process.returncode == 128 + number
            assert traces(state) == before


def test_leftovers_of_a_killed_run_are_cleaned(state: Path) -> None:
    process = subprocess.Popen([*CLI, "--state-dir", str(state), "up", "early"], stderr=subprocess.DEVNULL)
    assert poll((state / "early/log/boot.log").exists, 20)
    process.kill()
    process.wait()
    host = Hypervisor("early", state_dir=state)
    assert host.up() is True
    assert host.answers()
    # Killed from outside, too: nothing answers any more, but files and namespaces are there.
    os.kill(host.record()["pid"], signal.SIGKILL)
    assert poll(lambda: not host.is_running(), 10)
    with pytest.raises(HypervisorError, match="is not up"):
        host.command(["true"])
    assert host.down() is True
    assert host.down() is False


def test_bad_names_are_refused(tmp_path: Path) -> None:
    for name in ("", "-a", "a/b", "../x", "ssh", "hosts", "a" * 33, "ä"):
        with pytest.raises(HypervisorError, match="can't name a host"):
            Hypervisor(name, state_dir=tmp_path)
