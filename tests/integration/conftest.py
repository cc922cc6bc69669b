# SPDX-License-Identifier: GPL-3.0-or-later
"""One isolated libvirt host for all tests of this directory, empty again after each of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
# Before "tests" itself, in which a directory has the same name as the module that is meant.
sys.path.insert(0, str(TESTS / "hypervisors"))

# What differs is shown where the assertion stands in a helper, too.
pytest.register_assert_rewrite("integration._lab", "integration.plays")

import _release  # noqa: E402
from hypervisors import Hypervisor  # noqa: E402
from integration import guests  # noqa: E402
from integration._lab import Lab  # noqa: E402
from integration._play import PROGRAMS, Playbook  # noqa: E402


def pytest_addoption(parser):
    # No environment variable, which sudo would drop.
    parser.addoption(
        "--release", choices=_release.RELEASES, default=_release.DEFAULT, help="Debian release of the host"
    )
    parser.addoption(
        "--exercised", type=Path, help="directory for notes of the options that changed something, for test_declared.py"
    )


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.hypervisor)


@pytest.fixture(scope="session")
def host(_signals, tmp_path_factory, pytestconfig):
    """The isolated host: a tests/hypervisors Hypervisor."""
    state, release = tmp_path_factory.mktemp("hypervisors"), pytestconfig.getoption("--release")
    with Hypervisor("integration", state_dir=state, release=release) as hypervisor:
        yield hypervisor


@pytest.fixture(scope="session")
def _session_lab(host, tmp_path_factory, pytestconfig):
    lab = Lab(host, tmp_path_factory.mktemp("lab"))
    yield lab
    lab.close()
    notes = pytestconfig.getoption("exercised")
    if notes:
        notes.mkdir(parents=True, exist_ok=True)
        # Each process of a parallel run has its own.
        done = {module: sorted(paths) for module, paths in lab.exercised.items()}
        (notes / f"{os.getpid()}.json").write_text(json.dumps(done))


@pytest.fixture
def lab(_session_lab):
    """The host to run modules on; what a test makes on it is gone after the test."""
    yield _session_lab
    _session_lab.wipe()


@pytest.fixture
def pool(lab):
    """The name of an active pool in a directory of its own."""
    lab.ok("pool", name="images", path="/var/lib/libvirt/images/images", state="active")
    return "images"


@pytest.fixture
def remote(lab):
    """libvirt of the host, as from another one."""
    address = lab.shell("hostname -I").split()
    return f"qemu+tcp://{address[0] if address else '127.0.0.1'}/system"


def _image(name: str) -> Path:
    """The main file of a guest image, built once into the cache."""
    command = [sys.executable, TESTS / "images" / "build.py", name]
    return Path(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip())


@pytest.fixture(scope="session")
def tiny():
    """The files of the guest image "tiny": disk, kernel and initial RAM disk."""
    directory = _image("tiny").parent
    return {name: directory / name for name in ("tiny.qcow2", "vmlinuz", "initrd.img")}


@pytest.fixture(scope="session")
def debian():
    """The disk of the guest image "debian"."""
    return _image("debian")


@pytest.fixture
def guest(lab, tiny):
    """The name of a guest with an operating system, defined and off."""
    lab.ok("domain", xml=guests.tiny_guest(tiny))
    return "guest"


@pytest.fixture(scope="module")
def configuration(host):
    """A directory with the configuration of Ansible and of its SSH, whose one connection serves all plays."""
    # A short path: a socket lies in it.
    with tempfile.TemporaryDirectory(prefix="play") as name:
        directory = Path(name)
        (directory / "ssh_config").write_text(host.ssh_config())
        ssh = f"-F {directory}/ssh_config -o ControlMaster=auto -o ControlPersist=60 -o ControlPath={directory}/ssh"
        (directory / "ansible.cfg").write_text(
            f"[defaults]\nhome = {directory}/home\n[ssh_connection]\nssh_args = {ssh}\npipelining = true\n"
        )
        yield directory
        subprocess.run(["ssh", *ssh.split(), "-O", "exit", host.name], stderr=subprocess.DEVNULL, check=False)


@pytest.fixture
def play(lab, host, configuration, tmp_path):
    """A function that runs a play on the host and gives its C(Result)."""
    return Playbook(tmp_path, f"{host.name},", {"ANSIBLE_CONFIG": f"{configuration}/ansible.cfg"})


@pytest.fixture(scope="session")
def programs(host):
    """Where the host itself has Ansible: one of another release has its release's, as it has its Python."""
    return PROGRAMS if _release.root(host.release) is None else Path("/usr/bin")


@pytest.fixture
def here(lab, host, programs, tmp_path):
    """The same for a play that runs on the host itself, which takes a fraction of the time."""

    def wrapper(words: list) -> list:
        return host.command([*words, "--connection", "local"])

    return Playbook(tmp_path, f"{host.name},", {}, wrapper, programs)


@pytest.fixture
def blank(lab, pool):
    """Makes a guest without an operating system: its disks as [(target, format)], its state, more options."""

    def make(*disks: str, state: str = "stopped", **more) -> str:
        for number, kind in enumerate(disks or ["qcow2"]):
            lab.ok("volume", pool=pool, name=f"d{number}.{kind}", capacity="4 MiB", format=kind)
        listed = [
            {"target": f"vd{'abc'[number]}", "pool": pool, "volume": f"d{number}.{kind}"}
            for number, kind in enumerate(disks or ["qcow2"])
        ]
        lab.ok("domain", name="guest", virt_type="qemu", memory="32 MiB", disks=listed, state=state, **more)
        return "guest"

    return make
