"""The grammar of iptables-restore, loaded once for all files of a process, and its lexer."""

from __future__ import annotations

from functools import cache
from itertools import accumulate
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
_ONE_MORE = (1).__add__


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
    """Reads lines. One whose words stand between blanks is cut there, which gives the tokens of the lexer, and sooner.

    That is so because every terminal but QUOTED goes on to the next blank or quote, and only tables, chains and COMMIT
    ask what stands before them; a line that begins like one of these is left to the lexer. A test compares the two.
    """

    def __init__(self) -> None:
        self._kinds = _Kinds()
        self._word = lexicon().names.index("WORD")
        self._quoted = lexicon().names.index("QUOTED")

    def read(self, text: str, start: int, end: int) -> tuple[Line | Unexpected, Tokens]:
        """The syntax and the tokens of ``text[start:end]``, which neither begins nor ends with a blank."""
        line = text[start:end]
        if line[0] not in _SIGNS or not line.isprintable():
            return parser().read(text, start, end)
        if '"' in line:
            return self._with_quotes(text, start, end, line)
        words = line.split()
        kinds, word = self._kinds, self._word
        syntax = parser().of(tuple([kinds[item] if item[0] in _SIGNS else word for item in words]))
        return syntax, Tokens(words, None, _starts(text, start, end, words))

    def _with_quotes(self, text: str, start: int, end: int, line: str) -> tuple[Line | Unexpected, Tokens]:
        """A line whose quoted words stand between blanks as well."""
        pieces = line.split('"')
        if len(pieces) % 2 == 0 or "\\" in line or any(piece.strip(" ") and not _apart(piece, number, len(pieces))
                                                        for number, piece in enumerate(pieces[::2])):  # fmt: skip
            return parser().read(text, start, end)
        words: list[str] = []
        shape: list[int] = []
        kinds, word = self._kinds, self._word
        for number, piece in enumerate(pieces):
            if number % 2:
                words.append(f'"{piece}"')
                shape.append(self._quoted)
            else:
                plain = piece.split()
                words += plain
                shape += [kinds[item] if item[0] in _SIGNS else word for item in plain]
        return parser().of(tuple(shape)), Tokens(words, None, _searched(text, start, words))


def _apart(piece: str, number: int, pieces: int) -> bool:
    """The text between two quoted words keeps a blank from each."""
    return (number == 0 or piece[0] == " ") and (number == pieces // 2 or piece[-1] == " ")


def _starts(text: str, start: int, end: int, words: list[str]) -> list[int]:
    """Where words begin that stand between blanks."""
    if sum(map(len, words)) + len(words) - 1 == end - start:
        # One blank between all of them.
        return list(accumulate(map(_ONE_MORE, map(len, words[:-1])), initial=start))
    return _searched(text, start, words)


def _searched(text: str, start: int, words: list[str]) -> list[int]:
    """Where words begin that have nothing but blanks between them."""
    starts = []
    for word in words:
        start = text.index(word, start)
        starts.append(start)
        start += len(word)
    return starts
