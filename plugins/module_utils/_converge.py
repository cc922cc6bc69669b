# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan, apply, read back, answer: for one object, or for a stack of them. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._diff import POWER_CYCLE
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, libvirt_words
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Plan


def _asked(resource) -> Plan:
    try:
        return resource.plan()
    except libvirt.libvirtError as error:
        raise Failed(f"{resource.subject}: libvirt did not answer what it was asked; {libvirt_words(error)}") from error


def converge(resource, check: bool) -> dict:
    """Plan, apply and read back; the result of a module. The only place that knows of check mode."""
    plan = _asked(resource)
    after, told = plan.after, resource.told(plan)
    if not check and plan.steps:
        try:
            plan.run()
        finally:
            resource.ran()
        resource.planned.forget()
        resource.looks_back = True
        again = _asked(resource)
        left = resource.settle(again)
        if left and resource.state not in resource.repeats:
            raise Failed(
                f"{resource.subject}: libvirt did not keep "
                + "; ".join(f"{c.path} ({c.after}, it has {c.before})" for c in left)
            )
        after = again.before
    more = resource.foreseen(plan) if check else resource.ready()
    return {
        "changed": bool(plan.changes),
        "changes": [change.words() for change in plan.changes],
        "pending": [change.words() for change in plan.pending],
        "steps": [step.why for step in plan.steps],
        "power_cycled": any(change.effect == POWER_CYCLE for change in plan.changes),
        "diff": plan.diff(),
        "unchecked": plan.unchecked,
        resource.kind: after,
        **told,
        **more,
    }
