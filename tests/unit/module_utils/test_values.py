# SPDX-License-Identifier: GPL-3.0-or-later
"""Every value type by table, and their round trips by property."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtops.libvirt.plugins.module_utils import _values as values

KIB = 1024


@pytest.mark.parametrize(
    ("value", "raw", "canonical"),
    [
        (values.Size(), "1 GiB", KIB**3),
        (values.Size(), "1GiB", KIB**3),
        (values.Size(), "10G", 10 * KIB**3),
        (values.Size(), "1.5 MiB", 3 * KIB**2 // 2),
        (values.Size(), "1 MB", 1000448),
        (values.Size(), "512k", 512 * KIB),
        (values.Size(), "1 B", KIB),
        (values.Size(), "0.1 KiB", KIB),
        (values.Size(), "2 TiB", 2 * KIB**4),
        (values.MAC, "52-54-00-AA-BB-CC", "52:54:00:aa:bb:cc"),
        (values.UUID, "0123456789ABCDEF0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef"),
        (values.ADDRESS, "10.0.0.1", "10.0.0.1"),
        (values.ADDRESS, "FD00:0::1", "fd00::1"),
        (values.MODE, "755", "0755"),
        (values.MODE, "0711", "0711"),
        (values.NAME, "web 1 ä <&>", "web 1 ä <&>"),
        (values.COUNT, "4", 4),
        (values.NUMBER, 0, 0),
        (values.YES_NO, True, True),
        (values.YES_ONLY, True, True),
        (values.PCI_ADDRESS, "6:0.1", "0000:06:00.1"),
    ],
)
def test_what_a_user_writes_has_one_canonical_form(value, raw, canonical):
    assert value.parse(raw) == canonical
    assert value.parse(value.show(canonical)) == canonical
    assert value.read(value.text(canonical)) == canonical


@pytest.mark.parametrize(
    ("value", "raw", "words"),
    [
        (values.Size(), "1024", "has no unit; write '1024 B' for bytes, or for example '1024 MiB'"),
        (values.Size(), 2048, "has no unit"),
        (values.Size(), "1 GGiB", "unknown unit 'GGiB'"),
        (values.Size(), "-1 GiB", "is not a size"),
        (values.Size(), "one GiB", "is not a size"),
        (values.Size(), "", "is not a size"),
        (values.MAC, "52:54:00:aa:bb", "is not a MAC address"),
        (values.MAC, "52:54:00:aa:bb:cg", "is not a MAC address"),
        (values.MAC, "01:54:00:aa:bb:cc", "multicast"),
        (values.UUID, "0123", "is not a UUID"),
        (values.ADDRESS, "10.0.0.256", "is not an IP address"),
        (values.ADDRESS, "10.0.0.0/24", "is not an IP address"),
        (values.MODE, "rwx", "quote it in YAML"),
        (values.MODE, 789, "is not an octal mode"),
        (values.NAME, "a/b", "'/'"),
        (values.NAME, "..", "'..'"),
        (values.NAME, ".", "'.'"),
        (values.NAME, "", "empty"),
        (values.NAME, " a", "space"),
        (values.NAME, "a\nb", "line breaks"),
        (values.NAME, "a\x00b", "XML cannot carry"),
        (values.COUNT, 0, "less than 1"),
        (values.NUMBER, -1, "less than 0"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(value, raw, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011 (the words are compared below)
        value.parse(raw)
    assert words in str(error.value)


@given(st.integers(min_value=0, max_value=2**60))
def test_a_size_survives_printing(size):
    value = values.Size()
    canonical = value.parse(f"{size} B")
    assert canonical >= size
    assert value.parse(value.show(canonical)) == canonical
    assert value.read(value.text(canonical)) == canonical


@given(st.integers(min_value=0, max_value=2**50), st.sampled_from(sorted(values.UNITS)))
def test_a_size_is_the_same_in_the_xml_of_any_unit(number, unit):
    assert values.Size().read(str(number), unit) == values.Size().parse(f"{number} {unit}")


@given(st.binary(min_size=6, max_size=6).filter(lambda raw: not raw[0] & 1))
def test_a_mac_survives_printing(raw):
    canonical = values.MAC.parse(raw.hex(":").upper())
    assert values.MAC.parse(values.MAC.show(canonical)) == canonical == raw.hex(":")


@given(st.uuids())
def test_a_uuid_survives_printing(uuid):
    assert values.UUID.parse(uuid.hex) == values.UUID.parse(str(uuid).upper()) == str(uuid)


@given(st.ip_addresses())
def test_an_address_survives_printing(address):
    assert values.ADDRESS.parse(values.ADDRESS.parse(address)) == str(address)


@given(st.text(min_size=1, max_size=20))
def test_a_name_is_kept_or_refused_and_never_changed(text):
    try:
        assert values.NAME.parse(text) == text
    except ValueError:
        return
    assert "/" not in text
    assert text not in (".", "..")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0x10", "16", True),
        ("007", "7", True),
        ("52:54:00:AA:BB:CC", "52:54:00:aa:bb:cc", True),
        (" a ", "a", True),
        ("a", "A", False),
        ("yes", "on", False),
        ("1", "2", False),
        (None, "", False),
        (None, None, True),
        ("C7A5FDBD-EDAF-9455-926A-D65C16DB1809", "c7a5fdbd-edaf-9455-926a-d65c16db1809", True),
    ],
)
def test_values_of_xml_are_compared_by_what_they_say(one, other, same):
    assert values.loosely_equal(one, other) is same


def test_a_derived_mac_is_always_the_same_and_differs_by_name():
    assert values.derived_mac("web1", "0") == values.derived_mac("web1", "0")
    assert len({values.derived_mac(f"web{number}", "0") for number in range(500)}) == 500
    assert values.MAC.parse(values.derived_mac("web1", "0")).startswith("52:54:00:")


def test_what_libvirt_writes_by_nothing_is_not_read():
    assert [values.YES_ONLY.read(text) for text in ("yes", "no")] == [True, None]
    assert [values.YES_NO.read(text) for text in ("yes", "no")] == [True, False]


@pytest.mark.parametrize(
    ("item", "key", "said"),
    [({"a": 1, "b": "x"}, "a+b", "1/x"), ({"a": 1}, "a+b", ""), ({"a": 0}, "a", "0"), ({}, "a", "")],
)
def test_an_identity_may_be_of_several_values(item, key, said):
    assert values.known(item, key) == said
