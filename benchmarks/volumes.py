#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What moving an image costs: 4 GiB, 400 MB of it data, against qemu-img and virsh, in turns on one isolated host.

Ansible's own start is left aside: the objects are planned and run in one process, and read back as always.
"""

from __future__ import annotations

import argparse
import functools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PLACE = Path("/var/lib/libvirt/images/bench")
URI = "qemu:///system"


def seconds(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def compare(words: str, rounds: int, ours, theirs, clean) -> None:
    """Print the medians of both, which take turns, and of the ratios."""
    times = []
    for _round in range(rounds):
        pair = []
        for work in (ours, theirs):
            clean()
            os.sync()
            pair.append(seconds(work))
        times.append(pair)
    mine, other = (statistics.median(column) for column in zip(*times))
    print(f"{words}: {mine:.2f} s against {other:.2f} s, {statistics.median(a / b for a, b in times):.2f} times")


def inside(rounds: int) -> None:
    """In the isolated host: make the image and the pools, and move it."""
    from ansible_collections.virtops.libvirt.plugins.module_utils._connection import connection
    from ansible_collections.virtops.libvirt.plugins.module_utils._converge import converge
    from ansible_collections.virtops.libvirt.plugins.module_utils._volume import streams
    from ansible_collections.virtops.libvirt.plugins.module_utils._volume.export import Export
    from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume

    source, copy = PLACE.parent / "source.raw", PLACE.parent / "copy.raw"
    with source.open("wb") as stream:
        for number in range(100):
            stream.seek(number * (40 << 20))
            stream.write(os.urandom(4_000_000))
        stream.truncate(4 << 30)
    PLACE.mkdir()

    def execute(command, **options):
        for name in ("expand_user_and_vars", "handle_exceptions"):
            options.pop(name, None)
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
        return done.returncode, done.stdout, done.stderr

    with connection(URI, read_only=False) as conn:
        xml = f"<pool type='dir'><name>bench</name><target><path>{PLACE}</path></target></pool>"
        pool = conn.storagePoolCreateXML(xml, 0)

        def clean() -> None:
            pool.refresh(0)
            for volume in pool.listAllVolumes(0):
                volume.delete(0)
            copy.unlink(missing_ok=True)

        def run(kind=Volume, **options) -> None:
            resource = kind(conn, {"pool": "bench", "name": "new", **options})
            resource.run_command = execute
            converge(resource, check=False)

        def empty():
            text = f"<volume><name>new</name><capacity>{4 << 30}</capacity><allocation>0</allocation></volume>"
            return pool.createXML(text, 0)

        def virsh(verb: str, path: Path) -> None:
            subprocess.run(["virsh", "-q", verb, "--pool", "bench", "new", str(path), "--sparse"], check=True)

        convert = ["qemu-img", "convert", "-f", "raw", "-O", "raw", str(source), str(PLACE / "new")]
        # By itself qemu-img leaves the data in memory; an import is on the disk before it has its name.
        to_disk = [*convert[:2], "-t", "writeback", *convert[2:]]
        for words, command in (("qemu-img convert", convert), ("qemu-img convert -t writeback", to_disk)):
            theirs = functools.partial(subprocess.run, command, check=True)
            ours = functools.partial(run, source={"path": str(source)})
            compare(f"import, against {words}", rounds, ours, theirs, clean)
        compare(
            "upload, against virsh vol-upload --sparse",
            rounds,
            lambda: streams.upload(conn, empty(), str(source)),
            lambda: (empty(), virsh("vol-upload", source)),
            clean,
        )
        print(f"an uploaded file takes {(PLACE / 'new').stat().st_blocks // 2048} MiB")
        compare(
            "download, against virsh vol-download --sparse",
            rounds,
            lambda: streams.download(conn, pool.storageVolLookupByName("new"), str(copy)),
            lambda: virsh("vol-download", copy),
            lambda: copy.unlink(missing_ok=True),
        )
        print(f"a downloaded file takes {copy.stat().st_blocks // 2048} MiB")
        out = [*to_disk[:-2], str(PLACE / "new"), str(copy)]
        compare(
            "export, against qemu-img convert -t writeback",
            rounds,
            functools.partial(run, Export, path=str(copy)),
            functools.partial(subprocess.run, out, check=True),
            lambda: copy.unlink(missing_ok=True),
        )
        pool.destroy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        inside(arguments.rounds)
        return
    import ansible

    sys.path.insert(0, str(CHECKOUT / "tests" / "hypervisors"))
    from hypervisors import Hypervisor

    with tempfile.TemporaryDirectory() as directory, Hypervisor("bench", state_dir=Path(directory) / "hosts") as host:
        # Only Ansible and the collection: libvirt and lxml are to be the host's own.
        libraries = Path(directory) / "libraries"
        libraries.mkdir()
        (libraries / "ansible").symlink_to(Path(ansible.__file__).parent)
        path = os.pathsep.join([str(libraries), os.environ["ANSIBLE_COLLECTIONS_PATH"]])
        command = ["/usr/bin/python3", str(Path(__file__).resolve()), "--inside", "--rounds", str(arguments.rounds)]
        host.exec(["env", f"PYTHONPATH={path}", *command], check=True)


if __name__ == "__main__":
    main()
