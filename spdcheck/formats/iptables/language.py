"""The grammar of iptables-restore, loaded once for all files of a process, and its lexer."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.grammar import automaton
from spdcheck.formats.iptables.syntax import NODES
from spdcheck.formats.lexicon import Lexicon, Tokens
from spdcheck.formats.shapes import ShapeParser, Unexpected

if TYPE_CHECKING:
    from spdcheck.formats.iptables.syntax import Line

_SIGNS = frozenset("-![")
"""With these begin the words that can be more than a WORD anywhere in a line."""
_MOST_WORDS = 4096


@cache
def lexicon() -> Lexicon:
    """The words of a line."""
    return Lexicon(automaton("iptables", placeholders=True), switches={})


@cache
def parser() -> ShapeParser[Line]:
    """Lines to the values of :mod:`spdcheck.formats.iptables.syntax`."""
    return ShapeParser(automaton("iptables", placeholders=True), lexicon(), NODES)


class _Kinds(dict[str, int]):
    """What the grammar's terminals take a word for that is not the first of a line, each asked once."""

    def __missing__(self, word: str) -> int:
        kinds, _ = lexicon().read(f" {word}", 1, len(word) + 1)
        (kind,) = kinds
        if len(self) >= _MOST_WORDS:
            self.clear()
        self[word] = kind
        return kind


class LineReader:
    """Reads lines. One without quotes is cut at its blanks, which gives the tokens of the lexer, and sooner.

    That is so because every terminal but QUOTED goes on to the next blank or quote, and only tables, chains and COMMIT
    ask what stands before them; a line that begins like one of these is left to the lexer. A test compares the two.
    """

    def __init__(self) -> None:
        self._kinds = _Kinds()
        self._word = lexicon().names.index("WORD")

    def read(self, text: str, start: int, end: int) -> tuple[Line | Unexpected, Tokens]:
        """The syntax and the tokens of ``text[start:end]``, which neither begins nor ends with a blank."""
        line = text[start:end]
        if '"' in line or line[0] not in _SIGNS or not line.isprintable():
            return parser().read(text, start, end)
        words = line.split()
        kinds, word = self._kinds, self._word
        syntax = parser().of(tuple([kinds[item] if item[0] in _SIGNS else word for item in words]))
        starts = []
        at = start
        for item in words:
            at = text.index(item, at)
            starts.append(at)
            at += len(item)
        return syntax, Tokens(words, None, starts)
