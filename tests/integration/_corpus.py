# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents of libvirt's own test suite and the filters that it brings, fetched at test time from Debian's source
package of libvirt.

Nothing of them is kept but in the cache, and the machine's own apt is only asked where its mirrors are: the package
lists that name the sources lie in the cache too.
"""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from xml.etree import ElementTree as ET

import _debian
import _release
from _packages import apt
from _tools import HypervisorError, cache_directory, locked, scratch_directory, step

ROOTS = ("domain", "filter", "network", "pool", "volume", "secret")
# Where they are in the source package: the test suite, and the filters that libvirt brings.
PLACES = (("tests",), ("src", "nwfilter", "xml"))
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def version(host) -> str:
    """The version of the source package that the host's libvirt was built from."""
    command = ["dpkg-query", "--show", "--showformat", "${source:Version}", "libvirt-daemon"]
    done = host.exec(command, capture_output=True, text=True)
    if done.returncode:
        raise HypervisorError(f"the host does not say which libvirt it has: {done.stderr.strip()}")
    return done.stdout.strip()


def documents(host, root: str = "domain") -> Path:
    """A directory of all these documents with this root, each below its path in the source package."""
    wanted = version(host)
    place = cache_directory() / "documents" / wanted.replace(":", "_")
    with locked(place.with_name(place.name + ".lock")):
        # One that was fetched when fewer roots were wanted is fetched anew.
        if not (place / root).exists():
            shutil.rmtree(place, ignore_errors=True)
            with (
                scratch_directory(place.parent, "libvirt.") as scratch,
                step(f"fetching the test suite of libvirt {wanted}"),
            ):
                _unpack(_archive(host.release, wanted, scratch), scratch / "documents")
                (scratch / "documents").rename(place)
    return place / root


def _archive(suite: str, wanted: str, scratch: Path) -> Path:
    """The archive of this release, or where its mirror has no sources that of another one."""
    suites = sorted(_release.RELEASES, key=lambda other: other != suite)
    for other in suites:
        (scratch / other).mkdir()
        try:
            return _fetch(other, wanted, scratch / other)
        except HypervisorError as error:
            # libvirt takes the documents of another of its versions, too, or refuses them.
            if "404" not in str(error) or other == suites[-1]:
                raise
    raise AssertionError


def _fetch(suite: str, wanted: str, directory: Path) -> Path:
    """The upstream archive of the source package, checked by apt against the archive's signature."""
    for name in ("lists/partial", "cache/archives/partial"):
        (directory / name).mkdir(parents=True)
    lines = [line.replace("deb ", "deb-src ", 1) for line in _debian.sources(suite)]
    (directory / "sources.list").write_text("\n".join(lines) + "\n")
    settings = {
        "Dir::Etc::SourceList": directory / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": directory / "lists",
        "Dir::Cache": directory / "cache",
        "Acquire::Languages": "none",
        # Its sandbox user may not enter the directory; what it fetches is signed all the same.
        "APT::Sandbox::User": "root",
        **({"Dir::Etc::Trusted": KEYRING} if KEYRING.exists() else {}),
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    apt("update", *options)
    try:
        apt("source", "--download-only", *options, f"libvirt={wanted}", cwd=directory)
    except HypervisorError as error:
        if "Unable to find a source package" not in str(error) and "not found" not in str(error):
            raise
        # The mirror has a newer one by now, with the same tests but for a few.
        apt("source", "--download-only", *options, "libvirt", cwd=directory)
    return next(directory.glob("libvirt_*.orig.tar.*[!asc]"))


def _unpack(archive: Path, directory: Path) -> None:
    with tarfile.open(archive) as files:
        for member in files:
            parts = Path(member.name).parts[1:]
            if member.isfile() and parts[-1].endswith(".xml") and any(parts[: len(one)] == one for one in PLACES):
                text = files.extractfile(member).read()
                root = _root(text)
                if root in ROOTS:
                    place = directory.joinpath(root, *parts[1:])
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(text)


def _root(text: bytes) -> str:
    try:
        return ET.fromstring(text).tag
    except ET.ParseError:
        return ""
