# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that are filled: imported images and seeds for cloud-init."""

from __future__ import annotations

import hashlib
import json
import subprocess
from io import BytesIO
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


# --- seeds ------------------------------------------------------------------------------------------------------------

SEED = {
    "pool": "images",
    "name": "seed.iso",
    "cloud_init": {
        "user_data": {"hostname": "wéb1", "users": [{"name": "admin", "ssh_authorized_keys": ["ssh-ed25519 AAAA x"]}]},
        "meta_data": {"instance-id": "web1", "local-hostname": "web1"},
        "network_config": {"version": 2, "ethernets": {"eth0": {"dhcp4": True}}},
    },
}


READER = """
import io, json, sys, pycdlib
iso = pycdlib.PyCdlib()
iso.open(sys.argv[1])
found = []
for path in ("rr_path", "joliet_path"):
    names = [child.rock_ridge.name().decode() if path == "rr_path" else child.file_identifier().decode("utf-16-be")
             for child in iso.list_children(**{path: "/"}) if not child.is_dir()]
    found.append({})
    for name in names:
        data = io.BytesIO()
        iso.get_file_from_iso_fp(data, **{path: "/" + name})
        found[-1][name] = data.getvalue().decode()
print(json.dumps(found))
"""


def seed_files(lab, name: str = "seed.iso") -> dict[str, str]:
    """What a guest reads from a seed: Linux by its Rock Ridge names, others by Joliet's."""
    rock_ridge, joliet = json.loads(lab.shell(f"/usr/bin/python3 - {DIRECTORY}/{name}", READER))
    assert rock_ridge == joliet
    return rock_ridge


def test_a_seed_is_what_cloud_init_looks_for(lab, pool):
    made = lab.change("volume", **SEED)
    assert made["volume"]["format"] == "iso"
    tags = lab.shell(f"blkid -p -o export {DIRECTORY}/seed.iso").splitlines()
    assert "LABEL=cidata" in tags
    assert "TYPE=iso9660" in tags
    files = seed_files(lab)
    assert sorted(files) == ["meta-data", "network-config", "user-data"]
    assert files["user-data"].startswith("#cloud-config\n")
    for name, option in (("user-data", "user_data"), ("meta-data", "meta_data"), ("network-config", "network_config")):
        # JSON is YAML, too.
        assert json.loads(files[name].removeprefix("#cloud-config\n")) == SEED["cloud_init"][option]


def test_a_seed_is_written_anew_when_its_input_changed_only(lab, pool):
    lab.ok("volume", **SEED)
    reordered = {key: SEED["cloud_init"][key] for key in reversed(SEED["cloud_init"])}
    lab.unchanged("volume", **{**SEED, "cloud_init": reordered})
    before = lab.file(f"{DIRECTORY}/seed.iso").stat().st_ino
    other = {**SEED, "cloud_init": {**SEED["cloud_init"], "user_data": {"hostname": "x" * 5000}}}
    changed = lab.change("volume", **other)
    assert {change["path"] for change in changed["changes"]} >= {"cloud_init"}
    assert lab.file(f"{DIRECTORY}/seed.iso").stat().st_ino != before
    assert "x" * 5000 in seed_files(lab)["user-data"]
    # Smaller again: a seed is no disk whose capacity may only grow.
    lab.change("volume", **SEED)
    assert "x" * 5000 not in seed_files(lab)["user-data"]
    assert lab.shell(f"ls -A {DIRECTORY}") == "seed.iso\n"


def test_what_is_in_a_seed_is_not_shown(lab, pool):
    task = {**SEED, "cloud_init": {"user_data": {"password": "geheimnis"}}}
    for result in (lab.check("volume", **task), lab.run("volume", **task), lab.run("volume_info", pool=pool)):
        result.pop("invocation", None)
        assert "geheimnis" not in json.dumps(result)


def test_text_is_taken_as_it_is(lab, pool):
    script = "#!/bin/sh\necho 'ä' \"$HOME\"\n"
    lab.change("volume", pool=pool, name="seed.iso", cloud_init={"user_data": script, "meta_data": "instance-id: i1"})
    assert seed_files(lab) == {"user-data": script, "meta-data": "instance-id: i1\n"}


def test_an_empty_seed_says_that_it_is_one(lab, pool):
    lab.change("volume", pool=pool, name="seed.iso", cloud_init={})
    assert seed_files(lab) == {"user-data": "#cloud-config\n{}\n", "meta-data": '{\n "instance-id": "seed.iso"\n}\n'}


def test_a_disk_with_data_is_not_taken_for_a_seed(lab, pool, source):
    """The name is that of another volume: writing a seed over it would lose its data."""
    lab.ok("volume", pool=pool, name="seed.iso", source={"path": str(source)})
    lab.refused("volume", **SEED)


def test_sizes_of_a_seed_follow_its_content(lab, pool):
    for number, length in enumerate((0, 2047, 2048, 70000)):
        text = BytesIO(b"#" * length).getvalue().decode()
        lab.change("volume", pool=pool, name=f"s{number}.iso", cloud_init={"user_data": text or {}})
