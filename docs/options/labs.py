# SPDX-License-Identifier: GPL-3.0-or-later
"""Write argument specs and defaults of the lab roles, and where the role lab reads them, from docs/options/labs.yml."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from string import Template

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
SOURCE = "docs/options/labs.yml"
HEAD = f"# SPDX-License-Identifier: GPL-3.0-or-later\n# Made by `make docs` from {SOURCE}.\n---\n"
ASKED = HEAD + "# What the lab's role does not have, or was not told, is empty.\n"
DESCRIPTION = (
    "Makes a lab on a libvirt host. It consists of {network}; of a storage pool with a base image, imported once, or"
    " several; and of guests, each with a linked clone of its image and a cloud-init seed.",
    "The network has a DHCP range, a DNS domain, and a fixed lease for each guest.",
    "Waits until every guest answers over SSH with its key, and leaves an C(ssh_config) and an Ansible inventory of the"
    " guests on the controller.",
    "Nothing is touched that is not the lab's. A pool, a network or a guest of the same name that is not part of the"
    " lab is refused.",
    "Runs on the libvirt host itself, over SSH or with C(connection=local). {needs}",
    "The host needs C(python3-libvirt), C(python3-lxml), C(python3-pycdlib) and C(qemu-utils); the controller needs the"
    " OpenSSH client.",
)
# Not among them where there is nothing to say.
_KEYS = ("description", "type", "elements", "required", "choices", "default", "options")


class Dumper(yaml.SafeDumper):
    """Lists stand further in than their key, as yamllint wants them."""

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


def filled(value, role: str):
    """C(value) with the role's name in it."""
    if isinstance(value, dict):
        return {key: filled(one, role) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, role) for one in value]
    return Template(value).safe_substitute(role=role) if isinstance(value, str) else value


def options(role: str, source: dict) -> dict:
    """The role's options by their short names, with its own defaults."""
    about = source["roles"][role]
    found = {
        name: filled(option, role)
        for name, option in source["options"].items()
        if role in option.get("only", [role]) and role not in option.get("except", ())
    }
    for name, more in about.get("options", {}).items():
        found[name] = {**found.get(name, {}), **filled(more, role)}
    for name, value in about["defaults"].items():
        found[name]["default"] = value
    return found


def specs(role: str, source: dict) -> str:
    about = source["roles"][role]
    described = {}
    for name, option in options(role, source).items():
        entry = {key: option[key] for key in _KEYS if key in option}
        if not option.get("documented", True):
            del entry["default"]
        described[f"{role}_{name}"] = entry
    main = {
        "version_added": "0.1.0",
        "short_description": about["short_description"],
        "author": ["The virtops authors (@virtops)"],
        "description": about.get("description") or [text.format(**about) for text in DESCRIPTION],
        "options": described,
    }
    return HEAD + dumped({"argument_specs": {"main": main}})


def defaults(role: str, source: dict) -> str:
    values = {f"{role}_{name}": one["default"] for name, one in options(role, source).items() if "default" in one}
    return HEAD + dumped(values)


def asked(source: dict) -> str:
    """The variables under names that are the same for all the roles."""
    read = "{{{{ lookup('ansible.builtin.vars', lab_prefix ~ '_{}', default='') }}}}"
    return ASKED + dumped({f"lab__{name}": read.format(name) for name in source["options"]})


def files() -> Iterator[tuple[str, str]]:
    """(path, text) of all that is made."""
    source = yaml.safe_load((CHECKOUT / SOURCE).read_text(encoding="utf-8"))
    yield "roles/lab/vars/main/asked.yml", asked(source)
    for role in source["roles"]:
        yield f"roles/{role}/meta/argument_specs.yml", specs(role, source)
        yield f"roles/{role}/defaults/main.yml", defaults(role, source)


def dumped(value) -> str:
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, width=140, allow_unicode=True)
