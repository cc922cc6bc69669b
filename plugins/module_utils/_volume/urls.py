# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs of content and of its checksums: what may be told of them. Private to this collection."""

from __future__ import annotations

from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

# No signature is shorter.
_SIGNED = 16


def split(url: str) -> SplitResult:
    """The parts of a URL, all empty where it is none that can be read."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


def plain(url: str) -> str:
    """A URL without what may be a password."""
    parts = split(url)
    return urlunsplit((*parts[:1], parts.netloc.rpartition("@")[2], parts.path, "", ""))


def credentials(url: str) -> tuple[str, dict]:
    """A URL without who logs in by it, and that as C(username) and C(password); {} where it says nothing of it."""
    parts = split(url)
    user, found, place = parts.netloc.rpartition("@")
    if not found:
        return url, {}
    name, _colon, password = user.partition(":")
    # What would end them in a URL stands there as %XX (RFC 3986, 3.2.1).
    return urlunsplit(parts._replace(netloc=place)), {"username": unquote(name), "password": unquote(password)}


def file_name(url: str) -> str:
    """The name of the file at a URL."""
    return unquote(split(url).path).rpartition("/")[2]


def list_url(checksum: str | None) -> str:
    """The URL of the list in the option C(checksum), C("") where that is no list."""
    wanted = str(checksum or "").partition(":")[2]
    return wanted if "://" in wanted else ""


def confidential(*urls: str | None) -> set[str]:
    """What is to be shown nowhere: of who logs in by a URL itself, or has it signed."""
    found: set[str] = set()
    for url in map(str, filter(None, urls)):
        parts = split(url)
        if not any(parts):
            # Nobody knows what a password is in one that cannot be read.
            found.add(url)
            continue
        found |= {parts.password or "", unquote(parts.password or "")}
        # A short one stands in other words, too, but not with its mark.
        found |= {f"?{parts.query}", parts.query if len(parts.query) >= _SIGNED else ""} if parts.query else set()
    return found - {""}
