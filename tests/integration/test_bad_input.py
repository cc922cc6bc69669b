# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: refused with one clear sentence, the same in check mode and for real, before anything is touched.

A row names the module, its options, and words that the sentence must have: the object, what is wrong, what to do.
"""

from __future__ import annotations

import hashlib

import pytest
from integration.bad_documents import BAD_DOCUMENTS
from integration.bad_filters import NICS, NWFILTER
from integration.bad_guests import GUESTS
from integration.bad_input import DOMAIN, EXPORT, POOL, SECRET, UNKNOWN, VOLUME, domain
from integration.bad_networks import NETWORK
from integration.bad_pairs import PAIRS
from integration.bad_stacks import STACK


@pytest.fixture(scope="module")
def estate(_session_lab, tmp_path_factory):
    """The estate that bad input must not touch, made once."""
    lab = _session_lab
    lab.ok("pool", name="images", path="/var/lib/libvirt/images/images", state="active")
    lab.ok("pool", name="off", path="/var/lib/libvirt/images/off")
    lab.ok("network", name="lab", state="active", mac="52:54:00:aa:09:01", ips=[{"address": "10.50.0.1", "prefix": 24}])
    lab.ok("volume", pool="images", name="base.qcow2", capacity="8 MiB", format="qcow2")
    lab.ok("volume", pool="images", name="clone.qcow2", backing={"volume": "base.qcow2"})
    lab.ok("volume", pool="images", name="image.raw", capacity="8 MiB")
    lab.ok("network", name="idle", state="inactive")
    guest = {"virt_type": "qemu", "memory": "16 MiB"}
    lab.ok("domain", name="one", **guest, interfaces=[{"network": "lab", "mac": "52:54:00:aa:03:01"}], state="running")
    office = {"action": "accept", "direction": "in", "protocol": "tcp", "src_ip": "$OFFICE"}
    lab.ok("nwfilter", name="base", rules=[office])
    lab.ok("nwfilter", name="web", filters=[{"name": "base"}])
    # libvirt itself takes a reference to what is not there.
    lab.shell("virsh nwfilter-define /dev/stdin", "<filter name='broken'><filterref filter='gone'/></filter>")
    nic = {
        "network": "lab",
        "mac": "52:54:00:aa:03:02",
        "filter": {"name": "web", "parameters": {"OFFICE": "10.1.0.1"}},
    }
    lab.ok("domain", name="two", **guest, machine="q35", interfaces=[nic])
    lab.ok("volume", pool="images", name="owned.raw", capacity="1 MiB")
    lab.ok("domain", name="owner", **guest, disks=[{"target": "vda", "pool": "images", "volume": "owned.raw"}])
    yield Estate(lab)
    lab.wipe()


class Estate:
    """A lab that nothing may change from the first row to the last."""

    def __init__(self, lab):
        self.lab, self.untouched = lab, lab.state()

    def refusal(self, module: str, options: dict) -> str:
        """C(Lab.refused), which looks at the host once: before a row it is as after the last one."""
        message = self.lab.refusal(module, **options)
        # A row that touches something is to fail alone.
        before, self.untouched = self.untouched, self.lab.state()
        assert self.untouched == before
        return message

    def taken(self, module: str, options: dict) -> None:
        """A task that newer releases of libvirt have nothing against."""
        self.lab.change(module, **options)
        self.untouched = self.lab.state()


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """An image of 8 MiB to import, and its checksum."""
    path = tmp_path_factory.mktemp("image") / "image.raw"
    path.write_bytes(bytes(8 << 20))
    return {"IMAGE": str(path), "SHA256": hashlib.sha256(path.read_bytes()).hexdigest()}


# What only libvirt before that of Debian 13 refuses.
TAKEN_BY_NEWER = ("max_memory needs NUMA cells", "give the 'bits' of maxphysaddr")


def filled(options, values):
    """Options with the places of the image filled in."""
    if isinstance(options, dict):
        return {key: filled(value, values) for key, value in options.items()}
    if isinstance(options, str):
        for name, value in values.items():
            options = options.replace(name, value)
    return options


def rows(module: str, table: list) -> list:
    return [
        pytest.param(module, options, words, id=f"{module}-{number}-{words[-1]}")
        for number, (options, *words) in enumerate(table)
    ]


@pytest.mark.parametrize(
    ("module", "options", "words"),
    [
        *rows("pool", POOL),
        *rows("volume", VOLUME),
        *rows("volume_export", EXPORT),
        *rows("network", NETWORK),
        *rows("nwfilter", NWFILTER),
        *rows("domain", [(domain(interfaces=[nic]), *words) for nic, *words in NICS]),
        *rows("secret", SECRET),
        *rows("domain", [*DOMAIN, *GUESTS, *PAIRS, *BAD_DOCUMENTS]),
        *rows("stack", STACK),
        *(pytest.param(module, options, words, id=f"{module}-{words[-1]}") for module, options, *words in UNKNOWN),
    ],
)
def test_bad_input_is_refused(estate, image, module, options, words):
    if estate.lab.host.release != "bookworm" and words[0] in TAKEN_BY_NEWER:
        estate.taken(module, options)
        return
    message = estate.refusal(module, filled(options, image))
    for word in words:
        assert word in message
    assert "Traceback" not in message
    # Ansible's own sentence names all options there are.
    assert len(message) < 600 or "Unsupported parameters" in message
