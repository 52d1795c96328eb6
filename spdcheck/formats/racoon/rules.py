"""Lark fed with racoon's tokens: one statement at a time, stopping at the first token that does not fit."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from spdcheck.formats.racoon.lexer import END
from spdcheck.formats.racoon.syntax import Node, Token
from spdcheck.formats.racoon.words import BLOCKS
from spdcheck.resources import grammar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lark import Lark, Tree
    from lark import Token as Leaf
    from lark.parsers.lalr_interactive_parser import InteractiveParser

OPENING = "opening"
INSIDE = {section: f"in_{name}" for name, section in BLOCKS.items()}
"""The rule of the statements inside each kind of block."""

_REMEMBERED = 32
"""Longer statements are not remembered: a list may have any length."""


@cache
def _lark(*starts: str) -> Lark:
    from lark import Lark
    from lark.lexer import Lexer

    class Fed(Lexer):
        """Never asked: the parser is fed token by token."""

        def __init__(self, *_: object) -> None:
            pass

        def lex(self, *_: object) -> Iterator[Leaf]:
            return iter(())

    return Lark.open(str(grammar("racoon")), start=list(starts), parser="lalr", lexer=Fed, maybe_placeholders=False)


def _parser(rule: str) -> InteractiveParser:
    lark = _lark("file") if rule == "file" else _lark(OPENING, *INSIDE.values())
    return lark.parse_interactive(start=rule)


def _accepted(parser: InteractiveParser) -> frozenset[str]:
    return frozenset(parser.accepts())  # type: ignore[no-untyped-call]


@cache
def starters(rule: str) -> frozenset[str]:
    """The tokens that a statement of this rule can start with."""
    return _accepted(_parser(rule))


class _Step:
    """A sequence of token types that is known to fit: what may follow, and the shape if it can end here."""

    __slots__ = ("following", "shape")

    def __init__(self) -> None:
        self.following: dict[str, _Step] = {}
        self.shape: _Shape | None = None


class _Shape(NamedTuple):
    """A rule that matched; its parts are the numbers of tokens, or shapes."""

    rule: str
    parts: tuple[int | _Shape, ...]


@cache
def _first_step(rule: str) -> _Step:  # noqa: ARG001 (one for each rule)
    return _Step()


class Attempt:
    """A statement under construction: takes tokens as long as they fit.

    Most statements of a file look like earlier ones. Sequences of types that were seen are remembered, and Lark is
    asked only about new ones.
    """

    __slots__ = ("_parser", "_rule", "_step", "tokens")

    def __init__(self, rule: str) -> None:
        self._rule = rule
        self._step = _first_step(rule)
        self._parser: InteractiveParser | None = None
        self.tokens: list[Token] = []

    def take(self, token: Token) -> bool:
        """The token fits and was taken."""
        step = self._step.following.get(token.type)
        if step is None or self._parser is not None:
            if token.type == END or not _feed(self._asked(), token.type, len(self.tokens)):
                return False
            if step is None:
                step = _Step()
                if len(self.tokens) < _REMEMBERED:
                    self._step.following[token.type] = step
        self._step = step
        self.tokens.append(token)
        return True

    def expected(self, before: int | None = None) -> frozenset[str]:
        """The types that would have fitted next, or at the place of an earlier token."""
        if before is None or before >= len(self.tokens):
            return _accepted(self._asked())
        again = Attempt(self._rule)
        again.tokens = self.tokens[:before]
        return again.expected()

    def finish(self) -> Node:
        """The statement; only where its last token ends one."""
        if self._step.shape is None:
            self._step.shape = _shape(self._asked().feed_eof())  # type: ignore[no-untyped-call]
        return self._node(self._step.shape)

    def _asked(self) -> InteractiveParser:
        """Lark, up to date with the tokens so far."""
        if self._parser is None:
            self._parser = _parser(self._rule)
            for index, token in enumerate(self.tokens):
                _feed(self._parser, token.type, index)
        return self._parser

    def _node(self, shape: _Shape) -> Node:
        tokens = self.tokens
        return Node(shape.rule, tuple([tokens[p] if isinstance(p, int) else self._node(p) for p in shape.parts]))


def _feed(parser: InteractiveParser, kind: str, index: int) -> bool:
    from lark import Token as Leaf
    from lark.exceptions import UnexpectedToken

    try:
        parser.feed_token(Leaf(kind, str(index)))
    except UnexpectedToken:
        return False
    return True


def _shape(tree: Tree[Leaf]) -> _Shape:
    return _Shape(str(tree.data), tuple(int(p) if isinstance(p, str) else _shape(p) for p in tree.children))
