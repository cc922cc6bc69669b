# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a stack: what one entry stands for, and what comes after what."""

from __future__ import annotations

import pytest

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._stack.items import Reader
from ansible_collections.virtops.libvirt.plugins.module_utils._stack.order import After, ordered
from ansible_collections.virtops.libvirt.plugins.module_utils._stack.work import Work


def read(**params) -> list[tuple[str, dict]]:
    found = Reader({"name": "lab", "state": "present", **params}).items()
    # Only what somebody said.
    return [
        (plural, {name: value for name, value in options.items() if value not in (None, False, 120)})
        for plural, options in found
    ]


def test_a_count_is_so_many_objects_of_their_own_numbers():
    guests = [{"name": "web{n:02}", "count": 2, "start": 9, "title": "{name} is {n}, not ${name} nor {m}"}]
    titles = [options["title"] for _plural, options in read(domains=guests)]
    assert titles == ["web09 is 9, not ${name} nor {m}", "web10 is 10, not ${name} nor {m}"]


def test_a_number_may_stand_where_an_option_is_none_of_text():
    guests = [{"name": "web{n}", "count": 2, "vcpus": "{n}"}]
    assert [options["vcpus"] for _plural, options in read(domains=guests)] == [1, 2]


def test_what_an_object_says_itself_is_not_filled_in_without_a_count():
    own = {"name": "web", "title": "{name} {n}"}
    ((_plural, options),) = read(domains=[own], defaults={"domains": {"description": "{name} {n}"}})
    assert (options["title"], options["description"]) == ("{name} {n}", "web {n}")


def test_profiles_lie_over_defaults_and_under_the_object():
    ((_plural, options),) = read(
        domains=[{"name": "web", "profile": ["a", "b"], "vcpus": 3}],
        defaults={"domains": {"vcpus": 1, "memory": "1 GiB", "cpu": {"mode": "maximum"}}},
        profiles={"a": {"vcpus": 2, "memory": "2 GiB"}, "b": {"memory": "3 GiB", "cpu": {"model": "max"}}},
    )
    assert (options["vcpus"], options["memory"]) == (3, "3 GiB")
    assert {name: options["cpu"][name] for name in ("mode", "model")} == {"mode": "maximum", "model": "max"}


@pytest.mark.parametrize(
    ("state", "own", "expected"),
    [
        ("present", None, None),
        ("running", None, "running"),
        ("running", "paused", "paused"),
        ("absent", "paused", "absent"),
    ],
)
def test_the_state_of_the_stack_is_that_of_its_guests(state, own, expected):
    ((_plural, options),) = read(state=state, domains=[{"name": "web", **({"state": own} if own else {})}])
    assert options["state"] == (expected or "present")


class Thing:
    """An object of a stack as far as its order is concerned."""

    container, xml = "pool", None

    def __init__(self, kind: str, name: str, state: str = "present", /, words: dict | None = None, **asked):
        self.kind, self.name, self.state, self.asked, self.words = kind, name, state, asked, words
        self.pool = asked.get("pool")
        self.options = {"pool": self.pool} if self.pool else {}
        self.subject = f"{kind} {name}"

    def existing(self) -> dict | None:
        return self.words


def test_what_refers_to_something_comes_after_it():
    guest = Thing("domain", "web", disks=[{"file": "/lab/web.raw"}], interfaces=[{"network": "lab"}])
    clone = Thing("volume", "web.raw", pool="lab", backing={"volume": "base"})
    things = [
        guest,
        clone,
        Thing("volume", "base", pool="lab"),
        Thing("network", "lab"),
        Thing("pool", "lab", path="/lab"),
    ]
    order = [one.subject for one, _after in ordered("stack lab", things)]
    for before, after in (
        ("pool lab", "volume base"),
        ("volume base", "volume web.raw"),
        ("network lab", "domain web"),
    ):
        assert order.index(before) < order.index(after)
    assert order[-1] == "domain web"


def test_what_goes_goes_from_the_top():
    base = Thing("volume", "base", "absent", words={"path": "/lab/base"}, pool="lab")
    clone = Thing("volume", "web", "absent", words={"path": "/lab/web", "backing": {"path": "/lab/base"}}, pool="lab")
    things = [Thing("pool", "lab", "absent"), base, clone, Thing("domain", "web", "absent"), Thing("network", "lab")]
    order = [one.subject for one, _after in ordered("stack lab", things)]
    assert order == ["domain web", "network lab", "volume web", "volume base", "pool lab"]


def test_a_circle_is_refused():
    things = [Thing("volume", one, pool="lab", backing={"volume": other}) for one, other in ("ab", "ba")]
    with pytest.raises(Refused, match="volume a, volume b refer to each other"):
        ordered("stack lab", things)


class Plan:
    """Something to be done; C(fails): with an error."""

    steps = (1,)

    def __init__(self, name: str, done: list, fails: bool = False):
        self.name, self.done, self.fails = name, done, fails

    def run(self) -> None:
        if self.fails:
            raise Failed(self.name)
        self.done.append(self.name)

    def take_back(self) -> list[str]:
        self.done.remove(self.name)
        return []


@pytest.mark.parametrize(("on_error", "left"), [("stop", ["a"]), ("continue", ["a", "d"]), ("roll_back", [])])
def test_what_fails_stops_what_needs_it(on_error, left):
    done: list[str] = []
    plans = [Plan("a", done), Plan("b", done, fails=True), Plan("c", done), Plan("d", done)]
    work = Work(plans, [After(0, set()), After(0, set()), After(0, {1}), After(0, {0})], 1, on_error)
    work.run()
    if on_error == "roll_back":
        work.roll_back()
    assert (done, list(work.failed)) == (left, [1])


def test_what_has_nothing_to_do_hands_on_what_it_comes_after():
    """As a clone that is there, of a base that grows, for the guest on it."""
    done: list[str] = []
    plans = [Plan("base", done, fails=True), Plan("clone", done), Plan("guest", done)]
    plans[1].steps = ()
    work = Work(plans, [After(0, set()), After(0, {0}), After(0, {1})], 2, "continue")
    work.run()
    assert (done, list(work.failed)) == ([], [0])
