# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of libvirt's guests, by ansible-inventory and ansible-playbook on a real host."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from integration._lab import HERE, PYTHON, contains, wait_until
from integration.guests import boot, console, tiny_guest

ODD = "{{ 1 + 1 }} <ü> & 'x'"
MAC = "52:54:00:aa:09:01"
GUEST = {"virt_type": "qemu", "memory": "16 MiB", "vcpus": 1}
SELF = "qemu:///system"
REFUSES = "qemu+tcp://127.0.0.1:1/system"
SILENT = "qemu+tcp://127.0.0.1:16510/system"
ASKED = {
    **dict.fromkeys(f"{out}{what}" for out in ("", "exclude_") for what in ("names", "states", "labels")),
    "addresses": ["lease"],
    "agent_timeout": 1,
    "definition": False,
}
METADATA = """<metadata>
  <s:stack xmlns:s='https://virtops.github.io/libvirt/stack/1' name='lab one'/>
  <g:guest xmlns:g='urn:virtops:libvirt:guest'>
    <g:label name='tier'>web</g:label><g:label name='stage'>production</g:label>
  </g:guest>
  <l:libosinfo xmlns:l='http://libosinfo.org/xmlns/libvirt/domain/1.0'><l:os id='http://debian.org/debian/12'/></l:libosinfo>
</metadata>"""
NIC = f"<interface type='network'><mac address='{MAC}'/><source network='lab'/><model type='virtio'/></interface>"


@pytest.fixture(scope="module")
def guests(_session_lab, tiny):
    """The host with a guest in each state; its own name is web1, with an address."""
    lab = _session_lab
    lab.ok("pool", name="images", path="/var/lib/libvirt/images/images", state="active")
    lab.ok("volume", pool="images", name="db1.qcow2", capacity="1 MiB", format="qcow2")
    dhcp = {"ranges": [{"start": "10.71.0.100", "end": "10.71.0.199"}]}
    lab.ok("network", name="lab", state="active", ips=[{"address": "10.71.0.1", "prefix": 24, "dhcp": dhcp}])
    xml = tiny_guest(tiny, more=METADATA, devices=NIC).replace("<name>guest<", "<name>web1<")
    lab.ok("domain", xml=xml, state="running")
    disks = [
        {"target": "vda", "pool": "images", "volume": "db1.qcow2"},
        {"target": "vdb", "file": "/nowhere/db1.img", "format": "raw"},
    ]
    labels = {"tier": "db", "spare": ""}
    lab.ok("domain", name="db1", **GUEST, disks=disks, labels=labels, interfaces=[{"network": "lab"}])
    image = [{"target": "vda", "file": "/var/lib/libvirt/images/images/db1.qcow2", "format": "qcow2"}]
    lab.ok("domain", name=ODD, **GUEST, title="{{ 2 + 2 }}", labels={"{{ 3 }}": "{{ 4 }}"}, disks=image)
    for name, state in (("asleep", "saved"), ("held", "paused")):
        lab.ok("domain", name=name, **GUEST, disks=[], interfaces=[], state=state)
    yield lab
    lab.wipe()


@pytest.fixture
def ansible(guests, programs, tmp_path):
    """A function that runs a program of Ansible on the host with the inventory that its options describe."""

    def run(program: str, *words: str, code: int = 0, **options) -> subprocess.CompletedProcess:
        source = tmp_path / "lab.libvirt.yml"
        source.write_text(json.dumps({"plugin": "virtops.libvirt.libvirt", **options}))
        environment = {**os.environ, "ANSIBLE_HOME": str(tmp_path), "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
        command = guests.host.command([str(programs / program), "--inventory", str(source), *words])
        # Who waits for a hypervisor that never answers is ended, and the test fails.
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=25)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


class Inventory:
    """What ansible-inventory lists: C(hosts) with their variables, C(groups) with their hosts; what it C(said)."""

    def __init__(self, done: subprocess.CompletedProcess):
        answer = plain(json.loads(done.stdout))
        self.said = " ".join(done.stderr.split())
        self.hosts = answer.pop("_meta")["hostvars"]
        self.groups = {name: set(group.get("hosts", ())) for name, group in answer.items()}


def plain(said):
    """An answer without the marks of texts that are no templates."""
    if isinstance(said, dict):
        return said.get("__ansible_unsafe", {key: plain(one) for key, one in said.items()})
    return [plain(one) for one in said] if isinstance(said, list) else said


@pytest.fixture
def listed(ansible):
    """A function that gives the Inventory that options describe."""
    return lambda *words, **options: Inventory(ansible("ansible-inventory", "--list", *words, **options))


@pytest.fixture
def address(guests):
    """The address of web1, once it has one."""
    boot(guests)
    leases = "grep -r . /var/lib/libvirt/dnsmasq; pgrep -af dnsmasq; virsh domiflist web1; ip -s link"
    lease = wait_until(
        lambda: guests.virsh("domifaddr", "web1"), 60, "a lease of web1", lambda: console(guests) + guests.shell(leases)
    )
    return lease.split()[-1].partition("/")[0]


def test_guests_are_hosts_in_groups_of_their_states(listed, address):
    found = listed()
    assert set(found.hosts) == {"web1", "db1", "asleep", "held", ODD}
    web = found.hosts["web1"]
    assert web.pop("libvirt_uuid").count("-") == 4
    assert web == {
        "ansible_host": address,
        "libvirt_autostart": False,
        "libvirt_addresses": [{"mac": MAC, "address": address, "source": "lease"}],
        "libvirt_hypervisor": "localhost",
        "libvirt_name": "web1",
        "libvirt_state": "running",
        "libvirt_uri": SELF,
    }
    assert "ansible_host" not in found.hosts["db1"]
    assert found.hosts["db1"]["libvirt_addresses"] == []
    assert (
        found.groups.items()
        >= {
            "state_running": {"web1"},
            "state_paused": {"held"},
            "state_saved": {"asleep"},
            "state_stopped": {"db1", ODD},
        }.items()
    )


def test_a_definition_gives_variables_and_groups(listed):
    kinds = ["hypervisor", "network", "pool", "stack", "label", "os"]
    found = listed(group_by=kinds, group_prefix="vm_", addresses=[])
    assert {name: hosts for name, hosts in found.groups.items() if name.startswith("vm_")} == {
        "vm_hypervisor_localhost": set(found.hosts),
        "vm_network_lab": {"web1", "db1"},
        "vm_pool_images": {"db1", ODD},
        "vm_stack_lab_one": {"web1"},
        "vm_label_tier_web": {"web1"},
        "vm_label_tier_db": {"db1"},
        "vm_label_spare": {"db1"},
        "vm_label_stage_production": {"web1"},
        "vm_label____3_______4___": {ODD},
        "vm_os_debian_12": {"web1"},
    }
    said = {
        "libvirt_labels": {"tier": "web", "stage": "production"},
        "libvirt_memory": "96 MiB",
        "libvirt_vcpus": 1,
        "libvirt_interfaces": [{"mac": MAC, "network": "lab"}],
        "libvirt_networks": ["lab"],
        "libvirt_pools": [],
        "libvirt_os": "debian-12",
        "libvirt_stack": "lab one",
        "libvirt_title": "",
        "libvirt_description": "",
    }
    assert contains(found.hosts["web1"], said)
    assert "libvirt_addresses" not in found.hosts["web1"]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"names": ["w*", "db[0-9]"]}, {"web1", "db1"}),
        ({"exclude_names": ["w*", "{{*"], "exclude_states": ["paused", "saved"]}, {"db1"}),
        ({"states": ["running", "saved"]}, {"web1", "asleep"}),
        ({"labels": {"tier": ["d?", "web"], "stage": "prod*"}}, {"web1"}),
        ({"exclude_labels": {"tier": "*"}, "exclude_names": ["{{*"]}, {"asleep", "held"}),
    ],
)
def test_guests_are_chosen(listed, options, names):
    assert set(listed(**options, addresses=[]).hosts) == names


def test_variables_and_groups_of_ones_own(listed):
    found = listed(
        compose={"size": "libvirt_memory | virtops.libvirt.size_to_bytes", "which": "libvirt_networks | first"},
        groups={"small": "libvirt_memory == '16 MiB'"},
        keyed_groups=[{"key": "libvirt_labels.tier | default('none')", "prefix": "tier"}],
        host_name="libvirt_name ~ '.' ~ libvirt_hypervisor",
        connection="guest_agent",
        states=["running", "stopped"],
        exclude_names=["{{*"],
    )
    own = {"size": 96 << 20, "which": "lab", "ansible_connection": "virtops.libvirt.guest_agent"}
    assert contains(found.hosts["web1.localhost"], own)
    assert (found.groups["small"], found.groups["tier_web"]) == ({"db1.localhost"}, {"web1.localhost"})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strict": True, "compose": {"a": "libvirt_networks | first"}}, "Could not set a"),
        ({"host_name": "libvirt_nme"}, "'host_name' is wrong for guest"),
        ({"host_name": "libvirt_labels"}, "which is no name"),
        ({"host_name": "'one'"}, "would both be the host one@localhost"),
        ({"nmaes": ["web*"]}, "there is no option 'nmaes'"),
        ({"states": ["off"]}, "off"),
        ({"uris": ["qemu+tcp://[host/system"]}, "is not a URI of libvirt"),
        ({"uris": [REFUSES, SILENT], "timeout": 1}, "is its daemon"),
        ({"uris": [SELF, REFUSES], "on_unreachable": "fail"}, "is its daemon"),
    ],
)
def test_what_is_wrong_is_said(ansible, silence, options, words):
    failed = ansible("ansible-inventory", "--list", code=1, **options)
    assert words in " ".join(failed.stderr.split())


@pytest.fixture
def silence(guests):
    """Something that takes connections at SILENT and never answers."""
    listening = "import socket; s = socket.create_server(('127.0.0.1', 16510)); print(flush=True); input()"
    process = subprocess.Popen(
        guests.host.command([PYTHON, "-c", listening]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    yield
    process.communicate("\n")


def test_a_hypervisor_that_does_not_answer_is_a_warning(listed, silence):
    found = listed(uris=[REFUSES, SILENT, SELF], timeout=1)
    assert "web1" in found.hosts
    assert f"{SILENT} did not tell all within 1.0 s; its guests are left out" in found.said
    assert f"cannot connect to libvirt at {REFUSES}" in found.said
    assert listed(uris=[REFUSES], on_unreachable="warn").hosts == {}


@pytest.mark.parametrize("way", ["tcp_uri", "ssh_uri"])
def test_a_name_that_two_hypervisors_have_is_said_with_theirs(listed, guests, way):
    host = guests.host
    # The same one by another way.
    uri = getattr(host, way)
    found = listed(uris=[SELF, uri], names=["web1"])
    assert set(found.hosts) == {"web1@localhost", f"web1@{host.ip}"}
    assert found.hosts[f"web1@{host.ip}"]["libvirt_uri"] == uri
    assert "guests called web1; they are NAME@HYPERVISOR" in found.said


def test_the_table_of_neighbours_knows_addresses_too(listed, guests, address):
    guests.shell(f"ping -c 1 -w 5 {address}")
    # More neighbours than libvirt reads.
    guests.shell(
        "device=$(ip -o route get " + address + " | sed 's/.* dev \\([^ ]*\\).*/\\1/'); for one in $(seq 200); do"
        " ip neighbour replace 10.71.1.$one lladdr 52:54:00:71:01:$(printf %02x $one) dev $device nud reachable; done"
    )
    found = listed(addresses=["agent", "arp"], states=["running"])
    (web,) = found.hosts.values()
    assert [(one["address"], one["source"]) for one in web["libvirt_addresses"]] == [(address, "arp")], found.said
    assert web["ansible_host"] == address


def test_what_was_read_is_kept_as_long_as_the_same_is_asked(listed, guests, tmp_path):
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    options = {**cache, "uris": [SELF, REFUSES], "addresses": []}
    before = set(listed(**options).hosts)
    guests.ok("domain", name="new", **GUEST, disks=[], interfaces=[])
    kept = listed(**options)
    # Who did not answer is asked again.
    assert REFUSES in kept.said
    try:
        assert set(kept.hosts) == before
        assert set(listed(**options, exclude_names=["none"]).hosts) == before | {"new"}
        assert set(listed(**options).hosts) == before | {"new"}
    finally:
        guests.ok("domain", name="new", state="absent")
    assert set(listed("--flush-cache", **options).hosts) == before


def test_a_play_works_with_it(ansible, tmp_path):
    play = tmp_path / "play.yml"
    said = "{{ inventory_hostname }} is {{ libvirt_title }}, {{ libvirt_labels }}, {{ libvirt_state }}"
    tasks = [{"ansible.builtin.debug": {"msg": said}}]
    hosts = {"hosts": "state_stopped:!db1", "connection": "local", "gather_facts": False, "tasks": tasks}
    play.write_text(json.dumps([hosts]))
    done = ansible("ansible-playbook", str(play), definition=True)
    assert f"{ODD} is {{{{ 2 + 2 }}}}, {{'{{{{ 3 }}}}': '{{{{ 4 }}}}'}}, stopped" in done.stdout


def read(lab, after: str = "", vanishes: str = "", **asked) -> dict:
    """The guests as the inventory reads them, and the calls of libvirt."""
    done = subprocess.run(
        lab.host.command([PYTHON, f"{HERE}/_inventory_inside.py"]),
        input=json.dumps({"asked": {**ASKED, **asked}, "after": after, "vanishes": vanishes}),
        capture_output=True,
        text=True,
        env=lab.writer.environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_guest_that_is_off_costs_no_call(guests):
    assert sorted(read(guests, addresses=[])["calls"]) == ["domainListGetStats", *["listAllDomains"] * 3]
    # The two that are awake, and the leases of the one network that is used.
    calls = read(guests)["calls"]
    assert (calls.count("XMLDesc"), calls.count("DHCPLeases"), len(calls)) == (2, 1, 4 + 2 + 2)


def test_a_definition_costs_one_call_a_guest(guests):
    found = read(guests, definition=True)
    # Of the pools two for the directory that a disk's file is in.
    assert found["calls"].count("XMLDesc") == len(found["guests"]) + 1
    assert len(found["calls"]) - len(found["guests"]) == 4 + 2 + 2


@pytest.mark.parametrize("after", ["listAllDomains", "domainListGetStats"])
def test_a_guest_that_goes_away_meanwhile_is_left_out(guests, after):
    guests.ok("domain", name="gone", **GUEST, disks=[], interfaces=[])
    found = read(guests, after, "gone", definition=True, addresses=[])
    assert len(found["guests"]) == 5
    assert "gone" not in {guest["libvirt_name"] for guest in found["guests"]}
