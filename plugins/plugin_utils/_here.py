# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules for the controller itself, run without a Python that is started for them. Private to this collection.

Ansible packs a module, writes it to a directory, starts a shell and in it a Python, which imports all anew: for the
controller's own libvirt, or one that its URI names, that takes many times what the module does. Where nothing is asked
for that only another process could have, the module runs in a fork of Ansible's own worker instead: with the arguments,
the check mode and the result of any module, and gone with all that it had when it ends. A loop imports once.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import tempfile
import threading
import traceback
from typing import Any, NoReturn

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.module_utils import basic
from ansible.plugins.action import ActionBase

try:
    # Since ansible-core 2.19; an earlier one goes the long way.
    from ansible.module_utils.common.json import Direction, get_module_decoder, get_module_encoder
except ImportError:
    get_module_encoder = None

_MODULES = "ansible_collections.virtops.libvirt.plugins.modules"
# How arguments and results are written, as by default for every module.
_PROFILE = "legacy"


class HereActionBase(ActionBase):
    """Run modules, those for the controller in a fork."""

    def execute_module(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """The result of the module of the same name."""
        task_vars = task_vars or {}
        module = self._module_here(task_vars)
        if module is None:
            return self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=self._task.async_val)
        self._update_module_args(self._task.action, arguments, task_vars)
        encoder = get_module_encoder(_PROFILE, Direction.CONTROLLER_TO_MODULE)
        said = _forked(module, json.dumps({"ANSIBLE_MODULE_ARGS": arguments}, cls=encoder).encode())
        try:
            return json.loads(said["stdout"], cls=get_module_decoder(_PROFILE, Direction.MODULE_TO_CONTROLLER))
        except ValueError:
            words = f"{self._task.action}: it ended with code {said['rc']} and without a result"
            raise AnsibleActionFail(f"{words}: {said['stderr'] or said['stdout']}") from None

    def _module_here(self, task_vars: dict[str, Any]) -> Any:
        """The Python module to run in this process, None where another one is needed for it."""
        task = self._task
        if (
            get_module_encoder is None
            or self._connection.transport != "local"
            or self._connection.become is not None
            or task.async_val
            or any(task.environment or ())
            # Somebody wants to see what was sent.
            or constants.DEFAULT_KEEP_REMOTE_FILES
            # A fork has only one thread, and would wait for ever for what another holds.
            or threading.active_count() > 1
            or not self._any_python(task_vars)
        ):
            return None
        try:
            importlib.import_module("libvirt")
            importlib.import_module("lxml.etree")
        except ImportError:
            return None
        return importlib.import_module(f"{_MODULES}.{task.action.rpartition('.')[2]}")

    def _any_python(self, task_vars: dict[str, Any]) -> bool:
        """Whether the user left it to Ansible which Python runs modules, or named the one that runs this."""
        there = self._task.delegate_to
        known = task_vars.get("ansible_delegated_vars", {}).get(there, {}) if there else task_vars
        named = self._templar.template(known.get("ansible_python_interpreter"))
        named = str(named or constants.config.get_config_value("INTERPRETER_PYTHON", variables=known))
        return named.startswith("auto") or os.path.realpath(named) == os.path.realpath(sys.executable)


class ReadingActionBase(HereActionBase):
    """Run a module that only reads."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        return self.execute_module(dict(self._task.args), task_vars)


def _forked(module: Any, arguments: bytes) -> dict[str, Any]:
    """What a module says in a process of its own: C(stdout), C(stderr) and C(rc)."""
    place = constants.DEFAULT_LOCAL_TMP
    with tempfile.TemporaryFile(dir=place) as out, tempfile.TemporaryFile(dir=place) as err:
        child = os.fork()
        if not child:
            _run(module, arguments, out.fileno(), err.fileno())
        try:
            _pid, status = os.waitpid(child, 0)
        except BaseException:
            # The task has run out of its time.
            os.kill(child, signal.SIGTERM)
            os.waitpid(child, 0)
            raise
        said = {name: _text(file) for name, file in (("stdout", out), ("stderr", err))}
    return {**said, "rc": os.waitstatus_to_exitcode(status)}


def _text(file: Any) -> str:
    file.seek(0)
    return file.read().decode(errors="surrogateescape")


def _run(module: Any, arguments: bytes, out: int, err: int) -> NoReturn:
    """Be the module's process, which ends with it."""
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        for source, target in ((out, 1), (err, 2)):
            os.dup2(source, target)
        sys.stdout, sys.stderr = (os.fdopen(target, "w", closefd=False) for target in (1, 2))
        # Where a module takes its arguments that nobody wrapped.
        basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = arguments, _PROFILE
        module.main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 -- whatever it is, the user is to read it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
