"""The checkout is `ansible_collections.virtops.libvirt` for plain `pytest`, wherever it lies; and a run ends well."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
IN_COLLECTIONS = Path("ansible_collections/virtops/libvirt")


def collections_path() -> Path:
    """The directory that holds `ansible_collections` with this checkout in it; in .cache it is a symbolic link."""
    if CHECKOUT.parts[-3:] == IN_COLLECTIONS.parts:
        return CHECKOUT.parents[2]
    collections = CHECKOUT / ".cache" / "collections"
    link = collections / IN_COLLECTIONS
    if not (link.is_symlink() and link.resolve() == CHECKOUT):
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(CHECKOUT, link.parent))
    return collections


sys.path.insert(0, str(collections_path()))
# For the Ansible that tests start.
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(collections_path())


@pytest.fixture(scope="session", autouse=True)
def _signals():
    """A test run that is told to end takes its hosts down first, as it does at Ctrl-C."""

    def interrupt(*_):
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
