# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what people read about the options of guests and networks, from their declarations and docs/options/KIND.yml.

The documentation fragments of a module are plugins/doc_fragments/KIND.py, the table of what a change does to a
running guest is docs/domain-options.md. With --check nothing is written; the status is 1 where something would be.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import labs
import yaml

from ansible_collections.virtops.libvirt.plugins.module_utils._domain import (
    firmware,
    nics,
    parts,
    resources,
    schema,
    storage,
)
from ansible_collections.virtops.libvirt.plugins.module_utils._field import FIXED, LIVE, Group, Items, specs
from ansible_collections.virtops.libvirt.plugins.module_utils._network.schema import FIELDS as NETWORK

CHECKOUT = Path(__file__).resolve().parents[2]
GUEST = {
    "identity": schema.IDENTITY,
    "resources": resources.FIELDS,
    "firmware": firmware.FIELDS,
    "disks": storage.FIELDS,
    "interfaces": nics.FIELDS,
    "devices": parts.FIELDS,
}
# The fields by what they are about, and the docstring.
KINDS = {
    "domain": (
        GUEST,
        "The options of a guest, by what they are about. Libvirt's own manual, formatdomain, explains each in full.",
    ),
    # All but the name, of which the module itself has more to say.
    "network": (
        {"options": NETWORK[1:]},
        "The options of a network. Libvirt's own manual, formatnetwork, explains each in full.",
    ),
}
FRAGMENT = '''# SPDX-License-Identifier: GPL-3.0-or-later
# Made by `make docs` from the options' declarations and docs/options/{kind}.yml.
from __future__ import annotations


class ModuleDocFragment:
    """{docstring}"""
'''
TABLE = """\
# What a change does to a running guest

Made by `make docs` from the declarations of the options. **live**: made at once, and in the definition. **live where
possible**: so where the condition holds, else it waits. **next boot**: written, and told in `pending` until the guest
has been off; with `power_cycle: true` it is shut down and started for it. `tests/integration/test_running_rows.py`
makes these changes on a running guest, and names those for which its host lacks the hardware.

| option | effect |
| --- | --- |
"""


class Texts:
    """The descriptions; each must be used, and each option must have one."""

    def __init__(self, path: Path):
        self.path = path
        self.texts = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.unused = set(self.texts)

    def take(self, path: str):
        for key in (path, "*." + path.rpartition(".")[2]):
            if key in self.texts:
                self.unused.discard(key)
                return self.texts[key]
        raise SystemExit(f"{self.path} has no description of {path}")


def options(fields, given: dict, texts: Texts, prefix: str = "") -> dict:
    """The options as Ansible's documentation wants them; C(given): their argument spec."""
    found = {}
    for field in fields:
        spec = given[field.name]
        entry = {"description": texts.take(prefix + field.name), "type": spec["type"]}
        entry.update({key: spec[key] for key in ("elements", "choices", "required") if spec.get(key)})
        if isinstance(field, Group):
            entry["suboptions"] = options(field.fields, spec["options"], texts, f"{prefix}{field.name}.")
        found[field.name] = entry
    return found


def fragment(kind: str) -> str:
    texts = Texts(CHECKOUT / f"docs/options/{kind}.yml")
    sections, docstring = KINDS[kind]
    parts_ = [FRAGMENT.format(kind=kind, docstring=docstring)]
    for name, fields in sections.items():
        text = yaml.safe_dump(
            {"options": options(fields, specs(fields), texts)}, sort_keys=False, width=110, allow_unicode=True
        )
        parts_.append(f'\n    {name.upper()} = r"""\n{text}"""\n')
    if texts.unused:
        raise SystemExit(f"{texts.path} describes what is no option: {', '.join(sorted(texts.unused))}")
    return "".join(parts_)


def effect(field) -> str:
    if field.effect == FIXED:
        return "cannot be changed"
    if field.effect != LIVE:
        return field.when or "next boot"
    return f"live where possible: {field.when}" if field.when else "live"


def rows(fields, prefix: str = ""):
    """(option, effect) for each change that can be told apart."""
    for field in fields:
        path = f"`{prefix}{field.name}`"
        if isinstance(field, Items):
            yield f"{path}: one comes or goes", effect(field)
        elif isinstance(field, Group) and field.optional:
            yield f"{path}: it comes or goes", effect(field)
        elif not isinstance(field, Group):
            yield path, effect(field)
        if isinstance(field, Group):
            yield from rows(field.fields, f"{prefix}{field.name}{'[]' if isinstance(field, Items) else ''}.")


def table() -> str:
    return TABLE + "".join(f"| {option} | {words} |\n" for fields in GUEST.values() for option, words in rows(fields))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    made = {f"plugins/doc_fragments/{kind}.py": fragment(kind) for kind in KINDS}
    made["docs/domain-options.md"] = table()
    made.update(labs.files())
    stale = []
    for name, text in made.items():
        path = CHECKOUT / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    if stale:
        print(f"{'stale' if check else 'written'}: {', '.join(stale)}")
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main())
