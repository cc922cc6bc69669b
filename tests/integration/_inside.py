# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules inside an isolated libvirt host, each in a process of its own, forked from one that has the imports.

  _inside.py serve   a request a line on standard input, an answer a line on standard output
  _inside.py once    one request from standard input, in this very process: a test may kill it

A request is {"do": NAME, "options": {...}}: "module" (with "name" and "check") runs a module as Ansible does and
answers with its result; "state" answers with all that libvirt and the directory of images hold; "wipe" removes it.
Only "state" is told by the process that stays.
"""

from __future__ import annotations

import contextlib
import json
import os
import pkgutil
import shutil
import signal
import sys
import traceback
from importlib import import_module
from pathlib import Path

import libvirt
from ansible.module_utils import basic
from lxml import etree

COLLECTION = "ansible_collections.virtops.libvirt"
IMAGES = Path("/var/lib/libvirt/images")
_UNDEFINE = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
)
# A module that hangs is ended, and the test says so, instead of hanging too.
SECONDS = 300


def _module(name: str):
    return import_module(f"{COLLECTION}.plugins.modules.{name}")


def run_module(name: str, options: dict, check: bool = False) -> None:
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": True}
    # The two places from which a module of ansible-core 2.19 takes its arguments when it is not wrapped.
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    _module(name).main()


def _connect():
    libvirt.registerErrorHandler(lambda *_: None, None)
    return libvirt.open("qemu:///system")


def _volume(volume) -> str:
    document = etree.fromstring(volume.XMLDesc(0))
    # Reading a file changes its time of access.
    for stamps in document.iter("timestamps"):
        stamps.clear()
    return etree.tostring(document, encoding="unicode")


def _pool(pool) -> dict:
    if pool.isActive():
        pool.refresh(0)
    document = etree.fromstring(pool.XMLDesc(libvirt.VIR_STORAGE_XML_INACTIVE))
    # How full the disk below it is changes from moment to moment.
    for figure in ("capacity", "allocation", "available"):
        document.find(figure).text = "0"
    return {
        "xml": etree.tostring(document, encoding="unicode"),
        "active": pool.isActive(),
        "autostart": pool.autostart(),
        "volumes": {volume.name(): _volume(volume) for volume in (pool.listAllVolumes(0) if pool.isActive() else [])},
    }


def _network(network) -> dict:
    return {
        "xml": network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE),
        "live": network.XMLDesc(0) if network.isActive() else None,
        "autostart": network.autostart(),
    }


def _domain(domain) -> dict:
    secure = libvirt.VIR_DOMAIN_XML_SECURE
    return {
        "xml": domain.XMLDesc(secure | libvirt.VIR_DOMAIN_XML_INACTIVE),
        "live": domain.XMLDesc(secure) if domain.isActive() else None,
        "state": domain.state()[0],
        "saved": domain.hasManagedSaveImage(),
        "autostart": domain.autostart(),
        "snapshots": {one.getName(): one.getXMLDesc(secure) for one in domain.listAllSnapshots(0)},
    }


def _secret(secret) -> dict:
    try:
        value = secret.value(0).hex()
    except libvirt.libvirtError as error:
        # It has none, or it is private.
        value = str(error)
    return {"xml": secret.XMLDesc(0), "value": value}


def _nwfilter(nwfilter) -> dict:
    return {"xml": nwfilter.XMLDesc(0)}


def state(connection) -> dict:
    return {
        "pool": {pool.name(): _pool(pool) for pool in connection.listAllStoragePools(0)},
        "network": {network.name(): _network(network) for network in connection.listAllNetworks(0)},
        "nwfilter": {nwfilter.name(): _nwfilter(nwfilter) for nwfilter in connection.listAllNWFilters(0)},
        "secret": {secret.UUIDString(): _secret(secret) for secret in connection.listAllSecrets(0)},
        "domain": {domain.name(): _domain(domain) for domain in connection.listAllDomains(0)},
        "files": {
            str(file): [file.stat().st_size, file.stat().st_mtime_ns]
            for file in sorted(IMAGES.rglob("*"))
            if file.is_file()
        },
    }


def wipe_domains() -> None:
    connection = _connect()
    for domain in connection.listAllDomains(0):
        with contextlib.suppress(libvirt.libvirtError):  # It may be off, or going off by itself.
            domain.destroy()
        with contextlib.suppress(libvirt.libvirtError):  # A transient one is gone by now.
            domain.undefineFlags(_UNDEFINE)
    connection.close()


def wipe() -> None:
    wipe_domains()
    connection = _connect()
    for owner in (connection.listAllNetworks(0), connection.listAllStoragePools(0)):
        for thing in owner:
            if thing.isActive():
                thing.destroy()
            with contextlib.suppress(libvirt.libvirtError):
                thing.undefine()
    # libvirt minds no reference to a filter but those of what runs.
    for thing in (*connection.listAllSecrets(0), *connection.listAllNWFilters(0)):
        thing.undefine()
    connection.close()
    for entry in IMAGES.iterdir():
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def _answer(request: dict) -> None:
    """Do what is asked, in this process, and print the answer."""
    do, options = request.pop("do"), request.pop("options", {})
    if do == "module":
        run_module(request["name"], options, request["check"])
    else:
        {"wipe": wipe, "wipe_domains": wipe_domains}[do]()
        print("null")


class _Watch:
    """Tells the state over one connection: tests ask thousands of times, and a process and a connection cost more."""

    _connection = None

    def answer(self) -> dict:
        signal.alarm(SECONDS)
        try:
            return {"text": json.dumps(self._state()), "code": 0}
        except Exception:  # noqa: BLE001 -- whatever it is, the test is to read it
            return {"text": traceback.format_exc(), "code": 1}
        finally:
            signal.alarm(0)

    def _state(self) -> dict:
        with contextlib.suppress(libvirt.libvirtError):
            if self._connection:
                return state(self._connection)
        # It is the first time, or libvirt's daemon was restarted since.
        self._connection = _connect()
        return state(self._connection)


def _forked(request: dict) -> dict:
    """What a process of its own prints that does what is asked, and its exit code."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        _child(request, theirs)
    os.close(theirs)
    with os.fdopen(ours) as stream:
        text = stream.read()
    _pid, status = os.waitpid(child, 0)
    return {"text": text, "code": os.waitstatus_to_exitcode(status)}


def _child(request: dict, output: int) -> None:
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        signal.alarm(SECONDS)
        _answer(request)
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except Exception:  # noqa: BLE001 -- whatever it is, the test is to read it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def serve() -> None:
    # All of the collection now, so that every test of a session meets the same, and none waits for an import.
    for part in ("modules", "module_utils"):
        package = import_module(f"{COLLECTION}.plugins.{part}")
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            import_module(module.name)
    watch = _Watch()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = watch.answer() if request["do"] == "state" else _forked(request)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        _answer(json.loads(sys.stdin.readline()))
