# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written behind the back of whoever receives it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.virtops.libvirt.plugins.module_utils._volume.sparse import Writer
from ansible_collections.virtops.libvirt.plugins.module_utils._volume.streams import _AHEAD, _Behind


def test_all_is_written_in_order(tmp_path):
    with Writer(str(tmp_path / "file")) as writer, _Behind() as behind:
        for number in range(4 * _AHEAD):
            behind.do(writer.put, bytes([number]))
            behind.do(writer.skip, 1)
    assert (tmp_path / "file").read_bytes() == b"".join(bytes([number, 0]) for number in range(4 * _AHEAD))


@pytest.mark.parametrize("pieces", [1, 4 * _AHEAD])
def test_what_cannot_be_written_is_an_error_and_holds_nobody_up(pieces):
    behind = _Behind()
    with Path("/dev/full").open("wb", buffering=0) as full:

        def send() -> None:
            with behind:
                for _piece in range(pieces):
                    behind.do(full.write, b"x")

        with pytest.raises(OSError, match="No space left"):
            send()
    assert not behind._thread.is_alive()
