# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read about the options is what is declared."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def test_what_is_made_is_that_of_the_declarations(monkeypatch, capsys):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "docs" / "options")
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert importlib.import_module("generate").main() == 0, capsys.readouterr().out + "run: make docs"
