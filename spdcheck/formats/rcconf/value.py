"""Values of variables as sh(1) leaves them, every character of which still knows where it stands in the file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass
from spdcheck.source import Span

if TYPE_CHECKING:
    from spdcheck.source import SourceFile

_FIELD = re.compile(r"[^ \t\n]+")
_ARGUMENT = re.compile(r"""(?:[^ \t\n"'\\]|\\[\s\S]?|"(?:[^"\\]|\\[\s\S])*"?|'[^']*'?)+""")
_QUOTING = re.compile(r"""\\([\s\S]?)|["']""")


class Word(NamedTuple):
    """A blank-separated part of a value and its place inside the quotes."""

    text: str
    span: Span


class Piece(NamedTuple):
    """Part of a value: text that stands at ``start`` … ``end``, or that a ``${variable}`` there was replaced by."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Value:
    """The value of an assignment; ``start`` … ``end`` is where it was written, quotes included."""

    file: SourceFile
    pieces: tuple[Piece, ...]
    start: int
    end: int

    @property
    def text(self) -> str:
        """The value as the variable holds it."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def span(self) -> Span:
        """Where the value was written, quotes included."""
        return Span(self.file, self.start, self.end)

    @property
    def word(self) -> Word:
        """The whole value as one word."""
        return Word(self.text, self.span)

    def words(self) -> tuple[Word, ...]:
        """The value split at blanks, tabs and newlines, as sh(1) splits ``$name``."""
        return self._split(_FIELD)

    def arguments(self) -> tuple[Word, ...]:
        """The value split into words as ``eval`` splits it: quotes inside the value keep blanks together."""
        return tuple(
            Word(_QUOTING.sub(lambda quoted: quoted[1] or "", word.text), word.span) for word in self._split(_ARGUMENT)
        )

    def lines(self, separator: str) -> tuple[Value, ...]:
        """The parts of the value between separators (a regular expression), each as a value of its own."""
        text, parts, done = self.text, [], 0
        for match in (*re.finditer(separator, text), None):
            end = len(text) if match is None else match.start()
            parts.append(self._slice(done, end))
            done = end if match is None else match.end()
        return tuple(parts)

    def _split(self, pattern: re.Pattern[str]) -> tuple[Word, ...]:
        return tuple(Word(m[0], self._place(m.start(), m.end())) for m in pattern.finditer(self.text))

    def _slice(self, first: int, last: int) -> Value:
        pieces, offset = [], 0
        for text, start, end in self.pieces:
            low, high = max(first - offset, 0), min(last - offset, len(text))
            if low < high:
                if end - start == len(text):
                    start, end = start + low, start + high
                pieces.append(Piece(text[low:high], start, end))
            offset += len(text)
        if not pieces:
            return Value(self.file, (), self.start, self.end)
        return Value(self.file, tuple(pieces), pieces[0].start, pieces[-1].end)

    def _place(self, first: int, last: int) -> Span:
        """Where the characters ``first`` … ``last`` of the value stand in the file."""
        part = self._slice(first, last)
        return Span(self.file, part.start, part.end)


def shown(text: str, most: int = 60) -> str:
    """A text as a message shows it: on one line, control characters made visible, cut after ``most`` characters."""
    short = text if len(text) <= most else f"{text[: most - 1]}…"
    return "".join(chr(0x2400 + ord(c)) if c < " " else c for c in short)
