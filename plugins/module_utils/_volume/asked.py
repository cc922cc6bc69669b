# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of a volume say together, and of its base. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.schema import CAPACITY, WIPES


def refuse_mixture(volume) -> None:
    """Refused where options exclude each other."""
    options, subject = volume.options, volume.subject
    given = [name for name in ("source", "cloud_init", "ignition", "backing") if options.get(name)]
    if len(given) > 1:
        both = " and ".join(map(repr, given))
        raise Refused(f"{subject}: {both} both say what is in it; give one of them")
    told = next((name for name in ("cloud_init", "ignition") if options.get(name)), "")
    formats = ("raw", "iso") if told == "cloud_init" else ("raw",)
    if told and (options.get("capacity") or volume.asked.get("format", "raw") not in formats):
        what = "a seed" if told == "cloud_init" else "an Ignition config"
        raise Refused(f"{subject}: {what} has a size and a format of its own; take 'capacity' and 'format' out")
    if volume.xml is not None and (options.get("source") or told):
        raise Refused(
            f"{subject}: 'source', 'cloud_init' and 'ignition' do not go with 'xml'; give the options instead of it"
        )
    # libvirt keeps no others of a volume (virStorageVolDefParseXML), though it sets them.
    if int(volume.asked.get("permissions", {}).get("mode", "0"), 8) > 0o777:
        raise Refused(f"{subject}: permissions.mode: a volume has no special bits; give three digits, such as '0600'")
    if options.get("allocation") and (options.get("preallocation") or options.get("source")):
        other = "preallocation" if options.get("preallocation") else "source"
        raise Refused(f"{subject}: 'allocation' does not go with {other!r}; take it out, or give 'preallocation'")


def algorithm(volume) -> str:
    """How the task wipes, C("") where it does not; Refused where there is no such way."""
    asked = str(volume.options.get("wipe") or "").lower()
    if asked in ("", "no", "false"):
        return ""
    asked = "zero" if asked in ("yes", "true") else asked
    if asked not in WIPES:
        raise Refused(f"{volume.subject}: wipe knows no algorithm {asked!r}; choose true, {', '.join(WIPES)}")
    return asked


def based(volume, actual, wanted: dict) -> tuple:
    """Put path and format of the base that is C(wanted) in the place of the name of its volume; (a call for the bytes
    that it needs, its words).
    """
    if "volume" in wanted:
        needs = _base_volume(volume, wanted)
    else:
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.backing import prepare_path

        needs = prepare_path(volume, actual, wanted)
    before = actual.tree.findtext("backingStore/path") if actual is not None else ""
    if wanted.get("path") not in (None, before):
        from ansible_collections.virtops.libvirt.plugins.module_utils._volume.backing import refuse_written

        refuse_written(volume, wanted)
    return needs


def _base_volume(volume, wanted: dict) -> tuple:
    name, pool = wanted.pop("volume"), wanted.pop("pool", volume.pool)
    # It is planned by now, if it is at all.
    words = volume.planned.once(f"volume {pool}/{name}", volume.other(pool, name).existing)
    if not words:
        advice = "make it with virtops.libvirt.volume, or correct the name"
        raise Refused(f"{volume.subject}: its backing volume {pool}/{name} is not there; {advice}")
    for key in ("path", "format"):
        if key in words:
            wanted.setdefault(key, words[key])
    return lambda: CAPACITY.parse(words["capacity"]), f"its backing volume {pool}/{name}"
