# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.plugin_utils._here import ReadingActionBase


class ActionModule(ReadingActionBase):
    """virtops.libvirt.network_info."""
