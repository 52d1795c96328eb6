"""From the tokens of a statement to its tree: the grammar's rules as plain nodes.

A :class:`Node` names the rule of ``grammars/pf.lark`` and holds what the rule kept: nodes, and slots for words. The
tree belongs to the *shape* of the statement, the sequence of its token kinds. Shapes are remembered, so that the
grammar is asked once for all rules that look alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from spdcheck.formats.automaton import Slot, Unexpected
from spdcheck.formats.pf.keywords import vocabulary
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.slips import slip
from spdcheck.formats.shapes import MAX_SHAPE_LENGTH, MAX_SHAPES, expectation
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.formats.pf.lexer import Statement

MOST_WORDS = 6
"""More alternatives than this are not listed in a message."""


class Node(NamedTuple):
    """A rule of the grammar and its parts."""

    rule: str
    items: tuple[Node | Slot, ...]


Item: TypeAlias = Node | Slot


_SHAPES: dict[tuple[int, ...], Node | Unexpected] = {}


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
    if isinstance(tree, Unexpected):
        if tree.at == len(kinds) and statement.texts[-1] == ",":
            raise Refused("syntax error", tree.at, "no line may end behind a comma: leave it out, or add a backslash")
        found = f"`{statement.texts[tree.at]}`" if tree.at < len(statement.texts) else "the end of the line"
        mend = slip(statement, tree) or f"{found} can't stand here{_wanted(tree)}"
        raise Refused("syntax error", tree.at, mend)
    return tree


def _ask(kinds: tuple[int, ...]) -> Node | Unexpected:
    known = vocabulary("freebsd")
    found = known.grammar.derive([known.names[kind] for kind in kinds], _node)
    if isinstance(found, Unexpected):
        return found
    statement: Node = found.items[0]
    return statement


def _node(rule: str, parts: list[Item]) -> Node:
    return Node(rule, tuple(parts))


def _wanted(unexpected: Unexpected) -> str:
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
