# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode makes no write call, and what it prints is what the run does.

The connection is libvirt's own test driver behind a recorder: no daemon, and real answers.
"""

from __future__ import annotations

import itertools

import libvirt
import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from unit.recording import Recording

from ansible_collections.virtops.libvirt.plugins.module_utils import _module
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import connection
from ansible_collections.virtops.libvirt.plugins.module_utils._converge import converge
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._network.steps import Network
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.steps import Pool
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume

URI = "test:///default"
NUMBERS = itertools.count()
GUEST = "<domain type='test'><name>{name}</name><memory unit='MiB'>64</memory><os><type>hvm</type></os>{more}</domain>"
NIC = (
    "<devices><interface type='network'><mac address='52:54:00:00:00:0{n}'/><source network='default'/></interface>"
    "</devices>"
)


@pytest.fixture
def conn():
    with connection(URI, read_only=False) as real:
        yield Recording(real, [])


@pytest.fixture
def name():
    return f"it-{next(NUMBERS)}"


def guest(name, more=""):
    return GUEST.format(name=name, more=more)


def address(number):
    return {"address": f"10.77.{number}.1", "prefix": 24}


# One line an object: kind, and options for the steps of its life; {name} is put in. Every step is a change.
LIVES = {
    "network": (
        Network,
        [
            {"ips": [address(1)], "bridge": {"name": "it0"}},
            {"state": "active"},
            {"ips": [{**address(1), "dhcp": {"ranges": [{"start": "10.77.1.10", "end": "10.77.1.20"}]}}]},
            {"autostart": True},
            {"state": "inactive"},
            {"mtu": 1400, "autostart": False},
            {"state": "absent"},
        ],
    ),
    "network from xml": (
        Network,
        [
            {"xml": "<network><name>{name}</name><bridge name='it1'/><ip address='10.77.3.1' prefix='24'/></network>"},
            {"xml": "<network><name>{name}</name><bridge name='it1'/><ip address='10.77.4.1' prefix='24'/></network>"},
            {"xml": "<network><name>{name}</name><bridge name='it1'/></network>", "state": "active"},
            {"state": "absent"},
        ],
    ),
    "pool": (
        Pool,
        [
            {"type": "dir", "path": "/it"},
            {"state": "active", "autostart": True},
            {"state": "inactive"},
            {"path": "/it2"},
            {"state": "absent"},
        ],
    ),
    "volume": (
        Volume,
        [{"pool": "default-pool", "capacity": "1 GiB"}, {"pool": "default-pool", "state": "absent"}],
    ),
    "domain from xml": (
        Domain,
        [
            {"xml": "guest"},
            {"xml": "guest", "title": "a title"},
            {"xml": "guest with a nic"},
            {"memory": "128 MiB"},
            {"state": "running"},
            {"state": "paused"},
            {"state": "running", "description": "words"},
            {"vcpus": 2},
            {"state": "stopped"},
            {"autostart": True},
            {"state": "absent"},
        ],
    ),
}
DOCUMENTS = {"guest": guest("{name}"), "guest with a nic": guest("{name}", NIC.format(n=1))}
DEFAULTS = {"state": "present", "timeout": 5, "force": False}


def options(step, name):
    filled = {**DEFAULTS, "name": name, **step}
    if "xml" in filled:
        filled["xml"] = DOCUMENTS.get(filled["xml"], filled["xml"]).replace("{name}", name)
    return filled


def outcome(result):
    return {key: result[key] for key in ("changed", "changes", "diff", "steps")}


@pytest.mark.parametrize("life", LIVES)
def test_check_writes_nothing_and_prints_what_the_run_does(conn, name, life):
    kind, steps = LIVES[life]
    for step in steps:
        before = len(conn.calls)
        planned = converge(kind(conn, options(step, name)), check=True)
        assert conn.writes == [], step
        done = converge(kind(conn, options(step, name)), check=False)
        assert outcome(planned) == outcome(done), step
        assert done["changed"], step
        assert len(conn.writes) >= len(done["steps"]) > 0, step
        del conn.calls[before:]
        repeated = converge(kind(conn, options(step, name)), check=False)
        assert outcome(repeated) == {"changed": False, "changes": [], "diff": [], "steps": []}, step
        assert conn.writes == [], step


def test_many_objects_share_a_connection(conn, name):
    networks = [Network(conn, options({"ips": [address(50 + n)]}, f"{name}-{n}")) for n in range(3)]
    plans = [network.plan() for network in networks]
    for plan in plans:
        plan.run()
    assert [bool(network.plan().changes) for network in networks] == [False] * 3
    for network in networks:
        network.find().undefine()


@pytest.mark.parametrize("module", ["network", "pool", "domain"])
@pytest.mark.parametrize("check", [True, False])
def test_check_mode_opens_libvirt_read_only(monkeypatch, module, check):
    opened = []
    monkeypatch.setattr(_module.libvirt, "open", lambda uri: opened.append("write") or libvirt.openReadOnly(uri))
    real = libvirt.openReadOnly
    monkeypatch.setattr(_module.libvirt, "openReadOnly", lambda uri: opened.append("read") or real(uri))
    arguments = {"name": "none", "state": "absent", "uri": URI, "_ansible_check_mode": check}
    monkeypatch.setattr(basic.AnsibleModule, "exit_json", lambda _self, **result: opened.append(result["changed"]))
    with patch_module_args(arguments):
        _module.run({"network": Network, "pool": Pool, "domain": Domain}[module])
    # The run opens by the patched "open", which hands out a read-only connection of its own.
    assert opened == (["read", False] if check else ["write", "read", False])


@pytest.mark.parametrize(
    ("kind", "bad", "words"),
    [
        (Network, {"ips": [{"address": "10.0.0.1"}]}, "it has no prefix"),
        (
            Network,
            {"ips": [{**address(1), "dhcp": {"hosts": [{"name": "x", "ip": "10.0.0.1"}]}}]},
            "outside the network",
        ),
        (Network, {"xml": "<network><name>x</name></network>"}, "make both the same"),
        (Network, {"name": "../x"}, "is not a name"),
        (Pool, {"type": "dir"}, "needs its directory"),
        (Pool, {"path": "relative"}, "must be absolute"),
        (Volume, {"pool": "none", "capacity": "1 GiB"}, "there is no pool none"),
        (Volume, {"pool": "default-pool"}, "needs a size"),
        (Volume, {"pool": "default-pool", "capacity": "1 GiB", "backing": {"volume": "none"}}, "is not there"),
        (Domain, {}, "needs 'memory'"),
        (Domain, {"memory": "1 GiB", "arch": "vax"}, "no emulator for arch vax"),
        (Domain, {"xml": "guest", "interfaces": [{"network": "none"}]}, "there is no network none"),
        (
            Domain,
            {"xml": "guest", "disks": [{"target": "vda", "pool": "none", "volume": "x"}]},
            "there is no pool none",
        ),
        (Domain, {"xml": "guest", "disks": [{"target": "vda", "file": "/x"}]}, "give 'format'"),
    ],
)
def test_bad_input_is_refused_alike_and_touches_nothing(conn, name, kind, bad, words):
    messages = []
    for check in (True, False):
        with pytest.raises(Refused) as error:
            converge(kind(conn, options(bad, name)), check=check)
        messages.append(str(error.value))
    assert words in messages[0]
    assert messages[0] == messages[1]
    assert conn.writes == []
