# SPDX-License-Identifier: GPL-3.0-or-later
"""Who checks a new document against libvirt's schema."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.virtops.libvirt.plugins.module_utils import _schema


@pytest.mark.parametrize(
    ("uri", "there", "left"),
    [
        ("qemu:///system", True, 0),
        ("qemu+unix:///system?socket=/run/s", True, 0),
        # This host's schema may be that of another version.
        ("qemu+ssh://hv/system", True, 4),
        ("qemu+tcp://[::1]/system", True, 4),
        ("qemu:///system", False, 4),
    ],
)
def test_libvirt_checks_a_new_document_where_nobody_else_did(tmp_path, monkeypatch, uri, there, left):
    monkeypatch.setattr(_schema, "DIRECTORY", str(tmp_path))
    if there:
        (tmp_path / "domain.rng").touch()
    assert _schema.left_to_libvirt(SimpleNamespace(getURI=lambda: uri), "domain", 4) == left
