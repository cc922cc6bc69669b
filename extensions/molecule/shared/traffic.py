# SPDX-License-Identifier: GPL-3.0-or-later
"""Try every way between guests, their host and the world outside, by IPv4 and IPv6, and compare with what is expected.

Usage: traffic.py DESCRIPTION, a JSON file with
C(hypervisors): the command of the isolated hosts; C(host): name and addresses of the one with the guests; C(ssh): the
command that runs another one in a guest; C(guests): their C(name), C(address) and C(address6); C(subnets): theirs, and
C(gateways): the host's addresses in them; C(expected): {way: yes, no, or as whom the guest is seen: host, own}.
Prints a line for each way; the exit status is 1 where one is not as expected.
"""

from __future__ import annotations

import ipaddress
import json
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PORT = 8000
OUTSIDE = ("10.99.0.1", "fd10:99::1")
# Says to each who comes whom it sees.
ANSWER = f"""
import socket
with socket.create_server(("::", {PORT}), family=socket.AF_INET6, dualstack_ipv6=True) as server:
    print("ready", flush=True)
    while True:
        talk, (address, *_) = server.accept()
        with talk:
            talk.send(address.encode())
"""
# Seconds that a silent way is given: who drops a packet does not answer.
PATIENCE = 4
PROBE = f"""
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def ask(target):
    try:
        with socket.create_connection(target, {PATIENCE}) as talk:
            return talk.recv(100).decode() if target[1] == {PORT} else "yes"
    except OSError:
        return "no"
targets = json.loads(sys.argv[1])
with ThreadPoolExecutor(len(targets)) as pool:
    print(json.dumps(list(pool.map(lambda target: ask(tuple(target)), targets))))
"""


class Lab:
    """What the description says, and how commands are run in its places."""

    def __init__(self, about: dict):
        self.about, self.hypervisors = about, about["hypervisors"]

    def outside(self, *command: str) -> list[str]:
        return [*self.hypervisors, "outside", "--", *command]

    def host(self, *command: str) -> list[str]:
        return [*self.hypervisors, "exec", self.about["host"]["name"], "--", *command]

    def guest(self, name: str, *command: str) -> list[str]:
        return [*self.about["ssh"], name, shlex.join(command)]


def probed(command: list[str]) -> list[str]:
    """What each target answers to somebody."""
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def seen(answer: str, guest: dict, host: dict) -> str:
    """As whom the world sees a guest."""
    if answer in ("yes", "no"):
        return answer
    address = ipaddress.ip_address(answer)
    address = getattr(address, "ipv4_mapped", None) or address
    for word, one in (("own", guest), ("host", host)):
        if str(address) in (one["address"], one.get("address6")):
            return word
    return f"as {address}"


def ways(lab: Lab):
    """(way, family, what was found)."""
    first, second = lab.about["guests"][:2]
    host, families = lab.about["host"], ("IPv4", "IPv6")
    keys = ("address", "address6")
    inside = [(second[key], 22) for key in keys] + [(gateway, 53) for gateway in lab.about["gateways"]]
    to_guests = [(guest[key], 22) for key in keys for guest in (first, second)]
    outer = [(ip, PORT) for ip in OUTSIDE]
    with ThreadPoolExecutor(3) as pool:
        from_guest = pool.submit(probed, lab.guest(first["name"], "python3", "-c", PROBE, json.dumps(inside + outer)))
        from_host = pool.submit(probed, lab.host("python3", "-c", PROBE, json.dumps(to_guests)))
        from_outside = pool.submit(probed, lab.outside("python3", "-c", PROBE, json.dumps(to_guests)))
    found = from_guest.result()
    for number, family in enumerate(families):
        yield "guest to guest", family, found[number]
        yield "guest to host", family, found[2 + number]
        yield "guest to outside", family, seen(found[4 + number], first, host)
        yield "host to guest", family, "/".join(sorted(set(from_host.result()[2 * number : 2 * number + 2])))
        yield "outside to guest", family, "/".join(sorted(set(from_outside.result()[2 * number : 2 * number + 2])))


def main(path: str) -> int:
    lab = Lab(json.loads(Path(path).read_text(encoding="utf-8")))
    # Without a route nobody would come even to the host's door.
    for subnet, gateway in zip(lab.about["subnets"], (lab.about["host"]["address"], lab.about["host"]["address6"])):
        subprocess.run(lab.outside("ip", "route", "replace", subnet, "via", gateway), check=True)
    started = time.monotonic()
    wrong = 0
    with subprocess.Popen(lab.outside("python3", "-c", ANSWER), stdout=subprocess.PIPE, text=True) as server:
        try:
            server.stdout.readline()
            for way, family, found in ways(lab):
                expected = lab.about["expected"][way]
                wrong += found != expected
                print(f"{way:<18} {family}  {found}" + ("" if found == expected else f"; EXPECTED: {expected}"))
        finally:
            server.terminate()
    print(f"in {time.monotonic() - started:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
