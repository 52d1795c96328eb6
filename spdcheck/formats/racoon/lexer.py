"""racoon's lexer, character by character as flex runs it.

What is surprising in it is kept, because it decides what racoon does with a file. Words need no blank behind them.
A character that nothing matches is kept for the next token (``yymore``): if a blank or a line end follows, it is gone,
otherwise it is glued in front of the next token's text, which changes what numbers and strings mean: ``=30`` is 0.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.racoon.syntax import Stray, Token
from spdcheck.formats.racoon.words import EVERYWHERE, WORDS, Section
from spdcheck.named_tuples import NamedTuple
from spdcheck.source import MASK

if TYPE_CHECKING:
    from re import Pattern

END = "$END"
_BLANKS = re.compile(r"(?:[ \t\n]+|#[^\n]*)+")
_BLANKS_OF_REMOTE = re.compile(r"(?:[ \t\n,]+|#[^\n]*)+")
_ADDRESS = r"[a-fA-F0-9:][a-fA-F0-9:.]*(?:%[a-zA-Z0-9]*)?"
_ADDRESS_GOES_ON = re.compile(r"[a-fA-F0-9:.%]")
_DIGITS = frozenset("0123456789")
_C_SPACES = "\r\v\f"
_ULONG_MAX = 2**64 - 1


_OTHERS = re.compile(
    rf'(?P<QUOTEDSTRING>"[^"]*")|(?P<HEXSTRING>0x[0-9a-fA-F]+)|(?P<ADDRSTRING>{_ADDRESS})|(?P<MASKED>{MASK}+)'
    rf"|(?P<PREFIX>/[0-9]{{1,3}})|(?P<PORT>\[[0-9]+\])|(?P<ADDRRANGE>-{_ADDRESS})"
)
"""All tokens that are no words, so ordered that the first match is flex's longest.

What was masked outside a string is a token of its own, which fits nowhere: nobody may look at it any more.
"""


class _Vocabulary(NamedTuple):
    """The words of a section by what they are, and those that begin with the same two characters, longest first."""

    types: dict[str, str]
    alike: dict[str, tuple[str, ...]]

    def word(self, text: str, position: int) -> str:
        """The longest word that stands at an offset, or nothing."""
        for word in self.alike.get(text[position : position + 2], ()):
            if text.startswith(word, position):
                return word
        sign = text[position]
        # ``B`` is the only word that is also the beginning of an address, which would be longer
        return sign if sign in self.types and not (sign == "B" and _ADDRESS_GOES_ON.match(text, position + 1)) else ""


@cache
def _vocabulary(section: Section) -> _Vocabulary:
    types = {**EVERYWHERE, **WORDS[section]}
    alike: dict[str, list[str]] = {}
    for word in sorted(types, key=len, reverse=True):
        if len(word) > 1:
            alike.setdefault(word[:2], []).append(word)
    return _Vocabulary(types, {start: tuple(words) for start, words in alike.items()})


@cache
def _no_start(section: Section) -> Pattern[str]:
    """Characters that no token of a section begins with, as far as this and the next one tell."""
    after: dict[str, set[str]] = {"/": set("0123456789"), "[": set("0123456789a"), "-": set("abcdefABCDEF0123456789:")}
    surely = set(f'"{MASK} \t\n#,:abcdefABCDEF0123456789')
    for word in _vocabulary(section).types:
        if len(word) == 1:
            surely.add(word)
        else:
            after.setdefault(word[0], set()).add(word[1])
    unsure = {first: seconds for first, seconds in after.items() if first not in surely}
    pairs = [rf"{re.escape(first)}(?!{_any_of(seconds)})" for first, seconds in unsure.items()]
    return re.compile(rf"(?:{_any_of({*surely, *unsure}, but='^')}++|{'|'.join(pairs)})++")


def _any_of(characters: set[str], but: str = "") -> str:
    return f"[{but}{''.join(map(re.escape, sorted(characters)))}]"


class Lexer:
    """Reads tokens of one text; the caller says in which section."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def token(self, position: int, section: Section) -> Token:
        """The token at or behind an offset; its type is ``$END`` at the end of the text."""
        text = self.text
        vocabulary = _vocabulary(section)
        skip = (_BLANKS_OF_REMOTE if section is Section.REMOTE else _BLANKS).match
        strays: list[Stray] = []
        kept = -1
        while True:
            blanks = skip(text, position)
            if blanks is not None:
                if kept >= 0:
                    strays.append(Stray(kept, position, glued=False))
                    kept = -1
                position = blanks.end()
            if position >= len(text):
                if kept >= 0:
                    strays.append(Stray(kept, position, glued=False))
                return Token(END, "", "", position, position, tuple(strays))
            spelled = vocabulary.word(text, position)
            found = None if spelled else _OTHERS.match(text, position)
            if spelled or found is not None:
                break
            if kept < 0:
                kept = position
            nothing = _no_start(section).match(text, position + 1)
            position = nothing.end() if nothing else position + 1
        glue = ""
        if kept >= 0:
            glue = text[kept:position]
            strays.append(Stray(kept, position, glued=True))
        if found is None:
            end = position + len(spelled)
            return Token(vocabulary.types[spelled], spelled, spelled, position, end, tuple(strays))
        spelled, kind = found.group(), found.lastgroup or ""
        if kind == "ADDRSTRING" and _DIGITS.issuperset(spelled):
            kind = "NUMBER"
        return Token(kind, spelled, value(kind, spelled, glue), position, found.end(), tuple(strays))


def value(kind: str, spelled: str, glue: str = "") -> int | str:
    """What racoon's C code makes of a token's text with other characters glued before it."""
    if kind == "NUMBER":
        # strtoul() skips white space and one sign; at anything else it stops with 0
        return _unsigned(spelled) if glue.strip(_C_SPACES) in ("", "+") else 0
    if kind == "PORT":
        return 0 if glue else _unsigned(spelled[1:-1])
    if kind == "PREFIX":
        return 0 if glue else _unsigned(spelled[1:])
    if kind == "QUOTEDSTRING":
        # the code drops one character, then cuts at the first quote behind it
        return glue[1:] if glue else spelled[1:-1]
    if kind == "ADDRRANGE":
        return (glue + spelled)[1:]
    return glue + spelled


def _unsigned(digits: str) -> int:
    digits = digits.lstrip("0") or "0"
    return _ULONG_MAX if len(digits) > 20 else min(int(digits), _ULONG_MAX)
