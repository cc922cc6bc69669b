# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud images: bases of guests, imported once each. Private to this collection.

A base is a volume like any other, whose name tells what it is: C(NAME-ARCH-DIGEST.FORMAT). So the pool itself is the
cache, and nothing needs to be noted elsewhere.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from ansible_collections.virtops.libvirt.plugins.module_utils._actual import Planned
from ansible_collections.virtops.libvirt.plugins.module_utils._diff import CONFIG, Change
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._image import catalogue
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Plan, Step
from ansible_collections.virtops.libvirt.plugins.module_utils._values import NAME
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import users
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.checksum import Checksum
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.urls import confidential, file_name, list_url
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.web import Web

# So many digits of a checksum tell the versions of one image apart.
_DIGITS = 8
_HEX = re.compile(r"\b[0-9a-fA-F]{64,128}\b")
_FORMATS = ("qcow2", "raw")


class Base:
    """A volume that is a version of an image. C(since): when it was made, as far as libvirt tells."""

    def __init__(self, name: str, path: str, since: float):
        self.name, self.path, self.since = name, path, since


class Image(Volume):
    """The volume that guests are built on, found or imported when it is planned."""

    def __init__(self, conn, options, planned=None):
        self.image, self.task = options["name"], options
        self._found: dict = {}
        super().__init__(conn, {"name": self.image, "pool": options["pool"]}, planned)

    @classmethod
    def argument_spec(cls):
        return {
            "name": {"type": "str", "required": True},
            "pool": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "latest"], "default": "present"},
            "arch": {"type": "str"},
            "url": {"type": "str"},
            "checksum": {"type": "str"},
            "mirror": {"type": "str"},
            "format": {"type": "str", "choices": list(_FORMATS), "default": "qcow2"},
            "prune": {"type": "bool", "default": False},
            "validate_certs": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 30},
        }

    @property
    def subject(self):
        return f"image {self.image}" if self.name == self.image else super().subject

    @classmethod
    def hidden(cls, options):
        urls = options.get("url"), options.get("mirror"), list_url(options.get("checksum"))
        return super().hidden(options) | confidential(*urls)

    def plan(self) -> Plan:
        if not self._found:
            self._find()
        plan = super().plan()
        if self.task.get("prune"):
            self._prune(plan)
        return plan

    # --- which volume it is -----------------------------------------------------------------------------------------

    def _find(self) -> None:
        """Settle for the volume: the base that is there, or the one that its server has now."""
        pool = self.pool_handle()
        if pool is None or not pool.isActive():
            self._refuse_without_pool(pool)
        where = self._described()
        there = self.bases()
        if self.task.get("state") != "latest" and there:
            self._become(there[-1].name, {})
            return
        source = {**self._access(), "url": where.url}
        checksum = Checksum(where.checksum, self.subject, file_name(where.url), self._text(where.alone))
        wanted = checksum.find()
        source["checksum"] = f"{checksum.algorithm}:{wanted}"
        self._become(f"{self._prefix()}{wanted[:_DIGITS]}.{self._format()}", source)

    def _become(self, name: str, source: dict) -> None:
        """Go on as the volume C(name)."""
        self._found = {"name": name, "pool": self.pool}
        if source:
            self._found.update(source=source, format=self._format())
        super().__init__(self.conn, self._found, self.planned)

    def _access(self) -> dict:
        return {"validate_certs": self.task.get("validate_certs"), "timeout": self.task.get("timeout"), "retries": 5}

    def _text(self, alone: bool):
        """What reads a list of checksums; of C(alone) only the digest."""

        def text(url: str) -> str:
            found = Web(url, {**self._access(), "retries": 0}, self.subject).text(url)
            digests = _HEX.findall(found)
            return digests[0] if alone and digests else found

        return text

    def _described(self) -> catalogue.Found:
        url, checksum, mirror = (self.task.get(option) for option in ("url", "checksum", "mirror"))
        if url or checksum:
            if not url or not checksum:
                raise Refused(f"{self.subject}: an image of your own needs both 'url' and 'checksum'; give both")
            if mirror:
                raise Refused(f"{self.subject}: 'mirror' is for images of the catalogue; take it or 'url' out")
            return catalogue.Found(url, checksum, False)
        if self.image not in catalogue.NAMES:
            raise Refused(
                f"{self.subject}: the catalogue does not have it; give 'url' and 'checksum', or choose one of"
                f" {', '.join(catalogue.NAMES)}"
            )
        arch = self._arch()
        if arch not in catalogue.arches(self.image):
            raise Refused(
                f"{self.subject}: there is none for {arch}; choose {', '.join(catalogue.arches(self.image))}, or give"
                " 'url' and 'checksum'"
            )
        return catalogue.find(self.image, arch, mirror or "")

    def _arch(self) -> str:
        """For which processor; libvirt's own where the task does not say."""
        arch = self.task.get("arch") or self.conn.getInfo()[0]
        try:
            return NAME.parse(arch)
        except ValueError as error:
            raise Refused(f"{self.subject}: arch {error}") from None

    def _format(self) -> str:
        return self.task.get("format") or _FORMATS[0]

    def _prefix(self) -> str:
        return f"{self.image}-{self._arch()}-"

    def bases(self) -> list[Base]:
        """The versions of this image and format that are in the pool, the newest last."""
        pattern = re.compile(rf"{re.escape(self._prefix())}[0-9a-f]{{{_DIGITS}}}\.{self._format()}")
        handle = self.pool_handle()
        found = []
        for volume in handle.listAllVolumes(0) if handle is not None and handle.isActive() else []:
            if pattern.fullmatch(volume.name()):
                document = ET.fromstring(volume.XMLDesc(0))  # noqa: S314 (libvirt's own)
                path = document.findtext("target/path") or ""
                found.append(Base(volume.name(), path, float(document.findtext("target/timestamps/mtime") or 0)))
        return sorted(found, key=lambda base: (base.since, base.name))

    # --- versions that nothing needs ---------------------------------------------------------------------------------

    def _prune(self, plan: Plan) -> None:
        """Add to the plan the removal of all other versions that nothing is built on."""
        for base in self.bases():
            if base.name == self.name or needed_by(self.conn, self.pool, base, self.planned):
                continue
            # By force, because what needs it was asked already, and with what a check-mode run planned.
            options = {"pool": self.pool, "name": base.name, "state": "absent", "force": True}
            removal = Volume(self.conn, options, self.planned)
            plan.changes.append(Change(f"versions[{base.name}]", "present", "absent", CONFIG))
            plan.steps += [Step(step.why, step.run, step.undo) for step in removal.plan().steps]


def needed_by(conn, pool: str, base: Base, planned: Planned) -> list[str]:
    """What is built on a base: volumes of active pools, and guests, running or not.

    Also where a check-mode run only planned them, and without what it would have removed.
    """
    volumes = [name.partition("/")[::2] for name in users.built_on(conn, planned, base.path)]
    found = [f"{where}/{name}" for where, name in volumes if not planned.removes("volume", name, where)]
    found += [
        f"{words['pool']}/{words['name']}"
        for words in planned.all("volume")
        if base.path and (words.get("backing") or {}).get("path") == base.path
    ]
    guests = [domain.name() for domain in conn.listAllDomains(0) if _has(domain, pool, base)]
    guests = [name for name in guests if not planned.removes("domain", name)]
    guests += [words["name"] for words in planned.all("domain") if _will_have(words, pool, base)]
    return list(dict.fromkeys(found + [f"domain {name}" for name in guests]))


def _will_have(words: dict, pool: str, base: Base) -> bool:
    disks = words.get("disks", ())
    return any(
        (disk.get("pool"), disk.get("volume")) == (pool, base.name) or disk.get("file") == base.path for disk in disks
    )


def _has(domain, pool: str, base: Base) -> bool:
    texts = [domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE), domain.XMLDesc(0)]
    for document in map(ET.fromstring, texts):
        for source in document.iter("source"):
            if base.path and base.path in (source.get("file"), source.get("dev"), source.get("name")):
                return True
            if (source.get("pool"), source.get("volume")) == (pool, base.name):
                return True
    return False
