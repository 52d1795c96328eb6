"""The grammars of columns and expressions, loaded once for all files of a process."""

from __future__ import annotations

from functools import cache
from typing import Any

from spdcheck.formats.grammar import automaton
from spdcheck.formats.lexicon import Lexicon
from spdcheck.formats.shapes import ShapeParser, expectation
from spdcheck.formats.shorewall.syntax import NODES

_WORDS = {
    "NAME": "a name", "SUFFIX": "`+`, `-` or `!`", "LEVEL": "a log level", "PARENTHESES": "`(…)`", "ANGLES": "`<…>`",
    "BRACKETS": "`[…]`", "WORD": "a word", "ADDRESS": "an address", "NOT": "`!`", "PORT": "a port",
    "PROTOCOL": "a protocol", "OPTION": "an option", "EQUALS": "`=`", "VALUE": "a value", "PER": "`s` or `d`",
    "TABLE": "a name", "AMOUNT": "a number per unit", "NUMBER": "a number", "CONNECTION": "`C`", "SIDE": "`d`",
    "ID": "a user", "COLON": "`:`", "COMMA": "`,`", "SLASH": "`/`",
}  # fmt: skip
_NAMES = {
    "STRING": "a text in quotes", "EQUALITY": "`==`", "ORDER": "`<`", "ADD": "`+`", "MULTIPLY": "`*`", "MATCH": "`=~`",
    "PATTERN": "a `/pattern/`", "NUMBER": "a number", "LPAR": "`(`", "RPAR": "`)`", "BANG": "`!`", "MINUS": "`-`",
    "DEFINED": "`defined`", "PASSED": "`passed(…)`", "OR": "`or`", "XOR": "`xor`", "AND": "`and`", "QMARK": "`?`",
}  # fmt: skip


@cache
def parser(column: str) -> ShapeParser[Any]:
    """The language of one kind of column: the start rules of ``shorewall.lark``."""
    tables = automaton("shorewall", column, placeholders=True)
    return ShapeParser(tables, Lexicon(tables, switches={}), NODES)


@cache
def expression_parser() -> ShapeParser[Any]:
    """``?IF`` expressions: a node is a tuple of its rule's name and its parts."""
    tables = automaton("shorewall-if", placeholders=True)
    names = {rule: _node(rule) for rule in (
        "either", "both", "opposite", "choice", "compare", "compute", "matches", "minus", "number", "string", "defined",
        "passed",
    )}  # fmt: skip
    return ShapeParser(tables, Lexicon(tables, switches={}), names)


@cache
def command_parser() -> ShapeParser[Any]:
    """Commands of params: a node is a tuple of its rule's name and its parts."""
    tables = automaton("shorewall-params", placeholders=True)
    names = {rule: _node(rule) for rule in (
        "start", "assignments", "export", "include", "command", "assignment", "word",
    )}  # fmt: skip
    return ShapeParser(tables, Lexicon(tables, switches={}), names)


def _node(rule: str) -> Any:
    return lambda *parts: (rule, *parts)


def expected(names: tuple[str, ...]) -> str:
    """What could have stood in a column, in words."""
    listed = dict.fromkeys(_WORDS.get(name, "the end of the column") for name in names)
    return expectation(listed, {phrase: phrase for phrase in (*_WORDS.values(), "the end of the column")})


def expected_in_expression(names: tuple[str, ...]) -> str:
    """What could have stood in an expression, in words."""
    listed = dict.fromkeys(_NAMES.get(name, "an operator" if name.isupper() else "the end") for name in names)
    return expectation(listed, {phrase: phrase for phrase in (*_NAMES.values(), "an operator", "the end")})
