# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring to an active network what virNetworkUpdate takes. Private to this collection, imported only for a change."""

from __future__ import annotations

from functools import partial

from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._merge import pair
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import parse, printed

# (section of virNetworkUpdate, place of its items, whether it can modify). Measured on libvirt 9.0: "modify" of the
# others is answered with "can't update section ...".
_SECTIONS = (
    ("IP_DHCP_RANGE", "dhcp/range", False),
    ("IP_DHCP_HOST", "dhcp/host", True),
    ("DNS_HOST", "dns/host", False),
)


def steps(find, live_text: str, target) -> list[Step]:
    """Steps that make the running network say what C(target) says; C(find()) gives libvirt's handle."""

    def update(command: int, section: int, index: int, text: str) -> None:
        find().update(command, section, index, text, libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE)

    updates = _updates(parse(live_text), target)
    return [Step(why, partial(update, *call), partial(update, *back)) for why, call, back in updates]


def _updates(live, target):
    """(why, call, call that takes it back) for every item that virNetworkUpdate brings to the network."""
    add, delete, modify = (
        libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST,
        libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE,
        libvirt.VIR_NETWORK_UPDATE_COMMAND_MODIFY,
    )
    for name, place, can_modify in _SECTIONS:
        section = getattr(libvirt, "VIR_NETWORK_SECTION_" + name)
        for index, old, new in _item_pairs(live, target, place):
            item = _short(new if new is not None else old)
            what = f"in the running network: {name.lower().replace('_', '-')} {item}"
            if old is None:
                yield f"add {what}", (add, section, index, _short(new)), (delete, section, index, _short(new))
            elif new is None:
                yield f"delete {what}", (delete, section, index, _short(old)), (add, section, index, _short(old))
            elif can_modify and old.get("mac") == new.get("mac"):
                yield f"change {what}", (modify, section, index, _short(new)), (modify, section, index, _short(old))
            else:
                yield (
                    f"delete old {what}",
                    (delete, section, index, _short(old)),
                    (add, section, index, _short(old)),
                )
                yield f"add {what}", (add, section, index, _short(new)), (delete, section, index, _short(new))


def _item_pairs(live, target, place):
    """(index of the owning <ip>, live item or None, wanted item or None) where they differ; deletions first."""
    owners = [(-1, live, target)]
    if not place.startswith("dns"):
        new = {element.get("address"): element for element in target.findall("ip")}
        owners = [(n, e, new[e.get("address")]) for n, e in enumerate(live.findall("ip")) if e.get("address") in new]
    found = []
    for index, old, wanted in owners:
        for one, other in pair(wanted.findall(place), old.findall(place)):
            if one is None or other is None or _canonical(one) != _canonical(other):
                found.append((index, other, one))
    return sorted(found, key=lambda entry: entry[2] is not None)


def _short(element) -> str:
    return etree.tostring(element, encoding="unicode", with_tail=False)


def _canonical(element) -> str:
    return etree.tostring(parse(printed(element)), method="c14n").decode()
