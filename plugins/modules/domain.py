#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: domain
"""

from ansible_collections.virtops.libvirt.plugins.module_utils._module import run
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain

if __name__ == "__main__":
    run(Domain)
