# SPDX-License-Identifier: GPL-3.0-or-later
"""Which system configures a NIC, what it is told, and how it is told otherwise.  Reads only."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from host_links import said

# The file of each system that has the bridge's record.
MAIN = {
    "networkd": "/etc/systemd/network/00-hypervisor-{}.netdev",
    "NetworkManager": "/etc/NetworkManager/system-connections/hypervisor-{}.nmconnection",
    "netplan": "/etc/netplan/90-hypervisor-{}.yaml",
    "ifupdown": "/etc/network/interfaces.d/hypervisor-{}",
}
INTERFACES = Path("/etc/network/interfaces")
# interfaces(5): what ends the stanza before it.
KEYWORDS = (
    "iface",
    "mapping",
    "auto",
    "source",
    "source-directory",
    "no-auto-down",
    "no-scripts",
    "rename",
    "template",
)
# What takes the NIC out of a file of the host's owner, so that it can be put back as it was.
MARK = "#hypervisor:{}# "


def netplan_files() -> dict[Path, dict]:
    if not shutil.which("netplan"):
        return {}
    import yaml

    return {path: yaml.safe_load(path.read_text()) or {} for path in sorted(Path("/etc/netplan").glob("*.yaml"))}


def is_of_network_manager(nic: str) -> bool:
    """Whether netplan only writes profiles for NetworkManager, which then configures the NIC."""
    networks = [file.get("network") or {} for file in netplan_files().values()]
    return "NetworkManager" in [one.get("renderer") for one in (*networks, *(found[1] for found in in_netplan(nic)))]


def in_netplan(nic: str) -> list[tuple[str, dict]]:
    """Each definition of the NIC, with the kind of interface that it stands under, as C(ethernets)."""
    kinds = [kind for file in netplan_files().values() for kind in (file.get("network") or {}).items()]
    return [(kind, defined[nic] or {}) for kind, defined in kinds if isinstance(defined, dict) and nic in defined]


def kept(nic: str) -> dict[str, dict]:
    """What the NIC keeps of its netplan definition in a bridge: what it is, and nothing of its addresses."""
    gone = (
        "addresses",
        "routes",
        "routing-policy",
        "nameservers",
        "gateway4",
        "gateway6",
        "link-local",
        "ra-overrides",
    )
    return {
        kind: {
            nic: {
                key: value
                for key, value in has.items()
                if key not in gone and not key.startswith(("dhcp", "accept-ra"))
            }
        }
        for kind, has in in_netplan(nic)
    }


def ifupdown_files() -> list[Path]:
    """The main file and those that it reads, in that order."""
    found = [INTERFACES] if INTERFACES.exists() else []
    for line in found[0].read_text().splitlines() if found else []:
        keyword, pattern = (*line.split(maxsplit=1), "", "")[:2]
        # An absolute pattern is one that Path.glob() does not take.
        if keyword in ("source", "source-directory") and pattern.strip().startswith("/"):
            whole = pattern.strip() + ("/*" if keyword == "source-directory" else "")
            found += sorted(path for path in Path("/").glob(whole.lstrip("/")) if path.is_file())
    return found


def stanzas(text: str, nic: str) -> list[int]:
    """Numbers of the lines that are C(iface) stanzas of the NIC."""
    numbers, inside = [], False
    for number, line in enumerate(text.splitlines()):
        words = line.split()
        if words and (words[0] in KEYWORDS or words[0].startswith("allow-")):
            inside = words[:2] == ["iface", nic]
        if inside and words and not words[0].startswith("#"):
            numbers.append(number)
    return numbers


def manages(nic: str) -> dict[str, bool]:
    """Whether each system that runs here configures the NIC now."""
    found = {}
    if in_netplan(nic) and not is_of_network_manager(nic):
        found["netplan"] = True
    if said("nmcli", "--get-values", "RUNNING", "general").strip() == "running":
        state = said("nmcli", "--get-values", "GENERAL.STATE", "device", "show", nic)
        # NMDeviceState: 10 is unmanaged.
        found["NetworkManager"] = bool(state) and not state.startswith("10 ")
    # Only one that runs writes it.
    if Path("/run/systemd/netif/state").exists():
        found["networkd"] = "(unmanaged)" not in said("networkctl", "--no-pager", "status", nic)
    if shutil.which("ifup") and INTERFACES.exists():
        found["ifupdown"] = any(stanzas(path.read_text(), nic) for path in ifupdown_files())
    return found


def system_of(nic: str) -> str:
    """The system that the host uses for the NIC, empty where that is not clear."""
    systems = manages(nic)
    using = [name for name, does in systems.items() if does]
    return using[0] if using else next(iter(systems), "") if len(systems) == 1 else ""


def dns_of(nic: str, system: str) -> dict[str, list[str]]:
    servers, search = [], []
    if system == "netplan":
        for one in (found[1] for found in in_netplan(nic)):
            servers += (one.get("nameservers") or {}).get("addresses") or []
            search += (one.get("nameservers") or {}).get("search") or []
    elif system == "NetworkManager":
        profile = said("nmcli", "--get-values", "GENERAL.CON-UUID", "device", "show", nic).strip()
        keys = "ipv4.dns,ipv6.dns", "ipv4.dns-search,ipv6.dns-search"
        shown = [said("nmcli", "--escape", "no", "--get-values", key, "connection", "show", profile) for key in keys]
        servers, search = (re.split(r"[,\s]+", text.strip()) if text.strip() else [] for text in shown)
    elif system == "networkd":
        shown = re.search(r"Network File: (/.+)", said("networkctl", "--no-pager", "status", nic))
        lines = Path(shown.group(1)).read_text().splitlines() if shown else []
        servers = [word for line in lines if line.startswith("DNS=") for word in line[4:].split()]
        search = [word for line in lines if line.startswith("Domains=") for word in line[8:].split()]
    else:
        for path in ifupdown_files():
            lines = path.read_text().splitlines()
            for words in (lines[number].split() for number in stanzas(path.read_text(), nic)):
                servers += words[1:] if words[0].startswith("dns-nameserver") else []
                search += words[1:] if words[0] in ("dns-search", "dns-domain") else []
    return {"dns": servers, "search": search}


# --- Taking the NIC out of the files of the host's owner, where a system can't be told otherwise


def marked(text: str, numbers: list[int], name: str) -> str:
    lines = text.splitlines(keepends=True)
    for number in numbers:
        lines[number] = MARK.format(name) + lines[number]
    return "".join(lines)


def unmarked(text: str, name: str) -> str:
    own = f"source {MAIN['ifupdown'].format(name)}\n"
    lines = [line for line in text.splitlines(keepends=True) if line != own]
    return "".join(line.removeprefix(MARK.format(name)) for line in lines)


def without_nic(path: Path, text: str, nic: str, name: str) -> tuple[str, str]:
    """A netplan file without the NIC, and what is wrong."""
    import yaml

    before = yaml.safe_load(text) or {}
    network = before.get("network") or {}
    section = next((key for key, kind in network.items() if isinstance(kind, dict) and nic in kind), None)
    if section is None:
        return text, ""
    lines = text.splitlines()
    numbers = block(lines, nic, block(lines, section, list(range(len(lines)))))
    if len(network[section]) == 1:
        numbers = block(lines, section, list(range(len(lines))))
        del network[section]
    else:
        del network[section][nic]
    after = marked(text, numbers, name)
    try:
        same = (yaml.safe_load(after) or {}) == before
    except yaml.YAMLError:
        same = False
    if same:
        return after, ""
    return text, f"{path} has {nic} in a form that can't be taken out line by line; write one line a key there"


def block(lines: list[str], key: str, within: list[int]) -> list[int]:
    """Numbers of the lines of a YAML key in block style with what is below it, the key's own first."""
    for place, number in enumerate(within):
        if re.fullmatch(rf"\s+([\"']?){re.escape(key)}\1:.*", lines[number]):
            depth = len(lines[number]) - len(lines[number].lstrip())
            found = [number]
            for next_number in within[place + 1 :]:
                line = lines[next_number]
                if line.strip() and not line.lstrip().startswith("#"):
                    if len(line) - len(line.lstrip()) <= depth:
                        break
                    found.append(next_number)
            return found
    return []


def edits(system: str, asked: dict, name: str, nic: str) -> tuple[list[dict], list[str]]:
    """Files of the host's owner as they have to be, and what is wrong."""
    changed, problems = [], []
    files = {"netplan": list(netplan_files()), "ifupdown": ifupdown_files()}.get(system, [])
    for path in files:
        if str(path) in [place.format(name) for place in MAIN.values()]:
            continue
        before = path.read_text()
        after, wrong = before, ""
        if asked["state"] == "absent":
            after = unmarked(before, name)
        elif not asked.get("vlan") and system == "netplan":
            after, wrong = without_nic(path, before, nic, name)
        elif not asked.get("vlan"):
            after = marked(before, stanzas(before, nic), name)
        if path == INTERFACES and asked["state"] == "present" and not is_read(after, name):
            after += f"source {MAIN['ifupdown'].format(name)}\n"
        problems += [wrong] if wrong else []
        mode = f"{path.stat().st_mode & 0o7777:04o}"
        changed += [{"path": str(path), "content": after, "mode": mode}] if after != before else []
    return changed, problems


def is_read(interfaces: str, name: str) -> bool:
    """Whether ifupdown's main file reads the bridge's own one."""
    place = Path(MAIN["ifupdown"].format(name))
    words = [line.split() for line in interfaces.splitlines()]
    return any(
        (line[0] == "source" and place.match(line[1]))
        or (line[0] == "source-directory" and Path(line[1]) == place.parent)
        for line in words
        if len(line) > 1
    )
