"""ACTION columns: a name, parameters, modifiers, and the log level and tag behind them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.columns import Refused
from spdcheck.formats.shorewall.parsed import Parsed, top_level
from spdcheck.formats.shorewall.values import rates
from spdcheck.model.shorewall_columns import Action, Log
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.formats.shorewall.columns import Cell
    from spdcheck.model.shorewall_columns import Rate

LEVELS = frozenset({
    "debug", "info", "notice", "warning", "warn", "err", "error", "crit", "alert", "emerg", "panic", "none", "ulog",
    "nflog", "logmark",
})  # fmt: skip
_LEVEL = re.compile(r"([0-7]|[A-Za-z0-7]+)(?:\((.*)\))?(!?)")
_OPTIONS = frozenset({"tcp_sequence", "ip_options", "tcp_options", "uid", "macdecode"})


class Called(NamedTuple):
    """An action, and the limit that 2.x writes into it (``ACCEPT<10/sec:20>``)."""

    action: Action
    rates: tuple[Rate, ...]


def action(cell: Cell, *, levels: bool = True) -> Called:
    """An ACTION column of rules, macros and actions. Raises :class:`Refused`.

    ``levels`` says that what follows is a log level and a tag; otherwise it stays in the name of the log, unread.
    """
    parsed = Parsed("action", cell, "action")
    syntax = parsed.syntax
    parameters: tuple[str, ...] = ()
    modifier = parsed.text(syntax.suffix) if syntax.suffix is not None else ""
    if syntax.group is not None:
        parameters = split_parameters(parsed.text(syntax.group.parentheses)[1:-1])
        if syntax.group.suffix is not None:
            modifier += parsed.text(syntax.group.suffix)
    if syntax.slash is not None:
        if parameters:
            raise Refused(cell.span, f"`{cell.text}` has a parameter in `(…)` and one behind `/`")
        inner = parsed.text(syntax.slash.name)
        if syntax.slash.parentheses is not None:
            inner += parsed.text(syntax.slash.parentheses)
        parameters = (inner,)
    limits = rates(_inside(parsed.one(syntax.angles))) if syntax.angles is not None else ()
    if len(modifier) > 1:
        raise Refused(cell.span, f"`{cell.text}` has more than one of `+`, `-` and `!`")
    log = _log(parsed, cell) if levels and syntax.levels else None
    made = Action(parsed.text(syntax.name), parameters, modifier, log, cell.span, syntax.slash is not None)
    return Called(made, limits)


def _inside(cell: Cell) -> Cell:
    return cell.part(1, len(cell.text) - 1)


def split_parameters(text: str) -> tuple[str, ...]:
    """The parameters between parentheses; one that is left out is ``-``."""
    if not text:
        return ()
    return tuple(text[start:end].strip() or "-" for start, end in top_level(text, ","))


def _log(parsed: Parsed, cell: Cell) -> Log | None:
    groups = [level.parts for level in parsed.syntax.levels]
    texts = ["".join(parsed.text(slot) for slot in parts) for parts in groups]
    if len(texts) > 2:
        place = parsed.one(groups[2][0]).span if groups[2] else cell.span
        raise Refused(place, f"`{cell.text}` has more than a log level and a tag")
    first = groups[0]
    if not first:
        return None
    start, end = parsed.tokens.start(first[0].at), parsed.tokens.end(first[-1].at)
    return log(cell.part(start, end), texts[1] if len(texts) > 1 else "")


def log(cell: Cell, tag: str = "") -> Log:
    """A log level, with the tag that stands behind it elsewhere. Raises :class:`Refused`."""
    match = _LEVEL.fullmatch(cell.text)
    if match is None or not (match[1].isdigit() or match[1].lower() in LEVELS):
        levels = "levels are debug, info, notice, warning, err, crit, alert, emerg, 0 to 7, NFLOG(…), ULOG and none"
        raise Refused(cell.span, f"`{cell.text}` is no log level", levels)
    inside = match[2]
    if inside is not None and (match[1].isdigit() or match[1].lower() not in ("nflog", "ulog", "logmark", "none")):
        for word in inside.lower().split(","):
            if word not in _OPTIONS and f"--log-{word}" not in _OPTIONS:
                raise Refused(cell.span, f"`{word}` is no option of a log level")
    if inside is not None and match[1].lower() in ("nflog", "ulog"):
        numbers = inside.split(",")
        if len(numbers) > 3 or not all(re.match(r"\d|$", number) for number in numbers):
            raise Refused(cell.span, f"`{cell.text}` has other than up to three numbers")
    return Log(cell.text.rstrip("!"), tag, bool(match[3]), cell.span)


def log_with_tag(cell: Cell) -> Log:
    """``level[:tag]`` as a column of its own. Raises :class:`Refused`."""
    places = top_level(cell.text, ":")
    if len(places) > 2:
        raise Refused(cell.span, f"`{cell.text}` has more than a log level and a tag")
    return log(cell.part(*places[0]), cell.text[slice(*places[1])] if len(places) > 1 else "")
