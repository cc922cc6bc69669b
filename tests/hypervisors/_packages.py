# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian packages that the hosts need.  Private to tests/."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from _tools import INSTALL_HINT, HypervisorError, cache_directory, locked, make_directory, run, say, step

# What a host runs. On the machine it is installed only where hosts run on the machine's own root: since Debian 13 the
# daemons' packages bring the services that Debian 12 has in libvirt-daemon-system, and would start libvirtd there.
DAEMONS = (
    "libvirt-daemon",
    "libvirt-daemon-driver-qemu",
    # Kinds of storage pools beside those that come with libvirt-daemon, and what the kind "disk" calls.
    "libvirt-daemon-driver-storage-gluster",
    "libvirt-daemon-driver-storage-iscsi-direct",
    "libvirt-daemon-driver-storage-rbd",
    "libvirt-daemon-driver-storage-zfs",
    "parted",
    "qemu-system-x86",
    "dnsmasq-base",
    "tini",
    "ovmf",
    "swtpm",
    "swtpm-tools",
    "nftables",
    "iptables",
    "dmidecode",
)
TOOLS = (
    "libvirt-clients",
    "qemu-utils",
    "genisoimage",
    "python3-libvirt",
    "python3-lxml",
    "python3-pycdlib",
    "e2fsprogs",
    "python3-yaml",
    "zstd",
)
# Neither libvirt-daemon-system nor openssh-server: no service may come to run on the machine itself.
ON_MACHINE = (
    *TOOLS,
    "busybox-static",
    "iproute2",
    "iputils-ping",
    "procps",
    "util-linux",
    "kmod",
    "openssh-client",
    "openssl",
    "libvirt-dev",
    "pkg-config",
    "gcc",
    "python3-dev",
    "python3-venv",
    "mmdebstrap",
    "fdisk",
    "cpio",
    "gzip",
)
# What hosts have and the machine must not come to run: a package with a service, and a program by which it is known.
SERVICES = {"openssh-server": "/usr/sbin/sshd", "lvm2": "/usr/sbin/lvm", "tgt": "/usr/sbin/tgtd"}
# What configures a host's network: only for hosts that are asked for it, as `up NAME --also ifupdown` does.
NETWORKING = {
    "ifupdown": "/usr/sbin/ifup",
    "netplan.io": "/usr/sbin/netplan",
    "network-manager": "/usr/sbin/NetworkManager",
}
PROGRAMS = ("virsh", "busybox", "ip", "sysctl", "nsenter", "unshare", "findmnt", "ssh-keygen", "ssh-keyscan")
# Only where hosts run on the machine's own root.
DAEMON_PROGRAMS = ("libvirtd", "virtlogd", "virtlockd", "qemu-system-x86_64", "dnsmasq", "tini")
LOCK_SECONDS = 120


def _missing(packages: Sequence[str]) -> list[str]:
    listed = run(
        ["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package}\n", *packages], check=False
    ).stdout
    installed = {line.split()[1] for line in listed.splitlines() if line.startswith("installed ")}
    return [package for package in packages if package not in installed]


def apt(*arguments: str, cwd: Path | None = None) -> str:
    """Run apt-get quietly; its own words are shown only when it fails."""
    command = [
        "apt-get",
        "-qq",
        "-o",
        f"DPkg::Lock::Timeout={LOCK_SECONDS}",
        "-o",
        "APT::Update::Error-Mode=any",
        *arguments,
    ]
    done = run(command, check=False, cwd=cwd, env={"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"})
    if done.returncode == 0:
        return done.stdout
    said = done.stdout + done.stderr
    if "Could not get lock" in said or "Unable to acquire the dpkg" in said:
        reason = f"another program has held apt's lock for {LOCK_SECONDS} s; try again when it has finished"
    elif any(
        sign in said
        for sign in ("Could not resolve", "Temporary failure resolving", "Failed to fetch", "Could not connect")
    ):
        reason = "apt can't reach its package sources; check the network and /etc/apt"
    else:
        reason = f"apt-get {arguments[0]} failed"
    raise HypervisorError(f"{reason}:\n" + "\n".join(said.strip().splitlines()[-15:]))


def install(*, daemons: bool) -> list[str]:
    """Install what is missing and return its names. C(daemons): also what hosts run that are on the machine's root."""
    missing = _missing((*DAEMONS, *ON_MACHINE) if daemons else ON_MACHINE)
    if missing:
        say(f"missing: {' '.join(missing)}")
        with step("updating the package lists"):
            apt("update")
        with step(f"installing {len(missing)} packages"):
            apt("install", "--yes", "--no-install-recommends", "--no-upgrade", *missing)
    if daemons:
        service_files(tuple(NETWORKING))
    return missing


def require(*, daemons: bool) -> None:
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    missing = [
        program
        for program in (*PROGRAMS, *(DAEMON_PROGRAMS if daemons else ()))
        if not shutil.which(program, path=path)
    ]
    if missing:
        raise HypervisorError(f"missing on this machine: {', '.join(missing)}; {INSTALL_HINT}")


def service_files(also: Sequence[str] = ()) -> list[Path]:
    """Directories with the files of C(SERVICES) to lay over a host, without those that the machine has installed.

    C(also): packages of C(NETWORKING).

    The packages are unpacked into the cache, not installed: on a machine that has none, no SSH server may come to
    listen, and no LVM to look for volume groups on the devices of a test.
    """
    wanted = {**SERVICES, **{package: NETWORKING[package] for package in also}}
    return [_unpacked(package) for package, program in wanted.items() if not Path(program).exists()]


def _unpacked(package: str) -> Path:
    place = cache_directory() / package
    with locked(place.with_name(f"{package}.lock")):
        if place.exists():
            return place
        make_directory(place.parent)
        with (
            tempfile.TemporaryDirectory(prefix=f"{package}.", dir=place.parent) as scratch,
            step(f"unpacking {package}"),
        ):
            _download(package, Path(scratch))
            files = Path(scratch, "files")
            for archive in Path(scratch).glob("*.deb"):
                run(["dpkg-deb", "--extract", archive, files])
            files.chmod(0o755)
            files.rename(place)
    return place


def _download(package: str, directory: Path) -> None:
    """Download a package with those of its libraries that the machine has not."""
    shown = run(["apt-cache", "depends", "--important", package], check=False).stdout
    needed = _libraries(shown)
    try:
        # Without its own sandbox user, which may not enter the directory; what it fetches is signed all the same.
        apt("download", "-o", "APT::Sandbox::User=root", package, *_missing(needed), cwd=directory)
    except HypervisorError as error:
        if "Unable to locate package" not in str(error) and "Can't find a source" not in str(error) and shown:
            raise
        with step("updating the package lists"):
            apt("update")
        shown = run(["apt-cache", "depends", "--important", package]).stdout
        needed = _libraries(shown)
        apt("download", "-o", "APT::Sandbox::User=root", package, *_missing(needed), cwd=directory)


def _libraries(shown: str) -> list[str]:
    """Of what C(apt-cache depends) showed the packages that are libraries."""
    return [
        line.split()[1] for line in shown.splitlines() if line.strip().startswith(("Depends: lib", "Depends: python3-"))
    ]
