# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what stacks made, and objects by their names. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import PLANNED, Planned
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._stack.owner import stacks

_KINDS = ("pools", "nwfilters", "networks", "volumes", "domains")
SPEC = {**{name: {"type": "list", "elements": "str"} for name in ("name", *_KINDS)}, **PLANNED}


def gather(conn, params: dict) -> dict:
    """C(stacks): those named in C(params), or all, each with what it made; and each kind that C(params) names objects
    of, in the words of the options.
    """
    names, planned = params.get("name"), Planned(params["_planned"] or ())
    named = {kind: _named(conn, kind, params[kind], planned) for kind in _KINDS if params.get(kind) is not None}
    return {
        "stacks": [
            {"name": stack, **{kind: sorted(made.get(kind, ()), key=str) for kind in _KINDS}}
            # Who asks for objects only has no guest read for what it was made by.
            for stack, made in sorted(stacks(conn, planned).items() if names != [] else ())
            if names is None or stack in names
        ],
        **named,
    }


def _named(conn, kind: str, names: list[str], planned: Planned) -> list[dict]:
    from ansible_collections.virtops.libvirt.plugins.module_utils._info import gather as read
    from ansible_collections.virtops.libvirt.plugins.module_utils._stack.schema import resource_class

    if kind != "volumes":
        return read(resource_class(kind), conn, {"name": names}, planned)
    pools = [pool for pool in names if _is_there(conn, pool, planned)]
    return [one for pool in pools for one in read(resource_class(kind), conn, {"pool": pool}, planned)]


def _is_there(conn, pool: str, planned: Planned) -> bool:
    if pool in planned.of("pool"):
        return not planned.removes("pool", pool)
    return lookup(conn.storagePoolLookupByName, pool, libvirt.VIR_ERR_NO_STORAGE_POOL) is not None
