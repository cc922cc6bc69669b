# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that make a host: configuration of libvirt and sshd, names, keys.  Private to tests/."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from _tools import give_to_caller, make_directory, run

LIBVIRTD = """\
listen_tls = 0
listen_tcp = 1
listen_addr = "{ip}"
# The address exists in the hosts' own network only.
auth_tcp = "none"
# Any user of the host may read; there is no polkit to ask.
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_group = "root"
unix_sock_ro_perms = "0777"
unix_sock_rw_perms = "0700"
# Two hosts with one id refuse to migrate guests to each other.
host_uuid = "{uuid}"
max_clients = 200
max_workers = 40
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
"""

QEMU = """\
user = "root"
group = "root"
# With capabilities dropped root can't read images in a home directory that only its owner may enter.
clear_emulator_capabilities = 0
swtpm_user = "root"
swtpm_group = "root"
security_driver = "none"
# Else two guests that share a kernel or a backing file fail with "Setting different DAC user or group".
remember_owner = 0
# Names of the machine's network don't resolve here.
migration_host = "{ip}"
"""

SSHD = """\
ListenAddress {ip}
HostKey /etc/ssh/isolated_host_key
PidFile /run/sshd/sshd.pid
# Not root's own authorized_keys: nobody's personal key opens a test host.
AuthorizedKeysFile /etc/ssh/isolated_host_authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
MaxStartups 100
MaxSessions 100
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
"""


# For root of a host, so that qemu+ssh and migration over it work from one host to another.
SSH = """\
IdentityFile "{state}/ssh/id_ed25519"
GlobalKnownHostsFile "{state}/ssh/known_hosts"
"""


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def _key(path: Path, comment: str) -> Path:
    if not path.exists():
        make_directory(path.parent)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path])
    return path


def client_key(state: Path) -> Path:
    """The key that opens all hosts of one state directory; the user's own keys are never read."""
    key = _key(state / "ssh" / "id_ed25519", "isolated libvirt hosts")
    give_to_caller(key, key.with_suffix(".pub"))
    return key


def write_host_files(state: Path, directory: Path, *, name: str, ip: str, extra: list[Path]) -> None:
    """Fill a host's directory: its libvirt directories, and `files`, which is laid over its root."""
    for part in ("lib/images", "cache", "log/qemu", "etc/hooks", "etc/qemu/networks", "etc/nwfilter", "etc/storage"):
        (directory / part).mkdir(parents=True, exist_ok=True)
    values = {"state": state, "ip": ip, "uuid": uuid.uuid4()}
    _write(directory / "etc/libvirtd.conf", LIBVIRTD.format(**values))
    _write(directory / "etc/qemu.conf", QEMU.format(**values))
    files = directory / "files"
    for part in extra:
        shutil.copytree(part, files, symlinks=True, dirs_exist_ok=True)
    _write(files / "etc/hostname", f"{name}\n")
    _write(files / "etc/machine-id", f"{uuid.uuid4().hex}\n")
    # What runs on the switch (see `outside`) may also play the resolver.
    _write(files / "etc/resolv.conf", "nameserver 10.99.0.1\noptions timeout:1 attempts:1\n")
    _write(files / "etc/ssh/isolated_host.conf", SSHD.format(**values))
    _write(files / "etc/ssh/ssh_config.d/isolated_hosts.conf", SSH.format(**values))
    _write(files / "etc/ssh/isolated_host_authorized_keys", client_key(state).with_suffix(".pub").read_text())
    _key(files / "etc/ssh/isolated_host_key", name)


def write_shared_files(state: Path, addresses: dict[str, str]) -> None:
    """Rewrite what names all hosts: their hosts file and the known_hosts of the SSH client."""
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost", "10.99.0.1 outside"]
    lines += [f"{ip} {name}" for name, ip in addresses.items()]
    # Written in place: every host has this very file mounted.
    (state / "hosts").write_text("\n".join(lines) + "\n")
    known = []
    for name, ip in addresses.items():
        public = state / name / "files/etc/ssh/isolated_host_key.pub"
        if public.exists():
            kind, key = public.read_text().split()[:2]
            known.append(f"{name},{ip} {kind} {key}\n")
    (state / "ssh").mkdir(exist_ok=True)
    (state / "ssh/known_hosts").write_text("".join(known))
