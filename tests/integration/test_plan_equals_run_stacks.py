# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan is the run: random tasks for two stacks that share what they declare say the same checked and applied."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule
from integration._random import Machine, lives, some

DIRECTORY = "/var/lib/libvirt/images"
ADDRESSES = {"n": "10.71.0.1", "m": "10.72.0.1"}
VOLUMES = ["v1", "v2", "v3"]
GUEST = {"memory": "16 MiB", "virt_type": "qemu", "force": True, "timeout": 1}
ALL = {
    "pools": [{"name": "p", "path": f"{DIRECTORY}/p"}],
    "networks": [{"name": "n", "ips": [{"address": ADDRESSES["n"], "prefix": 24}]}],
    "nwfilters": [{"name": "f", "rules": [{"action": "accept", "direction": "in"}]}],
    "volumes": [{"name": name, "pool": "p", "capacity": "1 MiB", "format": "qcow2"} for name in VOLUMES],
}


def each(names: list[str], make):
    """Lists of what C(make(name)) draws for some of the names."""
    chosen = st.lists(st.sampled_from(names), unique=True)
    return chosen.flatmap(lambda found: st.tuples(*map(make, found)).map(list))


def pool(name: str):
    options = some(autostart=st.booleans(), state=st.sampled_from(["active", "present"]))
    return options.map(lambda more: {"name": name, "path": f"{DIRECTORY}/{name}", **more})


def network(name: str):
    domain = some(name=st.sampled_from(["a.test", "b.test"]))
    options = some(domain=domain, autostart=st.booleans(), mtu=st.sampled_from([1400, 1500]))
    return options.map(lambda more: {"name": name, "ips": [{"address": ADDRESSES[name], "prefix": 24}], **more})


def volume(name: str):
    options = some(
        format=st.just("qcow2"),
        capacity=st.sampled_from(["1 MiB", "2 MiB"]),
        backing=st.fixed_dictionaries({"volume": st.sampled_from(VOLUMES)}),
    )
    return st.tuples(st.sampled_from("pq"), options).map(lambda both: {"name": name, "pool": both[0], **both[1]})


def domain(name: str):
    disk = st.tuples(st.sampled_from("pq"), st.sampled_from(VOLUMES)).map(
        lambda both: {"target": "vda", "pool": both[0], "volume": both[1]}
    )
    nic = st.fixed_dictionaries({"network": st.sampled_from("nm")}, optional={"filter": st.just({"name": "f"})})
    options = some(
        disks=st.lists(disk, max_size=1),
        interfaces=st.lists(nic, max_size=1),
        vcpus=st.integers(1, 2),
        title=st.sampled_from(["", "t"]),
        autostart=st.booleans(),
        state=st.sampled_from(["running", "stopped", "paused", "present"]),
        count=st.integers(1, 2),
        purge=st.booleans(),
        power_cycle=st.booleans(),
    )
    return options.map(lambda more: {**GUEST, **more, "name": f"{name}{{n}}" if "count" in more else name})


OPTIONS = some(
    pools=each(["p", "q"], pool),
    networks=each(["n", "m"], network),
    volumes=each(VOLUMES, volume),
    domains=each(["d", "e"], domain),
    nwfilters=st.sampled_from([[], [{"name": "f", "rules": [{"action": "drop", "direction": "in"}]}]]),
    prune=st.booleans(),
    prune_volumes=st.booleans(),
    on_error=st.sampled_from(["stop", "continue", "roll_back"]),
    workers=st.integers(1, 5),
    defaults=st.sampled_from([{}, {"domains": {"on_crash": "restart"}}]),
)
# With all that guests need, or as it comes.
TASKS = st.tuples(OPTIONS, st.sampled_from([{}, ALL])).map(lambda both: {**both[0], **both[1]})
STATES = st.sampled_from(["present", "running", "running", "stopped", "absent"])
BY_HAND = st.sampled_from(
    [
        "virsh destroy d",
        "virsh start e",
        "virsh net-destroy n",
        "virsh pool-destroy p",
        "virsh vol-delete v1 --pool p",
        "virsh undefine e",
    ]
)


class Stacks(Machine):
    """Stacks that get one random task after another."""

    @initialize()
    def begin(self):
        self.lab.wipe()

    @rule(name=st.sampled_from("sst"), options=TASKS, state=STATES)
    def by_options(self, name, options, state):
        self.same("stack", {"name": name, **options, "state": state})

    @rule(command=BY_HAND)
    def by_hand(self, command):
        self.by_virsh(command)


def test_the_plan_is_the_run(lab):
    lives(Stacks, lab)
