"""``ip xfrm state`` and ``ip xfrm policy`` of Linux, without ``add``: the SAD and the SPD of its kernel.

Text → keys masked → lines → entries. ``-s`` and ``-d`` print more lines an entry; both are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.collector import paused
from spdcheck.formats.xfrmdump.listing import Listing
from spdcheck.formats.xfrmdump.masking import mask_keys

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.source import SourceFile

__all__ = ["mask", "read"]


def read(file: SourceFile, context: Context) -> Reading:  # noqa: ARG001 (the interface of a format)
    """The entries of the listing. Never raises for any text."""
    with paused(file.text):
        masked, keys = mask_keys(file)
        reading = Reading(file=masked, format="xfrmdump")
        Listing(reading, keys).run()
    return reading


def mask(file: SourceFile) -> SourceFile:
    """The file with its keys hidden."""
    return mask_keys(file)[0]
