# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks: what a task may say. Private to this collection.

The objects themselves have the options of their own modules; nothing of them is said here again.
"""

from __future__ import annotations

import functools
import importlib

# What a stack is made of, each after what it may need.
KINDS = {"secrets": "Secret", "pools": "Pool", "networks": "Network", "volumes": "Volume", "domains": "Domain"}
# The state of an object that names none, by that of the stack; C(present) where nothing is said.
STATES = {
    "present": {"pools": "active", "networks": "active"},
    "running": {"pools": "active", "networks": "active", "domains": "running"},
    "stopped": {"pools": "active", "networks": "active", "domains": "stopped"},
    "absent": dict.fromkeys(KINDS, "absent"),
}
_LISTS = {plural: {"type": "list", "elements": "dict", "no_log": False} for plural in KINDS}
SPEC = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": list(STATES), "default": "present"},
    **_LISTS,
    "defaults": {"type": "dict"},
    "profiles": {"type": "dict"},
    "prune": {"type": "bool", "default": False},
    "prune_volumes": {"type": "bool", "default": False},
    "on_error": {"type": "str", "choices": ["stop", "continue", "roll_back"], "default": "stop"},
    "overcommit": {"type": "bool", "default": False},
    "workers": {"type": "int", "default": 5},
}


@functools.lru_cache(maxsize=None)
def resource_class(plural: str):
    """The class of a kind; imported only where a stack has objects of it."""
    name = f"ansible_collections.virtops.libvirt.plugins.module_utils._{plural[:-1]}.steps"
    return getattr(importlib.import_module(name), KINDS[plural])
