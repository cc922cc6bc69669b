# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan is the run: random tasks for a network, with a guest on it or without, say the same checked and applied."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule
from integration._random import Machine, lives, some


def lists(item, key, most=3):
    """Lists whose items each have their own key."""
    return st.lists(item, max_size=most, unique_by=lambda one: one[key])


V4 = st.sampled_from([f"10.60.0.{n}" for n in (1, 5, 20, 21, 22, 99, 200)])
MACS = st.sampled_from([f"52:54:00:60:00:0{n}" for n in range(4)])
HOST = st.one_of(
    st.fixed_dictionaries({"ip": V4, "mac": MACS}, optional={"name": st.sampled_from(["a", "b"])}),
    st.fixed_dictionaries({"ip": V4, "name": st.sampled_from(["c", "d"])}),
)
RANGES = st.sampled_from(
    [
        [],
        [{"start": "10.60.0.10", "end": "10.60.0.19"}],
        [{"start": "10.60.0.10", "end": "10.60.0.30"}],
        [{"start": "10.60.0.100", "end": "10.60.0.120"}, {"start": "10.60.0.10", "end": "10.60.0.15"}],
    ]
)
DHCP = some(
    ranges=RANGES, hosts=st.lists(HOST, max_size=3), bootp=some(file=st.just("boot.img"), server=st.just("10.60.0.5"))
)
IP4 = st.fixed_dictionaries(
    {"address": st.sampled_from(["10.60.0.1", "10.60.0.254"]), "prefix": st.sampled_from([24, 25])},
    optional={"dhcp": DHCP, "local_ptr": st.booleans()},
)
IP6 = st.fixed_dictionaries(
    {"address": st.just("fd00:60::1"), "prefix": st.just(64)},
    optional={"dhcp": some(ranges=st.sampled_from([[], [{"start": "fd00:60::100", "end": "fd00:60::1ff"}]]))},
)
IPS = st.tuples(st.lists(IP4, max_size=1), st.lists(IP6, max_size=1)).map(lambda both: both[0] + both[1])
BW = some(
    inbound=st.fixed_dictionaries(
        {"average": st.sampled_from([100, 200])}, optional={"peak": st.just(400), "burst": st.just(64)}
    ),
    outbound=st.fixed_dictionaries({"average": st.sampled_from([100, 200])}),
)
DNS = some(
    enable=st.booleans(),
    forward_plain_names=st.booleans(),
    forwarders=st.lists(
        some(address=st.sampled_from(["10.1.1.1", "10.1.1.2"]), domain=st.sampled_from(["x.test", "y.test"])).filter(
            bool
        ),
        max_size=2,
        unique_by=str,
    ),
    hosts=lists(
        st.fixed_dictionaries(
            {
                "ip": V4,
                "hostnames": st.lists(st.sampled_from(["h1", "h2", "h3", "h4"]), min_size=1, max_size=2, unique=True),
            }
        ),
        "ip",
    ),
    txt=lists(
        st.fixed_dictionaries({"name": st.sampled_from(["t1", "t2"]), "value": st.sampled_from(["v", "w x"])}), "name"
    ),
    srv=st.lists(
        st.fixed_dictionaries(
            {"service": st.sampled_from(["ldap", "sip"]), "protocol": st.sampled_from(["tcp", "udp"])},
            optional={
                "target": st.just("srv.test"),
                "port": st.sampled_from([389, 5060]),
                "priority": st.sampled_from([0, 10]),
                "weight": st.sampled_from([0, 5]),
                "domain": st.just("lab.test"),
            },
        ),
        max_size=2,
        unique_by=str,
    ),
)
# At the network itself the kernel of the host would have to know queues, too.
PORTGROUPS = lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["p1", "p2"])}, optional={"bandwidth": BW, "default": st.booleans()}
    ),
    "name",
    2,
)
OPTIONS = some(
    title=st.sampled_from(["", "a title"]),
    description=st.sampled_from(["", "größer"]),
    forward=st.one_of(
        st.just({}),
        some(
            nat=some(
                ports=st.just({"start": 2000, "end": 3000}),
                addresses=st.just({"start": "10.99.0.50", "end": "10.99.0.60"}),
            )
        ).map(lambda o: {"mode": "nat", **o}),
        st.just({"mode": "route"}),
        st.just({"mode": "open"}),
    ),
    bridge=some(
        name=st.sampled_from(["vbrnet", "vbrother", "a-name-too-long-for-it"]),
        stp=st.booleans(),
        delay=st.sampled_from([0, 2]),
    ),
    mtu=st.sampled_from([1400, 1500]),
    ipv6=st.booleans(),
    isolated_ports=st.booleans(),
    domain=some(name=st.sampled_from(["lab.test", "other.test"]), local_only=st.booleans()),
    dns=DNS,
    ips=IPS,
    portgroups=PORTGROUPS,
    routes=st.sampled_from([[], [{"address": "10.61.0.0", "prefix": 24, "gateway": "10.60.0.5"}]]),
    dnsmasq_options=st.sampled_from([[], ["cache-size=10"], ["cache-size=10", "no-negcache"]]),
    autostart=st.booleans(),
    allow_restart=st.booleans(),
    purge=st.booleans(),
)
STATES = st.sampled_from(["present", "present", "active", "active", "active", "inactive", "absent"])
BY_HAND = st.sampled_from(
    [
        "virsh net-destroy net",
        "virsh net-start net",
        "virsh net-autostart net",
        'virsh net-update net add dns-txt \'<txt name="hand" value="x"/>\' --live --config',
        'virsh net-update net add ip-dhcp-host \'<host mac="52:54:00:60:00:09" ip="10.60.0.77"/>\' --live',
        "virsh define /root/g.xml; virsh start g",
        "virsh destroy g",
    ]
)
GUEST = (
    "<domain type='qemu'><name>g</name><memory unit='MiB'>16</memory><os><type>hvm</type></os><devices>"
    "<interface type='network'><source network='net'/><mac address='52:54:00:60:00:01'/></interface></devices></domain>"
)


class Net(Machine):
    """A network that gets one random task after another."""

    @initialize()
    def begin(self):
        self.lab.shell("virsh destroy g; virsh undefine g; virsh net-destroy net; virsh net-undefine net; true")

    @rule(options=OPTIONS, state=STATES)
    def by_options(self, options, state):
        self.same("network", {"name": "net", **options, "state": state})

    @rule(command=BY_HAND)
    def by_hand(self, command):
        self.by_virsh(command)


@pytest.fixture
def estate(lab):
    lab.ok(
        "network",
        name="other",
        state="active",
        bridge={"name": "vbrother"},
        ips=[{"address": "10.62.0.1", "prefix": 24}],
    )
    lab.shell(f'echo "{GUEST}" >/root/g.xml')
    return lab


def test_the_plan_is_the_run(estate):
    lives(Net, estate)
