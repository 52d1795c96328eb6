"""One statement on its way to the model: its tokens, its places, and what is odd about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.formats.lexicon import Tokens
    from spdcheck.formats.shapes import Slot
    from spdcheck.source import SourceFile, Span


class Accident(NamedTuple):
    """Something that setkey accepts though it hardly means what it looks like; ``error`` if that changes the effect."""

    at: int
    message: str
    mend: str = ""
    error: bool = False


class Statement:
    """A parsed statement of a file.

    ``accidents`` collects what is to be reported if the statement is accepted.
    """

    __slots__ = ("accidents", "end", "file", "start", "texts", "tokens")

    def __init__(self, file: SourceFile, tokens: Tokens, start: int, end: int) -> None:
        self.file = file
        self.tokens = tokens
        self.texts = tokens.texts
        self.start = start
        self.end = end
        self.accidents: list[Accident] = []

    @property
    def span(self) -> Span:
        """The whole statement, with its ``;``."""
        return self.file.span(self.start, self.end)

    def place(self, at: int) -> Span:
        """Where a token stands."""
        return self.file.span(self.tokens.start(at), self.tokens.end(at))

    def between(self, first: int, last: int) -> Span:
        """From the first of these tokens to the last."""
        return self.file.span(self.tokens.start(first), self.tokens.end(last))

    def odd(self, slot: Slot, message: str, mend: str = "", *, error: bool = False) -> None:
        """Notes an accident; an empty message is none."""
        if message:
            self.accidents.append(Accident(slot.at, message, mend, error))
