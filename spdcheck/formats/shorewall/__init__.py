"""Shorewall: all files of one directory are read together and become one rule set.

One straight line: directory → files → lines (joined, variables replaced, ``?IF`` decided) → columns → syntax of a
column → values of the model → what only the whole tells. ``read`` takes any file of the directory and reads the others
beside it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.collector import paused
from spdcheck.formats.shorewall.desk import Desk
from spdcheck.formats.shorewall.directory import read_directory
from spdcheck.formats.shorewall.host import facts_of
from spdcheck.formats.shorewall.left import report_left
from spdcheck.formats.shorewall.tables import KNOWN

if TYPE_CHECKING:
    from spdcheck.formats.base import Context, Reading
    from spdcheck.source import SourceFile

__all__ = ["family_of", "mask", "read"]

_FAMILY = re.compile(r"^[ \t]*[\w:,]+[ \t]+(?:ipv|ipsec|bport)([46])\b", re.MULTILINE)
_CLOSED = re.compile(r"can't be read|outside the host's folder")


def read(file: SourceFile, context: Context) -> Reading:
    """The directory in which the file lies. Never raises for any text."""
    known, closed = _directory(file, context)
    desk = Desk(context, known, family_of(file, known))
    for why in closed:
        desk.refuse_whole(file.span(0, 0), f"a file of the directory can't be used: {why}", "make it readable")
    with paused(max((other.text for other in known.values()), key=len)):
        shorewall = read_directory(desk, _first(known, file))
    desk.facts.packet_filters.append(shorewall)
    facts_of(desk, shorewall)
    report_left(desk)
    # A body that is called in two ways is read twice, and says the same twice.
    desk.facts.diagnostics[:] = dict.fromkeys(desk.facts.diagnostics)
    desk.facts.gaps[:] = dict.fromkeys(desk.facts.gaps)
    readings = list(desk.readings.values())
    first = desk.reading(file)
    first.dialect = _dialect(desk)
    for reading in readings:
        reading.dialect = first.dialect
        _settle(reading)
    first.others = [reading for reading in desk.readings.values() if reading is not first]
    first.included = [reading.file for reading in first.others]
    return first


def _directory(file: SourceFile, context: Context) -> tuple[dict[str, SourceFile], list[str]]:
    """The files that Shorewall knows by name, and what is wrong with those that can't be opened."""
    files: dict[str, SourceFile] = {}
    closed: list[str] = []
    for name in (*sorted(KNOWN), "macro.*", "action.*"):
        found, why = context.includes.find(name, file)
        closed += [why] if _CLOSED.search(why) else []
        files |= {_name(other): other for other in found}
    files[_name(file)] = file
    return dict(sorted(files.items())), closed


def _settle(reading: Reading) -> None:
    """A statement that is refused counts as that alone, even if it was a directive or has two mistakes."""
    reading.unparsed = min(reading.unparsed, reading.statements)
    reading.unmodelled = min(reading.unmodelled, reading.statements - reading.unparsed)
    reading.inert = min(reading.inert, reading.statements - reading.unparsed - reading.unmodelled)


def _first(files: dict[str, SourceFile], file: SourceFile) -> SourceFile:
    """The file that stands for the directory."""
    return next((files[name] for name in ("zones", "policy", "rules", "interfaces") if name in files), file)


def _dialect(desk: Desk) -> str:
    family = "shorewall6" if desk.family == 6 else "shorewall"
    return f"{family} 2.x" if desk.dialect == 2 else f"{family} 3.0 and later"


def family_of(file: SourceFile, files: dict[str, SourceFile]) -> int:
    """6 for shorewall6: the name of the folder or of the configuration file says it, or the zone types."""
    folder = file.path.rpartition("/")[0].rpartition("/")[2]
    if folder.startswith("shorewall6") or "shorewall6.conf" in files:
        return 6
    zones = files.get("zones")
    types = set(_FAMILY.findall(zones.text)) if zones is not None else set()
    return 6 if types == {"6"} and "shorewall.conf" not in files else 4


def _name(file: SourceFile) -> str:
    return file.path.rpartition("/")[2]


def mask(file: SourceFile) -> SourceFile:
    """The file itself: nothing in it is secret."""
    return file
