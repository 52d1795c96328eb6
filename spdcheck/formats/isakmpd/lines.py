"""The lines of an isakmpd.conf, as ``conf_parse`` and ``conf_parse_line`` cut them (``conf.c``)."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.grammar import automaton
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINES = ("COMMENT", "HEADING", "TORN_HEADING", "ASSIGNMENT", "EMPTY", "STRAY")
_SPACE = " \t\n\r\v\f"


class Line(NamedTuple):
    """A line: its terminal, its place, and the names and places that matter in it.

    ``name`` is the section of a heading or the tag of an assignment. ``unterminated``: the file ends before the line
    does, and isakmpd does not look at it.
    """

    kind: str
    start: int
    end: int
    name: str = ""
    value_start: int = 0
    value_end: int = 0
    unterminated: bool = False


@cache
def patterns() -> dict[str, str]:
    """The regular expressions of the grammar by the terminals' names."""
    return {item.name: item.regexp for item in automaton("isakmpd", "file", "numbers", "names").terminals}


@cache
def _line() -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{name}>{patterns()[name]})" for name in _LINES))


def joined(text: str) -> str:
    """The text after lines were joined: a backslash and the line's end behind it become two blanks."""
    return text.replace("\\\n", "  ")


def lines(text: str) -> Iterator[Line]:
    """Every line that isakmpd takes for a heading, an assignment or a mistake: no comments, no empty lines."""
    text = joined(text)
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        unterminated = end < 0
        end = len(text) if unterminated else end
        found = _line().match(text, start, end)
        if found and text[start] not in "#;" and text[start:end].strip(_SPACE):
            yield _cut(text, found, Line(_kind(found), start, end, unterminated=unterminated))
        start = end + 1


def _kind(found: re.Match[str]) -> str:
    return next(name for name in _LINES if found[name] is not None)


def _cut(text: str, found: re.Match[str], line: Line) -> Line:
    if line.kind == "HEADING":
        return line._replace(name=found["section"])
    if line.kind != "ASSIGNMENT":
        return line
    start = found.start("value")
    value = text[start : line.end]
    return line._replace(name=found["tag"], value_start=start, value_end=start + len(value.rstrip(_SPACE)))
