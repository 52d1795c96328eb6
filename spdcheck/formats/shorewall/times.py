"""The TIME column: ``timestart=09:00&weekdays=Mon,Tue``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.columns import Refused

if TYPE_CHECKING:
    from spdcheck.formats.shorewall.columns import Cell

_FORMS = (
    re.compile(r"time(?:start|stop)=\d{1,2}:\d{1,2}(?::\d{1,2})?"),
    re.compile(r"date(?:start|stop)=\d{4}(?:-\d\d(?:-\d\d(?:T\d{1,2}(?::\d{1,2}){0,2})?)?)?"),
    re.compile(r"utc|localtz|kerneltz|contiguous"),
)
_DAYS = frozenset({"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "1", "2", "3", "4", "5", "6", "7"})


def check_time(cell: Cell | None) -> Cell | None:
    """The same column. Raises :class:`Refused`."""
    if cell is None:
        return None
    start = 0
    for element in cell.text.split("&"):
        _check(cell.part(start, start + len(element)))
        start += len(element) + 1
    return cell


def _check(cell: Cell) -> None:
    name, equals, value = cell.text.partition("=")
    if any(form.fullmatch(cell.text) for form in _FORMS):
        return
    if name == "weekdays" and equals:
        wrong = [day for day in value.split(",") if day not in _DAYS]
    elif name == "monthdays" and equals:
        wrong = [day for day in value.split(",") if not (day.isdigit() and 0 < int(day) < 32)]
    else:
        raise Refused(cell.span, f"`{cell.text}` is no time", "write timestart=HH:MM, timestop=…, weekdays=Mon,Tue …")
    if wrong:
        raise Refused(cell.span, f"`{wrong[0]}` is no day")
