"""isakmpd.conf(5): the IKE daemon of OpenBSD and its ports.

isakmpd takes any text: what it can't read it skips with a line in the log. So nothing here refuses a file; every line
that is not read as it looks gets a word, and so does every name that no section explains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.isakmpd.check import Checker
from spdcheck.formats.isakmpd.convert import Converter
from spdcheck.formats.isakmpd.masking import mask
from spdcheck.formats.isakmpd.read_lines import configuration
from spdcheck.model.diagnostic import Part

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.source import SourceFile

__all__ = ["mask", "read"]


def read(file: SourceFile, context: Context) -> Reading:
    """Reads an isakmpd.conf. Never raises for any text; keys become fingerprints before anything else is done."""
    masked = mask(file)
    reading = Reading(file=masked, format="isakmpd")
    if "\0" in masked.text:
        reading.statements = 1
        reading.unreadable(masked.span(0, 1), "found a binary file, expected text", part=Part.IKE)
        return reading
    found = configuration(reading)
    Checker(reading, found).all()
    reading.facts.daemons.append(Converter(reading, found, file.text, context).daemon())
    return reading
