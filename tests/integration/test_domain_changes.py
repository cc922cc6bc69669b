# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a guest that is off after which parts of it do not fit any more: other types, buses, machines, numbers."""

from __future__ import annotations

import json
import subprocess

import pytest
from integration import changed_guests
from integration._lab import HERE, PYTHON


def outcomes(lab, rows: list[dict]) -> list[str]:
    """What was wrong with each row, "" for nothing."""
    done = subprocess.run(
        lab.host.command([PYTHON, f"{HERE}/_changes_inside.py"]),
        input="\n".join(map(json.dumps, rows)),
        capture_output=True,
        text=True,
        env=lab.writer.environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("table", changed_guests.TABLES)
def test_what_belonged_to_the_old_goes_and_the_rest_stays(lab, table):
    rows = changed_guests.TABLES[table]
    lab.ok("network", name="lab", ips=[{"address": "10.50.0.1", "prefix": 24}])
    found = outcomes(lab, list(rows.values()))
    assert len(found) == len(rows)
    wrong = [f"{name}: {why[-600:]}" for name, why in zip(rows, found) if why]
    assert not wrong, "\n".join(wrong)


def test_another_machine_keeps_the_devices(lab):
    """With addresses of its own, and with ports to plug into."""
    lab.ok("domain", **changed_guests.GUEST, **changed_guests.FULL, machine="pc")
    before = lab.tree("domain", "guest").find("devices")
    lab.change("domain", name="guest", machine="q35")
    after = lab.tree("domain", "guest").find("devices")
    # libvirt 11 notes the watchdog that every q35 has.
    for tag in ("disk", "interface", "video", "sound", "rng", "channel", "watchdog[@model='i6300esb']", "input"):
        assert len(after.findall(tag)) == len(before.findall(tag)), tag
    assert [mac.get("address") for mac in after.iterfind("interface/mac")] == [
        mac.get("address") for mac in before.iterfind("interface/mac")
    ]
    taken = {address.get("bus") for address in after.iterfind("*/address[@type='pci']")}
    ports = after.findall("controller[@model='pcie-root-port']")
    assert sum(hex(int(port.get("index"))) not in {hex(int(bus, 0)) for bus in taken} for port in ports) >= 8


CONSOLES = (
    "<console type='pty'><target type='serial' port='1'/></console>",
    "<serial type='unix'><source mode='bind' path='/tmp/a'/><target port='1'/></serial>"
    "<console type='unix'><source mode='connect' path='/tmp/b'/><target port='0'/></console>",
)


@pytest.mark.parametrize("devices", CONSOLES)
def test_the_first_console_is_the_first_serial_port_whatever_a_document_says(lab, devices):
    text = changed_guests.document(f"{devices}<rng model='virtio'><backend model='builtin'/></rng>")
    lab.change("domain", xml=text)
    lab.change("domain", xml=changed_guests.document(devices))


@pytest.mark.parametrize(
    ("old", "new", "sound"), [("spice", "vnc", "none"), ("vnc", "spice", "spice"), ("spice", None, "none")]
)
def test_the_way_for_sound_goes_with_the_graphics(lab, old, new, sound):
    """libvirt writes one by itself; that of SPICE cannot be without SPICE."""
    lab.ok("domain", **changed_guests.GUEST, sounds=[{"model": "ich9"}], graphics=[{"type": old}])
    lab.change("domain", name="guest", graphics=[{"type": new}] if new else [])
    assert [audio.get("type") for audio in lab.tree("domain", "guest").iterfind("devices/audio")] == [sound]


def test_a_way_for_sound_that_a_document_has_stays(lab):
    text = changed_guests.document("<graphics type='spice'/><sound model='ich9'/><audio id='1' type='none'/>")
    lab.ok("domain", xml=text.replace("spice", "vnc"))
    lab.change("domain", xml=text)
    assert [audio.get("type") for audio in lab.tree("domain", "guest").iterfind("devices/audio")] == ["none"]
