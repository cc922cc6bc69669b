# SPDX-License-Identifier: GPL-3.0-or-later
"""The running network of some interfaces, noted and brought back with the kernel's own means.

So the host is what it was also where the system that configures it can't do that, or never knew of an address.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import host_links as links

# For how long the host's own system may bring the addresses back, before it is done for it.
PATIENCE = 8
# For how long the network must stay as it was: some systems still change it when their command has ended.
SETTLED = 2
# Of what `ip -json route show` says, the words that `ip route add` takes.
WORDS = {"gateway": "via", "prefsrc": "src", "metric": "metric", "protocol": "proto", "scope": "scope"}


def note(devices: list[str]) -> dict[str, dict]:
    """What of it is there: attributes, master, addresses and routes of each interface."""
    return {
        device: {
            "master": links.master(device),
            "link": links.attributes(device),
            "addresses": links.addresses(device),
            "routes": [way for way in links.routes(device) if way.get("protocol") != "kernel"],
        }
        for device in devices
        if links.is_link(device)
    }


def bring_back(noted: dict[str, dict], made: list[str]) -> list[str]:
    """Make the network what it was; commands that failed. C(made): interfaces that go where they were not there."""
    now = time.monotonic()
    deadline, whole_since = now + PATIENCE, now
    while now < deadline and now - whole_since < SETTLED:
        time.sleep(0.2)
        now = time.monotonic()
        if missing(noted, made):
            whole_since = now
    deadline = now + SETTLED
    while True:
        wrong = [said for command in missing(noted, made) if (said := run(command))]
        if time.monotonic() > deadline:
            return wrong
        time.sleep(0.2)


def missing(noted: dict[str, dict], made: list[str]) -> list[list[str]]:
    """Commands that make the running network the noted one."""
    commands = [["ip", "link", "delete", name] for name in made if name not in noted and links.is_link(name)]
    for device, before in noted.items():
        if links.is_link(device):
            commands += missing_of(device, before)
    return commands


def missing_of(device: str, before: dict) -> list[list[str]]:
    commands = setting(device, before["link"])
    if links.master(device) != before["master"]:
        commands.append(
            ["ip", "link", "set", device, *(["master", before["master"]] if before["master"] else ["nomaster"])]
        )
    if not is_up(device):
        commands.append(["ip", "link", "set", device, "up"])
    here, wanted = links.addresses(device), before["addresses"]
    there = {one["text"] for one in here}
    commands += [
        ["ip", "address", "add", one["text"], "dev", device, *lifetime(one)]
        for one in wanted
        if one["text"] not in there
    ]
    kept = {one["text"] for one in wanted}
    commands += [
        ["ip", "address", "delete", one["text"], "dev", device]
        for one in here
        if one["text"] not in kept and links.is_own(one)
    ]
    ways = [(way["dst"], way.get("gateway")) for way in links.routes(device)]
    for way in before["routes"]:
        if (way["dst"], way.get("gateway")) not in ways:
            words = [word for key, name in WORDS.items() if key in way for word in (name, str(way[key]))]
            commands.append(
                [
                    "ip",
                    "-6" if ":" in way["dst"] + way.get("gateway", "") else "-4",
                    "route",
                    "replace",
                    way["dst"],
                    "dev",
                    device,
                    *words,
                ]
            )
    return commands


def setting(device: str, wanted: dict) -> list[list[str]]:
    """Commands that give the interface the attributes that it has not; an empty one is not asked for."""
    here = links.attributes(device)
    return [
        ["ip", "link", "set", "dev", device, *(["type", "bridge"] if key in links.OF_BRIDGES else []), key, str(value)]
        for key, value in wanted.items()
        if value != "" and here.get(key) != value
    ]


def lifetime(address: dict) -> list[str]:
    """One of a lease ends when the lease would have; 2**32 - 1 seconds are for ever."""
    if links.is_own(address) or address.get("valid_life_time", 2**32 - 1) >= 2**32 - 1:
        return []
    return ["valid_lft", str(address["valid_life_time"]), "preferred_lft", str(address["preferred_life_time"])]


def is_up(device: str) -> bool:
    flags = Path("/sys/class/net", device, "flags")
    try:
        return bool(int(flags.read_text(), 16) & 1)
    # It is gone, or goes while it is read.
    except OSError:
        return False


def run(command: list[str]) -> str:
    """What went wrong with a command; nothing where it went well."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{' '.join(command)}: {error}"
    if done.returncode == 0:
        return ""
    return f"{' '.join(command)}: {(done.stderr.strip() or done.stdout.strip() or f'status {done.returncode}')}"
