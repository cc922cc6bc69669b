# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a stack, each with all its options. Private to this collection.

Defaults and profiles are laid under what an object says itself, C(count) makes many of one, and then each is checked as
its own module would do it.
"""

from __future__ import annotations

import difflib
import re
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._stack.schema import (
    KINDS,
    STATES,
    WITHOUT_WAIT,
    resource_class,
)

# "{n}", "{n:03}" and "{name}"; not a shell's "${name}".
_PLACE = re.compile(r"(?<!\$)\{(?:(name)|n(?::0?(\d+))?)\}")
# A filter has it as an attribute.
_NAME = re.compile(r"<name>\s*([^<]*?)\s*</name>|<filter\s(?:[^>]*\s)?name\s*=\s*['\"]([^'\"]*)")
_OURS = ("profile", "count", "start")
# One task is no place for more; it is most often a slip of the finger.
_MOST = 10000


class Reader:
    """Reads a task. C(hidden): values of options that are to be shown nowhere, of all objects read so far."""

    def __init__(self, params: dict):
        self.params, self.subject = params, f"stack {params['name']}"
        self.hidden: set[str] = set()
        self._validators: dict[str, ArgumentSpecValidator] = {}
        for name in params.get("defaults") or {}:
            if name not in KINDS:
                raise Refused(f"{self.subject}: defaults: there is no {name!r}; choose {', '.join(KINDS)}")
        self._check_names()

    def _check_names(self) -> None:
        """Refused where defaults or a profile have an option that there is not, also where no object has them."""
        for plural, options in (self.params.get("defaults") or {}).items():
            if wrong := self._unknown(plural, options):
                raise Refused(f"{self.subject}: defaults: {plural}: {'; '.join(wrong)}; correct it")
        # Nothing says what kind a profile is for: those that the task has come first, and one that it suits will do.
        kinds = sorted(KINDS, key=lambda plural: not self.params.get(plural))
        for name, options in (self.params.get("profiles") or {}).items():
            wrong = self._unknown(kinds[0], options)
            if wrong and all(self._unknown(plural, options) for plural in kinds[1:]):
                raise Refused(f"{self.subject}: profiles: {name}: {'; '.join(wrong)}; correct it")

    def _unknown(self, plural: str, options: Any) -> list[str]:
        """Sentences on options that a kind has not; what belongs to the object itself is told where one has it."""
        if not isinstance(options or {}, dict):
            return ["this is no mapping of options"]
        given = {name: value for name, value in (options or {}).items() if name not in _OURS}
        result = self._validator(plural).validate(given)
        return _words(plural, result) if result.unsupported_parameters else []

    def items(self) -> list[tuple[str, dict]]:
        """(kind in the plural, options as its module takes them) of all objects, in the order of C(KINDS) and the task.

        Refused where one could not be.
        """
        found = []
        for plural in KINDS:
            for number, own in enumerate(self.params.get(plural) or ()):
                found += self._entry(f"{self.subject}: {plural}[{number}]", plural, own)
        return found

    def _entry(self, where: str, plural: str, own: dict) -> list[tuple[str, dict]]:
        """All objects that one entry of the task stands for."""
        under = self._under(where, plural, own)
        count, start = (self._number(where, own, word) for word in ("count", "start"))
        own = {name: value for name, value in own.items() if name not in _OURS}
        if count is None:
            if start is not None:
                raise Refused(f"{where}: 'start' is the first number of a 'count'; give that too, or take it out")
            return [self.checked(plural, _laid_over(_filled(under, None, _name(own)), own))]
        name = str(own.get("name") or "")
        if count > 1 and _filled(name, 1, None) == _filled(name, 2, None):
            raise Refused(f"{where}: 'count' needs a place for the number in 'name', for example web{{n:02}}")
        whole, first = _laid_over(under, own), 1 if start is None else start
        numbers = [(number, _filled(name, number, None)) for number in range(first, first + count)]
        # Most often it makes no difference whether the numbers are put in before or after, and it costs nothing then.
        checked = self._validated(plural, whole)
        if not checked.error_messages and not any("{n" in str(hidden) for hidden in checked._no_log_values):
            self.hidden |= checked._no_log_values
            return [(plural, _filled(checked.validated_parameters, *place)) for place in numbers]
        return [self.checked(plural, _filled(whole, *place)) for place in numbers]

    def _under(self, where: str, plural: str, own: dict) -> dict:
        """What is laid under an object: the defaults of its kind, and its profiles in their order."""
        found = (self.params.get("defaults") or {}).get(plural) or {}
        names, known = own.get("profile") or [], self.params.get("profiles") or {}
        for name in [names] if isinstance(names, str) else names:
            if name not in known:
                raise Refused(f"{where}: there is no profile {name!r}; choose {', '.join(known) or 'none'}")
            found = _laid_over(found, known[name] or {})
        wrong = [name for name in _OURS if name in found]
        if wrong:
            raise Refused(f"{where}: {wrong[0]!r} stands in defaults or a profile; it belongs to the object itself")
        return found

    def _number(self, where: str, own: dict, word: str) -> int | None:
        value = own.get(word)
        if value is None:
            return None
        # Ansible gives a template's text.
        number = int(value) if re.fullmatch(r"[0-9]{1,9}", str(value).strip(), re.ASCII) else -1
        if not 0 <= number <= _MOST:
            raise Refused(f"{where}: {word} {value!r} is no number from 0 to {_MOST}; correct it")
        return number

    def checked(self, plural: str, options: dict) -> tuple[str, dict]:
        """The same with all that the kind's own module fills in; Refused as that would do it."""
        result = self._validated(plural, options)
        if result.error_messages:
            called = options.get("name") or options.get("usage") or "without a name"
            raise Refused(f"{self.subject}: {plural}: {called}: {'; '.join(_words(plural, result))}; correct it")
        self.hidden |= result._no_log_values
        return plural, result.validated_parameters

    def _validated(self, plural: str, options: dict):
        """What Ansible says of options, as it does for the kind's own module."""
        state = STATES[self.params["state"]].get(plural)
        if state and (self.params["state"] == "absent" or not options.get("state")):
            options = {**options, "state": state}
            if state in WITHOUT_WAIT:
                # The same declaration says what to wait for when the stack runs.
                options.pop("wait_for", None)
        return self._validator(plural).validate(options)

    def _validator(self, plural: str) -> ArgumentSpecValidator:
        if plural not in self._validators:
            self._validators[plural] = ArgumentSpecValidator(resource_class(plural).argument_spec())
        return self._validators[plural]


def _name(own: dict) -> str | None:
    """The name of an object; that in its xml where it gives no other."""
    if own.get("name") or not own.get("xml"):
        return own.get("name")
    found = _NAME.search(str(own["xml"]))
    return found[1] or found[2] if found else None


def _words(plural: str, result) -> list[str]:
    """What Ansible found wrong; of an option that there is not, the nearest one instead of all of them."""
    known = resource_class(plural).argument_spec()
    unknown = [name for name in sorted(map(_path, result.unsupported_parameters)) if "." not in name]
    near = [difflib.get_close_matches(name, known, 1) for name in unknown]
    words = [
        f"there is no option {name!r}" + (f", perhaps {match[0]!r} is meant" if match else "")
        for name, match in zip(unknown, near)
    ]
    return (
        words or [error.msg for error in result.errors if isinstance(error, UnsupportedError)] or result.error_messages
    )


def _path(name) -> str:
    return name if isinstance(name, str) else ".".join(name)


def _laid_over(under: dict, over: dict) -> dict:
    """Both, of which C(over) counts; mappings are laid over each other, lists are whole."""
    found = dict(under)
    for name, value in over.items():
        old = found.get(name)
        found[name] = _laid_over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return found


def _filled(value, number: int | None, name: str | None):
    """The same with numbers and names in their places; a place for what is not known (None) stays as it is."""
    if isinstance(value, dict):
        return {key: _filled(one, number, name) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, number, name) for one in value]
    if not isinstance(value, str) or "{n" not in value:
        return value

    def put(found) -> str:
        if found[1]:
            return found[0] if name is None else name
        return found[0] if number is None else str(number).zfill(int(found[2] or 0))

    return _PLACE.sub(put, value)
