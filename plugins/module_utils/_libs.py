# SPDX-License-Identifier: GPL-3.0-or-later
"""The two libraries that the target's Python must have, imported in one place. Private to this collection.

Where one is missing its name is None and C(MISSING) says so: C(_module) then looks for a Python that has both.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

MISSING: list[str] = []


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        MISSING.append(name.partition(".")[0])
        return None


libvirt = _library("libvirt")
etree = _library("lxml.etree")
# An element of a document, for annotations: lxml may be missing where they are read.
Element = Any
