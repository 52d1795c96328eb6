"""Texts that a shell makes of a script: words without their quotes, with the values of variables put in.

Every character still knows where it stands in the script, so that messages name the place that a person reads; a value
that was put in stands where its variable is named, and knows where it was assigned, so that a key can be hidden there.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.source import MASK, SourceFile, Span

if TYPE_CHECKING:
    from collections.abc import Iterable


_HIDDEN = re.compile(f"{MASK}+")


def hidden(text: str) -> list[tuple[int, int]]:
    """The regions of a masked text that are bullets."""
    return [match.span() for match in _HIDDEN.finditer(text)]


class Piece(NamedTuple):
    """From ``at`` on: what stands at ``start`` … ``end`` of the script, or (not ``literal``) what was put in there.

    ``sources`` are the regions of the script that a value comes from.
    """

    at: int
    start: int
    end: int
    literal: bool
    sources: tuple[tuple[int, int], ...] = ()


class Woven(SourceFile):
    """A text woven from parts of a script. Its spans lie in ``script``, whose own text may be masked meanwhile."""

    __slots__ = ("pieces", "script")

    def __init__(self, script: SourceFile, text: str, pieces: tuple[Piece, ...]) -> None:
        super().__init__(script.path, text)
        self.script = script
        self.pieces = pieces

    def masked(self, secrets: Iterable[tuple[int, int]]) -> Woven:
        """The same text with regions replaced by bullets."""
        return Woven(self.script, super().masked(secrets).text, self.pieces)

    def shown_in(self, script: SourceFile) -> Woven:
        """The same text, with its places in another state of the script."""
        return Woven(script, self.text, self.pieces)

    def span(self, start: int = 0, end: int | None = None) -> Span:
        """Where a region of the woven text stands in the script."""
        stop = len(self.text) if end is None else end
        if not self.pieces:
            return self.script.span(0, 0)
        first = self._piece(start)
        begin = first.start + (start - first.at if first.literal else 0)
        if stop <= start:
            return self.script.span(begin, begin)
        last = self._piece(stop - 1)
        finish = last.start + stop - last.at if last.literal else last.end
        return self.script.span(begin, max(begin, finish))

    def regions(self, start: int, end: int) -> Iterable[tuple[int, int]]:
        """The regions of the script that the characters of a region come from."""
        for number, piece in enumerate(self.pieces):
            stop = self.pieces[number + 1].at if number + 1 < len(self.pieces) else len(self.text)
            low, high = max(start, piece.at), min(end, stop)
            if low >= high:
                continue
            if piece.literal:
                yield piece.start + low - piece.at, piece.start + high - piece.at
            else:
                yield from piece.sources

    def _piece(self, offset: int) -> Piece:
        found = bisect_right(self.pieces, offset, key=lambda piece: piece.at) - 1
        return self.pieces[max(found, 0)]


class Weaver:
    """Puts a :class:`Woven` together."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.pieces: list[Piece] = []
        self.length = 0

    def literal(self, text: str, start: int) -> None:
        """Characters as they stand in the script from ``start`` on."""
        if text:
            self.pieces.append(Piece(self.length, start, start + len(text), literal=True))
            self._add(text)

    def put(self, text: str, start: int, end: int, sources: tuple[tuple[int, int], ...] = ()) -> None:
        """A text that takes the place of what stands at ``start`` … ``end``."""
        if text:
            self.pieces.append(Piece(self.length, start, end, literal=False, sources=sources))
            self._add(text)

    def join(self, other: Woven) -> None:
        """Another text behind this one."""
        self.pieces += [piece._replace(at=piece.at + self.length) for piece in other.pieces]
        self._add(other.text)

    def _add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def woven(self, script: SourceFile) -> Woven:
        """What was put together."""
        return Woven(script, "".join(self.parts), tuple(self.pieces))
