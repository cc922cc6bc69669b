# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces of the host as the kernel has them.  Reads only."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

# In the order in which the kernel takes them: without STP it takes any delay.
OF_BRIDGES = ("stp_state", "forward_delay")
# Of /etc/iproute2/rt_protos: routes that nobody has to move, since they come by themselves.
OWN_ROUTES = ("kernel", "dhcp", "ra")


def said(*command: str) -> str:
    """What a command printed; nothing where it failed or is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def ip(*words: str) -> list[dict]:
    return json.loads(said("ip", "-json", *words) or "[]")


def is_link(name: str) -> bool:
    return Path("/sys/class/net", name).exists()


def master(name: str) -> str:
    link = Path("/sys/class/net", name, "master")
    return link.resolve().name if link.exists() else ""


def ports(bridge: str) -> list[str]:
    return sorted(path.name for path in Path("/sys/class/net", bridge, "brif").glob("*"))


# --- What an interface has


def attributes(device: str) -> dict:
    """Nothing where it has just gone."""
    link = next(iter(ip("-details", "link", "show", "dev", device)), None)
    if link is None:
        return {}
    data = link.get("linkinfo", {}).get("info_data", {})
    return {**{key: data[key] for key in OF_BRIDGES if key in data}, "address": link["address"], "mtu": link["mtu"]}


def addresses(device: str) -> list[dict]:
    return [
        {**one, "text": f"{one['local']}/{one['prefixlen']}"}
        for link in ip("address", "show", "dev", device)
        for one in link.get("addr_info", [])
        if one.get("scope") == "global"
    ]


def routes(device: str) -> list[dict]:
    return [route for family in ("-4", "-6") for route in ip(family, "route", "show", "dev", device)]


def is_own(address: dict) -> bool:
    """Whether it was set, and did not come by DHCP or router advertisement."""
    return not (address.get("dynamic") or address.get("temporary") or address.get("mngtmpaddr"))


def taken(device: str) -> dict:
    """What a bridge over the interface takes over from it."""
    here, ways = addresses(device), routes(device)
    link = ip("link", "show", "dev", device)[0]
    default = [way for way in ways if way["dst"] == "default"]
    set_ways = [way for way in ways if way.get("protocol") not in OWN_ROUTES]
    gateways = [way["gateway"] for way in set_ways if way["dst"] == "default" and "gateway" in way]
    dynamic = [one for one in here if not is_own(one)]
    return {
        "addresses": [one["text"] for one in here if is_own(one)],
        "dhcp": any(one["family"] == "inet" for one in dynamic),
        "accept_ra": any(one["family"] == "inet6" for one in dynamic)
        or any(way.get("protocol") == "ra" for way in default),
        "gateway": next((one for one in gateways if ":" not in one), ""),
        "gateway6": next((one for one in gateways if ":" in one), ""),
        "routes": [
            {"to": way["dst"], "via": way["gateway"]}
            for way in set_ways
            if way["dst"] != "default" and "gateway" in way
        ],
        "mac": link["address"],
        "mtu": link["mtu"] if link["mtu"] != 1500 else 0,
    }
