# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a volume's content comes from: a file, a URL, a volume here or elsewhere. Private to this collection.

While planning an origin tells what it has (C(measure)); for real it brings a file of it, whole, checked and unpacked.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from contextlib import AbstractContextManager

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Planned
from ansible_collections.virtops.libvirt.plugins.module_utils._connection import connection, lookup
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused, libvirt_words
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._values import NAME
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import image, packed, streams
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.checksum import Checksum
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import parse

# Larger than any image's own tables could point to in its first bytes.
_SKETCH = 1 << 40
_HEAD = 1 << 20


class Origin:
    """The option C(source) of one kind. C(execute) runs a command.

    C(own): whether a file that it brings is the run's own, to be moved instead of copied. C(trusted): whether an image
    of it may lean on other files of this host; what comes from elsewhere would let them be read.
    """

    own, trusted = True, False

    def __init__(self, options: dict, subject: str, execute):
        self.options, self.subject, self.execute = options, subject, execute
        self.format: str = options.get("format") or ""
        self.packed = ""
        self._checksum: Checksum | None = None

    # What a message calls it.
    shown = name = ""

    def checksum(self) -> Checksum | None:
        if self._checksum is None and self.options.get("checksum"):
            self._checksum = Checksum(self.options["checksum"], self.subject, self.name, self.text_at)
        return self._checksum

    def _refuse_other(self, path: str) -> None:
        checksum = self.checksum()
        if checksum:
            checksum.refuse(path)

    def _fail_other(self, path: str) -> None:
        checksum = self.checksum()
        if checksum:
            checksum.fail(path, self.shown)

    def text_at(self, url: str) -> str:
        """What stands at the URL of a list of checksums."""
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.web import Web

        return Web(url, self.options, self.subject).text(url)

    def measure(self) -> dict:
        """C(format), and in bytes C(capacity) (None: not known yet) and C(space); Refused for a wrong one."""
        raise NotImplementedError

    def brought(self, beside: str) -> AbstractContextManager[str]:
        """The path of a file with the image. C(beside): what the names of files begin with that the run may make."""
        raise NotImplementedError

    def look_at(self, head: bytes, size: int, tail=lambda: b"") -> dict:
        """What C(measure) answers, from the first bytes of a file that has C(size) bytes (0: not known)."""
        self.packed = packed.packed_with(head) if self.options.get("decompress") is not False else ""
        if self.packed:
            packed.need(self.packed, self.subject)
            about = self._sketched(packed.first(head, self.packed), _SKETCH)
        else:
            about = self._sketched(head, size or _SKETCH, tail)
        self.refuse_leaning(about)
        self.format = self.format or about["format"]
        known = None if self.format == "raw" and (self.packed or not size) else about["virtual-size"]
        return {"format": self.format, "capacity": known, "space": size}

    def _sketched(self, head: bytes, size: int, tail=lambda: b"") -> dict:
        """What qemu-img says of an image of which the ends are known, and nothing between."""
        with tempfile.NamedTemporaryFile(prefix="virtops-") as file:
            file.write(head)
            file.truncate(size)
            file.flush()
            try:
                return image.describe(self.execute, file.name, self.subject, self.format, self.shown)
            except Refused:
                # Some formats have their header at the end.
                end = tail()
                if not end:
                    raise
                file.seek(size - len(end))
                file.write(end)
                file.flush()
                return image.describe(self.execute, file.name, self.subject, self.format, self.shown)

    def refuse_leaning(self, about: dict) -> None:
        """Refused where an image that came from elsewhere needs a file of this host."""
        other = image.leans_on(about)
        if other and not self.trusted:
            raise Refused(
                f"{self.subject}: {self.shown} is no image of its own but leans on the file {other}, which did not come"
                " with it; take one that is whole"
            )

    def unpacked(self, path: str, beside: str):
        """A context with the path of a file with what is packed in another one."""
        return self._unpack(path, beside) if self.packed else contextlib.nullcontext(path)

    @contextlib.contextmanager
    def _unpack(self, path: str, beside: str):
        with vanishing(beside + ".unpacked") as whole:
            packed.unpack(path, self.packed, whole, self.shown)
            yield whole


class File(Origin):
    """A file on this host."""

    own, trusted = False, True

    def __init__(self, options, subject, execute):
        super().__init__(options, subject, execute)
        self.path = self.shown = options["path"]
        self.name = os.path.basename(self.path)

    def measure(self):
        if not os.path.isfile(self.path):
            raise Refused(f"{self.subject}: its source {self.path} is not a file on this host; correct the path")
        self._refuse_other(self.path)
        with open(self.path, "rb") as stream:
            head = stream.read(_HEAD)
        status = os.stat(self.path)
        if self.options.get("decompress") is not False and packed.packed_with(head):
            about = self.look_at(head, status.st_size)
            if about["capacity"] is None:
                about["capacity"] = packed.size(self.path, self.packed, self.subject)
            return about
        found = image.describe(self.execute, self.path, self.subject, self.format)
        if found["format"] == "luks":
            raise Refused(
                f"{self.subject}: its source {self.path} is encrypted, and libvirt makes no volume of one; decrypt it"
                " with 'qemu-img convert' first"
            )
        image.refuse_damaged(self.execute, self.path, found, self.subject)
        self._refuse_disguised()
        self.format = self.format or found["format"]
        return {"format": self.format, "capacity": found["virtual-size"], "space": status.st_blocks * 512}

    @contextlib.contextmanager
    def brought(self, beside):
        with self.unpacked(self.path, beside) as path:
            self.own = path != self.path
            yield path

    def _refuse_disguised(self) -> None:
        """Refused for a raw image that begins as another one does: libvirt would take the volume for that one."""
        looks = image.describe(self.execute, self.path, self.subject)["format"] if self.format == "raw" else "raw"
        if looks != "raw":
            raise Refused(
                f"{self.subject}: its source {self.path} looks like {looks}, for which libvirt would take the volume,"
                " too; take 'source.format' out"
            )


class Sent(File):
    """A file of the controller, which the action plugin has sent to this host, or has only told the ends of yet.

    C(sent): C(name), C(size) and C(space) of it, its first and last bytes in C(head) and C(tail) (base64), and its
    C(digest); C(path) once it is here, and C(extents) where only its data was sent.
    """

    own, trusted = True, False

    def __init__(self, options, subject, execute, sent):
        super().__init__(options, subject, execute)
        self.sent, self.name = sent, os.path.basename(self.path)
        self.shown = f"{self.path} (on the controller)"

    def measure(self):
        from base64 import b64decode

        checksum = self.checksum()
        if checksum and self.sent.get("digest"):
            wrong = checksum.differs(self.sent["digest"], self.shown)
            if wrong:
                raise Refused(f"{self.subject}: {wrong}")
        head = b64decode(self.sent["head"])
        about = self.look_at(head, self.sent["size"], lambda: b64decode(self.sent["tail"]))
        about["space"] = self.sent["space"]
        return about

    @contextlib.contextmanager
    def brought(self, beside):
        if not self.sent.get("path"):
            raise Failed(f"{self.shown} was not sent to this host")
        with vanishing(beside + ".sent") as path:
            image.spread(self.sent["path"], path, self.sent.get("extents"), self.sent["size"])
            self._fail_other(path)
            with self.unpacked(path, beside) as whole:
                yield whole


class Url(Origin):
    """A file on a web server."""

    def __init__(self, options, subject, execute):
        super().__init__(options, subject, execute)
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.web import Web

        self.web = Web(options["url"], options, subject)
        self.shown, self.name = self.web.shown, self.web.name

    def measure(self):
        checksum = self.checksum()
        if checksum:
            # A list that lacks the name is found out before anything is fetched.
            checksum.find()
        head = self.web.first()
        return self.look_at(head, self.web.size, self.web.last)

    @contextlib.contextmanager
    def brought(self, beside):
        path = beside + ".download"
        try:
            self.web.fetch(path)
        except OSError:
            discard(path)
            raise
        try:
            self._fail_other(path)
            with self.unpacked(path, beside) as whole:
                yield whole
        finally:
            discard(path)


class Clone(Origin):
    """Another volume of the same libvirt. C(find(pool, name)): it, as a resource."""

    own, trusted = False, True

    def __init__(self, options, subject, execute, find):
        super().__init__(options, subject, execute)
        self.pool, self.name = options["pool"], NAME.parse(options["volume"])
        self.shown = f"volume {self.pool}/{self.name}"
        self.volume = find(self.pool, self.name)
        self.path = ""

    def measure(self):
        words = self.volume.existing()
        if not words:
            raise Refused(
                f"{self.subject}: its source, {self.shown}, is not there; make it with virtops.libvirt.volume,"
                " or correct the name"
            )
        self.volume.refuse_running(f"{self.subject}: its source, {self.shown},", "cloned")
        self.path = words.get("path") or ""
        if os.path.exists(self.path):
            self._refuse_other(self.path)
        actual = self.volume.actual()
        if actual.tree.find("target/encryption") is not None:
            raise Refused(
                f"{self.subject}: its source, {self.shown}, is encrypted, and libvirt copies none that is; export it"
                " with virtops.libvirt.volume_export"
            )
        base = actual.tree.findtext("backingStore/path")
        if base and os.path.exists(self.path) and not os.path.exists(base):
            raise Refused(
                f"{self.subject}: the base of its source, {self.shown}, is not there: {base}; bring that back, or take"
                " another source"
            )
        self.format = self.format or words.get("format", "raw")
        return {
            "format": self.format if self.format in image.WRITABLE else "raw",
            "capacity": self.volume.capacity_of(actual.tree),
            "space": int(actual.tree.findtext("allocation") or 0),
        }

    @contextlib.contextmanager
    def brought(self, _beside):
        yield self.path


class Elsewhere(Origin):
    """A volume of another libvirt host, streamed through this process."""

    def __init__(self, options, subject, execute):
        super().__init__(options, subject, execute)
        self.uri, self.pool, self.name = options["uri"], options["pool"], NAME.parse(options["volume"])
        self.shown = f"volume {self.pool}/{self.name} of {self.uri}"

    def _find(self, conn):
        pool = lookup(conn.storagePoolLookupByName, self.pool, libvirt.VIR_ERR_NO_STORAGE_POOL)
        if pool is None or not pool.isActive():
            raise Refused(
                f"{self.subject}: its source is not to be had: {self.uri} has no active pool {self.pool}; start it,"
                " or correct the name"
            )
        handle = lookup(pool.storageVolLookupByName, self.name, libvirt.VIR_ERR_NO_STORAGE_VOL)
        if handle is None:
            raise Refused(
                f"{self.subject}: its source is not to be had: {self.uri} has no volume {self.pool}/{self.name};"
                " correct the name"
            )
        return handle

    def measure(self):
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume import users

        try:
            with connection(self.uri, read_only=True) as conn:
                handle = self._find(conn)
                document = parse(handle.XMLDesc(0))
                guests = users.disks_on(conn, Planned(), handle.path(), self.pool, self.name)
        except (Failed, libvirt.libvirtError) as error:
            raise Refused(f"{self.subject}: its source is not to be had: {_words(error)}") from error
        users.refuse(guests, f"{self.subject}: its source, {self.shown},", "read")
        backing = document.findtext("backingStore/path")
        self.refuse_leaning({"backing-filename": backing})
        found = document.find("target/format")
        kind = found.get("type") if found is not None else "raw"
        self.format = self.format or (kind if kind in image.WRITABLE else "raw")
        size = int(document.findtext("capacity"))
        return {"format": self.format, "capacity": size, "space": int(document.findtext("allocation") or 0)}

    @contextlib.contextmanager
    def brought(self, beside):
        with vanishing(beside + ".download") as path:
            self._fetch(path)
            self._fail_other(path)
            yield path

    def _fetch(self, path: str) -> None:
        for attempt in range((self.options.get("retries") or 0) + 1):
            try:
                with connection(self.uri, read_only=False) as conn:
                    streams.download(conn, self._find(conn), path)
                return
            except (Failed, libvirt.libvirtError) as error:
                if attempt == (self.options.get("retries") or 0):
                    raise Failed(f"{self.shown} was not read to its end: {_words(error)}") from error


def _words(error: Exception) -> str:
    return libvirt_words(error) if isinstance(error, libvirt.libvirtError) else str(error)


@contextlib.contextmanager
def vanishing(path: str):
    """A path whose file is gone before and after."""
    discard(path)
    try:
        yield path
    finally:
        discard(path)


def discard(path: str) -> None:
    """Remove a file that a run made for itself, with the note beside it."""
    for name in (path, path + ".from"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def origin(options: dict, pool: str, subject: str, execute, find, sent) -> Origin:
    """The origin that the option C(source) names; Refused unless it is exactly one."""
    given = [name for name in ("path", "url", "volume") if options.get(name)]
    if len(given) != 1:
        said = f"names {' and '.join(map(repr, given))}" if given else "names nothing"
        raise Refused(f"{subject}: its source {said}; give one of 'path', 'url' and 'volume'")
    if options.get("uri") and not options.get("volume"):
        raise Refused(
            f"{subject}: source.uri is of a volume on another host, and no 'volume' is given with it; give it"
        )
    if options.get("path"):
        if sent:
            return Sent(options, subject, execute, sent)
        if options.get("remote_src") is False:
            raise Refused(
                f"{subject}: 'remote_src: false' needs Ansible itself, which sends the file; give a path on this host"
            )
        return File(options, subject, execute)
    if options.get("url"):
        return Url(options, subject, execute)
    options = {**options, "pool": options.get("pool") or pool}
    return Elsewhere(options, subject, execute) if options.get("uri") else Clone(options, subject, execute, find)
