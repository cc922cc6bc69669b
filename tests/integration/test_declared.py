# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option that is declared has changed something on a real host in the tests that ran before."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain
from ansible_collections.virtops.libvirt.plugins.module_utils._field import Group
from ansible_collections.virtops.libvirt.plugins.module_utils._network.steps import Network
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.steps import Pool
from ansible_collections.virtops.libvirt.plugins.module_utils._secret.steps import Secret
from ansible_collections.virtops.libvirt.plugins.module_utils._snapshot.steps import Snapshot
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import export
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume

# libvirt defines no guest with the first where the processor has it not; the others need btrfs and SELinux.
NOT_HERE = {"launch_security", "nocow", "permissions.label"}
HERE = Path(__file__).resolve().parent


def declared(fields, prefix=""):
    found = set()
    for field in fields:
        path = prefix + field.name
        found |= declared(field.fields, f"{path}.") if isinstance(field, Group) else {path}
    return found


@pytest.fixture
def whole_run(request):
    ran = {item.path for item in request.session.items}
    if request.config.getoption("keyword") or ran != set(HERE.glob("test_*.py")):
        pytest.skip("only some of the tests of this directory ran, so some options are not to be expected")


FIELDS = {kind.kind: kind.fields for kind in (Pool, Volume, Network, Secret, Snapshot, Domain)}


@pytest.mark.parametrize(("module", "fields"), [*FIELDS.items(), ("volume_export", export.FIELDS)])
def test_every_option_has_changed_something_for_real(lab, whole_run, module, fields):
    done = lab.exercised[module]
    left = {path for path in declared(fields) - done if not any(one.startswith(path + ".") for one in done)}
    left -= {path for path in left if {path, path.partition(".")[0]} & NOT_HERE}
    if left:
        pytest.fail("nothing changed " + ", ".join(sorted(left)))
