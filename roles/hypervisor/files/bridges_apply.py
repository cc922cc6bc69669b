# SPDX-License-Identifier: GPL-3.0-or-later
"""Change the host's network, and take all of it back where nobody says in time that the host can still be reached.

One process does it that hangs on no connection.  It alone decides what comes of it; the role asks it afterwards.
A plan has C(deadline) (seconds), C(files) (path, content or None, mode), C(bridges), and C(check), a command.
"""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import host_links as links
import host_snapshot as snapshot

# Not in /tmp, whose files others may have made.
PLACE = Path("/run/hypervisor-bridges")
ANSWER, OUTCOME, PLAN = PLACE / "answer.json", PLACE / "outcome.json", PLACE / "plan.json"
# There when all commands of the change have ended.
MADE = PLACE / "made"
# So that whoever started it hears that it was started, before the network goes.
HEAD_START = 1
# The part of the deadline in which the network has to come up; in the rest of it the role has to come back.
FIRST = 0.5
PING = ("ping", "-c", "1", "-W", "1")


def start(plan: dict) -> dict:
    """Start the process that changes the network, which outlives the connection."""
    PLACE.mkdir(mode=0o700, exist_ok=True)
    if running() is not None:
        return {
            "failed": "another change of the network's is under way on the host; wait until it is done or taken back"
        }
    for bridge in plan["bridges"]:
        # One that is silent before proves nothing when it is silent after.
        now = [device for device in devices(bridge) if links.is_link(device)]
        ways = [
            (way.get("gateway"), device) for device in now for way in links.routes(device) if way["dst"] == "default"
        ]
        silent = [gateway for gateway, device in ways if gateway in bridge["gateways"] and not answers(gateway, device)]
        bridge["gateways"] = [one for one in bridge["gateways"] if one not in silent]
    # The same clock for all processes of the host.
    until = time.monotonic() + HEAD_START + plan["deadline"] * FIRST
    # Without the files, which the others have no need of.
    write(PLAN, json.dumps({**plan, "files": [], "until": until}), 0o600)
    for left in (ANSWER, OUTCOME, MADE):
        left.unlink(missing_ok=True)
    process = os.fork()
    if process == 0:
        detach()
        apply(plan)
    os.waitpid(process, 0)
    return {"failed": ""}


def running() -> int | None:
    """The process of a change that is under way."""
    try:
        pid = int((PLACE / "pid").read_text())
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    return pid


def detach() -> None:
    """Become a process of nobody's: no terminal, no parent, no open files."""
    os.setsid()
    if os.fork():
        os._exit(0)
    (PLACE / "pid").write_text(str(os.getpid()))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    os.closerange(3, 1024)
    os.chdir("/")


def apply(plan: dict) -> None:
    """The whole change, and its outcome in a file; never returns."""
    before, why, left = None, "", []
    try:
        time.sleep(HEAD_START)
        ends = time.monotonic() + plan["deadline"]
        before = Before(plan)
        why = forward(plan)
        if not why:
            MADE.touch()
            why = answer(ends, plan["deadline"])
    except BaseException as error:  # noqa: BLE001 - whatever it was, the network must be what it was
        why = f"{type(error).__name__}: {error}"
    try:
        if why and before:
            left = before.restore(plan)
    except BaseException as error:  # noqa: BLE001 - see above
        left = [f"{type(error).__name__}: {error}"]
    write(OUTCOME, json.dumps({"kept": not why, "why": why, "left": left}), 0o600)
    (PLACE / "pid").unlink(missing_ok=True)
    os._exit(0)


class Before:
    """Files and running network as they are before the change."""

    def __init__(self, plan: dict) -> None:
        self.files = [(Path(one["path"]), *content_of(Path(one["path"]))) for one in plan["files"]]
        self.network = snapshot.note([name for one in plan["bridges"] for name in devices(one)])

    def restore(self, plan: dict) -> list[str]:
        """Bring all of it back; what could not be."""
        for bridge in plan["bridges"]:
            run_all(bridge, "leave", bridge["to"])
        for path, content, mode in self.files:
            write(path, content, mode)
        wrong = [said for bridge in plan["bridges"] for said in run_all(bridge, "enter", bridge["from"])]
        made = [name for one in plan["bridges"] for name in (one["name"], one["port"]) if name != one["interface"]]
        failed = snapshot.bring_back(self.network, made)
        # What a system could not do is nothing to tell where the network is what it was.
        return wrong + failed if failed else []


def devices(bridge: dict) -> list[str]:
    return list(dict.fromkeys((bridge["interface"], bridge["port"], bridge["name"])))


def content_of(path: Path) -> tuple[str | None, int]:
    if not path.exists():
        return None, 0o600
    return path.read_text(), path.stat().st_mode & 0o7777


def write(path: Path, content: str | None, mode: int) -> None:
    """A whole file or none, also where this is ended in between."""
    if content is None:
        path.unlink(missing_ok=True)
        return
    # Hidden: the directories of the network's systems read whatever else is in them.
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    # Nobody else may read it before it has its mode: there may be passwords in it.
    new.touch(mode=0o600)
    new.write_text(content)
    new.chmod(mode)
    new.replace(path)


def forward(plan: dict) -> str:
    """Make the change; what went wrong."""
    for bridge in plan["bridges"]:
        run_all(bridge, "leave", bridge["from"])
    for one in plan["files"]:
        write(Path(one["path"]), one["content"], int(one["mode"], 8))
    for bridge in plan["bridges"]:
        wrong = run_all(bridge, "enter", bridge["to"])
        if not wrong and bridge["to"] == "bridge":
            # Some systems give a bridge these only when they make it.
            settle = links.is_link(bridge["name"]) and snapshot.setting(bridge["name"], bridge["link"])
            wrong = [said for command in settle or [] if (said := snapshot.run(command))]
        if wrong:
            return "; ".join(wrong)
    return ""


def run_all(bridge: dict, step: str, state: str) -> list[str]:
    """Run the commands of the host's system; what went wrong, and nothing of those after it."""
    for words in bridge["commands"][state][step]:
        command = [
            word.replace("{bridge}", bridge["name"]).replace("{interface}", bridge["interface"]) for word in words
        ]
        wrong = snapshot.run(command)
        # Some systems delete their bridge themselves, at any time.
        done = command[:3] == ["ip", "link", "delete"] and not links.is_link(command[3])
        if wrong and not done and step == "enter":
            return [wrong]
    return []


def answer(ends: float, deadline: int) -> str:
    """Wait for the role's answer; why all must be taken back, if it must."""
    while time.monotonic() < ends:
        if ANSWER.exists():
            return json.loads(ANSWER.read_text())["why"]
        time.sleep(0.1)
    return f"nobody came back within {deadline} s"


# --- What the role asks when it has come back


def check() -> list[str]:
    """Wait until the change is made and the network is what it should be; what it lacks when the deadline is near.

    What is right before may be changed once more, as by a system that brings the NIC up and is then told to.
    """
    plan = json.loads(PLAN.read_text())
    # Leases, router advertisements and checks for duplicates take their time.
    while running() is not None and time.monotonic() < plan["until"]:
        if MADE.exists() and not wrong(plan):
            return []
        time.sleep(0.3)
    return wrong(plan)


def keep() -> dict:
    """Say whether the change stays; what came of it.

    That this runs proves that the host is reached: it is called when the answer of check() has come through.
    """
    plan = json.loads(PLAN.read_text())
    if running() is not None:
        write(ANSWER, json.dumps({"why": "; ".join(check())}), 0o600)
    ends = time.monotonic() + plan["deadline"] + 120
    while running() is not None and time.monotonic() < ends:
        time.sleep(0.1)
    if not OUTCOME.exists():
        return {"kept": False, "why": "the process that made the change is gone without a word", "left": []}
    return json.loads(OUTCOME.read_text())


def wrong(plan: dict) -> list[str]:
    """What the running network lacks."""
    lacks = [said for bridge in plan["bridges"] for said in lacking(bridge)]
    if not lacks and plan["check"]:
        said = snapshot.run(plan["check"])
        lacks = [said] if said else []
    return lacks


def lacking(bridge: dict) -> list[str]:
    name, port, lacks = bridge["name"], bridge["port"], []
    device = name if bridge["to"] == "bridge" else bridge["interface"]
    if not links.is_link(device):
        return [f"there is no {device}"]
    if device == name and links.master(port) != name:
        lacks.append(f"{port} is not in {name}")
    if device != name and links.is_link(name):
        lacks.append(f"{name} is still there")
    here = links.addresses(device)
    # One that somebody else has is refused by the kernel, or by the system.
    texts = {one["text"] for one in here if not (one.get("tentative") or one.get("dadfailed"))}
    wanted = [str(ipaddress.ip_interface(one)) for one in bridge["addresses"]]
    lacks += [f"{device} has no {one}" for one in wanted if one not in texts]
    if bridge["dhcp"] and not any(one["family"] == "inet" and not links.is_own(one) for one in here):
        lacks.append(f"{device} got no address by DHCP")
    return lacks + [f"gateway {one} does not answer" for one in bridge["gateways"] if not answers(one, device)]


def answers(gateway: str, device: str) -> bool:
    """Whether it is there: it answers to a ping, or, where it answers to none, the kernel has its MAC."""
    at = f"{gateway}%{device}" if gateway.startswith("fe80") else gateway
    if subprocess.run([*PING, at], capture_output=True, check=False).returncode == 0:
        return True
    return any(
        "lladdr" in one for one in links.ip("neighbour", "show", gateway, "dev", device) if "FAILED" not in one["state"]
    )
