"""Tokens of a field, by the terminals of the grammar: the longest match wins; a string after its escapes."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.grammar import automaton
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.formats.automaton import Automaton

STARTS = ("conditions", "licensees", "constants", "key", "version")
MAX_TOKENS = 20000
"""No field is longer; what is longer is not modelled."""

MAX_DEPTH = 40
"""No condition is nested deeper."""

_ONLY_LICENSEES = frozenset({"K_OF"})
_NOT_IN_LICENSEES = frozenset({"TRUE", "FALSE", "FLOAT", "NUMBER"})
_OPENING = frozenset({"LPAR", "LBRACE"})
_CLOSING = frozenset({"RPAR", "RBRACE"})
_ESCAPE = re.compile(r"\\(?:\n\s*|0([0-7]{1,2})|([1-7][0-7]{2})|([\s\S]))", re.ASCII)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}


class Token(NamedTuple):
    """A terminal's name and its place."""

    name: str
    start: int
    end: int


class TooLong(NamedTuple):
    """The field has more tokens, or is nested deeper, than anybody writes."""

    start: int
    end: int


@cache
def language() -> Automaton:
    """The automaton of ``grammars/keynote.lark``."""
    return automaton("keynote", *STARTS)


@cache
def _pattern(start: str) -> re.Pattern[str]:
    without = _NOT_IN_LICENSEES if start in ("licensees", "key") else _ONLY_LICENSEES
    known = [item for item in language().terminals if item.name not in without]
    signs = sorted((item for item in known if item.is_text and not item.text.isalpha()), key=lambda t: -len(t.text))
    words = [item for item in known if item.is_text and item.text.isalpha()]
    patterns = [item for item in known if not item.is_text]
    alternatives = [
        *(rf"(?P<{item.name}>{item.regexp}(?![a-zA-Z0-9_]))" for item in words),
        *(f"(?P<{item.name}>{item.regexp})" for item in (*patterns, *signs)),
    ]
    return re.compile("|".join(alternatives))


def tokens(text: str, start: str, begin: int, end: int) -> list[Token] | TooLong:
    """The tokens of a field; a character that is none has the empty name and is the last."""
    found: list[Token] = []
    ignored = language().ignored
    match = _pattern(start).match
    depth = 0
    while begin < end:
        token = match(text, begin, end)
        if token is None:
            found.append(Token("", begin, begin + 1))
            break
        name = token.lastgroup or ""
        begin = token.end()
        if name in ignored:
            continue
        depth += (name in _OPENING) - (name in _CLOSING)
        if depth > MAX_DEPTH or len(found) >= MAX_TOKENS:
            return TooLong(token.start(), token.end())
        found.append(Token(name, token.start(), token.end()))
    return found


def unescaped(written: str) -> str:
    """The string between two quotes: ``\\`` and a line's end vanish with the blanks behind, ``\\n \\t \\012`` …"""
    return _ESCAPE.sub(_character, written) if "\\" in written else written


def _character(escape: re.Match[str]) -> str:
    digits = escape[1] or escape[2]
    if digits:
        code = int(digits, 8) & 255
        # a NUL would end the string: libkeynote takes the digits as they are
        return chr(code) if code else escape[0][1:]
    return "" if escape[3] is None else _CONTROLS.get(escape[3], escape[3])
