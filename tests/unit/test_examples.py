# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example of a module or of the inventory is one that it takes: its options exist and are of the right type."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain
from ansible_collections.virtops.libvirt.plugins.module_utils._image.steps import Image
from ansible_collections.virtops.libvirt.plugins.module_utils._network.steps import Network
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.steps import NWFilter
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.steps import Pool
from ansible_collections.virtops.libvirt.plugins.module_utils._secret.steps import Secret
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.export import Export
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume

KINDS = {kind.kind: kind for kind in (Domain, Network, NWFilter, Pool, Secret, Volume)} | {
    "image": Image,
    "volume_export": Export,
}


def examples():
    for path in sorted(Path(__file__).parents[2].glob("plugins/modules/*.py")):
        module = import_module(f"ansible_collections.virtops.libvirt.plugins.modules.{path.stem}")
        for task in yaml.safe_load(module.EXAMPLES):
            for action, options in task.items():
                kind = KINDS.get(action.removeprefix("virtops.libvirt."))
                if kind:
                    yield pytest.param(kind, options, id=f"{path.stem}: {task['name']}")


@pytest.mark.parametrize(("kind", "options"), list(examples()))
def test_an_example_is_taken(kind, options):
    spec = {**kind.argument_spec(), "uri": {"type": "str"}}
    assert ArgumentSpecValidator(spec).validate(options).error_messages == []
    kind(None, {**dict.fromkeys(spec), "name": "of the xml", **options, "xml": None})


def test_the_examples_of_the_inventory_name_its_options():
    plugin = import_module("ansible_collections.virtops.libvirt.plugins.inventory.libvirt")
    own = yaml.safe_load(plugin.DOCUMENTATION)["options"]
    constructed = {"compose", "groups", "keyed_groups", "strict", "use_extra_vars"}
    cache = {"cache", "cache_plugin", "cache_connection", "cache_timeout", "cache_prefix"}
    for example in yaml.safe_load_all(plugin.EXAMPLES):
        assert example.keys() <= own.keys() | constructed | cache
        for name in example.keys() & own.keys():
            value, option = example[name], own[name]
            for one in value if option["type"] == "list" else [value]:
                assert one in option.get("choices", [one])
