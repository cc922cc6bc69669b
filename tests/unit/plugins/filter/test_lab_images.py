# SPDX-License-Identifier: GPL-3.0-or-later
"""Which images the guests of a lab start from, and what is refused before anything is touched."""

from __future__ import annotations

import pytest

from ansible_collections.virtops.libvirt.plugins.filter.lab_images import lab_images

LAB = {"lab": "lab", "role": "nat_lab", "host": "kvm1", "there": []}
ONE, OTHER = "/srv/debian 12.qcow2", "/srv/debian-11.qcow2"
A, B = (f"sha256:{letter * 64}" for letter in "ab")
URL = "https://example.com/cloud.img?download=1"


def stat(path: str, **more) -> dict:
    found = {"exists": True, "isreg": True, "size": 8, "mtime": 1700000000.5, **more}
    return {"item": {"path": path}, "stat": found}


def asked(*guests: dict, image: str = ONE, checksum: str = "", **more) -> dict:
    named = [{"name": f"web{number}", **guest} for number, guest in enumerate(guests, 1)]
    return lab_images(named, image=image, checksum=checksum, **{**LAB, **more})


def test_an_image_is_one_base_however_many_guests_start_from_it():
    files = [stat(ONE), stat(OTHER)]
    found = asked({}, {}, {"image": OTHER}, {"image": OTHER}, files=files)
    assert found["looks"] == [{"path": ONE, "read": False}, {"path": OTHER, "read": False}]
    first, second = (volume["name"] for volume in found["volumes"])
    # The first twelve digits of SHA-256 of "8 1700000000.5".
    assert (first, second) == ("base-debian-12-d28fd168abe9.qcow2", "base-debian-11-d28fd168abe9.qcow2")
    assert [guest["base"] for guest in found["guests"]] == [first, first, second, second]
    assert found["volumes"][1] == {"pool": "lab", "name": second, "format": "qcow2", "source": {"path": OTHER}}
    assert found["problems"] == []


def test_the_labs_image_is_not_needed_where_each_guest_has_its_own():
    found = asked({"image": OTHER}, image="", files=[stat(OTHER)])
    assert (len(found["volumes"]), found["problems"]) == (1, [])


def test_a_url_is_named_by_its_checksum_and_is_not_looked_for_on_the_host():
    found = asked({"image": URL, "image_checksum": A.upper().replace("SHA", "sha")}, files=[])
    (volume,) = found["volumes"]
    assert (volume["name"], volume["source"]) == ("base-cloud-aaaaaaaaaaaa.qcow2", {"url": URL, "checksum": A})
    assert found["looks"] == []


def test_a_base_that_is_there_needs_its_source_no_more():
    base = "base-debian-11-bbbbbbbbbbbb.qcow2"
    gone = {"exists": False}
    for there, read in (([], True), ([base], False)):
        found = asked({"image": OTHER, "image_checksum": B}, there=there)
        assert found["looks"] == [{"path": OTHER, "read": read}]
    found = asked({"image": OTHER, "image_checksum": B}, there=[base], files=[{**stat(OTHER), "stat": gone}])
    assert (found["problems"], found["volumes"]) == ([], [{"pool": "lab", "name": base, "format": "qcow2"}])


def test_a_checksum_is_given_once():
    found = asked({}, {"image": ONE}, checksum=A, files=[stat(ONE, checksum="a" * 64)])
    assert len({guest["base"] for guest in found["guests"]}) == 1
    assert found["volumes"][0]["source"] == {"path": ONE, "checksum": A}


@pytest.mark.parametrize(
    ("guests", "lab", "problem"),
    [
        (
            [{}, {}],
            {"image": ""},
            "nat_lab_image must be the absolute path of an image on the host, or its http(s) URL; it is not",
        ),
        ([{"image": "cloud.img"}], {}, "image of guest web1 must be the absolute path of an image on the host"),
        ([{"image_checksum": A}], {}, "image of guest web1 must be the absolute path of an image on the host"),
        (
            [{}],
            {"checksum": "md5:1"},
            "nat_lab_image_checksum must be 'sha256:' and 64 hexadecimal digits; it is md5:1",
        ),
        ([{"image": URL}], {}, f"so image of guest web1 {URL} needs image_checksum of guest web1 as well"),
        ([{}], {"image": URL}, f"so nat_lab_image {URL} needs nat_lab_image_checksum as well"),
        (
            [{}, {"image": ONE, "image_checksum": B}],
            {"checksum": A},
            f"nat_lab_image_checksum and image_checksum of guest web2 differ, though both are of {ONE}",
        ),
    ],
)
def test_an_image_that_is_named_wrong_is_refused_once(guests, lab, problem):
    (found,) = asked(*guests, **lab)["problems"]
    assert problem in found


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ({"exists": False}, f"there is no image file {OTHER} on kvm1; correct image of guest web1"),
        ({"isreg": False}, f"there is no image file {OTHER} on kvm1"),
        (
            {"checksum": "b" * 64},
            f"has the checksum {B}, not {A}; get it again, or correct image_checksum of guest web1",
        ),
    ],
)
def test_an_image_that_is_not_there_or_damaged_is_refused(file, problem):
    (found,) = asked({"image": OTHER, "image_checksum": A}, files=[stat(OTHER, **file)])["problems"]
    assert problem in found


def test_images_that_nothing_tells_apart_are_refused():
    same = "/mnt/debian-11.qcow2"
    guests = [{"image": OTHER}, {"image": same}]
    (found,) = asked(*guests, files=[stat(OTHER), stat(same)])["problems"]
    assert f"{OTHER} and {same} have one name, size and time" in found
    assert asked(*guests, files=[stat(OTHER), stat(same, size=9)])["problems"] == []
