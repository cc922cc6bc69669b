# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there of the bridges that are asked for, what they will be, and what is wrong with them.  Reads only."""

from __future__ import annotations

import ipaddress
import json
import re
from pathlib import Path

import host_links as links
import host_systems as systems

# A line of the file in systems.MAIN: which NIC it is, and what the bridge took over from it.
RECORD = "# hypervisor: "
# IFNAMSIZ of linux/if.h is 16, with the zero at the end.
LONGEST = 15
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
NOTHING = {
    "addresses": [],
    "dhcp": False,
    "accept_ra": False,
    "gateway": "",
    "gateway6": "",
    "routes": [],
    "dns": [],
    "search": [],
    "mac": "",
    "mtu": 0,
}


def look(bridges: list[dict], system: str) -> list[dict]:
    """One answer for each bridge in turn; what is wrong is in its C(problems)."""
    nics = [one.get("interface") for one in bridges]
    answers = []
    for asked in ({"state": "present", **one} for one in bridges):
        answer = present(asked, system) if asked["state"] == "present" else absent(asked)
        if asked.get("interface") and not asked.get("vlan") and nics.count(asked["interface"]) > 1:
            answer["problems"].append(f"{asked['interface']} is asked to be in two bridges; it can be in one")
        answers.append(answer)
    return answers


def record(name: str) -> dict:
    """What the role noted when it made the bridge; empty where it made none."""
    for system, place in systems.MAIN.items():
        path = Path(place.format(name))
        for line in path.read_text().splitlines() if path.exists() else []:
            if line.startswith(RECORD):
                return {"system": system, **json.loads(line.removeprefix(RECORD))}
    return {}


def present(asked: dict, system: str) -> dict:
    name, nic, vlan = asked["name"], asked.get("interface") or "", asked.get("vlan")
    noted = record(name)
    problems = wrong_names(name, nic) or wrong_places(name, nic, vlan, noted, system)
    answer = {
        "name": name,
        "state": "present",
        "system": "",
        "problems": problems,
        "edits": [],
        "drift": [],
        "made": not noted,
    }
    if problems:
        return answer
    answer["system"] = noted.get("system") or (systems.system_of(nic) if system == "auto" else system)
    if not answer["system"]:
        problems.append(
            f"it is not clear which of {', '.join(systems.MAIN)} configures {nic}; say it in hypervisor_bridge_system"
        )
        return answer
    if answer["system"] == "netplan" and systems.is_of_network_manager(nic):
        problems.append(f"netplan leaves {nic} to NetworkManager; say that in hypervisor_bridge_system")
    if answer["system"] == "networkd" and vlan:
        problems.append(
            f"networkd makes a VLAN by {nic}'s own file; declare it there, and name its interface in 'interface'"
        )
    if problems:
        return answer
    took = noted.get("taken")
    if took is None:
        took = NOTHING if vlan else {**links.taken(nic), **systems.dns_of(nic, answer["system"])}
        if answer["system"] == "netplan" and not vlan:
            took["netplan"] = systems.kept(nic) or {"ethernets": {nic: {}}}
    bridge = resolved(asked, took)
    bridge["port"] = port = f"{nic}.{vlan}" if vlan else nic
    bridge["record"] = RECORD + json.dumps({"interface": nic, "vlan": vlan, "taken": took}, sort_keys=True)
    answer["bridge"] = bridge
    answer["edits"], wrong = systems.edits(answer["system"], asked, name, nic)
    answer["drift"] = drift(bridge)
    problems += wrong + wrong_addresses(bridge)
    if bridge["stp"] and not 2 <= bridge["forward_delay"] <= 30:
        problems.append(f"with stp the kernel takes a forward_delay of 2 to 30 s, not {bridge['forward_delay']}")
    if len(port) > LONGEST:
        problems.append(f"the VLAN's interface would be called {port}, and the kernel takes {LONGEST} characters")
    return answer


def absent(asked: dict) -> dict:
    """A bridge that goes: its NIC is configured as it was before."""
    name = asked["name"]
    noted, problems = record(name), []
    answer = {"name": name, "state": "absent", "system": noted.get("system", ""), "problems": problems, "edits": []}
    if not noted:
        if links.is_link(name):
            problems.append(f"there is a {name} that this role did not make; remove it where it was made")
        return {**answer, "bridge": {}, "drift": []}
    nic, vlan = noted["interface"], noted["vlan"]
    port = f"{nic}.{vlan}" if vlan else nic
    guests = [other for other in links.ports(name) if other != port]
    if guests:
        problems.append(f"{', '.join(guests)} of guests are in it; stop these or move them first")
    answer["edits"], wrong = systems.edits(noted["system"], asked, name, nic)
    problems += wrong
    bridge = {**resolved({"interface": nic, "name": name}, noted["taken"]), "port": port, "vlan": vlan}
    return {**answer, "bridge": bridge, "drift": [f"{name} is there"] if links.is_link(name) else []}


def resolved(asked: dict, took: dict) -> dict:
    """The bridge with all that it has: what is asked for, and for the rest what it took over."""
    given = {key: value for key, value in asked.items() if value is not None}
    if "addresses" in given:
        # Who says the addresses means these and no others.
        took = {**took, "dhcp": False}
    # 15 s is the kernel's own, and no frame has to wait where no protocol looks for loops.
    delay = 15 if given.get("stp") else 0
    bridge = {"stp": False, "forward_delay": delay, "vlan": None, **NOTHING, **took, **given}
    for key, dynamic, is_six in (("gateway", "dhcp", False), ("gateway6", "accept_ra", True)):
        # There is no way out by a family of which it has no address.
        if key not in given and not bridge[dynamic] and not any((":" in one) == is_six for one in bridge["addresses"]):
            bridge[key] = ""
    return bridge


def drift(bridge: dict) -> list[str]:
    """What the running network lacks of it.  More addresses than it asks for are somebody else's."""
    name, lacks = bridge["name"], []
    if not links.is_link(name):
        return [f"there is no {name}"]
    if links.master(bridge["port"]) != name:
        lacks.append(f"{bridge['port']} is not in {name}")
    here = {one["text"] for one in links.addresses(name)}
    lacks += [f"{name} has no {one}" for one in map(plain, bridge["addresses"]) if one not in here]
    gateways = [way.get("gateway") for way in links.routes(name) if way["dst"] == "default"]
    lacks += [f"no route by {one}" for one in (bridge["gateway"], bridge["gateway6"]) if one and one not in gateways]
    return lacks


def plain(address: str) -> str:
    """As the kernel writes it."""
    try:
        return str(ipaddress.ip_interface(address))
    except ValueError:
        return address


# --- What is wrong, each a sentence after the bridge's name


def wrong_names(name: str, nic: str) -> list[str]:
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        return [f"the kernel takes no such name; use up to {LONGEST} letters, digits, '_', '.' and '-'"]
    if not nic:
        return ["say in 'interface' which NIC it is over"]
    if not NAME.fullmatch(nic):
        return [f"{nic} can't be the name of a NIC"]
    return []


def wrong_places(name: str, nic: str, vlan: int | None, noted: dict, system: str) -> list[str]:
    if noted:
        over = (noted["interface"], noted["vlan"])
        if over != (nic, vlan):
            return [f"it is over {noted['interface']} now; remove it first with 'state: absent'"]
        if system not in ("auto", noted["system"]):
            return [f"it is made with {noted['system']} now; remove it first with 'state: absent'"]
    elif links.is_link(name):
        return [f"there is a {name} that this role did not make; choose another name, or use it as it is"]
    if not links.is_link(nic):
        return [f"the host has no {nic}"]
    path = Path("/sys/class/net", nic)
    if (path / "bridge").exists():
        return [f"{nic} is a bridge itself; guests can use it as it is"]
    if (path / "wireless").exists() or (path / "phy80211").exists():
        return [f"{nic} is wireless, and access points take no frames of a bridge's guests; use a routed network"]
    other = links.master(nic)
    if other and other != name and not vlan:
        return [f"{nic} is in {other} already"]
    return []


def wrong_addresses(bridge: dict) -> list[str]:
    problems, networks = [], []
    for address in bridge["addresses"]:
        try:
            networks.append(ipaddress.ip_interface(address).network)
        except ValueError:
            problems.append(f"{address} is no address")
        else:
            if "/" not in address:
                problems.append(f"{address} needs the length of its prefix, as in {address}/24")
    for key, dynamic in (("gateway", "dhcp"), ("gateway6", "accept_ra")):
        gateway = bridge[key]
        if not gateway or problems:
            continue
        try:
            found = ipaddress.ip_address(gateway)
        except ValueError:
            problems.append(f"{key} {gateway} is no address")
            continue
        if not (found.is_link_local or bridge[dynamic] or any(found in one for one in networks)):
            problems.append(
                f"{key} {gateway} is in no subnet of {', '.join(bridge['addresses']) or 'it, as it has no address'}"
            )
    return problems
