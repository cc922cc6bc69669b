# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import contextlib
import os
import tempfile
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.virtops.libvirt.plugins.module_utils._volume.checksum import digest
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.sparse import BLOCK, extents
from ansible_collections.virtops.libvirt.plugins.plugin_utils._planned import PlannedActionBase

# As far as a look at an image reads it (_volume/web.py); bzip2 tells nothing before the end of its first block.
_END, _PACKED_END = 1 << 16, 1 << 20


class ActionModule(PlannedActionBase):
    """virtops.libvirt.volume; with C(source.remote_src: false) the file is sent, if the volume needs it."""

    def execute(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        source = arguments.get("source")
        if not isinstance(source, dict) or not source.get("path") or boolean(source.get("remote_src", True)):
            return super().execute(arguments, task_vars)
        if self._task.async_val:
            raise AnsibleActionFail(
                "volume: 'remote_src: false' sends a file and does not go with 'async'; take it out"
            )
        path = self._found(source["path"])
        if not os.path.isfile(path):
            raise AnsibleActionFail(f"volume: its source {path} is not a file on the controller; correct the path")
        arguments["source"], arguments["_sent"] = {**source, "path": path}, _ends(path)
        with self._checking():
            result = super().execute(arguments, task_vars)
            # What is there already, or refused, needs no reading of the whole file.
            if result.get("changed") and source.get("checksum"):
                arguments["_sent"]["digest"] = digest(path, source["checksum"].partition(":")[0])
                result = super().execute(arguments, task_vars)
        if self._task.check_mode or not result.get("changed"):
            return result
        arguments["_sent"].update(self._sent(path))
        return super().execute(arguments, task_vars)

    def _found(self, path: str) -> str:
        try:
            return self._find_needle("files", os.path.expanduser(path))
        except AnsibleError as error:
            raise AnsibleActionFail(f"volume: its source is not on the controller: {error}") from error

    @contextlib.contextmanager
    def _checking(self):
        """The module plans only."""
        before, self._task.check_mode = self._task.check_mode, True
        try:
            yield
        finally:
            self._task.check_mode = before

    def _sent(self, path: str) -> dict[str, Any]:
        """Send the data of a file, without its holes; C(path) on the target, and C(extents) if there are holes."""
        shell = self._connection._shell
        if not shell.tmpdir:
            self._make_tmp_path()
        target = shell.join_path(shell.tmpdir, "image")
        with open(path, "rb") as file:
            data = [(offset, length) for offset, length, filled in extents(file.fileno()) if filled]
            whole = sum(length for _offset, length in data) == os.path.getsize(path)
            if whole:
                self._transfer_file(path, target)
            else:
                with tempfile.NamedTemporaryFile(prefix="virtops-") as packed:
                    _pack(file, data, packed)
                    self._transfer_file(packed.name, target)
        self._fixup_perms2((shell.tmpdir, target))
        return {"path": target, **({} if whole else {"extents": data})}


def _pack(file: Any, data: list[tuple[int, int]], packed: Any) -> None:
    for offset, length in data:
        file.seek(offset)
        for start in range(0, length, BLOCK):
            packed.write(file.read(min(BLOCK, length - start)))
    packed.flush()


def _ends(path: str) -> dict[str, Any]:
    """What the module looks at while it plans (_volume/origin.py, Sent)."""
    try:
        with open(path, "rb") as file:
            head = file.read(_END)
            if head.startswith(b"BZh"):
                head += file.read(_PACKED_END - _END)
            status = os.fstat(file.fileno())
            file.seek(max(0, status.st_size - _END))
            tail = file.read(_END)
    except OSError as error:
        raise AnsibleActionFail(f"volume: its source {path} on the controller cannot be read: {error}") from error
    text = {name: base64.b64encode(data).decode() for name, data in (("head", head), ("tail", tail))}
    return {"size": status.st_size, "space": status.st_blocks * 512, **text}
