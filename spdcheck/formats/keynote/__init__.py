"""isakmpd.policy(5): KeyNote assertions (RFC 2704), as libkeynote reads them.

An assertion that libkeynote refuses is dropped by isakmpd without a word. The policy file then grants less than it
seems to, so each of those is an error here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.keynote.assertions import AssertionReader
from spdcheck.formats.keynote.fields import blocks
from spdcheck.formats.keynote.masking import mask
from spdcheck.model.diagnostic import Part

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.source import SourceFile

__all__ = ["mask", "read"]


def read(file: SourceFile, context: Context) -> Reading:  # noqa: ARG001 (every format is called alike)
    """Reads a policy file. Never raises for any text; the assertions are in ``facts.assertions``."""
    masked = mask(file)
    reading = Reading(file=masked, format="keynote")
    if "\0" in masked.text:
        reading.statements = 1
        reading.unreadable(masked.span(0, 1), "found a binary file, expected text", part=Part.IKE)
        return reading
    reader = AssertionReader(reading, file.text)
    for block in blocks(masked.text):
        reader.assertion(block)
    return reading
