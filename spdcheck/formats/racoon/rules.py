"""The grammar fed with racoon's tokens: one statement at a time, stopping at the first token that does not fit."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.grammar import automaton
from spdcheck.formats.racoon.lexer import END
from spdcheck.formats.racoon.syntax import Node, Token
from spdcheck.formats.racoon.words import BLOCKS
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.formats.automaton import Session

OPENING = "opening"
INSIDE = {section: f"in_{name}" for name, section in BLOCKS.items()}
"""The rule of the statements inside each kind of block."""

_REMEMBERED = 32
"""Longer statements are not remembered: a list may have any length."""


def _session(rule: str) -> Session:
    rules = ("file",) if rule == "file" else (OPENING, *INSIDE.values())
    return automaton("racoon", *rules).session(_shape, rule)


@cache
def starters(rule: str) -> frozenset[str]:
    """The tokens that a statement of this rule can start with."""
    return _session(rule).accepted()


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

    Most statements of a file look like earlier ones. Sequences of types that were seen are remembered, and the
    grammar is asked only about new ones.
    """

    __slots__ = ("_rule", "_session", "_step", "tokens")

    def __init__(self, rule: str) -> None:
        self._rule = rule
        self._step = _first_step(rule)
        self._session: Session | None = None
        self.tokens: list[Token] = []

    def take(self, token: Token) -> bool:
        """The token fits and was taken."""
        step = self._step.following.get(token.type)
        if step is None or self._session is not None:
            if token.type == END or not self._asked().take(token.type, len(self.tokens)):
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
            return self._asked().accepted()
        again = Attempt(self._rule)
        again.tokens = self.tokens[:before]
        return again.expected()

    def finish(self) -> Node:
        """The statement; only where its last token ends one."""
        if self._step.shape is None:
            session = self._asked()
            session.finish()
            self._step.shape = session.result
        return self._node(self._step.shape)

    def _asked(self) -> Session:
        """A session, up to date with the tokens so far."""
        if self._session is None:
            self._session = _session(self._rule)
            for index, token in enumerate(self.tokens):
                self._session.take(token.type, index)
        return self._session

    def _node(self, shape: _Shape) -> Node:
        tokens = self.tokens
        return Node(shape.rule, tuple([tokens[p] if isinstance(p, int) else self._node(p) for p in shape.parts]))


def _shape(rule: str, parts: list[int | _Shape]) -> _Shape:
    return _Shape(rule, tuple(parts))
