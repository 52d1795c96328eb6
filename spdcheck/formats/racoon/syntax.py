"""The syntax of a racoon.conf as values: tokens with their place, statements, blocks."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.racoon.words import Section


class Stray(NamedTuple):
    """Characters that racoon's lexer knows nothing about; ``glued`` if they became part of the token behind them."""

    start: int
    end: int
    glued: bool


class Token(NamedTuple):
    """One token: racoon's name for it, its text, what racoon reads for it, its place, the strays before it.

    ``value`` is a number for NUMBER, PORT and PREFIX, else a string; for words it is the word itself.
    """

    type: str
    text: str
    value: int | str
    start: int
    end: int
    strays: tuple[Stray, ...] = ()

    @property
    def number(self) -> int:
        """The number that racoon reads (0 for a token that is none)."""
        return self.value if isinstance(self.value, int) else 0

    @property
    def string(self) -> str:
        """The string that racoon reads."""
        return str(self.value)


class Node(NamedTuple):
    """A rule of ``grammars/racoon.lark`` that matched, with its parts in order."""

    rule: str
    parts: tuple[Token | Node, ...]

    @property
    def tokens(self) -> Iterator[Token]:
        """All tokens, also those of inner rules."""
        for part in self.parts:
            if isinstance(part, Token):
                yield part
            else:
                yield from part.tokens

    def find(self, *types: str) -> Token | None:
        """The first token of one of these types, or None."""
        for token in self.tokens:
            if token.type in types:
                return token
        return None

    def all(self, *types: str) -> list[Token]:
        """Every token of one of these types."""
        return [token for token in self.tokens if token.type in types]

    def nodes(self, *rules: str) -> list[Node]:
        """The direct parts that are one of these rules."""
        return [part for part in self.parts if isinstance(part, Node) and part.rule in rules]

    @property
    def first(self) -> Token:
        """The word that the statement starts with."""
        return next(self.tokens)

    @property
    def start(self) -> int:
        """Where it starts."""
        return self.first.start

    @property
    def end(self) -> int:
        """Just behind its last token."""
        end = 0
        for token in self.tokens:
            end = token.end
        return end


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why a statement can't be read: where, what was found and expected, and what to do."""

    start: int
    end: int
    message: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, or a block with its statements.

    ``node`` is None if the statement can't be read; then ``mistake`` says why. A block whose head is bad still has its
    ``body``. ``unclosed`` is the offset at which a block was given up because its ``}`` is missing.
    """

    node: Node | None
    start: int
    end: int
    strays: tuple[Stray, ...] = ()
    mistake: Mistake | None = None
    section: Section | None = None
    body: tuple[Statement, ...] = field(default=())
    unclosed: int | None = None
