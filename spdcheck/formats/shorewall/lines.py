"""Lines as the compiler sees them: joined, without comments, variables replaced; every character knows where it came
from.

What stands for a variable has the variable's place, so that a message points at ``$NET_IF`` and not at a value that
stands somewhere else.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.source import SourceFile

_CONTINUED_COMMENT = re.compile(r"\\\s*#.*$")
_COMMENT = re.compile(r"\s*#.*$")
_VARIABLE = re.compile(r"\$(?:(\d+|[A-Za-z_]\w*)|\{(\d+|[A-Za-z_]\w*)\})")
_AT = re.compile(r"(?<!\\)@(?:(\d+|[A-Za-z_]\w*)|\{(\d+|[A-Za-z_]\w*)\})")
MOST_EXPANSIONS = 100


class Piece(NamedTuple):
    """From ``at`` on the text comes from ``start``; ``length`` is None where each character has its own place."""

    at: int
    start: int
    length: int | None


class Line:
    """One logical line: its text and where each character of it stands in the file.

    ``start`` to ``end`` is the whole of it in the file, from the first of its physical lines to the last.
    """

    __slots__ = ("comment", "end", "file", "pieces", "raw", "start", "text", "undefined", "unknown")

    def __init__(self, file: SourceFile, text: str, start: int, end: int, pieces: tuple[Piece, ...]) -> None:
        self.file, self.text, self.start, self.end, self.pieces = file, text, start, end, pieces
        self.raw = text
        self.comment = ""
        self.unknown = ""
        self.undefined = False

    @property
    def whole(self) -> Span:
        """All that is written of it, without the blanks around it."""
        text = self.text
        if text[:1] > " " and text[-1:] > " ":
            return self.span(0, len(text))
        first = len(text) - len(text.lstrip())
        return self.span(first, len(text.rstrip())) if text.strip() else Span(self.file, self.start, self.end)

    def span(self, first: int, last: int) -> Span:
        """The place of ``text[first:last]``."""
        pieces = self.pieces
        if len(pieces) == 1 and pieces[0].length is None:
            base = pieces[0].start
            return Span(self.file, base + first, base + last)
        start, _ = self._place(first)
        end = self._place(last - 1)[1] if last > first else start
        return Span(self.file, start, max(start, end))

    def _place(self, at: int) -> tuple[int, int]:
        number = max(bisect_right(self.pieces, at, key=_at) - 1, 0)
        piece = self.pieces[number]
        if piece.length is not None:
            return piece.start, piece.start + piece.length
        return piece.start + at - piece.at, piece.start + at - piece.at + 1


def _at(piece: Piece) -> int:
    return piece.at


class Joiner:
    """Puts the physical lines of one logical line together, as ``read_a_line`` does."""

    __slots__ = ("_file", "_start", "_text", "pieces")

    def __init__(self, file: SourceFile, start: int) -> None:
        self._file, self._start, self._text = file, start, ""
        self.pieces: list[Piece] = []

    def add(self, physical: str, offset: int) -> Line | None:
        """The logical line that ends here; None where it goes on.

        Blanks behind ``,`` and ``:`` of the line before go.
        """
        if self._text and self._text[-1] in ",:":
            stripped = physical.lstrip()
            offset += len(physical) - len(stripped)
            physical = stripped
        if _CONTINUED_COMMENT.search(physical):
            physical = _COMMENT.sub("", physical)
        goes_on = physical.endswith("\\")
        self.pieces.append(Piece(len(self._text), offset, None))
        self._text += physical[:-1] if goes_on else physical
        if goes_on:
            return None
        text = _COMMENT.sub("", self._text, count=1).rstrip() if "#" in self._text else self._text.rstrip()
        return Line(self._file, text, self._start, offset + len(physical), tuple(self.pieces))

    @property
    def pending(self) -> bool:
        """Something was begun."""
        return bool(self._text)


class ExpansionLoop(Exception):  # noqa: N818 (it is caught where lines are read, and never leaves)
    """A variable whose value names itself."""


def expand(line: Line, value: Callable[[str, Line, int, int], str], *, at_signs: bool = False) -> Line:
    """The line with every ``$NAME`` replaced by its value, again and again until none is left.

    ``value`` gets the name and the place of the reference in the text. Raises :class:`ExpansionLoop`.
    """
    count = 0
    for pattern in (_VARIABLE, _AT) if at_signs else (_VARIABLE,):
        position = 0
        while (match := pattern.search(line.text, position)) is not None:
            count += 1
            if count > MOST_EXPANSIONS:
                raise ExpansionLoop
            name = match[1] or match[2]
            line = _replaced(line, match.start(), match.end(), value(name, line, match.start(), match.end()))
            position = match.start()
    return line


def _replaced(line: Line, first: int, last: int, new: str) -> Line:
    place = line.span(first, last)
    pieces = [piece for piece in line.pieces if piece.at < first]
    pieces.append(Piece(first, place.start, place.end - place.start))
    shift = first + len(new) - last
    if last < len(line.text):
        behind, ahead = line._place(last)
        number = max(bisect_right(line.pieces, last, key=_at) - 1, 0)
        length = None if line.pieces[number].length is None else ahead - behind
        pieces.append(Piece(last + shift, behind, length))
        pieces += [Piece(p.at + shift, p.start, p.length) for p in line.pieces[number + 1 :]]
    made = Line(line.file, line.text[:first] + new + line.text[last:], line.start, line.end, tuple(pieces))
    made.raw, made.comment, made.unknown, made.undefined = line.raw, line.comment, line.unknown, line.undefined
    return made
