# SPDX-License-Identifier: GPL-3.0-or-later
"""Every row of docs/domain-options.md, on a running guest."""

from __future__ import annotations

import re

import pytest
from integration import running_rows
from integration._lab import effects

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.schema import FIELDS
from ansible_collections.virtops.libvirt.plugins.module_utils._field import Group, Items

GUEST = {"name": "guest", "virt_type": "qemu", "memory": "64 MiB"}


def rows(fields, prefix=""):
    """{path of a change without labels: its declared effect}."""
    found = {}
    for field in fields:
        path = prefix + field.name
        inside = path + ("[]." if isinstance(field, Items) else ".")
        if isinstance(field, Group):
            # What tells an item from others does not change: it is another item then.
            names = field.identity if isinstance(field, Items) else ()
            found |= rows([one for one in field.fields if one.name not in names], inside)
        if not isinstance(field, Group) or field.optional:
            found[path + ("[]" if isinstance(field, Items) else "")] = field.effect
    return found


ROWS = rows(FIELDS)
SEEN: set[str] = set()


@pytest.fixture
def estate(lab, pool):
    lab.ok("network", name="lab", state="active", ips=[{"address": "10.50.0.1", "prefix": 24}])
    lab.ok("network", name="other", state="active", ips=[{"address": "10.51.0.1", "prefix": 24}])
    for name in ("a.qcow2", "b.qcow2", "c.raw", "d.raw"):
        lab.ok("volume", pool=pool, name=name, capacity="1 MiB", format=name.partition(".")[2])
    for name in ("own", "other"):
        lab.shell(f"virsh nwfilter-dumpxml {name} || virsh nwfilter-define /dev/stdin", f"<filter name='{name}'/>")


@pytest.mark.usefixtures("estate")
@pytest.mark.parametrize("case", running_rows.CASES)
def test_a_change_has_the_effect_that_is_declared(lab, case):
    before, after, otherwise = running_rows.CASES[case]
    lab.ok("domain", **{**GUEST, **before}, state="running")
    changed = lab.change("domain", **{"name": "guest", "timeout": 10, **after})
    found = {re.sub(r"\[[^]]*\]", "[]", path): effect for path, effect in effects(changed).items()}
    found = {path: effect for path, effect in found.items() if path in ROWS}
    if lab.host.release != "bookworm":
        otherwise = {**otherwise, **running_rows.NEWER.get(case, {})}
    expected = {path: otherwise.get(path, ROWS[path]) for path in found}
    assert found == expected
    SEEN.update(found)


def test_there_is_a_case_for_every_row():
    left = {row for row in set(ROWS) - SEEN if not any(row.startswith(name) for name in running_rows.NOT_HERE)}
    if left:
        pytest.fail("no case changes " + ", ".join(sorted(left)))
    for name, reason in running_rows.NOT_HERE.items():
        print(f"not shown on a running guest: {name}, because {reason}")
