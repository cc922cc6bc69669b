# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad stacks, read by test_bad_input.py: (options, words of the message...)."""

from __future__ import annotations

GUEST = {"name": "web", "virt_type": "qemu", "memory": "16 MiB"}
CLONE = {"name": "new.qcow2", "pool": "images", "backing": {"volume": "base.qcow2"}}
DHCP = {"address": "10.72.0.1", "prefix": 24, "dhcp": {"ranges": [{"start": "10.72.0.10", "end": "10.72.0.11"}]}}
NIC = [{"network": "new"}]
ANOTHER = {"name": "b", "state": "active"}


def stack(**more):
    return {"name": "new", **more}


STACK = [
    ({"domains": [GUEST]}, "name"),
    (stack(domains=[{"memory": "16 MiB"}]), "domain", "no name"),
    (stack(domains=[{**GUEST, "memroy": "1 GiB"}]), "stack new", "domains", "web", "memroy"),
    (stack(domains=[{**GUEST, "memory": "much"}]), "domain web", "memory"),
    (stack(domains=[GUEST, GUEST]), "domain web is declared twice", "take one"),
    (stack(domains=[{**GUEST, "count": 2}]), "domains[0]", "'count' needs a place", "{n:02}"),
    (stack(domains=[{**GUEST, "count": "some"}]), "domains[0]", "count 'some'"),
    (stack(domains=[{**GUEST, "count": -1}]), "domains[0]", "count -1"),
    (stack(domains=[{**GUEST, "start": 3}]), "domains[0]", "'start'", "'count'"),
    (stack(domains=[{**GUEST, "profile": "large"}], profiles={"small": {}}), "no profile 'large'", "small"),
    (stack(domains=[GUEST], defaults={"guests": {}}), "defaults", "'guests'", "domains"),
    (stack(domains=[GUEST], defaults={"domains": {"count": 3}}), "'count'", "belongs to the object"),
    # Also where no object has them: they are for another day, on which nobody looks.
    (stack(defaults={"domains": {"memroy": 1}}), "stack new: defaults: domains", "'memroy'", "'memory' is meant"),
    (stack(domains=[GUEST], profiles={"x": {"vcpsu": 2}}), "stack new: profiles: x", "'vcpsu'", "'vcpus' is meant"),
    (stack(domains=[GUEST], profiles={"x": {"cpu": {"modle": "max"}}}), "profiles: x", "cpu.modle"),
    (stack(profiles={"x": 3}), "profiles: x", "no mapping"),
    (stack(domains=[{**GUEST, "state": "flying"}]), "web", "flying"),
    (stack(domains=[{**GUEST, "interfaces": NIC}]), "domain web", "no network new"),
    (stack(domains=[{**GUEST, "disks": [{"target": "vda", "pool": "images", "volume": "x"}]}]), "no volume images/x"),
    (stack(nwfilters=[{"name": "new", "filters": [{"name": "none"}]}]), "nwfilter new", "nwfilter none"),
    (
        stack(nwfilters=[{"name": one, "filters": [{"name": other}]} for one, other in ("ab", "ba")]),
        "nwfilter a",
        "circle",
    ),
    (stack(state="absent", nwfilters=[{"name": "web"}]), "nwfilter web: domain two refers to it"),
    (
        stack(domains=[{**GUEST, "interfaces": [{"network": "lab", "filter": {"name": "none"}}]}]),
        "domain web",
        "no nwfilter none",
    ),
    (stack(volumes=[{**CLONE, "backing": {"volume": "x"}}]), "volume images/new.qcow2", "images/x"),
    (stack(volumes=[{**CLONE, "pool": "nowhere"}]), "no pool nowhere"),
    (
        stack(
            volumes=[
                {"name": "a", "pool": "images", "backing": {"volume": "b"}},
                {"name": "b", "pool": "images", "backing": {"volume": "a"}},
            ]
        ),
        "images/a",
        "images/b",
        "circle",
    ),
    # The second one would be made before the first is found out.
    (stack(volumes=[CLONE], domains=[{**GUEST, "vcpus": 2, "max_vcpus": 1}]), "domain web", "max_vcpus"),
    # Two wrong ones are told at once, and nothing is said of what only needs a wrong one.
    (
        stack(
            volumes=[{**CLONE, "backing": {"volume": "x"}}],
            domains=[
                {**GUEST, "disks": [{"target": "vda", "pool": "images", "volume": "new.qcow2"}]},
                {**GUEST, "name": "other", "interfaces": [{"network": "none"}]},
            ],
        ),
        "images/x is not there",
        "Also, domain other",
        "network none",
    ),
    (stack(state="running", domains=[{**GUEST, "memory": "900 TiB"}]), "stack new", "900 TiB", "'overcommit: true'"),
    (
        stack(volumes=[{"name": "v{n}", "count": 2, "pool": "images", "capacity": "900 TiB", "allocation": "900 TiB"}]),
        "stack new",
        "1800 TiB of pool images",
        "'overcommit: true'",
    ),
    (
        stack(
            networks=[{"name": "new", "ips": [DHCP]}],
            domains=[{**GUEST, "name": "w{n}", "count": 3, "interfaces": NIC}],
        ),
        "3 NICs",
        "network new",
        "2 to give",
    ),
    (
        stack(domains=[{**GUEST, "interfaces": [{"network": "lab", "mac": "52:54:00:aa:03:01"}]}]),
        "MAC 52:54:00:aa:03:01 belongs to domain one",
    ),
    (
        stack(
            domains=[
                {**GUEST, "name": "w{n}", "count": 2, "interfaces": [{"network": "lab", "mac": "52:54:00:aa:03:09"}]}
            ]
        ),
        "domain w2",
        "MAC 52:54:00:aa:03:09 belongs to domain w1",
    ),
    (stack(state="absent", volumes=[{"name": "base.qcow2", "pool": "images"}]), "it is the base of images/clone.qcow2"),
    *((stack(name=name, domains=[GUEST]), "stack: name") for name in ("", "  ", "a\nb")),
    (stack(workers=0, domains=[GUEST]), "workers 0"),
    *((stack(domains=[{**GUEST, "name": "w{n}", "count": count}]), "count") for count in (2.5, True, -1, "two")),
    (
        stack(networks=[{"name": "a", "state": "active", "ips": [DHCP]}, {**ANOTHER, "ips": [DHCP]}]),
        "network b: 10.72.0.0/24 overlaps",
        "network a",
    ),
    (
        stack(networks=[{"name": "a", "bridge": {"name": "x0"}}, {**ANOTHER, "bridge": {"name": "x0"}}]),
        "x0",
        "network a",
    ),
    (stack(networks=[{"name": "a", "uuid": "1" * 32}, {**ANOTHER, "uuid": "1" * 32}]), "uuid", "network a"),
    (
        stack(domains=[{**GUEST, "name": name, "uuid": "1" * 32} for name in ("w1", "w2")]),
        "domain w2: uuid 11111111-1111-1111-1111-111111111111 is that of domain w1",
    ),
    (
        stack(volumes=[{"name": "owned.raw", "pool": "images", "state": "absent"}]),
        "volume images/owned.raw: domain owner has it as a disk",
    ),
]
