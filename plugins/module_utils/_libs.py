# SPDX-License-Identifier: GPL-3.0-or-later
"""The two libraries that the target's Python must have, imported in one place. Private to this collection.

Where one is missing C(MISSING) says so, and C(_module) then looks for a Python that has both. lxml is imported when it
is first used: a task with nothing to do does without.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any


class _Lazy:
    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute: str):
        return getattr(import_module(self._name), attribute)


MISSING: list[str] = [name for name in ("libvirt", "lxml") if find_spec(name) is None]
libvirt: Any = None if "libvirt" in MISSING else import_module("libvirt")
etree: Any = _Lazy("lxml.etree")
# An element of a document, for annotations.
Element = Any
