#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build guest images for tests, once, into the cache, and print the path of the disk.

tiny    a few MB, boots in seconds without KVM: DHCP, a web page, ACPI shutdown; kernel and initramfs lie beside it
debian  Debian 12 as a cloud image: cloud-init (NoCloud), SSH, Python, guest agent
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import shutil
import signal
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "hypervisors")]

from _tools import HypervisorError, cache_directory, locked, make_directory, require_root, say, step  # noqa: E402

IMAGES = ("tiny", "debian")


def recipe_hash(name: str) -> str:
    """Changes with anything that decides what is in the image, so that an old image is never taken for a new one."""
    files = [
        HERE / f"{name}.py",
        HERE / "_disk.py",
        HERE / "_initramfs.py",
        HERE.parent / "hypervisors/_debian.py",
        *sorted(HERE.glob(f"{name}-*")),
    ]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def image(name: str) -> Path:
    """The path of an image's disk, built first if the cache has it not."""
    recipe = importlib.import_module(name)
    place = cache_directory() / "images" / f"{name}-{recipe_hash(name)}"
    with _ReadyOrLocked(place, recipe.FILES):
        if not _complete(place, recipe.FILES):
            _build(name, recipe, place)
    return place / recipe.FILES[0]


def _complete(place: Path, files: tuple[str, ...]) -> bool:
    return all((place / file).exists() for file in files)


class _ReadyOrLocked:
    """Hold the build lock, but only where there is something to build: a ready image needs no root."""

    def __init__(self, place: Path, files: tuple[str, ...]) -> None:
        self.lock = (
            None if _complete(place, files) else locked(place.with_name(place.name.rpartition("-")[0] + ".lock"))
        )

    def __enter__(self) -> None:
        if self.lock:
            require_root()
            self.lock.__enter__()

    def __exit__(self, *error: object) -> None:
        if self.lock:
            self.lock.__exit__(*error)


def _build(name: str, recipe: object, place: Path) -> None:
    make_directory(place.parent)
    # What a killed build left; we hold the lock, so nobody works in it.
    for left in place.parent.glob(f".{name}.*"):
        shutil.rmtree(left, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=place.parent))
    try:
        with step(f"{name}: building the image"):
            recipe.build(scratch)
        scratch.chmod(0o755)
        # Complete or not there at all: a reader without the lock sees no half image.
        scratch.rename(place)
    except OSError as error:
        raise HypervisorError(f"building {name} in {place.parent} failed: {error}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for file in recipe.FILES:
        size = (place / file).stat().st_blocks * 512 / 2**20
        say(f"{name}: {file} takes {size:.1f} MiB")


def main(words: list[str] | None = None) -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda caught, _: sys.exit(128 + caught))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", choices=IMAGES)
    arguments = parser.parse_args(words)
    try:
        print(image(arguments.image))
    except HypervisorError as error:
        say(f"build.py: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
