# SPDX-License-Identifier: GPL-3.0-or-later
"""Files at a URL: asked for while planning, and fetched with resume. Private to this collection."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import time
from urllib.error import HTTPError, URLError

from ansible.module_utils.urls import ConnectionError as UrlsError
from ansible.module_utils.urls import NoSSLError, SSLValidationError, open_url

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.sparse import Writer
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.urls import credentials, file_name, plain, split

_BROKEN = (URLError, OSError, http.client.HTTPException, UrlsError)
# Answers that another attempt may turn out better: the server is busy, or something between is (RFC 9110, 15).
_PASSING = (408, 425, 429, 500, 502, 503, 504)
# A list of checksums is short.
_LIST = 16 << 20
# As far as it is worth while to read for a look at an image; where it is packed with bzip2, its first block.
_HEAD, _PACKED_HEAD = 1 << 16, 1 << 20
_LONGEST_PAUSE = 30.0


class Web:
    """A server's file, with the options of a task for it. Refused while planning, Failed while fetching."""

    def __init__(self, url: str, options: dict, subject: str):
        self.url, self.subject = url, subject
        if split(url).scheme not in ("http", "https"):
            raise Refused(
                f"{subject}: {plain(url) or 'what is given'} is no URL of http or https; correct it, or give a file by"
                " its 'path'"
            )
        self._login = {name: options.get(name) for name in ("username", "password")}
        self._timeout, self._retries = options.get("timeout") or 30, options.get("retries") or 0
        self._options = {
            "timeout": self._timeout,
            "validate_certs": options.get("validate_certs") is not False,
            "use_proxy": options.get("use_proxy") is not False,
            "ca_path": options.get("ca_path"),
            # Whoever a server sends us to is not told who we are.
            "unredirected_headers": ["Authorization"],
        }
        self._headers = {str(name): str(value) for name, value in (options.get("headers") or {}).items()}
        self.name, self.shown = file_name(url), plain(url)
        self.size = 0

    def _open(self, url: str, headers: dict):
        # A packed answer has neither the size nor the ranges of the file.
        asked = {"Accept-Encoding": "identity", **self._headers, **headers}
        # By the URL itself as by the options: not all releases of Ansible decode what stands there.
        url, login = credentials(url)
        login = self._login if self._login["username"] else login
        about = {f"url_{name}": value for name, value in login.items()}
        return open_url(
            url, headers=asked, decompress=False, force_basic_auth=bool(login.get("username")), **about, **self._options
        )

    def first(self) -> bytes:
        """The first bytes of the file, and its C(size) where the server tells it: asked for with a range."""

        def look(answer) -> bytes:
            head = answer.read(_HEAD)
            self.size = _whole_size(answer)
            return head + answer.read(_PACKED_HEAD - len(head)) if head.startswith(b"BZh") else head

        return self._planned(self.url, {"Range": f"bytes=0-{_PACKED_HEAD - 1}"}, look)

    def last(self) -> bytes:
        """The last bytes of the file, C(b"") where the server gives no ranges."""
        ranges = {"Range": f"bytes=-{_HEAD}"}
        return self._planned(self.url, ranges, lambda answer: answer.read(_HEAD) if answer.status == 206 else b"")

    def text(self, url: str) -> str:
        """A short text, such as a list of checksums."""
        return self._planned(url, {}, lambda answer: answer.read(_LIST)).decode("utf-8", "replace")

    def _planned(self, url: str, headers: dict, read):
        """What C(read) makes of the answer; Refused where there is none."""
        pauses = _pauses(self._retries)
        while True:
            try:
                with self._open(url, headers) as answer:
                    return read(answer)
            except (NoSSLError, SSLValidationError) as error:
                raise Refused(f"{self.subject}: {plain(url)} cannot be trusted: {error}") from error
            except HTTPError as error:
                if error.code not in _PASSING or not next(pauses, False):
                    raise Refused(
                        f"{self.subject}: {plain(url)} is not to be had: the server answers {error.code}"
                        f" {error.reason}; correct the URL, or give what the server asks for"
                    ) from error
            except (*_BROKEN, ValueError) as error:
                if not next(pauses, False):
                    raise Refused(
                        f"{self.subject}: {plain(url)} cannot be reached: {_reason(error)}; correct the URL,"
                        " or see to the network"
                    ) from error

    def fetch(self, path: str) -> None:
        """Fetch the file to C(path); what an earlier run left there is gone on with, if it is of the same file.

        Gives up after C(retries) attempts in a row that brought nothing.
        """
        pauses, before = _pauses(self._retries), -1
        while True:
            try:
                self._go_on(path)
                forget(path)
                return
            except HTTPError as error:
                if error.code not in _PASSING:
                    raise Failed(f"{self.shown}: the server answers {error.code} {error.reason}") from error
                reason = f"the server answers {error.code} {error.reason}"
            except (NoSSLError, SSLValidationError) as error:
                raise Failed(f"{self.shown} cannot be trusted: {error}") from error
            except _Incomplete as error:
                reason = str(error)
            except _BROKEN as error:
                if isinstance(error, OSError) and error.filename == path:
                    raise
                reason = _reason(error)
            there = os.path.getsize(path) if os.path.exists(path) else 0
            if there > before:
                pauses, before = _pauses(self._retries), there
            if not next(pauses, False):
                raise Failed(
                    f"{self.shown} broke off after {there} bytes: {reason}; run the task again, and it goes on there"
                )

    def _go_on(self, path: str) -> None:
        note = _noted(path)
        done = os.path.getsize(path) if note.get("url") == _identity(self.url) and os.path.exists(path) else 0
        headers = {"Range": f"bytes={done}-", "If-Range": note["validator"]} if done else {}
        try:
            answer = self._open(self.url, headers)
        except HTTPError as error:
            # Nothing is behind the last byte: it was whole, or another file (RFC 9110, 15.5.17).
            if error.code != 416:
                raise
            forget(path)
            if _whole_size(error) == done:
                return
            answer = self._open(self.url, {})
        with answer:
            # An answer that is whole starts anew: the file is another one by now.
            done = done if answer.status == 206 else 0
            total = _whole_size(answer)
            _note(path, self.url, answer)
            with Writer(path, done) as writer:
                for block in iter(lambda: answer.read(1 << 18), b""):
                    _write(writer, block, path)
                done = writer.offset
        if total and done != total:
            raise _Incomplete(f"the connection ended, {total - done} bytes are missing")


class _Incomplete(Exception):
    """An answer that ended before its end."""


def _write(writer: Writer, block: bytes, path: str) -> None:
    """An error of the disk is not one of the network."""
    try:
        writer.write(block)
    except OSError as error:
        error.filename = path
        raise


def _pauses(retries: int):
    """True after each pause that another attempt is worth."""
    for number in range(retries):
        # The server's trouble is not over sooner by being asked at once.
        time.sleep(min(2.0**number, _LONGEST_PAUSE) / 2)
        yield True


def _whole_size(answer) -> int:
    """The size of the whole file, 0 where the server does not tell."""
    told = answer.headers.get("Content-Range", "").rpartition("/")[2]
    if not told and getattr(answer, "status", 0) != 206:
        told = answer.headers.get("Content-Length", "")
    return int(told) if told.isdigit() else 0


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", "") or error or type(error).__name__)


def _identity(url: str) -> str:
    """What tells a URL from others, without telling what is in it."""
    return hashlib.sha256(url.encode()).hexdigest()


def _note_path(path: str) -> str:
    return path + ".from"


def _noted(path: str) -> dict:
    """What the half file at C(path) is of, {} where it is not known."""
    try:
        with open(_note_path(path), encoding="utf-8") as stream:
            return dict(json.load(stream))
    except (OSError, ValueError):
        return {}


def _note(path: str, url: str, answer) -> None:
    """Note what is being fetched, if it can be recognised: by a strong validator (RFC 9110, 13.1.5)."""
    tag = answer.headers.get("ETag", "")
    validator = tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified")
    if not validator:
        forget(path)
        return
    with open(_note_path(path), "w", encoding="utf-8") as stream:
        json.dump({"url": _identity(url), "validator": validator}, stream)


def forget(path: str) -> None:
    """What was fetched to C(path) is not gone on with."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_note_path(path))
