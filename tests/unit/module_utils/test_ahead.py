# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading

import pytest

from ansible_collections.virtops.libvirt.plugins.module_utils._ahead import _WINDOW, asker

NAMES = [f"guest{number}" for number in range(3 * _WINDOW)]


@pytest.fixture
def asked():
    """Names that were asked about, in that order."""
    return []


@pytest.fixture
def ahead(asked):
    with asker([("domain", None, name) for name in NAMES]) as one:

        def ask(handle):
            asked.append(handle)
            if handle == "GUEST1":
                raise LookupError(handle)
            return handle.lower()

        yield one.ahead("domain", None, {name: name.upper() for name in NAMES[:-1]}, ask)


def test_each_is_asked_once_and_answers_in_any_order(ahead, asked):
    names = [name for name in NAMES[:-1] if name != "guest1"]
    assert [ahead.take(name, pytest.fail) for name in names] == names
    with pytest.raises(LookupError):
        ahead.take("guest1", pytest.fail)
    assert sorted(asked) == sorted(name.upper() for name in NAMES[:-1])


def test_who_is_not_there_or_was_taken_already_is_asked_now(ahead):
    assert ahead.take(NAMES[-1], lambda: "now") == "now"
    assert ahead.take("guest0", pytest.fail) == "guest0"
    assert ahead.take("guest0", lambda: "again") == "again"


def test_no_more_are_asked_than_can_be_taken_soon():
    begun, taken = threading.Semaphore(0), []
    with asker([("domain", None, name) for name in NAMES]) as one:
        ahead = one.ahead("domain", None, dict.fromkeys(NAMES), lambda _handle: (taken.append(1), begun.release()))
        for _ in range(_WINDOW):
            assert begun.acquire(timeout=20)
        assert len(taken) == _WINDOW
        ahead.take(NAMES[0], pytest.fail)
        assert begun.acquire(timeout=20)
        assert len(taken) == _WINDOW + 1


def test_what_nobody_takes_is_not_waited_for():
    held = threading.Event()
    with asker([("volume", "lab", name) for name in NAMES]) as one:
        one.ahead("volume", "lab", dict.fromkeys(NAMES), lambda _handle: held.wait(20))
        held.set()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]
