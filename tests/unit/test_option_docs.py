# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read about the options is what is declared."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

SPEC = importlib.util.spec_from_file_location(
    "generate", Path(__file__).parents[2] / "docs" / "options" / "generate.py"
)


def test_the_documentation_is_that_of_the_declarations(monkeypatch, capsys):
    module = importlib.util.module_from_spec(SPEC)
    SPEC.loader.exec_module(module)
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert module.main() == 0, capsys.readouterr().out + "run: make docs"
