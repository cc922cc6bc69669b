# SPDX-License-Identifier: GPL-3.0-or-later
"""Which snapshots a policy keeps. Private to this collection.

Each rule keeps the newest snapshot of each of the latest periods that have one; what no rule keeps goes.
"""

from __future__ import annotations

from datetime import datetime, timezone

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused

# What tells one period from another, in the time zone UTC: a plan is the same wherever it is made.
_PERIODS = {
    "last": None,
    "hourly": "%Y-%m-%d %H",
    "daily": "%Y-%m-%d",
    "weekly": "%G week %V",
    "monthly": "%Y-%m",
    "yearly": "%Y",
}
RULES = tuple(_PERIODS)
SPEC = {
    "type": "dict",
    "options": {**{rule: {"type": "int"} for rule in RULES}, "labels": {"type": "dict"}},
}


def check(subject: str, policy: dict) -> None:
    """Refused for a policy that says nothing, or what cannot be."""
    if min(policy.get(rule) or 0 for rule in RULES) < 0:
        raise Refused(f"{subject}: retention cannot keep less than none; correct the number")
    if not any(policy.get(rule) for rule in RULES):
        raise Refused(
            f"{subject}: retention keeps nothing at all; say how many, such as 'last: 3' ({', '.join(RULES)})"
        )


def surplus(snaps: list, policy: dict) -> list:
    """Of the snapshots, given from the oldest to the newest, those that no rule of the policy keeps."""
    newest_first = snaps[::-1]
    kept: set[str] = set()
    for rule in RULES:
        if policy.get(rule):
            kept |= _kept(newest_first, _PERIODS[rule], policy[rule])
    return [snap for snap in snaps if snap.name not in kept]


def _kept(newest_first: list, period: str | None, count: int) -> set[str]:
    newest: dict[str, str] = {}
    for number, snap in enumerate(newest_first):
        moment = datetime.fromtimestamp(snap.created, tz=timezone.utc)
        newest.setdefault(str(number) if period is None else moment.strftime(period), snap.name)
    return set(list(newest.values())[:count])


def is_meant(snap, labels: dict) -> bool:
    """Whether a policy for these labels is about a snapshot: only those that this collection made are."""
    return snap.labels is not None and all(snap.labels.get(key) == str(value) for key, value in labels.items())
