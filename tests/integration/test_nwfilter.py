# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules nwfilter and nwfilter_info, on a real libvirtd."""

from __future__ import annotations

import pytest
from integration._lab import effects, paths

UUID = "6f2ab1d0-5c3e-4a7b-9d10-0123456789ab"
WEB = {
    "name": "web",
    "rules": [
        {"action": "accept", "direction": "in", "protocol": "tcp", "dst_port": 80},
        {"action": "drop", "direction": "in", "protocol": "all"},
    ],
}
XML = """<filter name='web'>
  <!-- as somebody writes it -->
  <rule action='accept' direction='in'><tcp dstportstart='0x50'/></rule>
  <rule action='drop' direction='in'><all/></rule>
</filter>"""


def test_made(lab):
    made = lab.change("nwfilter", **WEB)
    print(made["nwfilter"], made["steps"], lab.xml("nwfilter", "web"))
    lab.unchanged("nwfilter", xml=XML)
    lab.unchanged("nwfilter", **made["nwfilter"])
    lab.change("nwfilter", name="web", state="absent")
