#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of guests from one command: what `make lab`, `make lab-check` and `make lab-down` run.

The lab is on an isolated libvirt host that is made for it (tests/hypervisors), or on the libvirt that LAB_URI names.
The role virtops.libvirt.nat_lab makes it; here is only what the role takes for granted: a host and an image.

Environment, or variables of make:
What is left out stays as it is in a lab that is there; the defaults are those of a new one.
  LAB_GUESTS          how many guests (default: 3)
  LAB_NAME            name of the lab, its network and its pool (default: lab)
  LAB_SUBNET          its subnet (default: 192.168.150.0/24)
  LAB_MEMORY          memory of a guest (default: 512 MiB)
  LAB_IMAGE           path or URL of an image with cloud-init (default: Debian 12, built from its packages)
  LAB_IMAGE_CHECKSUM  its checksum as sha256:HEX; a URL needs one
  LAB_VIRT_TYPE       kvm or qemu (default: kvm where this machine's processor can do it, else qemu)
  LAB_URI             a libvirt of this machine to use instead of an isolated host, for example qemu:///system
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
LAB = CHECKOUT / ".lab"
CACHE = Path(os.environ.get("VIRTOPS_CACHE") or CHECKOUT / ".cache")
HYPERVISORS = CHECKOUT / "tests/hypervisors/hypervisors.py"
IMAGES = CHECKOUT / "tests/images/build.py"
# The lab's host has a state directory of its own: tests that run at the same time never meet it.
HOSTS = LAB / "hypervisors"
HOST = "lab"
# Not "localhost": the role's tasks for the controller go there, and shall not become root.
THIS_MACHINE = "this-machine"
# Which host the lab is on, how to get there, and the role's variables: `make lab-down` needs to be told nothing.
INVENTORY = LAB / "hypervisor.yml"
SSH_CONFIG = LAB / "hypervisor_ssh_config"
# What the role writes there (its tasks/absent.yml removes it where the host can still be asked).
ROLE_FILES = ("ssh_config", "inventory.yml", "known_hosts", "id_ed25519", "id_ed25519.pub")
# Settings that a lab keeps: the role's word for each, and its default.
SETTINGS = {
    "NAME": ("nat_lab_name", "lab"),
    "SUBNET": ("nat_lab_subnet", "192.168.150.0/24"),
    "MEMORY": ("nat_lab_memory", "512 MiB"),
    "VIRT_TYPE": ("nat_lab_virt_type", ""),
    "GUESTS": ("nat_lab_guest_count", "3"),
}
PLAYBOOK = "virtops.libvirt.nat_lab"
ANSIBLE = {
    "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
    "ANSIBLE_CALLBACKS_ENABLED": "took",
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
    "ANSIBLE_DEPRECATION_WARNINGS": "false",
    "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
    "ANSIBLE_PIPELINING": "true",
    # A connection that is kept for the next task must not outlive `make lab-down` by much.
    "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=10s",
}


class LabError(Exception):
    """Something the user can act on; its text is all they are shown."""


def say(text: str) -> None:
    print(text, flush=True)


def setting(name: str) -> str:
    return os.environ.get(f"LAB_{name}", "")


def as_root(*command: str | Path) -> list[str]:
    return [*([] if os.geteuid() == 0 else ["sudo", f"VIRTOPS_CACHE={CACHE}"]), *map(str, command)]


def run(command: list[str], *, check: bool = True, **options) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, check=False, text=True, **options)
    if check and done.returncode:
        raise LabError(f"{Path(command[0]).name} failed with status {done.returncode}; see above")
    return done


def hypervisors(*words: str, **options) -> subprocess.CompletedProcess[str]:
    return run(as_root(HYPERVISORS, "--state-dir", HOSTS, *words), **options)


def give_to_caller() -> None:
    """Under sudo the lab's files belong to the user who called it: they log in with the key, and may remove it all."""
    owner, group = (int(os.environ.get(name, "0")) for name in ("SUDO_UID", "SUDO_GID"))
    if os.geteuid() == 0 and owner and LAB.exists():
        for path in [LAB, INVENTORY, SSH_CONFIG, *(LAB / name for name in ROLE_FILES), *LAB.glob("known_hosts/*")]:
            if path.exists():
                os.chown(path, owner, group)


# --- The host ---------------------------------------------------------------------------------------------------------


def is_up() -> bool:
    listed = json.loads(hypervisors("list", "--json", capture_output=True).stdout) if HOSTS.exists() else []
    return any(host["name"] == HOST and host["running"] for host in listed)


def recorded(part: str) -> dict:
    """The C(hosts) or the C(vars) of the inventory, {} where there is no lab."""
    if not INVENTORY.exists():
        return {}
    return yaml.safe_load(INVENTORY.read_text())["hypervisors"].get(part) or {}


def host_entry(uri: str) -> dict:
    """The host as Ansible's inventory names it."""
    if uri:
        become = {} if os.geteuid() == 0 else {"ansible_become": True}
        return {THIS_MACHINE: {"ansible_connection": "local", "nat_lab_uri": uri, **become, **interpreter()}}
    return {HOST: {"ansible_ssh_common_args": f'-F "{SSH_CONFIG}"', **interpreter()}}


def interpreter() -> dict:
    # Debian's own, for which its libvirt packages are built.
    return {"ansible_python_interpreter": "/usr/bin/python3"}


def prepare_host(variables: dict) -> None:
    """Have a host and an inventory of it. Only a lab that is really made has its variables noted there."""
    uri, before = setting("URI"), recorded("hosts")
    if before and uri and before.get(THIS_MACHINE, {}).get("nat_lab_uri") != uri:
        raise LabError(f"the lab is on {where(before)}; to have it on {uri}, run 'make lab-down' first")
    if variables and recorded("vars").get("nat_lab_name", variables["nat_lab_name"]) != variables["nat_lab_name"]:
        there = recorded("vars")["nat_lab_name"]
        raise LabError(f"the lab that is there is named {there}; run 'make lab-down' first")
    entry = before or host_entry(uri)
    if HOST in entry:
        hypervisors("up", HOST)
        write_ssh_config()
    LAB.mkdir(exist_ok=True)
    # Settings that a lab has stay noted until others have been brought to it.
    write_inventory(entry, recorded("vars") or variables)


def where(entry: dict) -> str:
    return entry.get(THIS_MACHINE, {}).get("nat_lab_uri", "an isolated host")


def write_inventory(entry: dict, variables: dict) -> None:
    INVENTORY.write_text(yaml.safe_dump({"hypervisors": {"hosts": entry, "vars": variables}}, sort_keys=False))
    give_to_caller()


def write_ssh_config() -> None:
    # Asked for as the user who will log in: for anybody but root the way there begins with sudo.
    caller = os.environ.get("SUDO_UID") if os.geteuid() == 0 else None
    command = [str(HYPERVISORS), "--state-dir", str(HOSTS), "ssh-config", HOST]
    done = run(command, stdout=subprocess.PIPE, **({"user": int(caller)} if caller else {}))
    SSH_CONFIG.write_text(done.stdout)


def role_variables() -> dict:
    """What the user says, else what the lab has, else the default of a new one."""
    before = recorded("vars")
    name, subnet, memory, kind, guests = (
        setting(word) or before.get(variable) or default for word, (variable, default) in SETTINGS.items()
    )
    kind = kind or virt_type()
    if not str(guests).isdigit():
        raise LabError(f"LAB_GUESTS is {guests!r}; give a number of guests, such as LAB_GUESTS=5")
    try:
        ip_network(subnet)
    except ValueError as error:
        raise LabError(f"LAB_SUBNET: {error}; write it as 192.168.150.0/24") from None
    return {
        "nat_lab_output_dir": str(LAB),
        "nat_lab_name": name,
        "nat_lab_subnet": subnet,
        "nat_lab_memory": memory,
        "nat_lab_disk_size": "4 GiB",
        "nat_lab_virt_type": kind,
        "nat_lab_cpu_mode": "host-passthrough" if kind == "kvm" else "maximum",
        "nat_lab_guest_count": int(guests),
        # Who says a smaller number for a lab means it.
        "nat_lab_prune": bool(setting("GUESTS")),
    }


def virt_type() -> str:
    """libvirt offers kvm wherever there is the device, also where only another kind of guest would run on it."""
    modules = Path("/sys/module")
    works = Path("/dev/kvm").exists() and any((modules / name).exists() for name in ("kvm_intel", "kvm_amd"))
    return "kvm" if works and not (modules / "kvm_pvm").exists() else "qemu"


# --- The image --------------------------------------------------------------------------------------------------------


def image() -> dict:
    """The role's variables for the image."""
    asked, checksum = setting("IMAGE"), setting("IMAGE_CHECKSUM")
    given = {"nat_lab_image_checksum": checksum} if checksum else {}
    if not asked:
        done = run(as_root(IMAGES, "debian"), stdout=subprocess.PIPE)
        return {"nat_lab_image": done.stdout.strip()}
    if "://" not in asked:
        return {"nat_lab_image": str(Path(asked).expanduser().absolute()), **given}
    if not checksum:
        raise LabError("LAB_IMAGE is a URL, so say also LAB_IMAGE_CHECKSUM=sha256:HEX")
    return {"nat_lab_image": str(fetched(asked, checksum)), **given}


def fetched(url: str, checksum: str) -> Path:
    """The file that a URL names, in the cache: the isolated host reaches nothing outside of its namespaces."""
    kind, _colon, digits = checksum.partition(":")
    if kind not in hashlib.algorithms_guaranteed or not re.fullmatch("[0-9a-fA-F]{32,128}", digits):
        raise LabError(f"LAB_IMAGE_CHECKSUM is {checksum!r}; write it as sha256:HEX")
    place = CACHE / "images" / digits.lower() / Path(urlsplit(url).path).name
    there = place.parent.exists()
    place.parent.mkdir(parents=True, exist_ok=True)
    say(f"fetching {url}")
    words = json.dumps({"url": url, "dest": str(place), "checksum": checksum, "mode": "0644"})
    command = ["ansible", "localhost", "--inventory=localhost,", "--connection=local"]
    command += [f"--extra-vars=ansible_python_interpreter={sys.executable}"]
    command += ["--module-name=ansible.builtin.get_url", f"--args={words}"]
    if run(command, check=False, env={**os.environ, **ANSIBLE}).returncode:
        if not there:
            shutil.rmtree(place.parent)
        raise LabError(f"could not fetch {url}, see above; correct LAB_IMAGE or LAB_IMAGE_CHECKSUM")
    return place


# --- What the user asks for -------------------------------------------------------------------------------------------


def playbook(variables: dict, *words: str, check: bool = True) -> int:
    command = ["ansible-playbook", f"--inventory={INVENTORY}", PLAYBOOK, f"--extra-vars={json.dumps(variables)}"]
    try:
        return run([*command, *words], check=check, env={**os.environ, **ANSIBLE}).returncode
    finally:
        give_to_caller()


def up() -> None:
    started = time.monotonic()
    variables = role_variables()
    prepare_host(variables)
    from_image = image()
    count, kind = variables["nat_lab_guest_count"], variables["nat_lab_virt_type"]
    slow = ": without KVM a new guest takes a minute or two to boot" if kind == "qemu" else ""
    say(f"making a lab of {count} guests with virt_type {kind}{slow}")
    playbook({**variables, **from_image})
    write_inventory(recorded("hosts"), variables)
    show(time.monotonic() - started)


def check() -> None:
    was_there = bool(recorded("hosts"))
    if not was_there and not setting("URI"):
        say("there is no lab: an isolated host is started to plan on, and taken down again")
    variables = role_variables()
    try:
        prepare_host({})
        playbook({**variables, **image()}, "--check", "--diff")
    finally:
        if not was_there:
            remove_host()


def down() -> None:
    if not recorded("vars") and setting("URI"):
        prepare_host(role_variables())
    entry = recorded("hosts")
    if not entry:
        remove_host()
        say("there is no lab")
        return
    if HOST in entry and not is_up():
        say("the lab's host is not up, and so it has no guests")
    elif playbook({"nat_lab_state": "absent"}, check=HOST not in entry):
        say("the guests could not be removed one by one; they go with their host")
    remove_host()
    say("the lab is gone")


def remove_host() -> None:
    """Remove the isolated host with all that is in it, and every file of the lab but the cached images."""
    if HOSTS.exists():
        hypervisors("down", HOST)
    for path in [INVENTORY, SSH_CONFIG, *(LAB / name for name in ROLE_FILES)]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    if LAB.exists() and not any(LAB.iterdir()):
        LAB.rmdir()


def show(seconds: float) -> None:
    """Print the table of guests, with the state that libvirt gives."""
    (group,) = yaml.safe_load((LAB / "inventory.yml").read_text()).values()
    guests = group["hosts"] or {}
    login = f"ssh -F {relative(LAB / 'ssh_config')}"
    rows = [("guest", "state", "address", "log in with")]
    rows += [(guest, state(guest), values["lab_address"], f"{login} {guest}") for guest, values in guests.items()]
    widths = [max(len(row[n]) for row in rows) for n in range(3)]
    say("")
    for row in rows:
        say("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[3]]))
    say(f"\nAll of them: ansible -i {relative(LAB / 'inventory.yml')} all -m ping")
    say(f"The lab took {seconds:.0f} s. It goes with: make lab-down")


def state(guest: str) -> str:
    ((host, values),) = recorded("hosts").items()
    asking = ["virsh", "--connect", values.get("nat_lab_uri", "qemu:///system"), "domstate", guest]
    if host == HOST:
        return hypervisors("exec", HOST, "--", *asking, stdout=subprocess.PIPE).stdout.strip()
    return run(as_root(*asking), stdout=subprocess.PIPE).stdout.strip()


def relative(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("up", "check", "down"))
    try:
        {"up": up, "check": check, "down": down}[parser.parse_args().what]()
    except LabError as error:
        say(f"lab: {error}")
        return 1
    except KeyboardInterrupt:
        say("\nlab: interrupted; 'make lab' goes on from here, 'make lab-down' removes what there is")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
