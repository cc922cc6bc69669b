# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that NICs and networks have in common: VLANs, limits, ports of a switch. Private to this collection.

Each is made by a function, as what a change does to what runs differs; C(effect) is for all fields of it.
"""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import Field, Group
from ansible_collections.virtops.libvirt.plugins.module_utils._scalars import Scalars
from ansible_collections.virtops.libvirt.plugins.module_utils._values import LIMIT, NUMBER, YES_ONLY

# Whose bridges of the kernel filter VLANs (libvirt's news of 11.0.0).
_BRIDGES_TAG = 11000000


def tags_on_bridges(conn) -> bool:
    """Whether libvirt tags what passes a bridge that is no switch of Open vSwitch."""
    return conn.getLibVersion() >= _BRIDGES_TAG


class _Tags(Scalars):
    """The VLANs; which of them is the native one is another option, and stays where the tag stays."""

    def write(self, owner, canonical):
        native = {tag.get("id"): tag.get("nativeMode") for tag in owner.findall("tag")}
        super().write(owner, canonical)
        for tag in owner.findall("tag"):
            if native.get(tag.get("id")):
                tag.set("nativeMode", native[tag.get("id")])


class _Native(Field):
    """The VLAN of frames that come without a tag: one of the tags, marked by an attribute."""

    def __init__(self, mode: str, **more):
        super().__init__(f"native_{mode}", f"tag[@nativeMode='{mode}']/@id", NUMBER, **more)
        self.mode = mode

    def write(self, owner, canonical):
        if self.agrees(owner, canonical):
            return
        # There is one of either mode at most.
        for tag in owner.findall("tag[@nativeMode]"):
            del tag.attrib["nativeMode"]
        tag = owner.find(f"tag[@id='{canonical}']")
        if tag is None:
            tag = owner.makeelement("tag", id=str(canonical))
            owner.append(tag)
        tag.set("nativeMode", self.mode)


def vlan(**effect) -> Group:
    # libvirt writes no C(trunk='no'), and C(yes) by itself where there are several tags (virNetDevVlanParse).
    return Group(
        "vlan",
        "vlan",
        (
            Field("trunk", "@trunk", YES_ONLY, **effect),
            _Tags("tags", "tag/@id", value=NUMBER, **effect),
            _Native("tagged", **effect),
            _Native("untagged", **effect),
        ),
        optional=True,
        **effect,
    )


def bandwidth(*inbound: str, **effect) -> Group:
    """C(inbound): what libvirt takes for what comes in, beside the usual."""

    def direction(name: str, *more: str) -> Group:
        numbers = tuple(Field(one, f"@{one}", LIMIT, **effect) for one in ("average", "peak", "burst", *more))
        return Group(name, name, numbers, optional=True, **effect)

    return Group("bandwidth", "bandwidth", (direction("inbound", *inbound), direction("outbound")))


def virtualport(*more: Field, **effect) -> Group:
    return Group(
        "virtualport",
        "virtualport",
        (
            Field("type", "@type", choices=("openvswitch", "802.1Qbg", "802.1Qbh", "midonet"), **effect),
            Field("interfaceid", "parameters/@interfaceid", **effect),
            Field("profileid", "parameters/@profileid", **effect),
            *more,
        ),
        optional=True,
        **effect,
    )
