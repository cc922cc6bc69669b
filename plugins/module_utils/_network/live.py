# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring to an active network what virNetworkUpdate takes. Private to this collection, imported only for a change."""

from __future__ import annotations

from functools import partial

from ansible_collections.virtops.libvirt.plugins.module_utils._field import LIVE, NEXT_BOOT
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import etree, libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._pair import pair
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import parse, printed

# (section of virNetworkUpdate, element that its items are in, its items, attributes by any of which libvirt finds one
# to modify). Measured on libvirt 9.0: "modify" of the others is answered with "can't update section ...".
_SECTIONS = (
    ("FORWARD_INTERFACE", "forward", "interface", ()),
    ("IP_DHCP_RANGE", "ip", "dhcp/range", ()),
    ("IP_DHCP_HOST", "ip", "dhcp/host", ("mac", "name", "ip")),
    ("PORTGROUP", "", "portgroup", ("name",)),
    ("DNS_HOST", "", "dns/host", ()),
    ("DNS_TXT", "", "dns/txt", ()),
    ("DNS_SRV", "", "dns/srv", ()),
)


def effect(change, live, target) -> str:
    """LIVE where libvirt brings a change to the running network C(live), else NEXT_BOOT."""
    if change.effect != LIVE or not change.trail:
        return change.effect
    if change.trail[0].name == "forward":
        able = _takes_devices(live, target)
    elif change.trail[0].name == "ips":
        block = f"ip[@address='{change.label}']"
        able = _takes_dhcp(live.find(block), target.find(block))
    else:
        able = all(part.name != "srv" for part in change.trail) or _takes_srv(live, target)
    return LIVE if able else NEXT_BOOT


def _takes_devices(live, target) -> bool:
    """libvirt takes no device away that a guest is on, and has none where the network goes nowhere."""
    if live.find("forward") is None or target.find("forward") is None:
        return False
    kept = _kept(live, [device.get("dev") for device in target.findall("forward/interface")])
    return not any(device.get("connections") for device in live.findall("forward/interface")[kept:])


def _takes_dhcp(old, new) -> bool:
    """dnsmasq serves IPv6 only where it was started with a range or with a fixed lease, and libvirt starts it anew for
    ranges only (networkUpdate).
    """
    if old is None or new is None:
        return False
    if ":" not in new.get("address") or new.find("dhcp/range") is not None:
        return True
    return old.find("dhcp/range") is None and (old.find("dhcp/host") is None) == (new.find("dhcp/host") is None)


def _takes_srv(live, target) -> bool:
    """What a record does not say fits any other record of the service (virNetworkDefUpdateDNSSrv)."""
    records = [*live.findall("dns/srv"), *target.findall("dns/srv")]
    said = {(one.get("service"), one.get("protocol"), one.get("domain"), one.get("target")) for one in records}
    return not any(None in one and any(one != other and one[:2] == other[:2] for other in said) for one in said)


def steps(find, live_text: str, target) -> list[Step]:
    """Steps that make the running network say what C(target) says; C(find()) gives libvirt's handle."""

    def update(command: int, section: int, index: int, text: str) -> None:
        find().update(command, section, index, text, libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE)

    updates = _updates(parse(live_text), target)
    return [Step(why, partial(update, *call), partial(update, *back)) for why, call, back in updates]


def _updates(live, target):
    """(why, call, call that takes it back) for every item that virNetworkUpdate brings to the network.

    What goes is taken out first, so that nothing that comes is there twice; a default comes when the old one is none.
    """
    add, delete, modify = (
        libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST,
        libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE,
        libvirt.VIR_NETWORK_UPDATE_COMMAND_MODIFY,
    )
    for name, owner, items, keys in _SECTIONS:
        section = getattr(libvirt, "VIR_NETWORK_SECTION_" + name)
        pairs = _pairs(name, live, target, owner, items)
        changed = [(old, new) for _index, old, new in pairs if _can_modify(old, new, keys)]
        what = f"in the running network: {name.lower().replace('_', '-')}"
        for index, old, new in pairs:
            if old is not None and (old, new) not in changed:
                text = _short(old)
                # By its address alone: it may share a name with another one.
                gone = f'<host ip="{old.get("ip")}"/>' if name == "DNS_HOST" else text
                yield f"delete {what} {text}", (delete, section, index, gone), (add, section, index, text)
        for index, old, new in sorted(pairs, key=lambda one: one[2] is not None and one[2].get("default") == "yes"):
            if (old, new) in changed:
                yield (
                    f"change {what} {_short(new)}",
                    (modify, section, index, _short(new)),
                    (modify, section, index, _short(old)),
                )
        for index, old, new in pairs:
            if new is not None and (old, new) not in changed:
                text = _short(new)
                yield f"add {what} {text}", (add, section, index, text), (delete, section, index, text)


def _can_modify(old, new, keys: tuple[str, ...]) -> bool:
    """Whether libvirt finds the old item by the new one, and no other."""
    if old is None or new is None:
        return False
    siblings = old.getparent().findall(old.tag)
    return next((one for one in siblings if any(_same(one, new, key) for key in keys)), None) is old


def _same(one, other, key: str) -> bool:
    return one.get(key) is not None and one.get(key).lower() == other.get(key, "").lower()


def _kept(live, wanted: list[str]) -> int:
    """How many of the devices of the running network stay, from the first on: their order counts."""
    now = [device.get("dev") for device in live.findall("forward/interface")]
    return next((n for n, pair_ in enumerate(zip(now, wanted)) if pair_[0] != pair_[1]), min(len(now), len(wanted)))


def _interface_pairs(live, target):
    """(-1, live device that goes or None, wanted device that comes or None)."""
    wanted, now = target.findall("forward/interface"), live.findall("forward/interface")
    kept = _kept(live, [device.get("dev") for device in wanted])
    return [(-1, device, None) for device in now[kept:]] + [(-1, None, device) for device in wanted[kept:]]


def _pairs(name: str, live, target, owner: str, items: str):
    """(index of the owning <ip>, live item or None, wanted item or None) where they differ, and libvirt takes it."""
    if name == "FORWARD_INTERFACE":
        return _interface_pairs(live, target) if _takes_devices(live, target) else []
    return [] if name == "DNS_SRV" and not _takes_srv(live, target) else _item_pairs(live, target, owner, items)


def _item_pairs(live, target, owner: str, items: str):
    owners = [(-1, live, target)]
    if owner:
        new = {element.get("address"): element for element in target.findall(owner)}
        both = [(n, e, new.get(e.get("address"))) for n, e in enumerate(live.findall(owner))]
        owners = [one for one in both if _takes_dhcp(*one[1:])]
    found = []
    for index, old, wanted in owners:
        for one, other in pair(wanted.findall(items), old.findall(items)):
            if one is None or other is None or _canonical(one) != _canonical(other):
                found.append((index, other, one))
    return found


def _short(element) -> str:
    return etree.tostring(element, encoding="unicode", with_tail=False)


def _canonical(element) -> str:
    return etree.tostring(parse(printed(element)), method="c14n").decode()
