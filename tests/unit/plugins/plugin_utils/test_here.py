# SPDX-License-Identifier: GPL-3.0-or-later
"""A module in a fork: what it says, and what becomes of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible.module_utils import basic

from ansible_collections.virtops.libvirt.plugins.plugin_utils import _here


def forked(main) -> dict:
    return _here._forked(SimpleNamespace(main=main), b'{"ANSIBLE_MODULE_ARGS": {}}')


def exits(code):
    print("said")
    sys.stderr.write("told\n")
    raise SystemExit(code)


@pytest.mark.parametrize(("code", "rc"), [(None, 0), (0, 0), (1, 1), ("in words", 1)])
def test_what_a_module_prints_is_kept_apart(code, rc):
    assert forked(lambda: exits(code)) == {"stdout": "said\n", "stderr": "told\n", "rc": rc}


def test_commands_that_a_module_runs_print_there_too():
    assert forked(lambda: subprocess.run(["echo", "hello"], check=True))["stdout"] == "hello\n"


def test_an_error_of_python_is_told_and_does_not_get_out():
    said = forked(lambda: 1 / 0)
    assert (said["rc"], said["stdout"]) == (1, "")
    assert "ZeroDivisionError" in said["stderr"]


def test_a_module_that_is_killed_is_told_by_its_signal():
    assert forked(lambda: os.kill(os.getpid(), signal.SIGKILL))["rc"] == -signal.SIGKILL


def test_what_a_module_does_to_its_process_is_gone_with_it():
    before = (basic._ANSIBLE_ARGS, Path.cwd())
    said = forked(lambda: print(json.loads(basic._ANSIBLE_ARGS), os.chdir("/")))
    assert said["stdout"] == "{'ANSIBLE_MODULE_ARGS': {}} None\n"
    assert (basic._ANSIBLE_ARGS, Path.cwd()) == before


def test_a_module_ends_with_the_time_of_its_task(tmp_path):
    def slow():
        (tmp_path / "pid").write_text(str(os.getpid()))
        while True:
            time.sleep(60)

    class OutOfTime(Exception):
        pass

    def end(*_):
        if not (tmp_path / "pid").exists():
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            return
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, end)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(OutOfTime):
            forked(slow)
    finally:
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
