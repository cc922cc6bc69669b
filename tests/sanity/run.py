#!/usr/bin/env python3
"""Run `ansible-test sanity` without containers, from any checkout and on a new machine.

Usage, as by `make sanity`, which sets the path: run.py CACHE_DIRECTORY [ARGUMENT OF ansible-test sanity ...]

ansible-test needs four things that a checkout and a developer's machine do not give:

- The collection in a real directory ansible_collections/virtops/libvirt, with no other git repository above it: the
  files are copied into a temporary one.
- A get-pip.py from a server of the Ansible project, for the virtual environment of each test. One that does the same
  with the pip that comes with Python is put where ansible-test caches its download.
- pip's settings in files: it hides the environment variables that begin with PIP_.
- Interpreters that run when called by name. Those of pyenv do not, since their settings are hidden as well: links to
  them are put in the path. With them, `compile` and `import` see the oldest and the newest Python of managed hosts.

ansible-test gets a home directory of its own in CACHE_DIRECTORY for this. Its virtual environments are kept there for
the next run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from ast import literal_eval
from configparser import RawConfigParser
from pathlib import Path

from ansible_test._internal.host_configs import NativePythonConfig
from ansible_test._internal.python_requirements import get_venv_packages

CHECKOUT = Path(__file__).resolve().parents[2]
# As in tests/config.yml: Python 3.9
OLDEST_MINOR = 9

GET_PIP = '''\
"""Made by tests/sanity/run.py from the pip that comes with Python."""

import subprocess
import sys

subprocess.run([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL, check=True)
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *arguments]))
'''


def files_of_checkout() -> list[Path]:
    """All that git knows or would add; without git, all but hidden files and caches."""
    command = ["git", "-C", str(CHECKOUT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
        paths = [Path(name) for name in names if name]
    except (FileNotFoundError, subprocess.CalledProcessError):
        paths = []
        for directory, directories, files in os.walk(CHECKOUT):
            directories[:] = [name for name in directories if not name.startswith(".") and name != "__pycache__"]
            paths += [Path(directory, name).relative_to(CHECKOUT) for name in files]
    # A deleted file is known to git until the deletion is committed.
    return [path for path in paths if (CHECKOUT / path).exists() and is_shipped(path)]


def is_shipped(path: Path) -> bool:
    """False for programs that serve the development only.

    ansible-test's rules, like its list of shebangs, are for what users get; ruff and shellcheck see the rest.
    """
    if path.parts[0] == "tests":
        return path.suffix in {".txt", ".yml"}
    return path.parts[0] not in {".ci", "benchmarks"}


def copy_checkout(*, target: Path) -> None:
    for path in files_of_checkout():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / path, target / path, follow_symlinks=False)


def prepare_home(home: Path) -> None:
    python = NativePythonConfig(version=f"{sys.version_info.major}.{sys.version_info.minor}", path=sys.executable)
    version = get_venv_packages(python)["pip"].replace(".", "_")
    get_pip = home / ".ansible" / "test" / "cache" / f"get_pip_{version}.py"
    get_pip.parent.mkdir(parents=True, exist_ok=True)
    get_pip.write_text(GET_PIP, encoding="utf-8")

    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True)
    settings = [line.partition("=")[::2] for line in listed.stdout.splitlines()]
    config = RawConfigParser()
    config.read_dict({"global": {"quiet": "1"}})
    # As in pip, what the environment says wins over the files.
    for key, value in sorted(settings, key=lambda setting: setting[0].startswith(":env:")):
        section, option = key.replace(":env:", "global").split(".", 1)
        config.read_dict({section: {option: literal_eval(value)}})
    pip_conf = home / ".config" / "pip" / "pip.conf"
    pip_conf.parent.mkdir(parents=True, exist_ok=True)
    with pip_conf.open("w", encoding="utf-8") as file:
        config.write(file)


def link_interpreters(directory: Path) -> None:
    """Link the oldest and the newest that pyenv installed of the versions that managed hosts may have.

    What two of them import, and the controller's own, is imported by those between.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    root = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    found = {}
    for interpreter in sorted(root.glob("versions/*/bin/python3.*")):
        minor = interpreter.name.partition(".")[2]
        if minor.isdecimal() and int(minor) >= OLDEST_MINOR:
            found.setdefault(int(minor), interpreter)
    for minor in {min(found), max(found)} if found else ():
        (directory / found[minor].name).symlink_to(found[minor])


def main() -> int:
    cache = Path(sys.argv[1]).resolve()
    home, interpreters = cache / "home", cache / "bin"
    prepare_home(home)
    link_interpreters(interpreters)
    environment = {**os.environ, "HOME": str(home), "PATH": f"{os.environ['PATH']}:{interpreters}"}
    with tempfile.TemporaryDirectory(prefix="virtops-libvirt-sanity-") as directory:
        collection = Path(directory, "ansible_collections", "virtops", "libvirt")
        copy_checkout(target=collection)
        command = ["ansible-test", "sanity", "--color", "no", *sys.argv[2:]]
        return subprocess.run(
            command, check=False, cwd=collection, env=environment, stdin=subprocess.DEVNULL
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
