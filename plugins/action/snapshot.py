# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.plugin_utils._planned import PlannedActionBase


class ActionModule(PlannedActionBase):
    """virtops.libvirt.snapshot."""
