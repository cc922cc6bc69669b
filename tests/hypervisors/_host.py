# SPDX-License-Identifier: GPL-3.0-or-later
"""One isolated libvirt host, and the switch between the hosts.  Import both from `hypervisors`."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import _files
import _network
import _packages
import _processes
import _release
from _tools import (
    CHECKOUT,
    HypervisorError,
    cache_directory,
    locked,
    make_directory,
    require_root,
    run,
    state_directory,
    wait_until,
)

ANSWER_SECONDS = 60
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
STATE_FILE = "host.json"
# Not the caller's: it may name programs that the host has not.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Switch:
    """The network between the hosts, and the place that plays the world beyond them (10.99.0.1)."""

    ip = _network.SWITCH_IP
    ip6 = _network.SWITCH_IP6

    def __init__(self, state_dir: os.PathLike[str] | str | None = None) -> None:
        self.state = state_directory(state_dir)
        self.namespace = _network.switch_namespace(self.state)

    def command(self, command: Sequence[str]) -> list[str]:
        if not _processes.namespace_exists(self.namespace):
            raise HypervisorError(
                "no host is up, so there is no network around them; start one with: hypervisors.py up NAME"
            )
        return _network.inside(self.namespace, command)

    def exec(self, command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[Any]:
        """subprocess.run() on the switch: in its network, with the machine's files."""
        require_root()
        return subprocess.run(self.command(command), check=options.pop("check", False), **options)


class Hypervisor:
    """A libvirt host in namespaces of its own.  As a context manager it is up inside the block and gone after it."""

    def __init__(
        self,
        name: str,
        *,
        state_dir: os.PathLike[str] | str | None = None,
        release: str = _release.DEFAULT,
        also: Sequence[str] = (),
    ) -> None:
        """C(also): names of packages of C(_packages.NETWORKING) that it has too; only on the machine's own root."""
        if not NAME.fullmatch(name):
            raise HypervisorError(
                f"{name!r} can't name a host: use up to 32 lower case letters, digits and hyphens, no hyphen first"
            )
        if name in RESERVED:
            raise HypervisorError(
                f"{name!r} can't name a host: the state directory keeps its own files under that name"
            )
        self.name = name
        self.release = release
        self.also = also
        self.state = state_directory(state_dir)
        self.directory = self.state / name
        self.namespace = _network.host_namespace(self.state, name)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    # What is known of it

    def record(self) -> dict[str, Any]:
        try:
            return json.loads((self.directory / STATE_FILE).read_text())
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return {}

    @property
    def ip(self) -> str:
        return self._running_record()["ip"]

    @property
    def ip6(self) -> str:
        return _network.ip6(self.ip)

    @property
    def tcp_uri(self) -> str:
        """What reaches its libvirtd from other hosts and from the switch."""
        return f"qemu+tcp://{self.ip}/system"

    @property
    def ssh_uri(self) -> str:
        """The same over SSH, with the key of the state directory, which only the isolated hosts take."""
        ssh = f"{self.state}/ssh"
        return f"qemu+ssh://root@{self.ip}/system?keyfile={ssh}/id_ed25519&no_verify=1&no_tty=1"

    def is_running(self) -> bool:
        """Whether its first process lives, even where no daemon answers."""
        record = self.record()
        return bool(record.get("pid")) and _processes.start_time(record["pid"]) == record["started"]

    def answers(self) -> bool:
        """Whether libvirtd and sshd answer over the network between the hosts."""
        return (
            self.is_running()
            and _processes.namespace_exists(_network.switch_namespace(self.state))
            and not self._silent()
        )

    def _silent(self) -> list[str]:
        """Names of the daemons that don't answer yet."""
        ip, switch = self.record()["ip"], Switch(self.state)
        keys = run(switch.command(["ssh-keyscan", "-T", "2", "-t", "ed25519", ip]), check=False).stdout
        libvirtd = run(
            switch.command(["timeout", "10", "virsh", "-q", "-c", f"qemu+tcp://{ip}/system", "hostname"]), check=False
        )
        return [*(["sshd"] if "ssh-ed25519" not in keys else []), *(["libvirtd"] if libvirtd.returncode else [])]

    def ssh_config(self) -> str:
        record = self._running_record()
        # From the switch, not from inside the host: a real connection over the hosts' network.
        switch = _processes.NAMESPACES / _network.switch_namespace(self.state)
        enter = f"nsenter --net={switch} busybox nc {record['ip']} 22"
        return "\n".join(
            [
                f"Host {self.name}",
                f"  HostName {record['ip']}",
                f"  HostKeyAlias {self.name}",
                "  User root",
                f'  IdentityFile "{self.state}/ssh/id_ed25519"',
                "  IdentitiesOnly yes",
                "  IdentityAgent none",
                f'  UserKnownHostsFile "{self.state}/ssh/known_hosts"',
                "  GlobalKnownHostsFile /dev/null",
                "  StrictHostKeyChecking yes",
                f"  ProxyCommand {'' if os.geteuid() == 0 else 'sudo -n '}{enter}",
                "",
            ]
        )

    def command(self, command: Sequence[str]) -> list[str]:
        """The command that runs another one in all of the host's namespaces, where it can in the caller's directory."""
        pid = self._running_record()["pid"]
        # In the host's control groups too: a libvirtd started here must find itself where its guests belong.
        groups = (
            "groups=/sys/fs/cgroup/init; [ -d $groups ] || groups='/sys/fs/cgroup/*'; "
            "for group in $groups; do echo 0 >$group/cgroup.procs; done 2>/dev/null"
        )
        enter = f'{groups}; export PATH={PATH} HOME=/root; cd "$0" 2>/dev/null; exec "$@"'
        return [
            "nsenter",
            "--target",
            str(pid),
            "--mount",
            "--net",
            "--uts",
            "--ipc",
            "--pid",
            "--cgroup",
            "--",
            "/bin/sh",
            "-c",
            enter,
            str(Path.cwd()),
            *command,
        ]

    def exec(self, command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[Any]:
        """subprocess.run() inside the host."""
        require_root()
        return subprocess.run(self.command(command), check=options.pop("check", False), **options)

    def _running_record(self) -> dict[str, Any]:
        if not self.is_running():
            raise HypervisorError(f"host {self.name} is not up; start it with: hypervisors.py up {self.name}")
        return self.record()

    # Up and down

    def up(self) -> bool:
        """Start it.  False if it ran and answered already; after a failure or an interrupt nothing of it is left."""
        require_root()
        if not self.answers():
            _packages.require(daemons=False)
        root = _release.root(self.release)
        if not root:
            _packages.require(daemons=True)
        if root and self.also:
            raise HypervisorError(
                f"a host of {self.release} has no {', '.join(self.also)}; only one of the machine's own release can"
            )
        extra = [] if root else _packages.service_files(self.also)
        with locked(self.state / ".lock"):
            if self.answers():
                if self.record()["release"] != self.release:
                    raise HypervisorError(
                        f"host {self.name} is up with release {self.record()['release']}; take it down first"
                    )
                return False
            self._remove()
            try:
                self._start(root, extra)
            except BaseException:
                with _uninterrupted():
                    self._remove()
                raise
        return True

    def down(self) -> bool:
        """Stop it with all its guests and remove everything of it.  False if there was nothing."""
        require_root()
        if not self.state.exists() and not _network.our_namespaces(self.state):
            return False
        with locked(self.state / ".lock"), _uninterrupted():
            return self._remove()

    def _start(self, root: Path | None, extra: list[Path]) -> None:
        make_directory(self.state)
        ip = self._free_address()
        self.directory.mkdir()
        record = {"name": self.name, "ip": ip, "release": self.release, "namespace": self.namespace}
        # Recorded before there is anything to forget.
        self._write_record(record)
        _files.write_host_files(self.state, self.directory, name=self.name, ip=ip, extra=extra)
        _files.write_shared_files(self.state, _addresses(self.state))
        _network.add_host(self.state, self.name, ip)
        pid = self._boot(root)
        self._write_record({**record, "pid": pid, "started": _processes.start_time(pid)})
        wait_until(lambda: self.answers() or self._has_failed(), ANSWER_SECONDS)
        if not self.is_running() or (silent := self._silent()):
            what = f"{' and '.join(silent)} did not answer" if self.is_running() else "it stopped while starting"
            raise HypervisorError(f"host {self.name} did not come up: {what}; its log ends with:\n{self._log()}")

    def _boot(self, root: Path | None) -> int:
        """Start the host's first process and return its id as the machine sees it."""
        shared = [Path("/tmp"), CHECKOUT, cache_directory(), self.state]
        environment = {
            "HOST_DIR": str(self.directory),
            "HOST_NAME": self.name,
            "HOST_GROUP": self.namespace,
            "HOST_ROOT": str(root or ""),
            "HOST_SHARED": "\n".join(map(str, shared)),
            "LC_ALL": "C.UTF-8",
            "PATH": PATH,
        }
        command = [
            "nsenter",
            f"--net={_processes.NAMESPACES / self.namespace}",
            "unshare",
            "--mount",
            "--uts",
            "--ipc",
            "--pid",
            "--fork",
            "--kill-child",
            str(Path(__file__).with_name("boot.sh")),
        ]
        with (self.directory / "log/boot.log").open("w") as log:
            parent = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )
        try:
            wait_until(lambda: _processes.child_of(parent.pid) or parent.poll() is not None, 10)
        except BaseException:
            # It may not have entered the namespace yet, where the clean-up looks for it.
            parent.kill()
            parent.wait()
            raise
        pid = _processes.child_of(parent.pid)
        if pid is None:
            raise HypervisorError(f"host {self.name} did not start; it said:\n{self._log()}")
        # It outlives us by design, so Python need not warn that nobody waited for it.
        parent.returncode = 0
        return pid

    def _has_failed(self) -> bool:
        """Whether waiting is in vain: a daemon ended, or the host with it."""
        if not self.is_running():
            return True
        names = _processes.names_in(self.namespace)
        # The first process becomes tini when it has started the daemons.
        return "tini" in names and not {"libvirtd", "sshd"} <= names

    def _log(self) -> str:
        texts = [path.read_text(errors="replace") for path in sorted((self.directory / "log").glob("*.log"))]
        return "\n".join("".join(texts).strip().splitlines()[-15:]) or "nothing"

    def _remove(self) -> bool:
        found = self.directory.exists() or _processes.namespace_exists(self.namespace)
        _network.remove_namespace(self.namespace)
        _processes.remove_groups(self.namespace)
        shutil.rmtree(self.directory, ignore_errors=True)
        if self.directory.exists():
            shutil.rmtree(self.directory)
        if self.state.exists():
            _remove_switch_if_last(self.state)
        return found

    def _free_address(self) -> str:
        taken = set(_addresses(self.state).values())
        for number in range(_network.FIRST_HOST, _network.LAST_HOST + 1):
            if (ip := f"{_network.SUBNET}.{number}") not in taken:
                return ip
        raise HypervisorError("all addresses for hosts are taken")

    def _write_record(self, record: dict[str, Any]) -> None:
        whole = self.directory / (STATE_FILE + ".new")
        whole.write_text(json.dumps(record, indent=2) + "\n")
        whole.replace(self.directory / STATE_FILE)


# Directory entries of the state directory that are no hosts.
RESERVED = ("ssh", "hosts")


def hosts(state_dir: os.PathLike[str] | str | None = None) -> list[Hypervisor]:
    """Every host that has left a trace, running or not."""
    state = state_directory(state_dir)
    switch, start = _network.switch_namespace(state), _network.prefix(state) + "-"
    names = {namespace[len(start) :] for namespace in _network.our_namespaces(state) if namespace != switch}
    names |= {path.parent.name for path in state.glob(f"*/{STATE_FILE}")}
    return [Hypervisor(name, state_dir=state) for name in sorted(names)]


def down_all(state_dir: os.PathLike[str] | str | None = None) -> list[str]:
    """Take down every host, and what a killed run may have left of the network."""
    state = state_directory(state_dir)
    stopped = [host.name for host in hosts(state) if host.down()]
    if _network.our_namespaces(state) or state.exists():
        with locked(state / ".lock"), _uninterrupted():
            _remove_switch_if_last(state)
    return stopped


def _addresses(state: Path) -> dict[str, str]:
    records = {host.name: host.record() for host in hosts(state)}
    return {name: record["ip"] for name, record in records.items() if record}


def _remove_switch_if_last(state: Path) -> None:
    left = _addresses(state)
    if left or hosts(state):
        _files.write_shared_files(state, left)
        return
    _network.remove_namespace(_network.switch_namespace(state))
    # The lock file goes last: whoever waits for it finds it gone and makes a new one.
    for path in (state / "ssh", state / "hosts", state / ".lock"):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        state.rmdir()


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let a clean-up finish: a second Ctrl-C comes through after it."""
    pending: list[int] = []
    before = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before[number] = signal.signal(number, lambda caught, _: pending.append(caught))
    except ValueError:
        pass  # Not in the main thread, where no signal arrives either.
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if pending:
        os.kill(os.getpid(), pending[0])
