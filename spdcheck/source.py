"""Files and places in them: every fact that spdcheck knows came from a :class:`Span`.

Inside, a place is a pair of character offsets; lines and columns (both counted from 1) are worked out only when
somebody is told. A source file's text never holds a secret: a format replaces each one by bullets of the same
length before anything else sees the text, so that no excerpt, message or cache can show it.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "•"


class Location(NamedTuple):
    """A line and a column, both counted from 1."""

    line: int
    column: int


class SourceFile:
    """One configuration file: its path as shown to the user (relative, ``/`` between parts) and its masked text.

    Two source files are equal only if they are the same object.
    """

    __slots__ = ("_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts: list[int] | None = None

    def __repr__(self) -> str:
        return f"SourceFile({self.path!r}, {len(self.text)} characters)"

    def masked(self, secrets: Iterable[tuple[int, int]]) -> SourceFile:
        """The same file with every ``(start, end)`` region replaced by bullets; offsets stay what they were."""
        regions = sorted(secrets)
        if not regions:
            return self
        parts: list[str] = []
        done = 0
        for start, end in regions:
            if start < done:
                start = done
            if end <= start:
                continue
            parts.append(self.text[done:start])
            parts.append("".join(c if c in "\r\n" else MASK for c in self.text[start:end]))
            done = end
        parts.append(self.text[done:])
        return SourceFile(self.path, "".join(parts))

    def span(self, start: int = 0, end: int | None = None) -> Span:
        """The region from ``start`` up to (not including) ``end``; the whole file by default."""
        return Span(self, start, len(self.text) if end is None else end)

    @property
    def line_starts(self) -> list[int]:
        """The offset at which each line starts."""
        if self._starts is None:
            starts = [0]
            find = self.text.find
            position = find("\n")
            while position >= 0:
                starts.append(position + 1)
                position = find("\n", position + 1)
            self._starts = starts
        return self._starts

    def location(self, offset: int) -> Location:
        """Line and column of a character offset."""
        starts = self.line_starts
        line = bisect_right(starts, offset)
        return Location(line, offset - starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """The text of a line (counted from 1) without its end."""
        starts = self.line_starts
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")


class Span(NamedTuple):
    """A region of a source file: ``start`` up to, not including, ``end`` (character offsets)."""

    file: SourceFile
    start: int
    end: int

    @property
    def text(self) -> str:
        """The (masked) text of the region."""
        return self.file.text[self.start : self.end]

    @property
    def begin(self) -> Location:
        """Line and column of the first character."""
        return self.file.location(self.start)

    @property
    def finish(self) -> Location:
        """Line and column just behind the last character."""
        return self.file.location(self.end)

    @property
    def where(self) -> str:
        """``path:line``, as messages name it."""
        return f"{self.file.path}:{self.begin.line}"

    def join(self, other: Span) -> Span:
        """The smallest region of the same file that covers both."""
        return Span(self.file, min(self.start, other.start), max(self.end, other.end))

    def __repr__(self) -> str:
        return f"Span({self.where})"
