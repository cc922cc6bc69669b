# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian root file systems by mmdebstrap, from the machine's own package sources.  Private to tests/."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from _tools import INSTALL_HINT, HypervisorError, run

# Settings of the machine's apt that decide whether its sources can be reached at all.
_REACH = re.compile(
    r"^Acquire::([a-z]+::(Proxy\S*|Verify-\S+|CaInfo|Timeout)|Retries|Check-\S+|ForceIPv\d) ", re.IGNORECASE
)
SPACE_GIB = 4


def sources(suite: str) -> list[str]:
    """One-line package sources for a suite: the machine's own where it has it, else its mirror with this suite."""
    wanted = "$(ORIGIN)|$(LABEL)|$(CODENAME)|$(SUITE)|$(REPO_URI)|$(COMPONENT)"
    listed = run(["apt-get", "indextargets", "--format", wanted, "Created-By: Packages"]).stdout.splitlines()
    mirrors: dict[str, str] = {}
    for origin, label, codename, _, uri, component in (line.split("|") for line in listed):
        if origin != "Debian" or component != "main" or label not in ("Debian", "Debian-Security"):
            continue
        # A mirror that is known to have the suite is better than one that only might.
        if label not in mirrors or codename.startswith(suite):
            mirrors[label] = uri
    if "Debian" not in mirrors:
        raise HypervisorError(
            "apt knows no Debian mirror; check the package sources in /etc/apt, then run: apt-get update"
        )
    lines = [f"deb {mirrors['Debian']} {name} main" for name in (suite, f"{suite}-updates")]
    if "Debian-Security" in mirrors:
        lines.append(f"deb {mirrors['Debian-Security']} {suite}-security main")
    return lines


def bootstrap(
    suite: str, target: Path, packages: Sequence[str], *, variant: str = "minbase", options: Sequence[str] = ()
) -> None:
    """Make a root file system; the target directory's parent must exist."""
    if not shutil.which("mmdebstrap"):
        raise HypervisorError(f"mmdebstrap is missing; {INSTALL_HINT}")
    free = shutil.disk_usage(target.parent).free / 2**30
    if free < SPACE_GIB:
        raise HypervisorError(
            f"{target.parent} has {free:.1f} GiB free, and a Debian root takes up to {SPACE_GIB}; "
            "free some, or name another place in VIRTOPS_CACHE"
        )
    reach = [line.strip() for line in run(["apt-config", "dump", "Acquire"]).stdout.splitlines() if _REACH.match(line)]
    command = [
        # Namespaces of its own: it mounts /proc, /sys and more below the target, and when it is killed, as it is with
        # us, these must be gone before anybody removes the directory.
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
        "mmdebstrap",
        "--mode=root",
        f"--variant={variant}",
        "--format=directory",
        f"--include={','.join(packages)}",
        *(f"--aptopt={line}" for line in reach),
        "--aptopt=Acquire::Languages none",
        "--aptopt=APT::Install-Recommends false",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        *options,
        suite,
        str(target),
        *sources(suite),
    ]
    done = run(command, check=False, cwd="/")
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-20:])
        if any(
            sign in said
            for sign in ("Could not resolve", "Temporary failure resolving", "Could not connect", "Failed to fetch")
        ):
            raise HypervisorError(
                f"the package sources of {suite} can't be reached; check the network and /etc/apt:\n{said}"
            )
        if "No space left on device" in said:
            raise HypervisorError(
                f"{target.parent} is full; free some space, or name another place in VIRTOPS_CACHE:\n{said}"
            )
        raise HypervisorError(f"mmdebstrap failed to make a root of {suite}:\n{said}")
