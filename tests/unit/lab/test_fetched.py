# SPDX-License-Identifier: GPL-3.0-or-later
"""`make lab LAB_IMAGE=URL`: the image is fetched into the cache, and only if it is the one that was meant."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location("lab", Path(__file__).parents[2] / "lab" / "lab.py")
IMAGE = b"an image"
CHECKSUM = "sha256:" + hashlib.sha256(IMAGE).hexdigest()


@pytest.fixture
def lab(tmp_path, monkeypatch):
    module = importlib.util.module_from_spec(SPEC)
    SPEC.loader.exec_module(module)
    monkeypatch.setattr(module, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    return module


@pytest.fixture
def server(tmp_path):
    """The base of the URLs of a server on loopback, which has one image."""
    directory = tmp_path / "served"
    directory.mkdir()
    (directory / "guest.qcow2").write_bytes(IMAGE)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=directory)) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()


def ask(lab, monkeypatch, url, checksum=""):
    monkeypatch.setenv("LAB_IMAGE", url)
    monkeypatch.setenv("LAB_IMAGE_CHECKSUM", checksum)
    return lab.image()


def test_the_image_is_fetched_once(lab, server, monkeypatch):
    asked = ask(lab, monkeypatch, f"{server}/guest.qcow2?signature=1", CHECKSUM)
    assert asked["nat_lab_image_checksum"] == CHECKSUM
    place = Path(asked["nat_lab_image"])
    assert place.name == "guest.qcow2"
    assert place.read_bytes() == IMAGE
    before = place.stat()
    assert ask(lab, monkeypatch, f"{server}/guest.qcow2?signature=1", CHECKSUM) == asked
    assert place.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize(
    ("name", "checksum", "words"),
    [
        ("guest.qcow2", "", "say also LAB_IMAGE_CHECKSUM"),
        ("guest.qcow2", CHECKSUM.replace("sha256:", ""), "write it as sha256:HEX"),
        ("guest.qcow2", "sha256:" + "0" * 64, "could not fetch"),
        ("other.qcow2", CHECKSUM, "could not fetch"),
    ],
)
def test_what_is_not_the_image_is_refused_and_not_kept(lab, server, monkeypatch, name, checksum, words):
    with pytest.raises(lab.LabError, match=words):
        ask(lab, monkeypatch, f"{server}/{name}", checksum)
    assert not any(lab.CACHE.glob("images/*"))
