# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-playbook and take apart what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAMS = Path(sys.executable).parent


class Result:
    """What a play did: the outcome of each task in turn, and what Ansible printed."""

    def __init__(self, done: subprocess.CompletedProcess, said: list):
        self.code, self.text, self.tasks = done.returncode, done.stdout + done.stderr, said

    def changed(self) -> list[bool]:
        return [task["changed"] for task in self.tasks]


class Playbook:
    """Runs plays that are written to C(directory). C(wrapper): makes of a command the one that is run.

    C(programs): where Ansible's are.
    """

    def __init__(self, directory: Path, inventory: str, environment: dict, wrapper=list, programs: Path = PROGRAMS):
        self.path, self.inventory, self.wrapper = directory / "play.yml", inventory, wrapper
        self.program = programs / "ansible-playbook"
        self.environment = {**os.environ, "ANSIBLE_CALLBACK_PLUGINS": f"{HERE}/callback_plugins", **environment}

    def start(self, text: str, *words: str, variables: dict | None = None, callback: str = "results"):
        self.path.write_text(text)
        python = {"ansible_python_interpreter": "/usr/bin/python3", **(variables or {})}
        command = [
            self.program,
            *("--inventory", self.inventory, "--extra-vars", json.dumps(python)),
            *words,
            self.path,
        ]
        return subprocess.Popen(
            self.wrapper(command),
            env={**self.environment, "ANSIBLE_STDOUT_CALLBACK": callback},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def result(self, process: subprocess.Popen) -> Result:
        out, err = process.communicate()
        done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
        return Result(done, [json.loads(line) for line in out.splitlines() if line.startswith('{"')])

    def __call__(self, text: str, *words: str, **options) -> Result:
        return self.result(self.start(text, *words, **options))
