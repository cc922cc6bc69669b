# SPDX-License-Identifier: GPL-3.0-or-later
"""Read files in a guest through its agent. Private to this collection, imported only for a task that asks the agent."""

from __future__ import annotations

import base64
import json
import time

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt

# Seconds within which an agent answers, or is not there.
_PATIENCE = 5
_BY_FILE = {"guest-file-open", "guest-file-read", "guest-file-close"}
_BY_EXEC = {"guest-exec", "guest-exec-status"}
# "cat" ends at once; where it does not, the guest is about to end itself.
_ATTEMPTS, _SECONDS_BETWEEN = 50, 0.1


class NotThere(Exception):
    """The agent does not answer, in libvirt's words."""


class Agent:
    """The guest agent of a running guest."""

    def __init__(self, handle, subject: str):
        self.handle, self.subject = handle, subject

    def _ask(self, command: str, **arguments):
        """What the agent returns; libvirtError where it refuses, NotThere where it does not answer."""
        import libvirt_qemu

        text = json.dumps({"execute": command, **({"arguments": arguments} if arguments else {})})
        try:
            return json.loads(libvirt_qemu.qemuAgentCommand(self.handle, text, _PATIENCE, 0))["return"]
        except libvirt.libvirtError as error:
            # What the agent itself refuses is an error of its own kind (qemuAgentCheckError).
            if error.get_error_code() == libvirt.VIR_ERR_INTERNAL_ERROR:
                raise
            raise NotThere(error.get_error_message()) from error

    def reader(self):
        """How files can be read: C(read(path)) gives the bytes, None where there is no such file.

        Failed where the agent is told to allow no way to it.
        """
        allowed = {one["name"] for one in self._ask("guest-info")["supported_commands"] if one["enabled"]}
        if allowed >= _BY_FILE:
            return self._by_file
        if allowed >= _BY_EXEC:
            return self._by_exec
        raise Failed(
            f"{self.subject}: its agent is told to allow neither the reading of files nor commands; allow"
            f" {', '.join(sorted(_BY_FILE))} in its configuration in the guest (/etc/sysconfig/qemu-ga,"
            " /etc/qemu/qemu-ga.conf)"
        )

    def _by_file(self, path: str) -> bytes | None:
        try:
            number = self._ask("guest-file-open", path=path, mode="r")
        except libvirt.libvirtError as error:
            if "No such file" in str(error):
                return None
            raise Failed(
                f"{self.subject}: its agent cannot read {path}; it says: {error.get_error_message()}"
            ) from error
        data = b""
        try:
            while True:
                part = self._ask("guest-file-read", handle=number, count=1 << 16)
                data += base64.b64decode(part["buf-b64"])
                if part["eof"]:
                    return data
        finally:
            self._ask("guest-file-close", handle=number)

    def _by_exec(self, path: str) -> bytes | None:
        try:
            number = self._ask("guest-exec", path="cat", arg=[path], **{"capture-output": True})["pid"]
        except libvirt.libvirtError as error:
            raise Failed(f"{self.subject}: its agent runs no command; it says: {error.get_error_message()}") from error
        for _attempt in range(_ATTEMPTS):
            answer = self._ask("guest-exec-status", pid=number)
            if answer["exited"]:
                return base64.b64decode(answer.get("out-data", "")) if answer.get("exitcode") == 0 else None
            time.sleep(_SECONDS_BETWEEN)
        raise NotThere("a command in the guest did not come to its end")
