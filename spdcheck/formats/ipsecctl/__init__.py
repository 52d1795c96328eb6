"""``ipsecctl -s all`` of OpenBSD: the flows and the SAD of its kernel.

Text → keys masked → lines → entries. ``-v`` adds lines below an SA (its lifetimes and keys), ``-k`` the keys alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.collector import paused
from spdcheck.formats.ipsecctl.listing import Listing
from spdcheck.formats.ipsecctl.masking import mask_keys

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.source import SourceFile

__all__ = ["mask", "read"]


def read(file: SourceFile, context: Context) -> Reading:  # noqa: ARG001 (the interface of a format)
    """The entries of the listing. Never raises for any text."""
    with paused(file.text):
        masked, keys = mask_keys(file)
        reading = Reading(file=masked, format="ipsecctl")
        Listing(reading, keys).run()
    return reading


def mask(file: SourceFile) -> SourceFile:
    """The file with its keys hidden."""
    return mask_keys(file)[0]
