"""From the tokens of a statement to its tree: the grammar's rules as plain nodes.

A :class:`Node` names the rule of ``grammars/pf.lark`` and holds what the rule kept: nodes, and slots for words. The tree
belongs to the *shape* of the statement, the sequence of its token kinds. Shapes are remembered, so that Lark is asked
once for all rules that look alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from spdcheck.formats.pf.keywords import vocabulary
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.shapes import MAX_SHAPE_LENGTH, MAX_SHAPES, Slot, expectation

if TYPE_CHECKING:
    from lark import Tree

    from spdcheck.formats.pf.lexer import Statement

MOST_WORDS = 6
"""More alternatives than this are not listed in a message."""


class Node(NamedTuple):
    """A rule of the grammar and its parts."""

    rule: str
    items: tuple[Node | Slot, ...]


Item: TypeAlias = Node | Slot


class _Unexpected(NamedTuple):
    """The shape is not in the language: the token that can't stand where it stands, and what could."""

    at: int
    expected: tuple[str, ...]


_SHAPES: dict[tuple[int, ...], Node | _Unexpected] = {}


def parse(statement: Statement) -> Node:
    """The tree of a statement; raises :exc:`Refused` where pfctl says ``syntax error``."""
    kinds = statement.kinds
    tree = _SHAPES.get(kinds)
    if tree is None:
        tree = _ask(kinds)
        if len(kinds) <= MAX_SHAPE_LENGTH:
            if len(_SHAPES) >= MAX_SHAPES:
                _SHAPES.clear()
            _SHAPES[kinds] = tree
    if isinstance(tree, _Unexpected):
        found = f"`{statement.texts[tree.at]}`" if tree.at < len(statement.texts) else "the end of the line"
        raise Refused("syntax error", tree.at, f"{found} can't stand here{_wanted(tree)}")
    return tree


def _ask(kinds: tuple[int, ...]) -> Node | _Unexpected:
    from lark import Token, UnexpectedToken

    known = vocabulary("freebsd")
    tokens = [Token(known.names[kind], "", start_pos=at) for at, kind in enumerate(kinds)]
    session = known.parser.parse_interactive()
    fed = 0
    try:
        for token in tokens:
            session.feed_token(token)
            fed += 1
        tree = session.feed_eof()  # type: ignore[no-untyped-call]
    except UnexpectedToken:
        # The failed session can't tell what it wanted: it has reduced what the bad token ended.
        session = known.parser.parse_interactive()
        for token in tokens[:fed]:
            session.feed_token(token)
        accepted = session.accepts()  # type: ignore[no-untyped-call]
        return _Unexpected(fed, tuple(name for name in (*known.names, "$END") if name in accepted))
    return _built(tree.children[0])


def _built(tree: Tree[Any]) -> Node:
    from lark import Token

    return Node(
        str(tree.data),
        tuple(
            Slot(child.type, child.start_pos or 0) if isinstance(child, Token) else _built(child)
            for child in tree.children
        ),
    )


def _wanted(unexpected: _Unexpected) -> str:
    """What would have been right, if that can be said in a few words."""
    if not 0 < len(unexpected.expected) <= MOST_WORDS:
        return ""
    words = {name: f"`{text}`" for name, text in vocabulary("freebsd").written.items()}
    return f"; {expectation(unexpected.expected, words | {'STRING': 'a word', 'NUMBER': 'a number'})}"


def number(statement: Statement, slot: Slot) -> int:
    """The value of a NUMBER."""
    return int(statement.texts[slot.at])


def text(statement: Statement, slot: Item) -> str:
    """A word as pfctl sees it: numbers lose their leading zeros."""
    assert isinstance(slot, Slot)
    word = statement.texts[slot.at]
    return str(int(word)) if slot.name == "NUMBER" else word
