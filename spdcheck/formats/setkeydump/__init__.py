"""What ``setkey -D`` and ``setkey -DP`` print, and racoonctl's ``show-sa``, which prints the SAD the same way.

Text → keys masked → lines → entries. Which lines make an entry is told by their kind, not by their indentation, because
listings are kept as copies of a terminal or of a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.collector import paused
from spdcheck.formats.setkeydump.listing import Listing
from spdcheck.formats.setkeydump.masking import mask_keys

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.source import SourceFile

__all__ = ["mask", "read"]


def read(file: SourceFile, context: Context) -> Reading:  # noqa: ARG001 (the interface of a format)
    """The entries of the listing. Never raises for any text."""
    with paused(file.text):
        masked, keys = mask_keys(file)
        reading = Reading(file=masked, format="setkeydump")
        Listing(reading, keys).run()
    return reading


def mask(file: SourceFile) -> SourceFile:
    """The file with its keys hidden."""
    return mask_keys(file)[0]
