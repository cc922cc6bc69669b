#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Isolated libvirt hosts on one machine, in namespaces of their own.  README.md beside this file tells more."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import _packages
import _release
from _host import Hypervisor, Switch, down_all, hosts
from _tools import HypervisorError, require_root, say, state_directory

__all__ = ["Hypervisor", "HypervisorError", "Switch", "down_all", "hosts", "main"]


def _install(arguments: argparse.Namespace) -> int:
    require_root()
    started = time.monotonic()
    installed = _packages.install(daemons=_release.is_the_machines(_release.DEFAULT))
    what = f"installed {len(installed)} packages" if installed else "everything the hosts need is installed"
    say(f"{what} ({time.monotonic() - started:.1f} s)")
    return 0


def _up(arguments: argparse.Namespace) -> int:
    started = time.monotonic()
    host = Hypervisor(
        arguments.name, state_dir=arguments.state_dir, release=arguments.release, also=arguments.also or ()
    )
    took = f"up after {time.monotonic() - started:.1f} s" if host.up() else "up already"
    say(f"host {host.name} ({host.ip}, {host.release}): {took}")
    return 0


def _down(arguments: argparse.Namespace) -> int:
    require_root()
    if arguments.all == bool(arguments.names):
        raise HypervisorError("name the hosts to take down, or say --all")
    if arguments.all:
        stopped = down_all(arguments.state_dir)
        say(f"down: {', '.join(stopped)}" if stopped else "no host was up")
        return 0
    for name in arguments.names:
        say(f"host {name}: {'down' if Hypervisor(name, state_dir=arguments.state_dir).down() else 'was not up'}")
    return 0


def _exec(arguments: argparse.Namespace) -> int:
    require_root()
    return _replace(Hypervisor(arguments.name, state_dir=arguments.state_dir).command(_command(arguments)))


def _outside(arguments: argparse.Namespace) -> int:
    require_root()
    return _replace(Switch(arguments.state_dir).command(_command(arguments)))


def _command(arguments: argparse.Namespace) -> list[str]:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise HypervisorError("say which command to run, after --")
    return command


def _replace(command: list[str]) -> int:
    """Become the command, so that its input, output, signals and exit code are its own."""
    sys.stdout.flush()
    os.execvp(command[0], command)


def _list(arguments: argparse.Namespace) -> int:
    rows = [
        {
            "name": host.name,
            "ip": host.record().get("ip"),
            "ip6": host.ip6 if host.is_running() else None,
            "release": host.record().get("release"),
            "running": host.is_running(),
            "namespace": host.namespace,
        }
        for host in hosts(arguments.state_dir)
    ]
    if arguments.json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            state = "running" if row["running"] else "left over"
            print(f"{row['name']:<16} {row['ip'] or '-':<14} {row['release'] or '-':<10} {state}")
    return 0


def _ssh_config(arguments: argparse.Namespace) -> int:
    known = [host for host in hosts(arguments.state_dir) if host.is_running()]
    chosen = [Hypervisor(name, state_dir=arguments.state_dir) for name in arguments.names] or known
    print("\n".join(host.ssh_config() for host in chosen), end="")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--state-dir", help="where the hosts' files are kept (default: HYPERVISORS_DIR, else .lab/hypervisors)"
    )
    commands = parser.add_subparsers(dest="action", required=True, metavar="COMMAND")

    def add(name: str, does: object, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(does=does)
        # Also after the command; SUPPRESS keeps the value given before it.
        command.add_argument("--state-dir", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        return command

    add("install", _install, "install the Debian packages that the hosts need")
    up = add("up", _up, "start a host")
    up.add_argument("name", metavar="NAME")
    up.add_argument(
        "--release", choices=_release.RELEASES, default=_release.DEFAULT, help="Debian release (default: %(default)s)"
    )
    up.add_argument(
        "--also",
        action="append",
        choices=_packages.NETWORKING,
        help="a package that the host has as well, on the machine's own root only; may be repeated",
    )
    down = add("down", _down, "stop hosts and remove everything of them")
    down.add_argument("names", metavar="NAME", nargs="*")
    down.add_argument("--all", action="store_true", help="all hosts of this state directory")
    inside = add("exec", _exec, "run a command inside a host")
    inside.add_argument("name", metavar="NAME")
    inside.add_argument("command", metavar="-- COMMAND", nargs=argparse.REMAINDER)
    outside = add("outside", _outside, "run a command on the switch: the world beyond the hosts, 10.99.0.1")
    outside.add_argument("command", metavar="-- COMMAND", nargs=argparse.REMAINDER)
    add("list", _list, "list the hosts").add_argument("--json", action="store_true")
    add("ssh-config", _ssh_config, "print an ssh_config for the hosts").add_argument("names", metavar="NAME", nargs="*")
    return parser


def main(words: list[str] | None = None) -> int:
    # As an interrupt is: with a clean-up on the way out.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda caught, _: sys.exit(128 + caught))
    arguments = _parser().parse_args(words)
    arguments.state_dir = state_directory(arguments.state_dir)
    try:
        return arguments.does(arguments)
    except HypervisorError as error:
        say(f"hypervisors.py: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130


if __name__ == "__main__":
    sys.exit(main())
