# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules image and image_info, with a web server inside the host in place of those of distributions."""

from __future__ import annotations

import hashlib
import json

import pytest
from integration._lab import paths, wait_until
from integration.test_volume_content import DIRECTORY, make_image

PORT = 8123
MIRROR = f"http://127.0.0.1:{PORT}"
DEBIAN = "bookworm/latest/debian-12-generic-amd64.qcow2"
TASK = {"name": "debian-12", "pool": "images", "arch": "x86_64", "mirror": MIRROR}


class Mirror:
    """What a server of images has, each with its list of checksums; C(start) and C(stop) it."""

    def __init__(self, lab, directory):
        self.lab, self.directory, self.process = lab, directory, ""

    def start(self) -> None:
        server = f"/usr/bin/python3 -m http.server {PORT} --bind 127.0.0.1 --directory {self.directory}"
        self.process = self.lab.shell(f"{server} >/dev/null 2>&1 & echo $!").strip()
        wait_until(self._answers, 10, "the web server")

    def _answers(self) -> bool:
        return self.lab.shell(f"ss --no-header --tcp --listening --numeric sport = :{PORT}") != ""

    def stop(self) -> None:
        if self.process:
            self.lab.shell(f"kill {self.process}")
        self.process = ""

    def has(self, path: str, content: int, listed, algorithm: str) -> str:
        """Serve an image of so many MiB; C(listed(digest, name)): (name of its list, what stands in it). Its digest."""
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        make_image(file, "qcow2", content)
        digest = hashlib.new(algorithm, file.read_bytes()).hexdigest()
        name, text = listed(digest, file.name)
        (file.parent / name).write_text(text)
        return digest


def gnu(name: str):
    return lambda digest, image: (name, f"{'0' * len(digest)}  other.qcow2\n{digest} *{image}\n")


def debian(mirror, content: int) -> str:
    """The name of the base that Debian has now."""
    return f"debian-12-x86_64-{mirror.has(DEBIAN, content, gnu('SHA512SUMS'), 'sha512')[:8]}.qcow2"


@pytest.fixture
def mirror(lab, tmp_path):
    mirror = Mirror(lab, tmp_path)
    mirror.start()
    yield mirror
    mirror.stop()


def test_an_image_is_imported_once(lab, pool, mirror):
    name = debian(mirror, 8)
    made = lab.change("image", **TASK)
    assert (made["volume"]["name"], made["volume"]["capacity"], made["volume"]["format"]) == (name, "8 MiB", "qcow2")
    assert made["steps"] == [f"import {MIRROR}/{DEBIAN} as volume images/{name}"]
    assert lab.shell(f"ls -A {DIRECTORY}") == f"{name}\n"
    lab.unchanged("image", **TASK, state="latest", prune=True)
    lab.change("volume", pool=pool, name="web1.qcow2", backing={"volume": made["volume"]["name"]})
    # With a version there, no server is asked.
    mirror.stop()
    lab.unchanged("image", **TASK)
    assert MIRROR in lab.refused("image", **TASK, state="latest")


def test_another_version_comes_when_it_is_asked_for_and_goes_when_nothing_needs_it(lab, pool, mirror):
    names = []
    for number, content in enumerate((8, 9, 10)):
        names.append(debian(mirror, content))
        if number:
            assert lab.unchanged("image", **TASK)["volume"]["name"] == names[-2]
        made = lab.change("image", **TASK, state="latest")
        assert (paths(made), made["volume"]["name"]) == ([""], names[-1])
    clone = {"pool": pool, "name": "web1.qcow2"}
    lab.ok("volume", **clone, backing={"volume": names[0]})
    disk = {"target": "vda", "pool": pool, "volume": names[1]}
    lab.ok("domain", name="guest", virt_type="qemu", memory="16 MiB", disks=[disk])
    found = lab.check("image_info", pool=pool)["images"]
    needed = {image["volume"]: image["needed_by"] for image in found}
    assert needed == {names[0]: ["images/web1.qcow2"], names[1]: ["domain guest"], names[2]: []}
    lab.unchanged("image", **TASK, prune=True)
    lab.ok("domain", name="guest", state="absent")
    gone = lab.change("image", **TASK, prune=True)
    assert paths(gone) == [f"versions[{names[1]}]"]
    assert gone["steps"] == [f"delete volume images/{names[1]}"]
    # Together with an import.
    lab.ok("volume", **clone, state="absent")
    names.append(debian(mirror, 11))
    both = lab.change("image", **TASK, state="latest", prune=True)
    assert paths(both)[0] == ""
    assert set(paths(both)[1:]) == {f"versions[{names[0]}]", f"versions[{names[2]}]"}
    assert lab.shell(f"ls -A {DIRECTORY}") == f"{names[3]}\n"


LISTS = {
    "ubuntu-24.04": ("noble/release/ubuntu-24.04-server-cloudimg-amd64.img", gnu("SHA256SUMS"), "sha256"),
    "fedora-42": (
        "42/Cloud/x86_64/images/Fedora-Cloud-Base-Generic-42-1.1.x86_64.qcow2",
        lambda digest, name: (
            "Fedora-Cloud-42-1.1-x86_64-CHECKSUM",
            f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n# {name}: 5 bytes\nSHA256 ({name}) = {digest}\n",
        ),
        "sha256",
    ),
    "opensuse-leap-15.6": (
        "15.6/appliances/openSUSE-Leap-15.6-Minimal-VM.x86_64-Cloud.qcow2",
        lambda digest, name: (f"{name}.sha256", f"{digest}  what-it-is-called-now-Build17.5.qcow2\n"),
        "sha256",
    ),
    "alpine-3.22": (
        "v3.22/releases/cloud/nocloud_alpine-3.22.0-x86_64-bios-cloudinit-r0.qcow2",
        lambda digest, name: (f"{name}.sha512", digest),
        "sha512",
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_all_styles_are_read(lab, pool, mirror, name):
    digest = mirror.has(LISTS[name][0], 8, *LISTS[name][1:])
    made = lab.change("image", **{**TASK, "name": name})
    assert made["volume"]["name"] == f"{name}-x86_64-{digest[:8]}.qcow2"


def test_an_image_of_ones_own(lab, pool, mirror):
    digest = mirror.has("own.qcow2", 8, gnu("SUMS"), "sha256")
    task = {"name": "own", "pool": pool, "url": f"{MIRROR}/own.qcow2", "checksum": f"sha256:{MIRROR}/SUMS"}
    made = lab.change("image", **task, arch="aarch64")
    assert made["volume"]["name"] == f"own-aarch64-{digest[:8]}.qcow2"
    raw = lab.change("image", **{**task, "checksum": f"sha256:{digest}"}, format="raw")
    assert made["volume"]["format"] == "qcow2"
    assert json.loads(lab.shell(f"qemu-img info --output=json {raw['volume']['path']}"))["format"] == "raw"
    lab.unchanged("image", **task, arch="aarch64")


def test_what_is_wrong_with_an_image_is_said_before_anything_is_touched(lab, pool, mirror):
    debian(mirror, 8)
    own = {"name": "own", "pool": pool, "url": f"{MIRROR}/{DEBIAN}", "checksum": "sha256:" + "0" * 64}
    sums = mirror.directory / "bookworm/latest/SHA512SUMS"
    for options, *words in (
        ({**TASK, "name": "debian-1"}, "image debian-1", "catalogue", "debian-12"),
        ({**TASK, "arch": "vax"}, "image debian-12", "vax", "x86_64, aarch64"),
        ({**TASK, "pool": "none"}, "there is no pool none"),
        ({**TASK, "name": "debian-13"}, "image debian-13", "404"),
        ({**TASK, "mirror": "http://127.0.0.1:1"}, "http://127.0.0.1:1/"),
        ({**own, "checksum": None}, "image own", "'url' and 'checksum'"),
        ({**own, "mirror": MIRROR}, "image own", "'mirror'"),
        ({**own, "checksum": "sha256:0"}, "'sha256:HEX'"),
        ({**own, "name": "a/b"}, "name"),
        ({**own, "name": "a", "arch": "b/c"}, "arch"),
    ):
        message = lab.refused("image", **{name: value for name, value in options.items() if value is not None})
        assert all(word in message for word in words), message
    sums.write_text("<html>not a list</html>")
    assert "has no sha512 checksum of debian-12-generic-amd64.qcow2" in lab.refused("image", **TASK)
    failed = lab.run("image", **own)
    assert "checksum" in failed["msg"]
    assert lab.shell(f"ls -A {DIRECTORY}") == ""


def test_the_catalogue_is_told(lab):
    names = [image["name"] for image in lab.check("image_info")["catalogue"]]
    assert {"debian-12", "fedora-42", "opensuse-tumbleweed"} <= set(names)
    assert len(names) == len(set(names))
