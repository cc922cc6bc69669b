# SPDX-License-Identifier: GPL-3.0-or-later
"""The two libraries that the target's Python must have, imported in one place. Private to this collection.

Where one is missing its name is None and C(MISSING) says so: C(_module) then looks for a Python that has both.
"""

from __future__ import annotations

MISSING: list[str] = []
try:
    import libvirt
except ImportError:
    libvirt = None
    MISSING.append("libvirt")
try:
    from lxml import etree
except ImportError:
    etree = None
    MISSING.append("lxml")
