"""racoon.conf(5): KAME's and ipsec-tools' IKE daemon.

Text is masked, split into statements, each is parsed and converted into :mod:`spdcheck.model.ike`. What racoon accepts
by accident is accepted, with a word about what it really reads; what it refuses is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.racoon.convert import Converter
from spdcheck.formats.racoon.masking import mask
from spdcheck.model.diagnostic import Part

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.source import SourceFile

__all__ = ["mask", "read"]


def read(file: SourceFile, context: Context) -> Reading:
    """Reads a racoon.conf and what it includes. Never raises for any text."""
    masked = mask(file)
    reading = Reading(file=masked, format="racoon")
    if "\0" in masked.text:
        reading.statements = 1
        reading.unreadable(masked.span(0, 1), "found a binary file, expected text", part=Part.IKE)
        return reading
    converter = Converter(reading, context)
    converter.file(masked)
    reading.facts.daemons.append(converter.daemon())
    return reading
