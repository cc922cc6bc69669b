# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what stacks made. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._stack.owner import stacks

SPEC = {"name": {"type": "list", "elements": "str"}}
_KINDS = ("pools", "nwfilters", "networks", "volumes", "domains")


def gather(conn, params: dict) -> dict:
    """C(stacks): those named in C(params), or all, each with what it made."""
    names = params.get("name")
    return {
        "stacks": [
            {"name": stack, **{kind: sorted(made.get(kind, ()), key=str) for kind in _KINDS}}
            for stack, made in sorted(stacks(conn).items())
            if names is None or stack in names
        ]
    }
