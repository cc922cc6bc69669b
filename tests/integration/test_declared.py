# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option that is declared has changed something on a real host in the tests that ran before."""

from __future__ import annotations

import json

import pytest

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain
from ansible_collections.virtops.libvirt.plugins.module_utils._field import Group
from ansible_collections.virtops.libvirt.plugins.module_utils._network.steps import Network
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.steps import NWFilter
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.steps import Pool
from ansible_collections.virtops.libvirt.plugins.module_utils._secret.steps import Secret
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.steps import Snapshot
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import export
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume

# libvirt defines no guest with the first where the processor has it not; the others need btrfs and SELinux.
NOT_HERE = {"launch_security", "nocow", "permissions.label"}
# Only a newer libvirt has the first three; libvirt takes addresses of virtual functions that are there.
NOT_HERE_OF = {"network": {"title", "description", "domain.register", "forward.addresses"}}


def declared(fields, prefix=""):
    found = set()
    for field in fields:
        path = prefix + field.name
        found |= declared(field.fields, f"{path}.") if isinstance(field, Group) else {path}
    return found


@pytest.fixture
def exercised(request) -> dict[str, set[str]]:
    """The options of each module with which the tests before changed something."""
    notes = request.config.getoption("exercised")
    if not notes or not notes.is_dir():
        pytest.skip(
            "only `make integration` without arguments notes which options all the tests changed something with"
        )
    found: dict[str, set[str]] = {}
    for file in notes.glob("*.json"):
        for module, paths in json.loads(file.read_text()).items():
            found.setdefault(module, set()).update(paths)
    return found


FIELDS = {kind.kind: kind.fields for kind in (Pool, Volume, Network, NWFilter, Secret, Snapshot, Domain)}


@pytest.mark.parametrize(("module", "fields"), [*FIELDS.items(), ("volume_export", export.FIELDS)])
def test_every_option_has_changed_something_for_real(exercised, module, fields):
    done = exercised[module]
    left = {path for path in declared(fields) - done if not any(one.startswith(path + ".") for one in done)}
    left -= NOT_HERE_OF.get(module, set())
    left -= {path for path in left if {path, path.partition(".")[0]} & NOT_HERE}
    if left:
        pytest.fail("nothing changed " + ", ".join(sorted(left)))
