"""Finds ``spdcheck: ignore[CODE] reason`` in the comments of a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.model.suppression import Suppression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.source import SourceFile

_REMARK = re.compile(r"spdcheck:[ \t]*ignore[ \t]*\[([^\]\n]*)\][ \t]*([^\n]*)", re.IGNORECASE)


def suppressions(file: SourceFile, comment: str) -> Iterator[Suppression]:
    """Every remark of a file, in its order. ``comment`` holds the signs with which a comment may begin."""
    lines: list[str] = []
    for match in _REMARK.finditer(file.text):
        lines = lines or file.text.split("\n")
        span = file.span(match.start(), match.end())
        number = span.begin.line
        before = lines[number - 1][: span.begin.column - 1]
        if not any(sign in before for sign in comment):
            continue
        codes = tuple(word.upper() for word in re.split(r"[,\s]+", match[1]) if word)
        first, last = (number, number) if before.strip(f" \t{comment}") else _below(lines, number, comment)
        yield Suppression(codes, match[2].strip(), first, last, span)


def _below(lines: list[str], number: int, comment: str) -> tuple[int, int]:
    """The next line that says something and those behind it that are indented deeper; the remark's own if none is."""
    first = next(
        (n for n in range(number, len(lines)) if lines[n].strip() and lines[n].strip()[0] not in comment), None
    )
    if first is None:
        return number, number
    depth, last = _depth(lines[first]), first
    for following in range(first + 1, len(lines)):
        text = lines[following]
        if text.strip() and _depth(text) <= depth:
            break
        if text.strip():
            last = following
    return first + 1, last + 1


def _depth(line: str) -> int:
    return len(line.expandtabs()) - len(line.expandtabs().lstrip())
