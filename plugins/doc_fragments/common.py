# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """What all modules say in the same words."""

    DOCUMENTATION = r"""
options:
  uri:
    description:
      - Connection URI of libvirt, as the host that runs the task sees it.
      - Without it the environment variable E(LIBVIRT_DEFAULT_URI) counts, and without that C(qemu:///system).
    type: str
requirements:
  - libvirt-python and lxml on the host that runs the task (packages C(python3-libvirt) and C(python3-lxml)); any of its
    Pythons may have them
author:
  - The virtops authors (@virtops)
"""

    PLANNED = r"""
options:
  _planned:
    description:
      - What earlier tasks of a check-mode run would have made. The collection fills it in; it is not for playbooks.
    type: list
    elements: dict
"""

    CHANGING = r"""
attributes:
  check_mode:
    support: full
    description: Predicts exactly what the real run does, over a read-only connection that cannot write.
  diff_mode:
    support: full
    description: Shows the options first, then the XML.
  idempotent:
    support: full
    description: A second run with the same options changes nothing.
"""

    DOCUMENT = r"""
options:
  xml:
    description:
      - The object as libvirt's XML, whole. Options given beside it are laid over it.
      - What libvirt fills in by itself (UUID, addresses, default devices) is no difference.
      - The document is checked against libvirt's schema before anything is touched.
    type: str
"""

    READING = r"""
options:
  name:
    description:
      - Names of the objects to read; those that do not exist are left out of the answer.
      - Without it all of them are read.
    type: list
    elements: str
"""

    READ_ONLY = r"""
attributes:
  check_mode:
    support: full
    description: Reads only, in check mode and for real alike.
  diff_mode:
    support: N/A
    description: Changes nothing.
  idempotent:
    support: full
    description: Changes nothing.
"""
