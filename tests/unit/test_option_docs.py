# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read about the options is what is declared."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

DIRECTORY = Path(__file__).parents[2] / "docs" / "options"


@pytest.mark.parametrize("name", ["generate", "labs"])
def test_what_is_made_is_that_of_the_declarations(name, monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location(name, DIRECTORY / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--check"])
    assert module.main() == 0, capsys.readouterr().out + "run: make docs"
