# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and commands of a guest by its agent. Private to this collection, imported only where an agent is asked."""

from __future__ import annotations

import base64
import json
import time
from contextlib import contextmanager, suppress
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt

CHANNEL = "org.qemu.guest_agent.0"
# How much data goes into one message. What is sent must be small: of a message of more than about 200 KB the rest never
# gets to the guest and the agent waits for it (seen with libvirt 9.0 and QEMU 7.2). An answer that libvirt passes on
# has at most 4 MiB (REMOTE_STRING_MAX), in base64.
SENT, READ = 64 << 10, 1 << 20
_LONGEST = 160 << 10
# Seconds within which an agent answers, or is not there.
_PATIENCE = 5
BY_FILE = {"guest-file-open", "guest-file-read", "guest-file-close"}
BY_EXEC = {"guest-exec", "guest-exec-status"}
# "cat" ends at once; where it does not, the guest is about to end itself.
_ATTEMPTS, _SECONDS_BETWEEN = 50, 0.1
# VIR_ERR_AGENT_COMMAND_FAILED, which older versions of libvirt's Python library do not name.
_COMMAND_FAILED = 113


class NotThere(Exception):
    """The agent does not answer, in libvirt's words."""


def running(handle):
    """The document that a guest runs with."""
    return ET.fromstring(handle.XMLDesc(0))  # noqa: S314 (the text is libvirt's own)


def channel(tree):
    """The channel of the agent in a guest's document, None where it has none."""
    return tree.find(f"devices/channel/target[@name='{CHANNEL}']")


def has_agent(tree) -> bool:
    """Whether an agent has opened its channel in the guest that runs with a document."""
    target = channel(tree)
    return target is not None and target.get("state") == "connected"


class Agent:
    """The guest agent of a running guest. C(patience): the seconds within which it has to answer."""

    def __init__(self, handle, subject: str, patience: int = _PATIENCE):
        self.handle, self.subject, self.patience = handle, subject, patience

    def ask(self, command: str, **arguments):
        """What the agent returns; libvirtError where it refuses, NotThere where it does not answer."""
        import libvirt_qemu

        message = {"execute": command, **({"arguments": arguments} if arguments else {})}
        # In ASCII: libvirt 11 takes some characters of UTF-8 for wrong ones.
        text = json.dumps(message)
        if len(text) > _LONGEST:
            raise Failed(
                f"{self.subject}: a command of more than {_LONGEST >> 10} KiB does not get to its agent; put it"
                " into a script"
            )
        try:
            return json.loads(libvirt_qemu.qemuAgentCommand(self.handle, text, self.patience, 0))["return"]
        except libvirt.libvirtError as error:
            # What the agent itself refuses (qemuAgentCheckError) had no error of its own before. The other is also that
            # of a connection to libvirt which is closed while its answer is awaited (virNetClientIOEventLoop).
            refused = error.get_error_code() in (libvirt.VIR_ERR_INTERNAL_ERROR, _COMMAND_FAILED)
            if refused and error.get_error_domain() != libvirt.VIR_FROM_RPC:
                raise
            raise NotThere(error.get_error_message()) from error

    def allowed(self) -> set[str]:
        """The names of the commands that the agent is told to allow."""
        return {one["name"] for one in self.ask("guest-info")["supported_commands"] if one["enabled"]}

    def reader(self):
        """How files can be read: C(read(path)) gives the bytes, None where there is no such file.

        Failed where the agent is told to allow no way to it.
        """
        allowed = self.allowed()
        if allowed >= BY_FILE:
            return self._by_file
        if allowed >= BY_EXEC:
            return self._by_exec
        raise Failed(
            f"{self.subject}: its agent is told to allow neither the reading of files nor commands; allow"
            f" {', '.join(sorted(BY_FILE))} in its configuration in the guest (/etc/sysconfig/qemu-ga,"
            " /etc/qemu/qemu-ga.conf)"
        )

    def _by_file(self, path: str) -> bytes | None:
        try:
            return self.whole(path)
        except libvirt.libvirtError as error:
            if "No such file" in str(error):
                return None
            raise Failed(
                f"{self.subject}: its agent cannot read {path}; it says: {error.get_error_message()}"
            ) from error

    def _by_exec(self, path: str) -> bytes | None:
        try:
            number = self.start("cat", path)
        except libvirt.libvirtError as error:
            raise Failed(f"{self.subject}: its agent runs no command; it says: {error.get_error_message()}") from error
        for _attempt in range(_ATTEMPTS):
            answer = self.ask("guest-exec-status", pid=number)
            if answer["exited"]:
                return base64.b64decode(answer.get("out-data", "")) if answer.get("exitcode") == 0 else None
            time.sleep(_SECONDS_BETWEEN)
        raise NotThere("a command in the guest did not come to its end")

    # --- what both are made of -------------------------------------------------------------------------------------

    def start(self, path: str, *words: str, data: bytes | None = None) -> int:
        """Start a command whose output the agent keeps, with C(data) as its input; the number to ask for it with."""
        given = {} if data is None else {"input-data": base64.b64encode(data).decode()}
        return self.ask("guest-exec", path=path, arg=list(words), **given, **{"capture-output": True})["pid"]

    def read(self, path: str, take) -> None:
        """Hand the content of a file in the guest to C(take(piece)), piece by piece."""
        with self._opened(path, "r") as number:
            ended = False
            while not ended:
                part = self.ask("guest-file-read", handle=number, count=READ)
                ended = part["eof"]
                take(base64.b64decode(part["buf-b64"]))

    def whole(self, path: str) -> bytes:
        """The content of a file in the guest."""
        pieces: list[bytes] = []
        self.read(path, pieces.append)
        return b"".join(pieces)

    def append(self, path: str, pieces) -> None:
        """Write pieces of at most C(SENT) bytes to the end of a file in the guest, which keeps its mode."""
        with self._opened(path, "a") as number:
            for piece in pieces:
                self._write(number, piece)

    def _write(self, number: int, piece: bytes) -> None:
        while piece:
            text = base64.b64encode(piece).decode()
            piece = piece[self.ask("guest-file-write", handle=number, **{"buf-b64": text})["count"] :]

    @contextmanager
    def _opened(self, path: str, mode: str):
        number = self.ask("guest-file-open", path=path, mode=mode)
        try:
            yield number
        except BaseException:
            # The agent may be gone, which is no news then.
            with suppress(NotThere, libvirt.libvirtError):
                self.ask("guest-file-close", handle=number)
            raise
        # What is written may lie in a buffer until now: an error of this counts.
        self.ask("guest-file-close", handle=number)
