# SPDX-License-Identifier: GPL-3.0-or-later
"""A document of libvirt's in the words of the modules. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._domain.steps import Domain
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Refused
from ansible_collections.virtops.libvirt.plugins.module_utils._field import read, shown
from ansible_collections.virtops.libvirt.plugins.module_utils._libs import MISSING
from ansible_collections.virtops.libvirt.plugins.module_utils._network.steps import Network
from ansible_collections.virtops.libvirt.plugins.module_utils._nwfilter.steps import NWFilter
from ansible_collections.virtops.libvirt.plugins.module_utils._pool.steps import Pool
from ansible_collections.virtops.libvirt.plugins.module_utils._secret.steps import Secret
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.steps import Volume
from ansible_collections.virtops.libvirt.plugins.module_utils._xml import parse

_KINDS = {kind.root: kind for kind in (Domain, Network, NWFilter, Pool, Secret, Volume)}


def options(text: str) -> dict:
    """The options of the module whose object the document describes. ValueError says what it cannot be."""
    if "lxml" in MISSING:
        raise ValueError("the Python that runs Ansible has no lxml; install it there")
    try:
        document = parse(text)
    except Refused as error:
        raise ValueError(str(error)) from error
    if document.tag not in _KINDS:
        known = ", ".join(f"<{root}>" for root in _KINDS)
        raise ValueError(f"<{document.tag}> is none of {known}")
    fields = _KINDS[document.tag].fields
    return shown(fields, read(fields, document))
