# SPDX-License-Identifier: GPL-3.0-or-later
"""Run commands in a guest and move files, by way of libvirt and the guest's agent. Private to this collection.

Errors are sentences for the user: C(Unreachable) where the guest, or the way to it, is not there; C(Failed) where it
is, and something does not work.
"""

from __future__ import annotations

import base64
import io
import itertools
import os
import time
import uuid
from contextlib import contextmanager, suppress
from typing import Any

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup, opened
from ansible_collections.virtops.libvirt.plugins.module_utils._domain import states
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.agent import (
    BY_EXEC,
    CHANNEL,
    SENT,
    Agent,
    NotThere,
    channel,
    running,
)
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, libvirt_words
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt

BY_FILE = {"guest-file-open", "guest-file-read", "guest-file-write", "guest-file-close"}
# For what does not go into one message: only root writes there, and it is gone with the guest's next start.
_PLACE = "/var/run"
# Blocks of 64 KiB of a command's output that come back with its end. libvirt passes on 4 MiB of base64, and after an
# answer of 10 MiB it talks to the agent no more until the guest is started anew (QEMU_AGENT_MAX_RESPONSE).
_BLOCK, _OUT, _ERR = 1 << 16, 32, 8
# What a login sets, and a service has not.
_LOGIN = """\
[ -n "$HOME" ] || HOME=~root
export HOME USER="${USER:-root}" LOGNAME="${LOGNAME:-root}"
"""
# $0 shell, $1 command, $2 name for files, $3 file with the input, if any. What is more than the blocks goes into files.
_BOUNDED = f"""{_LOGIN}
bounded() {{
  case "$(dd bs={_BLOCK} count="$2" iflag=fullblock 2>&1 >&"$3")" in
    "$2+0 "*) umask 077; cat >"$1" ;;
  esac
}}
exec 3>&1 4>&2
[ -z "$3" ] || {{ exec <"$3"; rm -f "$3"; }}
code=$(
  {{
    {{ {{ "$0" -c "$1" 3>&- 4>&- 5>&- 6>&-; echo $? >&5; }} 2>&1 >&6 6>&- | bounded "$2.err" {_ERR} 4 6>&-; }} 6>&1 |
      bounded "$2.out" {_OUT} 3
  }} 5>&1
)
exit "$code"
"""
# The agent itself would make a file that everybody may write.
_CREATE = 'umask 077; cat >"$1"'
_SETTINGS = (
    "BLACKLIST_RPC, BLOCK_RPCS or FILTER_RPC_ARGS in /etc/sysconfig/qemu-ga, block-rpcs (blacklist) or allow-rpcs in"
    " /etc/qemu/qemu-ga.conf"
)
_PERMISSION = "name one in the uri who may, or add this one to the group libvirt there"
_SECONDS_BETWEEN = 0.1
_connections: dict[tuple[int, str], Any] = {}


class Unreachable(Exception):
    """The guest, or the way to it, is not there."""


def _connection(uri: str):
    """This process' own connection, opened anew where it broke. One that was there before a fork is the parent's."""
    key = (os.getpid(), uri)
    conn = _connections.get(key)
    if conn is None or not conn.isAlive():
        try:
            conn = _connections[key] = opened(uri, False, _PERMISSION)
        except Failed as error:
            raise Unreachable(str(error)) from error
    return conn


class Guest:
    """A guest by name or UUID. C(patience): the seconds within which its agent has to answer."""

    def __init__(self, uri: str, name: str, patience: int):
        self.uri, self.name, self.patience = uri, name, patience
        self.subject = f"guest {name}"
        self.agent: Any = None

    def find(self) -> None:
        """Look it up, over a connection that works: one that broke since it was used last shows only now."""
        for last in (False, True):
            conn = _connection(self.uri)
            try:
                handle = self._lookup(conn)
                break
            except libvirt.libvirtError as error:
                if last or conn.isAlive():
                    raise Unreachable(f"{self.subject} cannot be looked up; {libvirt_words(error)}") from error
        if handle is None:
            raise Unreachable(
                f"there is no {self.subject} at {self.uri}; correct ansible_host (its name or UUID) or libvirt_uri"
            )
        self.agent = Agent(handle, self.subject, self.patience)

    def _lookup(self, conn):
        handle = lookup(conn.lookupByName, self.name, libvirt.VIR_ERR_NO_DOMAIN)
        if handle is None and _is_uuid(self.name):
            handle = lookup(conn.lookupByUUIDString, self.name, libvirt.VIR_ERR_NO_DOMAIN)
        return handle

    def run(self, shell: str, command: str, data: bytes | None, seconds: int) -> tuple[int, bytes, bytes]:
        """Run a command by a shell: exit code, output, error output. C(seconds) that it may take; 0 for any time."""
        self.find()
        name, given = f"{_PLACE}/virtops-{uuid.uuid4().hex}", ""
        if data and len(data) > SENT:
            given = f"{name}.in"
            try:
                self._write(given, io.BytesIO(data))
            except (Failed, Unreachable):
                # It may hold secrets.
                with suppress(Failed, Unreachable):
                    self._remove(given)
                raise
            data = None
        code, out, err = self._run(("-c", _BOUNDED, shell, command, name, given), data, seconds)
        return code, out + self._rest(f"{name}.out", out, _OUT), err + self._rest(f"{name}.err", err, _ERR)

    def put(self, source, path: str) -> None:
        """Copy an open file into the guest; a file that was not there belongs to root alone, others keep their mode."""
        self.find()
        self._write(path, source)

    def fetch(self, path: str, target) -> None:
        """Copy a file of the guest into an open one."""
        self.find()
        with self._telling(f"read {path}", BY_FILE):
            self.agent.read(path, target.write)

    # --- steps -----------------------------------------------------------------------------------------------------

    def _write(self, path: str, source) -> None:
        code, _out, err = self._run(("-c", _CREATE, "sh", path), source.read(SENT), 0)
        if code:
            said = err.decode(errors="replace").strip()
            raise Failed(f"{self.subject}: {path} cannot be written; its shell says: {said}")
        piece = source.read(SENT)
        if piece:
            with self._telling(f"write {path}", BY_FILE):
                self.agent.append(path, itertools.chain([piece], iter(lambda: source.read(SENT), b"")))

    def _rest(self, path: str, begun: bytes, blocks: int) -> bytes:
        """The rest of an output of which all came that comes at once."""
        if len(begun) < blocks * _BLOCK:
            return b""
        with self._telling(f"read {path}", BY_FILE):
            rest = self.agent.whole(path)
        self._remove(path)
        return rest

    def _remove(self, path: str) -> None:
        self._run(("-c", 'rm -f "$1"', "sh", path), None, 0)

    def _run(self, words: tuple[str, ...], data: bytes | None, seconds: int) -> tuple[int, bytes, bytes]:
        with self._telling("run a command", BY_EXEC):
            number = self._patiently(lambda: self.agent.start("/bin/sh", *words, data=data))
        begun = time.monotonic()
        while not (status := self._status(number))["exited"]:
            waited = time.monotonic() - begun
            if seconds and waited > seconds:
                raise Failed(
                    f"{self.subject}: its command did not end within {seconds} s (ansible_guest_agent_command_timeout)"
                    f" and still runs there, as process {number}"
                )
            time.sleep(min(1, 0.01 + waited / 10))
        out, err = (base64.b64decode(status.get(key, "")) for key in ("out-data", "err-data"))
        return status.get("exitcode", 128 + status.get("signal", 0)), out, err

    def _status(self, number: int) -> dict:
        """What the agent says of a command; asked again where nobody answers: it outlives libvirt's daemon."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return self._patiently(lambda: self.agent.ask("guest-exec-status", pid=number))
            except libvirt.libvirtError as error:
                raise Unreachable(
                    f"{self.subject}: what came of its command is not known; its agent was started anew meanwhile;"
                    f" {libvirt_words(error)}"
                ) from error
            except NotThere as error:
                if time.monotonic() > deadline:
                    raise Unreachable(self._reason(error)) from error
            time.sleep(_SECONDS_BETWEEN)
            with suppress(Unreachable):
                self.find()

    def _patiently(self, ask):
        """What C(ask()) gives; asked again while file systems are frozen, which a snapshot does for a moment."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return ask()
            except libvirt.libvirtError:
                if time.monotonic() > deadline or not self._is_frozen():
                    raise
            time.sleep(_SECONDS_BETWEEN)

    # --- what is wrong ---------------------------------------------------------------------------------------------

    @contextmanager
    def _telling(self, what: str, needs: set[str]):
        try:
            yield
        except NotThere as error:
            raise Unreachable(self._reason(error)) from error
        except libvirt.libvirtError as error:
            if self._is_frozen():
                raise Unreachable(
                    f"{self.subject}: its agent cannot {what} while its file systems are frozen; thaw them"
                    f" (virsh domfsthaw) if no snapshot or backup is being made; {libvirt_words(error)}"
                ) from error
            missing = needs - self._allowed()
            if missing:
                raise Unreachable(
                    f"{self.subject}: its agent is told not to {what}; allow {', '.join(sorted(missing))} in its"
                    f" configuration in the guest ({_SETTINGS}) and restart it; {libvirt_words(error)}"
                ) from error
            raise Failed(f"{self.subject}: its agent cannot {what}; {libvirt_words(error)}") from error

    def _allowed(self) -> set[str]:
        try:
            return self.agent.allowed()
        except NotThere as error:
            raise Unreachable(self._reason(error)) from error

    def _is_frozen(self) -> bool:
        try:
            return self.agent.ask("guest-fsfreeze-status") == "frozen"
        except (NotThere, libvirt.libvirtError):
            return False

    def _reason(self, error: NotThere) -> str:
        """Why the agent does not answer, and what to do."""
        said = libvirt_words(error.__cause__)
        try:
            state, target = states.name(self.agent.handle), channel(running(self.agent.handle))
        except libvirt.libvirtError:
            return f"the connection to libvirt at {self.uri} broke; see whether its daemon runs; {said}"
        if state != states.RUNNING:
            return f"{self.subject} is {state}; {'resume' if state == states.PAUSED else 'start'} it; {said}"
        if target is None:
            return (
                f"{self.subject} has no channel for a guest agent; give it one with 'channels' of"
                f" virtops.libvirt.domain ({CHANNEL}); {said}"
            )
        if target.get("state") != "connected":
            return (
                f"{self.subject}: no agent runs in it; install qemu-guest-agent there and start it, or wait until the"
                f" guest is up; {said}"
            )
        return (
            f"{self.subject}: its agent did not answer within {self.patience} s; give it longer (ansible_timeout) or"
            f" restart it in the guest; {said}"
        )


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
