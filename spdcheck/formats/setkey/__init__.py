"""setkey(8) scripts: SPD entries and manually keyed SAs.

One straight line: text → keys masked → statements → tokens → syntax (one value a shape) → model. Which setkey it is
(ipsec-tools on Linux or NetBSD, FreeBSD's own) decides what is accepted and what it means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.collector import paused
from spdcheck.formats.setkey.dialect import dialect_of
from spdcheck.formats.setkey.script import Script
from spdcheck.formats.setkey.secrets import mask_keys

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.source import SourceFile

__all__ = ["mask", "read"]


def read(file: SourceFile, context: Context) -> Reading:
    """Policies and associations as the script leaves them in the kernel. Never raises for any text."""
    dialect = dialect_of(context)
    with paused(file.text):
        masked, keys = mask_keys(file)
        reading = Reading(file=masked, format="setkey", dialect=dialect.name)
        Script(reading, dialect, keys).run()
    return reading


def mask(file: SourceFile) -> SourceFile:
    """The file with its keys hidden."""
    return mask_keys(file)[0]
