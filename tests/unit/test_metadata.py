"""What is said about the collection in several places is the same in all of them."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py"))


def read_yaml(path: str) -> Any:
    return yaml.safe_load((CHECKOUT / path).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def galaxy() -> dict[str, Any]:
    return read_yaml("galaxy.yml")


def test_changelog_has_the_version_of_galaxy_yml_first(galaxy: dict[str, Any]) -> None:
    changelog = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8").replace("\\", "")
    versions = re.findall(r"^## v(\S+)$", changelog, flags=re.MULTILINE)
    assert versions[0] == galaxy["version"]
    assert galaxy["version"] in read_yaml("changelogs/changelog.yaml")["releases"]


def test_action_group_all_is_the_list_of_modules() -> None:
    assert sorted(read_yaml("meta/runtime.yml")["action_groups"]["all"]) == MODULES


def test_every_module_has_the_action_plugin_that_spares_it_a_python() -> None:
    assert sorted(path.stem for path in (CHECKOUT / "plugins/action").glob("*.py")) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_module_is_importable_under_the_name_of_the_collection(module: str) -> None:
    importlib.import_module(f"ansible_collections.virtops.libvirt.plugins.modules.{module}")


def test_files_named_in_galaxy_yml_exist(galaxy: dict[str, Any]) -> None:
    assert (CHECKOUT / galaxy["readme"]).is_file()
    assert (CHECKOUT / galaxy["license_file"]).is_file()
