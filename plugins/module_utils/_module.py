# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module does around its object: find a Python with libvirt, open, converge, answer.

Private to this collection.
"""

from __future__ import annotations

import gc

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import PLANNED, Planned
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import connection, default_uri
from ansible_collections.virtops.libvirt.plugins.module_utils._converge import converge
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused, libvirt_words
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import MISSING, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import MASK

# Pythons that distributions package libvirt for.
_INTERPRETERS = ("/usr/bin/python3", "/usr/libexec/platform-python", "/usr/local/bin/python3")
_PACKAGES = "python3-libvirt and python3-lxml (the same names on Debian, Ubuntu, Fedora and Enterprise Linux)"


class _Module(AnsibleModule):
    """C(confidential): options whose values are shown nowhere, whatever is in them.

    C(hidden(params)): what else is to be shown nowhere, as far as it shows before the task is understood, also in
    params that nobody has checked yet.
    """

    def __init__(self, *, confidential: tuple[str, ...], hidden, **more):
        self.confidential, self._hidden = confidential, hidden
        super().__init__(**more)

    def log(self, msg, log_args=None):
        """To the system's log. Its first line is the invocation, which nobody reads there with a whole xml in it."""
        self._hide()
        untold = {"xml", *self.confidential} & set(log_args or ())
        if untold:
            log_args = {name: value for name, value in log_args.items() if name not in untold}
            msg = "Invoked with " + " ".join(f"{name}={value}" for name, value in log_args.items())
        super().log(msg, log_args=log_args)

    def _hide(self) -> None:
        self.no_log_values.update(self._hidden(self.params))

    def exit_json(self, **result):
        super().exit_json(**self._with_invocation(result))

    def fail_json(self, msg, **result):
        # Ansible's own refusals come before the first line of the log.
        self._hide()
        super().fail_json(msg, **self._with_invocation(result))

    def _with_invocation(self, result: dict) -> dict:
        """The result with the invocation that Ansible shows with C(-vvv), where something in it must not be shown."""
        masked = {name: MASK for name in self.confidential if self.params.get(name) is not None}
        return {"invocation": {"module_args": {**self.params, **masked}}, **result} if masked else result


def run(resource_class) -> None:
    """Run the module of one kind of object."""
    spec = {**resource_class.argument_spec(), "uri": {"type": "str"}, **PLANNED}
    kept = {"confidential": resource_class.confidential, "hidden": resource_class.hidden}
    module = _Module(**kept, argument_spec=spec, supports_check_mode=True)

    def work(conn):
        resource = resource_class(conn, module.params, Planned(module.params["_planned"] or (), module.run_command))
        module.no_log_values.update(resource.secrets())
        return converge(resource, module.check_mode)

    _answer(module, work, large=resource_class.large)


def run_info(resource_class) -> None:
    """Run the info module of one kind of object: it reads, in check mode and for real alike."""
    names = {"name": {"type": "list", "elements": "str"}, "uri": {"type": "str"}}
    spec = {**names, **resource_class.info_options, **PLANNED}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)

    def work(conn):
        from ansible_collections.virtops.libvirt.plugins.module_utils._info import gather

        planned = Planned(module.params["_planned"] or (), module.run_command)
        found = gather(resource_class, conn, module.params, planned)
        names = [one["name"] for one in found if "name" in one]
        beside = resource_class.told_beside(conn, names, module.params, planned)
        return {"changed": False, f"{resource_class.kind}s": found, **beside}

    _answer(module, work, read_only=True)


def run_reading(spec: dict, gather, privileged: str = "") -> None:
    """Run a module that reads: C(gather(conn, params)) gives its result.

    C(privileged): the option for what libvirt does not tell to a connection that only reads.
    """
    module = AnsibleModule(argument_spec={**spec, "uri": {"type": "str"}}, supports_check_mode=True)
    only_reads = module.params.get(privileged) is None
    _answer(module, lambda conn: {"changed": False, **gather(conn, module.params)}, read_only=only_reads)


def _answer(module: AnsibleModule, work, read_only: bool = False, large: bool = False) -> None:
    _need_libraries(module)
    # The process ends with this task. Without it the interpreter looks for garbage among all that was imported, on its
    # way out: 15 ms of a task that may have nothing to do.
    gc.freeze()
    try:
        with connection(default_uri(module.params["uri"]), read_only or module.check_mode) as conn:
            result = work(conn)
    except (Refused, Failed) as error:
        module.fail_json(msg=str(error))
    except libvirt.libvirtError as error:
        module.fail_json(msg=f"libvirt refused a call; {libvirt_words(error)}")
    if large:
        # What was planned refers to itself in circles; Ansible's copies of the result take its place.
        gc.collect()
    module.exit_json(**result)


def _need_libraries(module: AnsibleModule) -> None:
    """Go on under a Python that has libvirt and lxml where this one has not."""
    if not MISSING:
        return
    from ansible.module_utils.common import respawn

    if not respawn.has_respawned():
        interpreter = respawn.probe_interpreters_for_module(_INTERPRETERS, "libvirt, lxml.etree")
        if interpreter:
            respawn.respawn_module(interpreter)
    missing = " and ".join(MISSING)
    module.fail_json(
        msg=f"no Python on this host has {missing}, which virtops.libvirt needs there; install {_PACKAGES}"
    )
