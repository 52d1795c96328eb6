"""pf.conf(5): the packet filter of OpenBSD, of FreeBSD, and of what took it over from them.

One line is one rule (lists make it several); the last rule that matches decides, unless an earlier one says ``quick``.
pfctl refuses a ruleset as a whole if a single line of it is wrong, so every error here costs all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.pf.dialect import detect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spdcheck.formats.base import Context
    from spdcheck.source import SourceFile


def read(file: SourceFile, context: Context) -> Reading:
    """Reads a pf.conf. The ruleset is ``facts.packet_filters[0]``."""
    return read_with(file, context, {})


def read_with(file: SourceFile, context: Context, defines: Mapping[str, str]) -> Reading:
    """Reads a pf.conf with macros defined on the command line (``pfctl -D name=value``)."""
    from spdcheck.formats.pf.remarks import remark
    from spdcheck.formats.pf.ruleset import Builder

    dialect = detect(file.text, context)
    reading = Reading(file=file, format="pf", dialect=dialect.name)
    builder = Builder(reading, context, dialect, defines=dict(defines))
    builder.read(file)
    ruleset = builder.ruleset(file)
    remark(reading, ruleset)
    reading.facts.packet_filters.append(ruleset)
    return reading


def mask(file: SourceFile) -> SourceFile:
    """The same file: pf.conf holds no secrets."""
    return file
