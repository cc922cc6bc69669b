# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check hands from task to task."""

from __future__ import annotations

import pytest

from ansible_collections.virtops.libvirt.plugins.plugin_utils._planned import PlannedActionBase


@pytest.fixture
def action(tmp_path, monkeypatch):
    monkeypatch.setattr(PlannedActionBase, "_path", lambda _self: str(tmp_path / "ledger"))
    monkeypatch.setattr(PlannedActionBase, "_scope", lambda *_: ["host", ""])
    monkeypatch.setattr(PlannedActionBase, "_told", lambda *_: [])
    return object.__new__(PlannedActionBase)


def test_what_another_task_is_writing_is_not_read(action, tmp_path):
    for name in ("web1", "web2"):
        action._note({}, {}, {"name": name})
    ledger = tmp_path / "ledger"
    ledger.write_bytes(ledger.read_bytes()[:-10])
    assert [entry["name"] for entry in action._entries({}, {})] == ["web1"]
