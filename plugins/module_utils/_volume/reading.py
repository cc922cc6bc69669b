# SPDX-License-Identifier: GPL-3.0-or-later
"""Look into a volume that is there. Private to this collection."""

from __future__ import annotations

import os
import tempfile

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import is_local
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import libvirt
from ansible_collections.virtops.libvirt.plugins.module_utils._volume import streams


def of_volume(volume, actual, ask, size: int):
    """What C(ask(path)) says of the first C(size) bytes of a volume; None where it may not be read."""
    path = actual.tree.findtext("target/path")
    if is_local(volume.conn) and path and os.path.exists(path):
        return ask(path)
    return _of_stream(volume, actual, ask, size)


def _of_stream(volume, actual, ask, size: int):
    """The same for a volume that only libvirt reads."""
    if actual.handle is None:
        return None
    try:
        head = streams.first(volume.conn, actual.handle, size)
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_OPERATION_DENIED:
            raise
        if volume.content.option not in volume.unchecked:
            volume.unchecked.append(volume.content.option)
        return None
    with tempfile.NamedTemporaryFile() as file:
        file.write(head)
        file.flush()
        return ask(file.name)
