"""The automaton derives what Lark derives, and refuses where Lark refuses: random walks through every grammar."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest
from lark import Lark, Token, Tree, UnexpectedToken
from lark.lexer import Lexer

from spdcheck.formats.automaton import END, Automaton, Slot, Unexpected
from spdcheck.formats.racoon.rules import INSIDE, OPENING
from spdcheck.resources import grammar

GRAMMARS: list[tuple[str, tuple[str, ...], bool]] = [
    ("setkey", ("start",), True),
    ("pf", ("start",), False),
    ("ipfilter", ("statement",), False),
    ("ipnat", ("statement",), False),
    ("ippool", ("statement",), False),
    ("racoon", (OPENING, *INSIDE.values()), False),
    ("racoon", ("file",), False),
]
WALKS = 12


class Fed(Lexer):
    def __init__(self, *_: object) -> None:
        pass

    lex = None  # type: ignore[assignment]


@cache
def lark_of(name: str, starts: tuple[str, ...], placeholders: bool) -> Lark:
    text = grammar(name).read_text(encoding="utf-8")
    return Lark(text, start=list(starts), parser="lalr", lexer=Fed, maybe_placeholders=placeholders)


def node(rule: str, parts: list[Any]) -> tuple[str, list[Any]]:
    return rule, parts


def shape(tree: Any) -> Any:
    if isinstance(tree, Tree):
        return str(tree.data), [shape(child) for child in tree.children]
    return None if tree is None else Slot(tree.type, tree.start_pos)


@pytest.mark.parametrize("which", GRAMMARS, ids=lambda which: f"{which[0]}-{which[1][0]}")
@pytest.mark.parametrize("seed", range(WALKS))
def test_walks(which: tuple[str, tuple[str, ...], bool], seed: int) -> None:
    lark = lark_of(*which)
    automaton = Automaton(*Automaton.of(lark).tables())
    terminals = sorted({name for actions in automaton.actions for name in actions})
    choose = random.Random(f"{which[0]} {seed}")
    start = choose.choice(which[1])
    ours, theirs = automaton.session(node, start), lark.parse_interactive(start=start)
    for at in range(choose.randrange(30)):
        fitting = ours.accepted()
        assert fitting == theirs.accepts()  # type: ignore[no-untyped-call]
        wrong = choose.choice(terminals)
        if wrong not in fitting:
            assert not ours.take(wrong, Slot(wrong, at))
            assert ours.accepted() == fitting
        names = sorted(fitting - {END})
        if not names:
            break
        name = choose.choice(names)
        assert ours.take(name, Slot(name, at))
        theirs.feed_token(Token(name, "", start_pos=at))
    try:
        tree = theirs.feed_eof()  # type: ignore[no-untyped-call]
    except UnexpectedToken:
        assert not ours.finish()
    else:
        assert ours.finish()
        assert ours.result == shape(tree)


def small(rules: str, *, placeholders: bool = False) -> Automaton:
    declared = "%declare A B C"
    return Automaton.of(Lark(f"{rules}\n{declared}", parser="lalr", lexer=Fed, maybe_placeholders=placeholders))


def test_what_vanishes_and_what_melts() -> None:
    automaton = small("start: _list one\n_list: A | _list A\n?one: B | B C")
    assert automaton.derive("AAB", node) == ("start", [Slot("A", 0), Slot("A", 1), Slot("B", 2)])
    assert automaton.derive("ABC", node) == ("start", [Slot("A", 0), ("one", [Slot("B", 1), Slot("C", 2)])])


def test_absent_parts_leave_none() -> None:
    automaton = small("start: [A] B [C]", placeholders=True)
    assert automaton.derive("B", node) == ("start", [None, Slot("B", 0), None])


def test_what_would_have_fitted() -> None:
    automaton = small("start: A (B | C)")
    assert automaton.derive("AA", node) == Unexpected(1, "A", ("B", "C"))
    assert automaton.derive("A", node) == Unexpected(1, "", ("B", "C"))
    assert automaton.derive("ABC", node) == Unexpected(2, "C", (END,))
