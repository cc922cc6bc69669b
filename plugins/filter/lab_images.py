# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: lab_images
short_description: Find out which images the guests of a lab start from
version_added: 0.1.0
author:
  - The virtops authors (@virtops)
description:
  - Says for each guest of a lab, as P(virtops.libvirt.lab_layout#filter) gives them, which base volume its disk is
    built on, and describes these volumes for M(virtops.libvirt.stack). An image is one volume, however many guests
    start from it.
  - The volume's name tells what is in it, by the image's checksum, else by the size and the time of its file. So
    another image is another volume.
  - It is asked twice, before and after the files of images on the host were looked at.
options:
  _input:
    description: The guests, with V(name), and V(image) and V(image_checksum) where they have an image of their own.
    type: list
    elements: dict
    required: true
  image:
    description: The image of guests that have none of their own, an absolute path on the host or a URL; or empty.
    type: str
    required: true
  checksum:
    description: Its checksum as C(sha256:HEX), or empty.
    type: str
    required: true
  lab:
    description: Name of the lab's pool.
    type: str
    required: true
  role:
    description: Name of the role, with which the names of its variables begin.
    type: str
    required: true
  host:
    description: Name of the host.
    type: str
    required: true
  there:
    description: Names of the volumes that are in the lab's pool already.
    type: list
    elements: str
    required: true
  files:
    description:
      - What was found where RV(_value.looks) said, as M(ansible.builtin.stat) gives it in a loop. Without it, only
        what can be said before is.
    type: list
    elements: dict
seealso:
  - plugin: virtops.libvirt.lab_guests
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Say what has to be looked at
  ansible.builtin.debug:
    msg: "{{ ([{'name': 'web1'}, {'name': 'old1', 'image': '/srv/images/debian-11.qcow2'}]
      | virtops.libvirt.lab_images(image='/srv/images/debian-12.qcow2', checksum='', lab='lab', role='nat_lab',
      host='kvm1', there=[])).looks }}"
"""

RETURN = r"""
_value:
  description: What is known.
  type: dict
  contains:
    problems:
      description: >-
        A sentence for each thing that is wrong. Where there is any, the rest may be incomplete.
      type: list
      elements: str
    looks:
      description: >-
        The files of images, each with its V(path), and V(read) where its checksum is needed, because it is still to be
        imported.
      type: list
      elements: dict
      sample:
        - path: /srv/images/debian-12.qcow2
          read: false
    guests:
      description: The guests, each with the name of its V(base). Only with O(files).
      type: list
      elements: dict
      sample:
        - name: web1
          base: base-debian-12-3f9a2c1b77aa.qcow2
    volumes:
      description: The base volumes, for O(virtops.libvirt.stack#module:volumes). Only with O(files).
      type: list
      elements: dict
      sample:
        - name: base-debian-12-3f9a2c1b77aa.qcow2
          pool: lab
          format: qcow2
          source: {path: /srv/images/debian-12.qcow2}
"""

import re
from hashlib import sha256
from os.path import basename, splitext
from typing import NamedTuple

_PLACE = re.compile(r"/|https?://")
_CHECKSUM = re.compile(r"sha256:[0-9A-Fa-f]{64}")
# So many digits tell the images of one name apart.
_DIGITS = 12


class Image(NamedTuple):
    """One image.

    C(digest): its SHA-256 as announced, in lower case, or empty. C(said), C(summed): which variables name both.
    """

    place: str
    digest: str
    said: str
    summed: str

    @property
    def is_file(self) -> bool:
        return self.place.startswith("/")

    def base(self, identity: str) -> str:
        """Name of the volume. C(identity): hexadecimal digits that tell this image from others of its name."""
        stem = splitext(basename(re.sub(r"[?#].*", "", self.place)))[0]
        return f"base-{re.sub('[^A-Za-z0-9._-]', '-', stem)}-{identity[:_DIGITS]}.qcow2"


def _asked(guest: dict, image: str, checksum: str, role: str) -> tuple[str, str, str, str]:
    """(place, checksum, where each of them stands) of a guest's image."""
    if guest.get("image") or guest.get("image_checksum"):
        name = guest["name"]
        place, digest = (str(guest.get(word) or "") for word in ("image", "image_checksum"))
        return place, digest, f"image of guest {name}", f"image_checksum of guest {name}"
    return image, checksum, f"{role}_image", f"{role}_image_checksum"


def _wrong(place: str, checksum: str, said: str, summed: str) -> str:
    """What is wrong with how an image is named, or nothing."""
    if not _PLACE.match(place):
        given = place or "not given"
        return f"{said} must be the absolute path of an image on the host, or its http(s) URL; it is {given}"
    if checksum and not _CHECKSUM.fullmatch(checksum):
        return f"{summed} must be 'sha256:' and 64 hexadecimal digits; it is {checksum}"
    return ""


def _images(asked: list[tuple[str, str, str, str]], problems: list[str]) -> dict[str, Image]:
    """The images by their places. One that is named more than once needs its checksum but once."""
    found: dict[str, Image] = {}
    for place, checksum, said, summed in dict.fromkeys(asked):
        if wrong := _wrong(place, checksum, said, summed):
            problems.append(wrong)
            continue
        image = Image(place, checksum.rpartition(":")[2].lower(), said, summed)
        before = found.get(place)
        if before and before.digest and image.digest and before.digest != image.digest:
            problems.append(f"{before.summed} and {summed} differ, though both are of {place}; correct one of them")
        if not before or not before.digest:
            found[place] = image
    problems += [
        f"the image of a URL must be told from another one, so {image.said} {image.place} needs {image.summed} as well"
        for image in found.values()
        if not image.is_file and not image.digest
    ]
    return found


def _missing(image: Image, stat: dict, host: str) -> str:
    """What is wrong with the file of an image that has to be imported, or nothing."""
    if not (stat.get("exists") and stat.get("isreg")):
        return f"there is no image file {image.place} on {host}; correct {image.said}, or copy the image there"
    checksum = stat.get("checksum")
    if image.digest and checksum and checksum != image.digest:
        return (
            f"{image.place} on {host} has the checksum sha256:{checksum}, not sha256:{image.digest}; get it again, or"
            f" correct {image.summed}"
        )
    return ""


def _bases(images: dict[str, Image], there: list[str], host: str, stats: dict, problems: list[str]) -> dict[str, str]:
    """The names of the base volumes by the places of their images."""
    found: dict[str, str] = {}
    for place, image in images.items():
        # With a checksum the volume is known by its name, and once it is there the image is not needed any more.
        if image.digest and image.base(image.digest) in there:
            found[place] = image.base(image.digest)
            continue
        stat = stats.get(place) or {}
        if image.is_file and (missing := _missing(image, stat, host)):
            problems.append(missing)
            continue
        identity = image.digest or sha256(f"{stat['size']} {stat['mtime']}".encode()).hexdigest()
        found[place] = image.base(identity)
        alike = [one for one in found if one != place and found[one] == found[place] and not images[one].digest]
        if alike and not image.digest:
            problems.append(
                f"{alike[0]} and {place} have one name, size and time, so that nothing tells them apart; give"
                f" {image.summed}"
            )
    return found


def _volume(lab: str, name: str, image: Image, there: list[str]) -> dict:
    volume = {"pool": lab, "name": name, "format": "qcow2"}
    # One that is there is what its name says, and its source may be gone.
    if name in there:
        return volume
    checksum = {"checksum": f"sha256:{image.digest}"} if image.digest else {}
    return {**volume, "source": {"path" if image.is_file else "url": image.place, **checksum}}


def lab_images(
    guests: list[dict],
    image: str,
    checksum: str,
    lab: str,
    role: str,
    host: str,
    there: list[str],
    files: list[dict] | None = None,
) -> dict:
    """See DOCUMENTATION."""
    problems: list[str] = []
    asked = [_asked(guest, image, checksum, role) for guest in guests]
    images = _images(asked, problems)
    found = {
        "problems": problems,
        "looks": [
            {"path": one.place, "read": bool(one.digest) and one.base(one.digest) not in there}
            for one in images.values()
            if one.is_file
        ],
    }
    if files is None or problems:
        return found
    stats = {file["item"]["path"]: file["stat"] for file in files}
    bases = _bases(images, there, host, stats, problems)
    volumes = {name: _volume(lab, name, images[place], there) for place, name in bases.items()}
    based = [{**guest, "base": bases.get(place, "")} for guest, (place, *_) in zip(guests, asked)]
    return {**found, "guests": based, "volumes": list(volumes.values())}


class FilterModule:
    """Ansible's door to the filter."""

    def filters(self):
        return {"lab_images": lab_images}
