# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters for sizes, MACs and documents."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st
from integration.guests import ALL

from ansible_collections.virtops.libvirt.plugins.filter.bytes_to_size import bytes_to_size
from ansible_collections.virtops.libvirt.plugins.filter.from_xml import from_xml
from ansible_collections.virtops.libvirt.plugins.filter.mac_from_name import mac_from_name
from ansible_collections.virtops.libvirt.plugins.filter.size_to_bytes import size_to_bytes


@pytest.mark.parametrize(("size", "number"), [("2 GiB", 2 << 30), ("1.5K", 1536), ("1 kB", 1000), ("7 B", 7)])
def test_a_size_in_bytes(size, number):
    assert size_to_bytes(size) == number


@given(st.integers(min_value=0, max_value=1 << 62))
def test_there_and_back(number):
    assert size_to_bytes(bytes_to_size(number)) == number


@pytest.mark.parametrize("size", ["10", "1 XB", "", "much"])
def test_no_size(size):
    with pytest.raises(AnsibleFilterError, match="size_to_bytes: "):
        size_to_bytes(size)


@pytest.mark.parametrize("number", [-1, "1", True, 1.5, None])
def test_no_number_of_bytes(number):
    with pytest.raises(AnsibleFilterError, match="no number of bytes"):
        bytes_to_size(number)


@pytest.mark.parametrize("name", [None, "", ["web1"], {}])
def test_no_mac_of_what_is_no_name(name):
    with pytest.raises(AnsibleFilterError, match="is no name"):
        mac_from_name(name)


def test_a_mac_is_that_of_its_names():
    assert mac_from_name("web1", 0) == mac_from_name("web1", "0") == "52:54:00:bb:e1:b3"
    assert len({mac_from_name("web1"), mac_from_name("web1", 0), mac_from_name("web1", 1), mac_from_name("10")}) == 4


def test_a_document_is_read_in_the_words_of_its_module():
    xml = "<network><name>lab</name><ip address='10.0.0.1' prefix='24'/><mtu size='1400'/><unknown/></network>"
    assert from_xml(xml) == {"name": "lab", "mtu": 1400, "ips": [{"address": "10.0.0.1", "prefix": 24}]}
    rule = "<rule action='drop' direction='in'><tcp dstportstart='25' dstportend='0x1f'/></rule>"
    assert from_xml(f"<filter name='mail' chain='ipv4'>{rule}</filter>") == {
        "name": "mail",
        "chain": "ipv4",
        "priority": -700,
        "rules": [{"action": "drop", "direction": "in", "priority": 500, "protocol": "tcp", "dst_port": "25-31"}],
    }
    words = from_xml(ALL["foreign"])
    assert (words["name"], words["memory"], words["graphics"][0]["type"]) == ("guest", "64 MiB", "vnc")
    assert "geheim" not in str(words)


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        ("<domain>", "not well-formed"),
        ("<host/>", "<host> is none of <domain>"),
        ("<!DOCTYPE a><pool/>", "DOCTYPE"),
        ("<filter><rule><tcp dstportstart='ssh'/></rule></filter>", "'ssh' is no number"),
    ],
)
def test_no_document_of_libvirt(xml, words):
    with pytest.raises(AnsibleFilterError, match=words):
        from_xml(xml)


# Prints what of the modules' engine, and of libvirt, is imported when the filters are found as Ansible finds them.
FOUND = """
import json, sys
from ansible.plugins.loader import filter_loader, init_plugin_loader
init_plugin_loader()
assert filter_loader.get("virtops.libvirt.size_to_bytes")
print(json.dumps([name for name in sys.modules if ".libvirt.plugins.module_utils." in name or name == "libvirt"]))
"""


def test_what_filters_cost_is_small():
    """Ansible imports all filters of a collection in each task that uses one."""
    done = subprocess.run([sys.executable, "-c", FOUND], stdout=subprocess.PIPE, check=True)
    assert json.loads(done.stdout) == ["ansible_collections.virtops.libvirt.plugins.module_utils._values"]
