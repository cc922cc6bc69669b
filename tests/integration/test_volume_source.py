# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that are filled from a URL, from another volume, and from another host."""

from __future__ import annotations

import base64
import bz2
import contextlib
import gzip
import hashlib
import json
import lzma
import os
import subprocess

import pytest
from integration._lab import HERE, PYTHON
from integration.test_volume_content import DIRECTORY, make_image, read_back, sha256

PACK = {"gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress}


class Server:
    """A web server in the host, with its directory."""

    def __init__(self, lab, directory):
        self.lab, self.directory, self.log = lab, directory, directory.parent / "requests"
        command = lab.host.command([PYTHON, f"{HERE}/_server.py", str(directory), str(self.log)])
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port, self.id = self.process.stdout.readline().split()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    def serve(self, name: str, **how) -> None:
        """Serve a file in the way that _server.py knows."""
        (self.directory / f"{name}.json").write_text(json.dumps(how))

    def requests(self) -> list[str]:
        """What was asked for so far."""
        return self.log.read_text().splitlines()

    def close(self) -> None:
        self.lab.shell(f"kill -KILL {self.id}")
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture
def server(lab, tmp_path):
    directory = tmp_path / "www"
    directory.mkdir()
    with contextlib.closing(Server(lab, directory)) as running:
        yield running


@pytest.fixture
def source(server):
    return make_image(server.directory / "image.qcow2", "qcow2")


def names(lab) -> str:
    return lab.shell(f"ls -A {DIRECTORY}")


def test_an_image_of_a_url_is_fetched_by_the_run_and_looked_at_by_the_check(lab, pool, server, source):
    url = {"url": server.url("image.qcow2"), "checksum": sha256(source)}
    plan = lab.check("volume", pool=pool, name="base", source=url)
    assert (plan["volume"]["capacity"], plan["volume"]["format"]) == ("8 MiB", "qcow2")
    lab.change("volume", pool=pool, name="base", source=url)
    assert read_back(lab, "base")["format"] == "qcow2"
    assert names(lab) == "base\n"
    lab.change("volume", pool=pool, name="raw", source=url, format="raw", capacity="9 MiB")
    assert read_back(lab, "raw")["actual-size"] < 3 << 20
    lab.unchanged("volume", pool=pool, name="base", source={"url": "http://127.0.0.1:1/gone"})
    assert sum(line == "GET image.qcow2 " for line in server.requests()) == 2


@pytest.mark.parametrize("how", ["gz", "xz", "bz2", "zst"])
@pytest.mark.parametrize("image_format", ["qcow2", "raw"])
def test_what_is_packed_is_unpacked(lab, pool, server, how, image_format):
    plain = make_image(server.directory / "image", image_format)
    packed = server.directory / f"image.{how}"
    if how == "zst":
        subprocess.run(["zstd", "-q", plain, "-o", packed], check=True)
    else:
        packed.write_bytes(PACK[how](plain.read_bytes()))
    for number, origin in enumerate(({"path": str(packed)}, {"url": server.url(packed.name)})):
        task = {"pool": pool, "name": f"v{number}", "source": {**origin, "checksum": sha256(packed)}}
        if image_format == "raw" and "url" in origin:
            assert "give 'capacity'" in lab.refused("volume", **task)
            task["capacity"] = "8 MiB"
        made = lab.change("volume", **task)
        assert (made["volume"]["format"], made["volume"]["capacity"]) == (image_format, "8 MiB")
        assert read_back(lab, f"v{number}")["actual-size"] < 3 << 20, "the holes have been filled"
    lab.change("volume", pool=pool, name="as it is", source={"path": str(packed), "decompress": False, "format": "raw"})
    assert names(lab).split("\n") == ["as it is", "v0", "v1", ""]


def test_lists_of_checksums(lab, pool, server, source):
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    lists = {
        "gnu": f"{'0' * 64}  other.qcow2\n{digest} *image.qcow2\n",
        "bsd": f"# image.qcow2: 8 bytes\nSHA256 (other) = {'0' * 64}\nSHA256 (image.qcow2) = {digest}\n",
        "alone": digest + "\n",
        "path": f"{digest}  ./dir/image.qcow2\n",
    }
    for name, text in lists.items():
        (server.directory / name).write_text(text)
        options = {"checksum": f"sha256:{server.url(name)}"}
        lab.change("volume", pool=pool, name=name, source={"url": server.url("image.qcow2"), **options})
        lab.change("volume", pool=pool, name=name + "2", source={"path": str(source), **options})
    (server.directory / "none").write_text(f"{digest}  other.qcow2\n")
    for wrong, word in (("none", "no sha256 checksum of image.qcow2"), ("nowhere", "404")):
        options = {"url": server.url("image.qcow2"), "checksum": f"sha256:{server.url(wrong)}"}
        assert word in lab.refused("volume", pool=pool, name="new", source=options)


def test_another_checksum_than_the_one_that_is_given_leaves_nothing(lab, pool, server, source):
    task = {"pool": pool, "name": "base", "source": {"url": server.url("image.qcow2"), "checksum": "md5:" + "0" * 32}}
    failed = lab.run("volume", **task)
    assert "checksum" in failed["msg"]
    assert "Nothing was changed" in failed["msg"]
    assert names(lab) == ""


def test_what_is_not_to_be_had_is_refused(lab, pool, server, source):
    def refused(**options):
        return lab.refused("volume", pool=pool, name="new", source={"retries": 0, **options})

    assert "404" in refused(url=server.url("none"))
    assert "cannot be reached" in refused(url="http://127.0.0.1:1/image")
    assert "is no URL of http or https" in refused(url="nonsense")
    message = refused(url=f"http://user:geheim@127.0.0.1:{server.port}/none?token=geheim")
    assert "geheim" not in message
    (server.directory / "page").write_text("<html>no image</html>")
    assert "qcow2" in refused(url=server.url("page"), format="qcow2")
    lean = server.directory / "lean"
    subprocess.run(
        ["qemu-img", "create", "-qu", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd", lean, "1M"], check=True
    )
    assert "leans on the file /etc/passwd" in refused(url=server.url("lean"))


def test_headers_and_passwords_reach_the_server_and_nobody_else(lab, pool, server, source):
    server.serve("image.qcow2", need={"X-Token": "geheim", "Authorization": "Basic dXNlcjpnZWhlaW1uaXM="})
    options = {"url": server.url("image.qcow2"), "retries": 0}
    assert "401" in lab.refused("volume", pool=pool, name="new", source=options)
    options.update(headers={"X-Token": "geheim"}, username="user", password="geheimnis")
    made = lab.change("volume", pool=pool, name="new", source=options)
    assert "geheim" not in json.dumps(made)


def test_who_logs_in_may_stand_in_the_url(lab, pool, server, source):
    # That is u:s3cr:t@x.
    server.serve("image.qcow2", need={"Authorization": "Basic dTpzM2NyOnRAeA=="})
    url = server.url("image.qcow2")
    assert "401" in lab.refused("volume", pool=pool, name="new", source={"url": url, "retries": 0})
    inside = url.replace("://", "://u:s3cr%3At%40x@")
    lab.change("volume", pool=pool, name="new", source={"url": inside, "retries": 0})
    # What the options say counts.
    url = url.replace("://", "://u:wrong@") + "?t=s3cr"
    options = {"url": url, "username": "u", "password": "s3cr:t@x", "retries": 0}
    made = lab.change("volume", pool=pool, name="other", source=options)
    assert "s3cr" not in json.dumps(made)


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def large(server):
    """An image that is full of data."""
    path = server.directory / "large.raw"
    path.write_bytes(os.urandom(4 << 20))
    return path


def same(lab, path, name: str) -> bool:
    return "identical" in lab.shell(f"qemu-img compare -f raw -F raw {path} {DIRECTORY}/{name}")


def test_a_connection_that_breaks_is_gone_on_with(lab, pool, server, large):
    server.serve("large.raw", **{"break": [1 << 20, 100, 1 << 20]})
    task = {"pool": pool, "name": "new", "source": {"url": server.url("large.raw"), "checksum": sha256(large)}}
    lab.change("volume", **task)
    assert same(lab, large, "new")
    assert [line.split()[2] for line in server.requests() if "bytes=0-1048575" not in line and line.count("=")] == [
        f"bytes={1 << 20}-",
        f"bytes={(1 << 20) + 100}-",
        f"bytes={(2 << 20) + 100}-",
    ]


def test_the_next_run_goes_on_where_a_broken_one_ended(lab, pool, server, large):
    server.serve("large.raw", **{"break": [3 << 20]})
    task = {"pool": pool, "name": "new", "source": {"url": server.url("large.raw"), "retries": 0}}
    failed = lab.run("volume", **task)
    assert f"broke off after {3 << 20} bytes" in failed["msg"]
    assert "new" not in lab.state()["pool"][pool]["volumes"]
    lab.change("volume", **task)
    assert same(lab, large, "new")
    assert names(lab) == "new\n"
    assert f"GET large.raw bytes={3 << 20}-" in server.requests()


def test_a_file_that_became_another_one_is_fetched_from_its_beginning(lab, pool, server, large):
    server.serve("large.raw", **{"break": [3 << 20]})
    task = {"pool": pool, "name": "new", "source": {"url": server.url("large.raw"), "retries": 0}}
    assert lab.run("volume", **task)["failed"]
    large.write_bytes(os.urandom(4 << 20))
    lab.change("volume", **task)
    assert same(lab, large, "new")


@pytest.mark.parametrize("lacks", ["ranges", "validator"])
def test_a_server_that_cannot_go_on_is_asked_anew(lab, pool, server, large, lacks):
    server.serve("large.raw", **{"break": [None, 1 << 20] if lacks == "ranges" else [1 << 20], lacks: False})
    lab.change("volume", pool=pool, name="new", source={"url": server.url("large.raw")})
    assert same(lab, large, "new")


def test_a_server_that_is_busy_is_asked_again(lab, pool, server, source):
    server.serve("image.qcow2", status=[503, 429])
    lab.change("volume", pool=pool, name="new", source={"url": server.url("image.qcow2")})


# --- other volumes ----------------------------------------------------------------------------------------------------


def test_a_volume_is_cloned_in_full(lab, pool, tmp_path):
    image = make_image(tmp_path / "image", "qcow2")
    lab.ok("volume", pool=pool, name="base", source={"path": str(image)})
    lab.ok("volume", pool=pool, name="leans", backing={"volume": "base"})
    lab.ok("pool", name="other", path="/var/lib/libvirt/images/other", state="active")
    for number, (origin, options) in enumerate(
        [
            ({"volume": "base"}, {}),
            ({"volume": "base"}, {"format": "raw", "capacity": "9 MiB"}),
            ({"volume": "leans"}, {"cluster_size": "128 KiB"}),
        ]
    ):
        lab.change("volume", pool=pool, name=f"clone{number}", source=origin, **options)
        assert "backing-filename" not in read_back(lab, f"clone{number}")
    assert read_back(lab, "clone2")["cluster-size"] == 128 << 10
    lab.change("volume", pool="other", name="clone", source={"volume": "base", "pool": pool})
    assert "is not there" in lab.refused("volume", pool=pool, name="new", source={"volume": "none"})


def test_a_volume_that_a_guest_writes_into_is_not_cloned(lab, pool):
    lab.ok("volume", pool=pool, name="disk", capacity="8 MiB", format="qcow2")
    disks = [{"target": "vda", "pool": pool, "volume": "disk"}]
    lab.ok("domain", name="guest", virt_type="qemu", memory="16 MiB", state="running", disks=disks)
    message = lab.refused("volume", pool=pool, name="new", source={"volume": "disk"})
    assert "domain guest writes into it" in message
    message = lab.refused("volume", pool=pool, name="disk", state="absent")
    assert "domain guest runs on it" in message


def test_a_volume_of_another_host_is_streamed(lab, pool, tmp_path):
    """The other host is this one, by another way."""
    image = make_image(tmp_path / "image", "qcow2")
    lab.ok("volume", pool=pool, name="base", source={"path": str(image)})
    origin = {"volume": "base", "uri": "qemu+unix:///system"}
    lab.change("volume", pool=pool, name="copy", source={**origin, "checksum": sha256(image)})
    lab.change("volume", pool=pool, name="raw", format="raw", source=origin)
    for name in ("copy", "raw"):
        assert read_back(lab, name)["actual-size"] < 3 << 20
    lab.ok("volume", pool=pool, name="leans", backing={"volume": "base"})
    assert "leans on" in lab.refused("volume", pool=pool, name="new", source={**origin, "volume": "leans"})
    assert "no volume" in lab.refused("volume", pool=pool, name="new", source={**origin, "volume": "none"})
    wrong = {**origin, "uri": "qemu+unix:///system?socket=/none"}
    assert "not to be had" in lab.refused("volume", pool=pool, name="new", source=wrong)


@pytest.mark.parametrize("way", ["path", "url", "packed"])
def test_an_image_that_was_cut_off_is_not_imported(lab, pool, server, source, way):
    os.truncate(source, source.stat().st_size - (1 << 19))
    origin = {"path": str(source)} if way == "path" else {"url": server.url("image.qcow2")}
    if way == "packed":
        packed = source.with_name("image.gz")
        packed.write_bytes(gzip.compress(source.read_bytes()))
        origin = {"path": str(packed)}
    task = {"pool": pool, "name": "base", "source": origin}
    if way == "path":
        message = lab.refused("volume", **task)
    else:
        # Only whoever has the whole of it can tell.
        assert lab.check("volume", **task)["changed"]
        message = lab.run("volume", **task)["msg"]
    assert "is damaged, or not whole" in message
    assert names(lab) == ""


def test_what_is_in_an_image_is_for_nobody_else(lab, pool, source):
    lab.ok("volume", pool=pool, name="base", source={"path": str(source)})
    lab.ok("volume", pool=pool, name="raw", source={"path": str(source)}, format="raw", permissions={"mode": "0644"})
    seed = {"pool": pool, "name": "seed", "cloud_init": {"user_data": "#cloud-config\n"}}
    lab.ok("volume", **seed)
    assert lab.shell(f"stat -c '%n %a' {DIRECTORY}/*").split()[1::2] == ["600", "644", "600"]
    # One that is there keeps what it has.
    lab.shell(f"chmod 640 {DIRECTORY}/seed; chown 64055 {DIRECTORY}/seed")
    lab.ok("volume", **{**seed, "cloud_init": {"user_data": "#cloud-config\nhostname: other\n"}})
    assert lab.shell(f"stat -c '%a %u' {DIRECTORY}/seed") == "640 64055\n"


def test_an_encrypted_image_is_no_source(lab, pool, tmp_path):
    lab.ok("secret", type="volume", usage="/images", value="geheim")
    luks = {"format": "luks", "secret": {"usage": "/images"}}
    lab.ok("volume", pool=pool, name="luks", capacity="4 MiB", encryption=luks)
    for task in ({}, {"capacity": "20 MiB"}):
        message = lab.refused("volume", pool=pool, name="copy", source={"volume": "luks"}, **task)
        assert "its source, volume images/luks, is encrypted" in message
    lab.ok("volume_export", pool=pool, name="luks", path=f"{tmp_path}/out")
    assert "is encrypted" in lab.refused("volume", pool=pool, name="copy", source={"path": f"{tmp_path}/out"})


def test_a_raw_image_that_looks_like_another_one_is_none(lab, pool, source):
    task = {"pool": pool, "name": "raw", "format": "raw", "source": {"path": str(source), "format": "raw"}}
    assert "looks like qcow2, for which libvirt would take the volume" in lab.refused("volume", **task)


def test_a_check_says_that_it_does_not_know_how_large_it_is(lab, pool, server):
    packed = server.directory / "image.raw.bz2"
    packed.write_bytes(bz2.compress(bytes(2 << 20)))
    task = {"pool": pool, "name": "raw", "capacity": "1 MiB", "source": {"url": server.url(packed.name)}}
    plan, real = lab.check("volume", **task), lab.run("volume", **task)
    assert plan["unchecked"] == ["source: how large the image is, before it is unpacked"]
    assert "more than the capacity" in real["msg"]


def test_who_logs_in_is_told_to_no_other_server(lab, pool, server, source):
    (server.directory / "moved").touch()
    login = "Basic " + base64.b64encode(b"user:geheim").decode()
    server.serve("moved", need={"Authorization": login}, redirect=server.url("image.qcow2"))
    server.serve("image.qcow2", need={"Authorization": None})
    for more in ({"username": "user", "password": "geheim"}, {"headers": {"Authorization": login}}):
        lab.ok("volume", pool=pool, name="base", source={"url": server.url("moved"), **more})
        lab.ok("volume", pool=pool, name="base", state="absent")
