"""Cutting a text into statements before any grammar sees it, so that a bad statement spoils only itself."""

from __future__ import annotations

import re

_BLANKS = re.compile(r"[ \t\n]*")
_MARK = re.compile(r"""[;"#]""")
_QUOTED = re.compile(r'"[^"\n]*"|"[^";]*"')


def skip_blanks(text: str, start: int) -> int:
    """The offset of the first character that is neither blank nor part of a ``#`` comment."""
    length = len(text)
    while True:
        blanks = _BLANKS.match(text, start)
        start = blanks.end() if blanks else start
        if start >= length or text[start] != "#":
            return start
        end = text.find("\n", start)
        start = length if end < 0 else end


def end_of_statement(text: str, start: int) -> int | None:
    """The offset behind the next ``;`` that stands neither in a comment nor in double quotes; None if there is none.

    A quote that runs over the end of a line and over a ``;`` is taken as one that nobody closed: it then quotes
    nothing, so that the statements behind it are found.
    """
    while True:
        mark = _MARK.search(text, start)
        if mark is None:
            return None
        start = mark.end()
        sign = mark[0]
        if sign == ";":
            return start
        if sign == "#":
            end = text.find("\n", start)
            if end < 0:
                return None
            start = end
        else:
            quoted = _QUOTED.match(text, start - 1)
            if quoted is not None:
                start = quoted.end()
