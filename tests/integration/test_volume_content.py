# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that are filled with imported images."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

DIRECTORY = "/var/lib/libvirt/images/images"


def make_image(path: Path, image_format: str, mebibytes: int = 8) -> Path:
    """An image with a mebibyte of data in its middle, and holes around it."""
    subprocess.run(["qemu-img", "create", "-q", "-f", image_format, path, f"{mebibytes}M"], check=True)
    subprocess.run(["qemu-io", "-f", image_format, "-c", "write -q -P 0x5a 4M 1M", path], check=True)
    return path


def sha256(path: Path) -> str:
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def source(tmp_path):
    return make_image(tmp_path / "image.qcow2", "qcow2")


def read_back(lab, name: str) -> dict:
    """What qemu-img says of a volume whose data has been found whole."""
    path = f"{DIRECTORY}/{name}"
    about = json.loads(lab.shell(f"qemu-img info --output=json {path}"))
    reads = "".join(f" -c 'read -P {area}'" for area in ("0x5a 4M 1M", "0 0 4M", "0 5M 3M"))
    said = lab.shell(f"qemu-io -r -f {about['format']} {reads} {path}")
    assert "failed" not in said
    assert said.count("read ") == 3, said
    return about


@pytest.mark.parametrize(
    ("source_format", "options", "becomes"),
    [
        ("qcow2", {}, "qcow2"),
        ("qcow2", {"format": "raw"}, "raw"),
        ("raw", {}, "raw"),
        ("raw", {"format": "qcow2"}, "qcow2"),
        ("vmdk", {"format": "qcow2"}, "qcow2"),
    ],
)
def test_an_image_is_imported_and_converted(lab, pool, tmp_path, source_format, options, becomes):
    source = make_image(tmp_path / "image", source_format)
    task = {"pool": pool, "name": "base", "source": {"path": str(source), "checksum": sha256(source)}, **options}
    made = lab.change("volume", **task)
    assert (made["volume"]["format"], made["volume"]["capacity"]) == (becomes, "8 MiB")
    about = read_back(lab, "base")
    assert (about["format"], about["virtual-size"]) == (becomes, 8 << 20)
    assert about["actual-size"] < 3 << 20, "the holes of the image have been filled"
    assert lab.shell(f"ls -A {DIRECTORY}") == "base\n"


def test_an_import_is_grown_to_the_capacity(lab, pool, source):
    task = {"pool": pool, "name": "base", "source": {"path": str(source)}, "capacity": "64 MiB"}
    lab.change("volume", **task)
    assert read_back(lab, "base")["virtual-size"] == 64 << 20
    lab.change("volume", **{**task, "capacity": "65 MiB"})


@pytest.mark.parametrize("kind", ["raw", "qcow2", "qcow", "vmdk", "vdi", "vpc", "qed"])
def test_an_import_of_any_format_has_the_capacity_and_keeps_it_where_qemu_cannot_grow_it(lab, pool, tmp_path, kind):
    source = make_image(tmp_path / "image", "qcow2")
    task = {"pool": pool, "name": "base", "source": {"path": str(source)}, "format": kind}
    made = lab.change("volume", **task, capacity="64 MiB")
    assert made["volume"]["capacity"] == "64 MiB"
    assert read_back(lab, "base")["actual-size"] < 3 << 20, "the holes of the image have been filled"
    if kind in ("raw", "qcow2", "qed"):
        lab.change("volume", **task, capacity="65 MiB")
    else:
        assert f"format {kind}" in lab.refused("volume", **task, capacity="65 MiB")


def test_a_name_stays_as_it_is_on_the_way_to_qemu_img(lab, pool, source):
    lab.change("volume", pool=pool, name="$HOME.img", source={"path": str(source)})
    assert lab.shell(f"ls -A {DIRECTORY}") == "$HOME.img\n"


def test_a_sparse_image_stays_sparse(lab, pool, tmp_path):
    source = make_image(tmp_path / "image.raw", "raw", mebibytes=2048)
    made = lab.change("volume", pool=pool, name="base.raw", source={"path": str(source)})
    assert made["volume"]["capacity"] == "2 GiB"
    assert lab.file(f"{DIRECTORY}/base.raw").stat().st_blocks * 512 < 3 << 20


def test_an_imported_image_serves_as_a_base(lab, pool, source):
    lab.ok("volume", pool=pool, name="base.qcow2", source={"path": str(source)})
    lab.change("volume", pool=pool, name="web1.qcow2", backing={"volume": "base.qcow2"}, capacity="32 MiB")
    assert read_back(lab, "web1.qcow2")["backing-filename"] == f"{DIRECTORY}/base.qcow2"


def test_the_content_of_a_volume_is_never_replaced(lab, pool, source, tmp_path):
    task = {"pool": pool, "name": "base", "source": {"path": str(source), "checksum": sha256(source)}}
    lab.ok("volume", **task)
    lab.shell(f"qemu-io -f qcow2 -c 'write -P 0x77 0 64k' {DIRECTORY}/base")
    lab.unchanged("volume", **task)
    # The image may be gone or another one by now.
    source.unlink()
    lab.unchanged("volume", **task)


@pytest.mark.parametrize("wrong", ["sha256:" + "0" * 64, "md5:" + "0" * 32])
def test_an_image_with_another_checksum_is_refused(lab, pool, source, wrong):
    message = lab.refused("volume", pool=pool, name="base", source={"path": str(source), "checksum": wrong})
    assert "checksum" in message
    assert str(source) in message
    assert lab.shell(f"ls -A {DIRECTORY}") == ""


def test_a_file_that_is_no_image_of_the_format_that_is_given_is_refused(lab, pool, tmp_path):
    source = tmp_path / "image.qcow2"
    source.write_bytes(b"not an image" * 1000)
    options = {"path": str(source), "format": "qcow2"}
    message = lab.refused("volume", pool=pool, name="base", source=options)
    assert str(source) in message


def test_an_image_that_leans_on_another_one_comes_over_whole(lab, pool, source, tmp_path):
    overlay = tmp_path / "overlay.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", source, overlay], check=True)
    lab.change("volume", pool=pool, name="base", source={"path": str(overlay)})
    assert "backing-filename" not in read_back(lab, "base")
