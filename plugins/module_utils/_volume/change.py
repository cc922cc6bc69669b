# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of a volume takes: what is refused of it, and its steps.

Private to this collection, and imported only for a change.
"""

from __future__ import annotations

import functools

from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._plan import Step
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import backing, capacity, new, places, removal
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.origin import Clone
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.refresh import refresh
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import printed


def check(volume, actual, target, changes) -> None:
    """Refused where an existing volume cannot be changed like that."""
    names = {change.path.partition(".")[0] for change in changes}
    if "backing" in names:
        backing.check(volume, actual, _base(target))
    if "permissions" in names and not isinstance(volume.place(), places.Directory):
        raise Refused(
            f"{volume.subject}: libvirt gives a volume its permissions when it is made, and cannot change them;"
            " take the option out, or run the task on libvirt's own host, as root, for a pool of files"
        )
    # What is made of files that the task names is made anew, and has a size of its own.
    if "capacity" in names and (volume.content is None or volume.content.imported):
        capacity.check(volume, actual, volume.capacity_of(target))


def steps(volume, actual, target, changes) -> list[Step]:
    """See C(Resource.write_steps)."""
    if actual is None:
        return [_creation(volume, target)]
    names = {change.path.partition(".")[0] for change in changes}
    if volume.content and volume.content.option in names:
        return [Step(volume.content.why, lambda: _write_content(volume, target))]
    found = []
    if "known" in names:
        found.append(Step(f"have pool {volume.pool} looked through for {volume.subject}", volume.handle_now))
    if "backing" in names:
        found.append(backing.step(volume, _base(target)))
    if "capacity" in names:
        found.append(capacity.step(volume, volume.capacity_of(actual.tree), volume.capacity_of(target)))
    if "permissions" in names:
        found.append(Step(f"set the permissions of {volume.subject}", lambda: _permit(volume)))
    return found


def _base(target) -> dict:
    path, kind = target.findtext("backingStore/path"), target.find("backingStore/format")
    return {"path": path, "format": kind.get("type") if kind is not None else ""} if path else {}


def _creation(volume, target) -> Step:
    if volume.content:
        return Step(volume.content.why, lambda: _write_content(volume, target), lambda: removal.delete(volume))
    flags = new.allocate(volume, target) if volume.xml is None else 0
    # As text, because a tree of each of a thousand volumes would take the memory.
    create = functools.partial(new.create, volume, printed(target), flags)
    return Step(f"create {volume.subject}", create, lambda: removal.delete(volume))


def _write_content(volume, target) -> None:
    if volume.pool_handle() is None:
        raise Failed(f"pool {volume.pool} is gone")
    place = volume.place()
    source = volume.content.origin if volume.content.imported else None
    if isinstance(place, places.Remote) and isinstance(source, Clone):
        place.clone(volume, source.volume.handle_now(), target)
    else:
        place.write(volume, volume.content, target)


def _permit(volume) -> None:
    places.permit(volume.handle_now().path(), volume.wanted["permissions"])
    refresh(volume.pool_handle())
