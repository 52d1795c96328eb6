"""``netstat -rn -f encap`` of OpenBSD: the flows that are in its kernel.

Text → rows → policies of the running state. The address of a row is the far gateway, in both directions. There are no
keys in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.encap.rows import Rows

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.source import SourceFile

__all__ = ["mask", "read"]


def read(file: SourceFile, context: Context) -> Reading:  # noqa: ARG001 (the interface of a format)
    """The flows of the listing. Never raises for any text."""
    reading = Reading(file=file, format="encap")
    Rows(reading).run()
    return reading


def mask(file: SourceFile) -> SourceFile:
    """The file itself: flows have no keys."""
    return file
