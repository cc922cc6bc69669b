# SPDX-License-Identifier: GPL-3.0-or-later
"""What the headers of images say that they lean on."""

from __future__ import annotations

import struct

import pytest

from ansible_collections.virtops.libvirt.plugins.module_utils._volume import layers


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("", ""),
        ("/a/base", "/a/base"),
        ("base", "/images/base"),
        ("../base", "/base"),
        ("file:base", "/images/base"),
        ("file:///a/base", "/a/base"),
        ('json:{"driver": "qcow2", "file": {"driver": "file", "filename": "/a/base"}}', "/a/base"),
        ('json:{"driver": "qcow2", "file.driver": "file", "file.filename": "base"}', "/images/base"),
        ('json:{"driver": "nbd", "host": "a"}', ""),
        ("json:{", ""),
    ],
)
def test_a_base_is_the_file_that_its_name_means(said, meant):
    assert layers.plain(said, "/images/clone") == meant


def header(base: bytes, data: bytes = b"", version: int = 3) -> bytes:
    """The beginning of an image of qcow2 (docs/interop/qcow2.txt of QEMU)."""
    extension = struct.pack(">II", 0x44415441, len(data)) + data + bytes(-len(data) % 8) if data else b""
    length = 104 if version >= 3 else 72
    place = length + len(extension) + 8
    head = struct.pack(">4sIQI", b"QFI\xfb", version, place if base else 0, len(base)).ljust(72, b"\0")
    if version >= 3:
        head += struct.pack(">QQQII", 4 if data else 0, 0, 0, 4, length)
    return head + extension + bytes(8) + base + bytes(200)


def test_an_image_leans_on_its_base_and_on_the_file_with_its_data(tmp_path):
    for version in (2, 3):
        (tmp_path / "image").write_bytes(header(b"base", version=version))
        assert layers.of_file(str(tmp_path / "image")) == [str(tmp_path / "base")]
    (tmp_path / "image").write_bytes(header(b"/a/base", b"data"))
    assert layers.of_file(str(tmp_path / "image")) == ["/a/base", str(tmp_path / "data")]
    (tmp_path / "image").write_bytes(header(b""))
    assert layers.of_file(str(tmp_path / "image")) == []


@pytest.mark.parametrize("content", [b"", b"QFI\xfb", b"QFI\xfb" + bytes(300), bytes(300)])
def test_what_is_no_whole_header_leans_on_nothing(tmp_path, content):
    (tmp_path / "image").write_bytes(content)
    assert layers.of_file(str(tmp_path / "image")) == []


def test_all_below_is_found_once(tmp_path):
    names = [str(tmp_path / name) for name in "abc"]
    for name, base in zip(names, [*names[1:], names[0]]):
        (tmp_path / name).write_bytes(header(base.encode()))
    assert layers.below(names[0], {}) == set(names)
    assert layers.below(str(tmp_path / "none"), {}) == set()
