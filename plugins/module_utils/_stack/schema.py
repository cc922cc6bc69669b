# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks: what a task may say. Private to this collection.

The objects themselves have the options of their own modules; nothing of them is said here again.
"""

from __future__ import annotations

import functools

# What a stack is made of, each after what it may need.
KINDS = ("secrets", "pools", "nwfilters", "networks", "volumes", "domains")
# The state of an object that names none, by that of the stack; C(present) where nothing is said.
STATES = {
    "present": {"pools": "active", "networks": "active"},
    "running": {"pools": "active", "networks": "active", "domains": "running"},
    "stopped": {"pools": "active", "networks": "active", "domains": "stopped"},
    "absent": dict.fromkeys(KINDS, "absent"),
}
# States of the stack in which no guest of it is waited for.
WITHOUT_WAIT = ("stopped", "absent")
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


@functools.cache
def resource_class(plural: str):
    """The class of a kind; imported only where a stack has objects of it."""
    return _CLASSES[plural]()


# Ansible ships what it finds imported by name.
def _secret():
    from ansible_collections.virtops.libvirt.plugins.module_utils._secret.steps import Secret

    return Secret


def _pool():
    from ansible_collections.virtops.libvirt.plugins.module_utils._pool.steps import Pool

    return Pool


def _network():
    from ansible_collections.virtops.libvirt.plugins.module_utils._network.steps import Network

    return Network


def _nwfilter():
    from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.steps import NWFilter

    return NWFilter


def _volume():
    from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume

    return Volume


def _domain():
    from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain

    return Domain


_CLASSES = {
    "secrets": _secret,
    "pools": _pool,
    "nwfilters": _nwfilter,
    "networks": _network,
    "volumes": _volume,
    "domains": _domain,
}
