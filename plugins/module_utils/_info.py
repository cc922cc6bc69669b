# SPDX-License-Identifier: GPL-3.0-or-later
"""What the info modules answer: objects in the words of the options. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Planned
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt


def _networks(conn, _params, _planned):
    return conn.listAllNetworks(0)


def _pools(conn, _params, _planned):
    return conn.listAllStoragePools(0)


def _volumes(conn, params, planned):
    name, pool = params["pool"], None
    if not planned.removes("pool", name):
        pool = lookup(conn.storagePoolLookupByName, name, libvirt.VIR_ERR_NO_STORAGE_POOL)
    if pool is None and planned.get("pool", name):
        return []
    if pool is None:
        raise Refused(f"pool {name}: there is none of this name; virtops.libvirt.pool_info lists those that are")
    return pool.listAllVolumes(0) if pool.isActive() else []


def _secrets(conn, _params, _planned):
    return conn.listAllSecrets(0)


def _nwfilters(conn, _params, _planned):
    return conn.listAllNWFilters(0)


_LISTS = {"network": _networks, "pool": _pools, "volume": _volumes, "secret": _secrets, "nwfilter": _nwfilters}


def gather(resource_class, conn, params: dict, planned: Planned) -> list[dict]:
    """The objects named in C(params["name"]), or all of them, ordered by name; names that do not exist are left out."""
    if resource_class.kind == "domain":
        from ansible_collections.virtops.libvirt.plugins.module_utils._domain.info import gather as domains

        return domains(conn, params, planned)
    if resource_class.kind == "snapshot":
        from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.info import gather as snapshots

        return snapshots(conn, params, planned)
    names, found = params.get("name"), []
    # Who names it is told of it.
    starts = {"autostart": False} if "autostart" in resource_class.extra else {}
    for called, options in _listed(resource_class, conn, params, planned):
        if names is None or not called.isdisjoint(names):
            resource = resource_class(conn, {**options, "pool": params.get("pool"), **starts}, planned)
            actual = resource.actual()
            # Somebody may have removed it since it was listed.
            if actual is not None:
                found.append((resource.name, resource.words(actual.tree, actual.state, actual.autostart)))
    return [words for _name, words in sorted(found, key=lambda one: one[0])]


def _listed(resource_class, conn, params: dict, planned: Planned) -> list[tuple[set[str], dict]]:
    """(names, options that name it) of each object that there is, or would be by now in a check-mode run."""
    kind, pool = resource_class.kind, params.get("pool")
    handles = _LISTS[kind](conn, params, planned)
    if pool and (planned.get("pool", pool) or {}).get("state", "active") != "active":
        # Its volumes are not told.
        return []
    found = [(resource_class.called(handle), resource_class.options_of(handle)) for handle in handles]
    known = {name for called, _options in found for name in called}
    new = {name: one["words"] for name, one in planned.of(kind, pool).items() if name not in known and one["words"]}
    return found + [({name}, resource_class.options_of_words(words)) for name, words in new.items()]
