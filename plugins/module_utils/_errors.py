# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, in the words the user reads. Private to this collection."""

from __future__ import annotations


class Refused(Exception):
    """Bad input: found while planning, so nothing has been touched."""


class Failed(Exception):
    """A step that libvirt, or the host, did not carry out."""


def libvirt_words(error) -> str:
    """libvirt's own message and its number, as they are put behind our sentence."""
    return f"libvirt says: {error.get_error_message() or error} (error {error.get_error_code()})"
