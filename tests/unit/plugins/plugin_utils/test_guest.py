# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell in which a command runs in a guest, with the shells and tools that guests have."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from ansible_collections.virtops.libvirt.plugins.plugin_utils import _guest

OUT, ERR = _guest._OUT * _guest._BLOCK, _guest._ERR * _guest._BLOCK


@pytest.fixture(params=["the machine's", "BusyBox's"])
def run(request, tmp_path):
    """A function that runs a command as in a guest: exit code, output, error output, and the files that are left."""
    shell, environment = ["/bin/sh"], dict(os.environ)
    if request.param == "BusyBox's":
        busybox = shutil.which("busybox")
        if not busybox:
            pytest.skip("no BusyBox here")
        tools = tmp_path / "bin"
        tools.mkdir()
        for tool in ("sh", "dd", "cat", "rm", "head", "sleep", "tr"):
            (tools / tool).symlink_to(busybox)
        shell, environment = [str(tools / "sh")], {"PATH": str(tools)}

    def call(command: str, data: bytes | None = None):
        name, given = tmp_path / "name", tmp_path / "name.in"
        if data is not None:
            given.write_bytes(data)
        words = (command, name, given if data is not None else "")
        done = subprocess.run(
            [*shell, "-c", _guest._BOUNDED, "sh", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            check=False,
        )
        left = {}
        for path in tmp_path.glob("name.*"):
            assert path.stat().st_mode & 0o777 == 0o600
            left[path.suffix] = path.read_bytes()
            path.unlink()
        return done.returncode, done.stdout, done.stderr, left

    return call


def test_both_outputs_and_the_exit_code_come_through(run):
    assert run("printf 'a\\000b'; echo no >&2; exit 3") == (3, b"a\0b", b"no\n", {})
    assert run("cat") == (0, b"", b"", {})
    assert run("kill -9 $$")[0] == 137


def test_input_of_any_size_comes_from_a_file_that_is_gone(run):
    data = os.urandom(1 << 20)
    assert run("cat", data) == (0, data, b"", {})


def test_what_is_more_than_libvirt_passes_on_is_kept_in_a_file(run):
    for size, kept in ((OUT - 1, {}), (OUT, {".out": b""}), (OUT + 70000, {".out": b"x" * 70000})):
        assert run(f"head -c {size} /dev/zero | tr '\\000' x") == (0, b"x" * min(size, OUT), b"", kept)
    many = f"head -c {ERR + 5} /dev/zero | tr '\\000' e"
    assert run(f"{many} >&2; echo out; exit 1") == (1, b"out\n", b"e" * ERR, {".err": b"eeeee"})


def test_a_command_has_what_a_login_sets_and_its_own_umask(run):
    mask = subprocess.run(["sh", "-c", "umask"], capture_output=True, check=True).stdout
    assert run("umask; echo $USER; test -d $HOME") == (
        0,
        mask + os.environ.get("USER", "root").encode() + b"\n",
        b"",
        {},
    )
