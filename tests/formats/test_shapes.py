"""Lexing as flex does it, and the memory of shapes."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark import Lark

from spdcheck.formats import shapes
from spdcheck.formats.automaton import Automaton
from spdcheck.formats.lexicon import MAX_TOKENS, Lexicon
from spdcheck.formats.setkey.language import lexicon
from spdcheck.formats.shapes import ShapeParser, Slot, Unexpected, expectation, nodes_of
from tests.strategies_setkey import statements

GRAMMAR = """
start: pair | list
pair: "let" NAME _IS (NAME | NUMBER) [unit] _END
list: "list" NUMBER* _END
unit: "in" NAME
LET: "let"
LIST: "list"
IN: "in"
_IS: "="
_END: ";"
NUMBER.2: /[0-9]+(?![a-z0-9])/
NAME: /[a-z0-9]+/
BLANK: /[ \\n]+/
%ignore BLANK
"""


class Pair(NamedTuple):
    """``let NAME = VALUE``."""

    name: Slot
    value: Slot
    unit: Any


class Unit(NamedTuple):
    """``in NAME``."""

    name: Slot


def parser_of(grammar: str = GRAMMAR) -> ShapeParser[Any]:
    loaded = Automaton.of(Lark(grammar, parser="lalr", lexer="basic", maybe_placeholders=True))
    nodes = nodes_of((Pair, Unit), lists=("list",)) | {"start": lambda child: child}
    return ShapeParser(loaded, Lexicon(loaded, switches={}), nodes)


def read(parser: ShapeParser[Any], text: str) -> Any:
    return parser.read(text, 0, len(text))[0]


def test_slots_name_terminal_and_place() -> None:
    parser = parser_of()
    assert read(parser, "let a = 5;") == Pair(Slot("NAME", 1), Slot("NUMBER", 3), None)
    assert read(parser, "let a = b in km;") == Pair(Slot("NAME", 1), Slot("NAME", 3), Unit(Slot("NAME", 5)))
    assert read(parser, "list 1 2;") == (Slot("NUMBER", 1), Slot("NUMBER", 2))


def test_tokens_know_their_places() -> None:
    _, tokens = parser_of().read("xx let  a=5 ;", 3, 13)
    assert list(tokens.texts) == ["let", "a", "=", "5", ";"]
    assert [tokens.start(at) for at in range(5)] == [3, 8, 9, 10, 12]
    assert tokens.end(0) == 6


def test_statements_of_one_shape_share_their_syntax() -> None:
    parser = parser_of()
    assert read(parser, "let a = 5;") is read(parser, "let bcd  =  777;")


@pytest.mark.parametrize(
    ("text", "at", "found", "expected"),
    [
        ("let 5 = a;", 1, "NUMBER", ("NAME",)),
        ("let let = a;", 1, "LET", ("NAME",)),
        ("let a = ;", 3, "_END", ("NUMBER", "NAME")),
        ("let a = b", 4, "", ("IN", "_END")),
        ("let a ? b;", 2, "", ("_IS",)),
        ("list 1 x;", 2, "NAME", ("_END", "NUMBER")),
        ("", 0, "", ("LET", "LIST")),
    ],
)
def test_what_was_found_and_what_was_expected(text: str, at: int, found: str, expected: tuple[str, ...]) -> None:
    unexpected = read(parser_of(), text)
    assert isinstance(unexpected, Unexpected)
    assert (unexpected.at, unexpected.found) == (at, found)
    assert set(unexpected.expected) == set(expected)


def test_a_failure_is_remembered_like_a_success() -> None:
    parser = parser_of()
    assert read(parser, "let 5 = a;") is read(parser, "let 6 = b;")


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "MAX_SHAPES", 4)
    monkeypatch.setattr(shapes, "MAX_SHAPE_LENGTH", 8)
    parser = parser_of()
    for length in range(20):
        assert len(read(parser, f"list {'7 ' * length};")) == length
    assert len(parser._shapes) <= 4


def test_frequent_shapes_are_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "FREQUENT", 2)
    parser = parser_of()
    text = "let a = 1; list 2; " * 5
    position = quick = 0
    for number in range(10):
        found = parser.quick(text, position)
        if found is None:
            end = text.index(";", position) + 1
            start = position + (text[position] == " ")
            syntax, tokens = parser.read(text, start, end)
        else:
            quick += 1
            syntax, tokens, end = found
        assert isinstance(syntax, Pair) == (number % 2 == 0)
        assert tokens.texts[-1] == ";"
        position = end
    assert quick == 6
    assert parser.quick("let a = let;", 0) is None
    assert parser.quick("let a = 1", 0) is None


def test_expectations_in_words() -> None:
    words = {"A": "`a`", "B": "`b`", "C": "`c`"}
    assert expectation(("A",), words) == "expected `a`"
    assert expectation(("A", "B", "C"), words) == "expected `a`, `b` or `c`"
    assert expectation(("A", "B", "C"), words, [(frozenset("BC"), "a letter")]) == "expected a letter or `a`"
    assert expectation(("B", "$END"), words, [(frozenset("BC"), "a letter")]) == "expected `b` or the end"


# The tokens of setkey, beside a plain reading of its lexer: every rule is tried, the longest wins, then the first.

_FLEX = {
    "": (
        ("NUMBER", r"[0-9]+"),
        ("HEX", r"0[xX][0-9A-Fa-f]+"),
        ("FAMILY", r"-[n46][n46]*"),
        ("STRING", r"[A-Za-z0-9:][A-Za-z0-9:%.\-]*"),
        ("STRING", r"[0-9,]+"),
    ),
    "P_": (
        ("P_NUMBER", r"[0-9]+"),
        ("P_UNIQUE_ID", r"unique:[0-9]+"),
        ("P_ADDRESS", r"[a-zA-Z0-9:._][a-zA-Z0-9:._]*(%[a-zA-Z0-9]+)?"),
        ("P_PORT", r"\[[0-9]+\]"),
    ),
}


@cache
def flex_rules(condition: str) -> list[tuple[str, re.Pattern[str]]]:
    inside = {"": ("",), "P_": ("P_",), "C_": ("C_", ""), "A_": ("A_", "")}[condition]
    rules: list[tuple[str, str]] = []
    for prefix in inside:
        rules += [
            (name, re.escape(text))
            for name, text in lexicon().spellings.items()
            if re.match("[PCA]_|", name.lstrip("_"))[0] == prefix  # type: ignore[index]
        ]
    for prefix in inside:
        rules += _FLEX.get(prefix, ())
    return [(name, re.compile(pattern)) for name, pattern in rules]


def as_flex_does(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position, condition = 0, ""
    while position < len(text):
        blank = re.compile(r"[ \t\n]+" if condition == "P_" else r"[ \t\n]+|#[^\n]*").match(text, position)
        stray = condition == "P_" and text[position] in "%[]"
        best, name = "", ""
        for rule, pattern in flex_rules(condition):
            match = pattern.match(text, position)
            if match is not None and len(match[0]) > len(best):
                best, name = match[0], rule
        if blank is not None or (stray and not best):
            position = blank.end() if blank is not None else position + 1
            continue
        best = best or text[position]
        tokens.append((name, best))
        position += len(best)
        condition = {"_POLICY": "P_", "_CIPHER": "C_", "_INTEGRITY": "A_", "_P_END": ""}.get(name, condition)
        if name[:2] in ("C_", "A_"):
            condition = ""
    return tokens


def ours(text: str) -> list[tuple[str, str]]:
    start = len(text) - len(text.lstrip(" \t\n"))
    while start < len(text) and text[start] == "#":
        end = text.find("\n", start)
        start = len(text) if end < 0 else end
        start += len(text[start:]) - len(text[start:].lstrip(" \t\n"))
    kinds, tokens = lexicon().read(text, start, len(text))
    return [(lexicon().names[kind], word) for kind, word in zip(kinds, tokens.texts, strict=True)]


PIECES = st.sampled_from(
    (
        *("add", "spdadd", "any", "esp", "esp-old", "tunnel", "null", "aes-cbc", "hmac-md5", "unique", "out", "in"),
        *("-P", "-E", "-A", "-n4", "-", "-l", "-lh", "-bs", ";", "/", "[", "]", "+", "%", "_", "#", "{", ".", "€"),
        *("10", "0x1f", "0x", "80,443", ",", "10.0.0.1", "a.b-c", "::", "fe80::1%em0", "unique:5", "unique:x", "A1"),
        *(" ", " ", " ", " ", " ", " ", "\n", "\t"),
    )
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_tokens_are_those_of_flex(text: str) -> None:
    assert ours(text) == as_flex_does(text)


@given(statements(), statements())
def test_an_expression_finds_what_the_lexer_finds(first: str, second: str) -> None:
    known = lexicon()
    kinds, tokens = known.read(first, 0, len(first))
    others = known.read(second, 0, len(second))[0]
    expression = known.expression(kinds)
    found = expression.match(f" # x\n{first} ", 0)
    assert found is not None
    assert found[1] == len(first) + 5
    assert list(found[0].texts) == list(tokens.texts)
    assert [found[0].start(at) - 5 for at in range(len(kinds))] == [tokens.start(at) for at in range(len(kinds))]
    assert [found[0].end(at) - 5 for at in range(len(kinds))] == [tokens.end(at) for at in range(len(kinds))]
    assert (expression.match(second, 0) is not None) == (others == kinds)


@given(st.lists(PIECES, max_size=12).map("".join), statements())
def test_an_expression_finds_nothing_else(text: str, statement: str) -> None:
    known = lexicon()
    kinds, _ = known.read(statement, 0, len(statement))
    found = known.expression(kinds).match(text, 0)
    if found is not None:
        assert known.read(text.lstrip(), 0, len(text.lstrip()))[0][: len(kinds)] == kinds


def test_a_statement_without_end_is_cut() -> None:
    text = "add " * (MAX_TOKENS + 100)
    assert len(lexicon().read(text, 0, len(text))[0]) == MAX_TOKENS
