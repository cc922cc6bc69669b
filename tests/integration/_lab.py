# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests do with an isolated libvirt host: run modules in it, look at what libvirt holds, and compare."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
from pathlib import Path

import ansible
from lxml import etree

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
IMAGES = "/var/lib/libvirt/images"
# What a plan and the run of it must have in common, word for word.
PLANNED = ("changed", "changes", "pending", "power_cycled", "steps", "diff")
# What a message says that is another figure from moment to moment.
FREE = re.compile(r"\S+ \S+ free\b")
# The kind of object that a module makes, where its name does not say it.
RESULTS = {"image": "volume", "volume_export": "export"}


def wait_until(condition, seconds: float, what: str, evidence=str):
    """Poll until the condition gives something true and return that; fail after the deadline, with the evidence."""
    deadline, pause = time.monotonic() + seconds, 0.02
    while not (outcome := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s {evidence()}"
        time.sleep(pause)
        # To ask costs a processor, which what is waited for may need.
        pause = min(pause * 1.5, 0.1)
    return outcome


def documents(found: dict) -> dict:
    """Of all that C(Lab.state) tells, the persistent XML: {(kind, name): text}."""
    return {(kind, name): one["xml"] for kind in ("pool", "network", "domain") for name, one in found[kind].items()}


def leaves(options: dict, prefix: str = "") -> set[str]:
    """The paths of the plain options in a task: C(disks.cache), whichever of the disks has it."""
    found: set[str] = set()
    for name, value in options.items():
        items = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]
        found |= set().union(*(leaves(item, f"{prefix}{name}.") for item in items)) if items else {prefix + name}
    return found


class Agent:
    """A process inside the host that runs modules there. C(wrapper): the command that runs its command, if any."""

    def __init__(self, host, libraries: Path, wrapper: tuple = ()):
        self.host, self.libraries = host, libraries
        self.process = subprocess.Popen(
            host.command([*wrapper, PYTHON, f"{HERE}/_inside.py", "serve"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self.environment(),
            # Ctrl-C is for the tests, which need this to clean up.
            start_new_session=True,
        )
        assert self._read() == "ready"

    def environment(self) -> dict:
        # Only Ansible itself and the collections: libvirt and lxml are to be the host's own.
        path = os.pathsep.join([str(self.libraries), os.environ["ANSIBLE_COLLECTIONS_PATH"]])
        return {"PATH": os.environ["PATH"], "PYTHONPATH": path, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}

    def _read(self):
        line = self.process.stdout.readline()
        assert line, "the process inside the host has ended"
        return json.loads(line)

    def ask(self, do: str, **request):
        """The answer to one request; JSON that the process in the host printed last."""
        self.process.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self.process.stdin.flush()
        answer = self._read()
        try:
            return json.loads(answer["text"].strip().splitlines()[-1])
        except (ValueError, IndexError):
            raise AssertionError(f"{do} {request} ended with {answer['code']}: {answer['text']}") from None

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


# In a mount namespace of its own libvirt's socket for writers is hidden: whoever opened it would fail.
READ_ONLY = ("unshare", "--mount", "sh", "-c", 'mount --bind /dev/null /run/libvirt/libvirt-sock && exec "$@"', "-")


class Lab:
    """An isolated host with what the tests need on it. Check mode always runs where libvirt can only be read."""

    def __init__(self, host, directory: Path):
        self.host = host
        libraries = directory / "libraries"
        libraries.mkdir()
        (libraries / "ansible").symlink_to(Path(ansible.__file__).parent)
        # Options with which each module has changed something: {module: paths}.
        self.exercised: dict[str, set[str]] = {}
        # Whether a guest is up that writes to its disks and moves its balloon by itself.
        self.writing = False
        # Modules in processes of their own, which may outlive the test that failed beside them.
        self.started: list[subprocess.Popen] = []
        self.writer = Agent(host, libraries)
        self.reader = Agent(host, libraries, READ_ONLY)

    def close(self) -> None:
        self.writer.close()
        self.reader.close()

    # --- modules ----------------------------------------------------------------------------------------------------

    def run(self, module: str, **options) -> dict:
        """The result of a module, whether it failed or not."""
        result = self.writer.ask("module", name=module, options=options, check=False)
        if result.get("changed") and not result.get("failed"):
            self.exercised.setdefault(module, set()).update(leaves(options))
        return result

    def check(self, module: str, **options) -> dict:
        return self.reader.ask("module", name=module, options=options, check=True)

    def ok(self, module: str, **options) -> dict:
        """The result of a module that must succeed: for what a test needs and is not about."""
        result = self.run(module, **options)
        assert not result.get("failed"), result["msg"]
        return result

    def unchanged(self, module: str, **options) -> dict:
        """Check and run a task for which there must be nothing to do, and that must touch nothing."""
        before = self.state()
        for result in (self.check(module, **options), self.run(module, **options)):
            assert not result.get("failed"), result["msg"]
            assert not result["changed"], result["changes"]
            assert (result["changes"], result["diff"], result["steps"]) == ([], [], [])
        assert self.state() == before
        return result

    def change(self, module: str, **options) -> dict:
        """Check, apply and repeat a task that must change something; the result of applying it.

        Asserted: the check touches nothing; what it said is what is done; the repeat finds nothing to do, in check mode
        and for real, and leaves libvirt's XML as it is, byte for byte.
        """
        before = self.state()
        plan = self.check(module, **options)
        assert not plan.get("failed"), plan["msg"]
        assert plan["changed"]
        assert plan["changes"]
        assert plan["diff"]
        assert self.state() == before
        real = self.run(module, **options)
        assert not real.get("failed"), real["msg"]
        for key in PLANNED:
            assert real[key] == plan[key], key
        kind = RESULTS.get(module, module)
        told, is_now = promised(plan[kind], "xml" in options), real[kind]
        assert {
            key: (value, is_now.get(key)) for key, value in told.items() if not contains(is_now, {key: value})
        } == {}
        self.unchanged(module, **options)
        return real

    def refused(self, module: str, **options) -> str:
        """Run a task that must fail, with the same words in check mode and for real, and that must touch nothing."""
        before = self.state()
        message = self.refusal(module, **options)
        assert self.state() == before
        return message

    def refusal(self, module: str, **options) -> str:
        """The same without a look at what is touched."""
        plan, real = self.check(module, **options), self.run(module, **options)
        assert plan.get("failed"), plan
        assert real.get("failed"), real
        assert FREE.sub("", real["msg"]) == FREE.sub("", plan["msg"])
        return real["msg"]

    def start(self, module: str, libraries: str = "", /, **options) -> subprocess.Popen:
        """A module in a process of its own, which C(wipe) ends. C(libraries): where it looks for them first."""
        environment = self.writer.environment()
        environment["PYTHONPATH"] = f"{libraries}:{environment['PYTHONPATH']}".lstrip(":")
        process = subprocess.Popen(
            self.host.command([PYTHON, f"{HERE}/_inside.py", "once"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.started.append(process)
        process.stdin.write(json.dumps({"do": "module", "name": module, "options": options, "check": False}) + "\n")
        process.stdin.flush()
        return process

    # --- the host ---------------------------------------------------------------------------------------------------

    def state(self) -> dict:
        """All objects of libvirt and all files of images; without what C(writing) guests change in them."""
        found = self.writer.ask("state")
        if self.writing:
            del found["files"]
            for pool in found["pool"].values():
                pool["volumes"] = sorted(pool["volumes"])
                pool["xml"] = re.sub(r"<(allocation|available)[^/]*/\1>", "", pool["xml"])
            for guest in found["domain"].values():
                # What the balloon has reached so far.
                guest["live"] = re.sub(r"<currentMemory[^/]*/currentMemory>", "", guest["live"] or "")
        return found

    def documents(self, state: dict | None = None) -> dict:
        """What the persistent XML of all guests says, now or in a C(state) that was told before."""
        return {name: shape(guest["xml"]) for name, guest in (state or self.state())["domain"].items()}

    def wipe_domains(self) -> None:
        self.writer.ask("wipe_domains")

    def wipe(self) -> None:
        for process in self.started:
            if process.poll() is None:
                self.shell("pkill -KILL -f '[_]inside.py once' || true")
            process.communicate()
        self.started.clear()
        self.writing = False
        self.writer.ask("wipe")

    def xml(self, kind: str, name: str) -> str:
        """The persistent XML of an object."""
        return self.state()[kind][name]["xml"]

    def tree(self, kind: str, name: str):
        return etree.fromstring(self.xml(kind, name))

    def shell(self, command: str, text: str | None = None) -> str:
        """What a shell command in the host prints; it must succeed."""
        done = self.host.exec(["sh", "-c", command], input=text, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def virsh(self, *words: str) -> str:
        done = self.host.exec(["virsh", "-q", *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def file(self, path: str) -> Path:
        """A file of the host's /var/lib/libvirt as it is seen from outside."""
        return self.host.directory / "lib" / Path(path).relative_to("/var/lib/libvirt")


def contains(whole, part) -> bool:
    """Whether a result has all that another says; libvirt may have added to it, and put disks in another order."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and contains(whole[key], part[key]) for key in part)
    if isinstance(part, list):
        if part and isinstance(part[0], dict) and "target" in part[0]:
            whole, part = (sorted(disks, key=lambda disk: disk["target"]) for disks in (whole, part))
        return len(whole) == len(part) and all(contains(*pair) for pair in zip(whole, part))
    return whole == part


def shape(xml: str) -> list:
    """What is in a document, whatever its order: libvirt sorts controllers in another way each time."""
    return sorted((e.tag, sorted(e.attrib.items()), (e.text or "").strip()) for e in etree.fromstring(xml).iter())


def promised(words: dict, by_document: bool) -> dict:
    """The object as a plan tells it, as far as libvirt is bound to it.

    libvirt writes the version that a machine's alias stands for, and sorts and completes the devices of a document.
    """
    free = ("machine", "disks", "interfaces") if by_document else ("machine",)
    found = {key: value for key, value in words.items() if key not in free}
    # A stack tells the guests that it has.
    guests = [promised(guest, by_document) for guest in found.get("domains", ())]
    return {**found, "domains": guests} if guests else found


def paths(result: dict) -> list[str]:
    """Where a result says that it changed something."""
    return [change["path"] for change in result["changes"]]


def effects(result: dict) -> dict[str, str]:
    return {change["path"]: change["effect"] for change in result["changes"]}
