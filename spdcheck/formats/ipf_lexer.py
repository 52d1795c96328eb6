"""The lexer that ipf(8), ipnat(8) and ippool(8) share: logical lines, variables, tokens.

A rule ends where the next one begins, and nothing marks that place. So a file is cut into *chunks* first: a line that
begins as a rule can begin, with the lines behind it that can't. A backslash at the end of a line joins it with the next
one in the middle of a word; ``$name`` is replaced by the text of the variable, which may hold several tokens. Tokens
keep the place in the file that they came from; those of a variable that of the ``$``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spdcheck.formats.automaton import Automaton
    from spdcheck.source import SourceFile

_LINE = re.compile(r"""((?:[^#"'\\\n]|\\\n|\\.|"[^"]*"|'[^']*'|["'\\])*+)(?:#[^\n]*)?(?:\n|\Z)""")
"""One line: what counts, then the comment. A quoted string may go on over several lines, as may a joined line."""

_ASSIGNMENT = re.compile(r"""\s*([A-Za-z][\w-]*)\s*=\s*("[^"]*"|'[^']*'|[^\s;"'#\d][^\s;"'#]*)\s*;""")
_REFERENCE = re.compile(r"""\\\n|#[^\n]*|"[^"]*"|'[^']*'|\$(?:\{([^}]*)\}|([A-Za-z]\w*))""")
_MAX_DEPTH = 16
MAX_PIECES = 8192
"""So many words, or groups of words without blanks, are remembered with their tokens."""

UNREADABLE = 0
"""The kind of a character that no token can begin with."""


class Tokens:
    """The tokens of a statement: what each is, its text, and the offset where it starts.

    Offsets are for messages: they are worked out when somebody asks.
    """

    __slots__ = ("_find", "_starts", "kinds", "texts")

    def __init__(self, kinds: tuple[int, ...], texts: list[str], find: Callable[[], list[int]]) -> None:
        self.kinds = kinds
        self.texts = texts
        self._find = find
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """The offset of each token."""
        if self._starts is None:
            self._starts = self._find()
        return self._starts

    def end(self, at: int) -> int:
        """The offset just behind a token."""
        return self.starts[at] + len(self.texts[at])


class Chunk(NamedTuple):
    """A region of the file that begins like a statement. ``first`` is where its first line ends."""

    start: int
    first: int
    end: int


class Undefined(NamedTuple):
    """A variable that no line above has defined, and the place of its ``$``."""

    name: str
    at: int


class Spliced(NamedTuple):
    """Text with joined lines and variables in it, and where each stretch of it came from.

    ``cuts`` are offsets in ``text`` in increasing order; the character at a cut came from the offset of the same place
    in ``sources``, and so do those behind it, one by one (``steps`` 1) or all from that offset (``steps`` 0).
    """

    text: str
    cuts: list[int]
    sources: list[int]
    steps: list[int]

    def source(self, offset: int) -> int:
        """The offset in the file of a character of the text."""
        at = bisect_right(self.cuts, offset) - 1
        return self.sources[at] + self.steps[at] * (offset - self.cuts[at])


def chunks(file: SourceFile, begins: re.Pattern[str]) -> Iterator[Chunk]:
    """The statements of a file, each with the lines behind it that don't begin one. Inside braces nothing begins."""
    text = file.text
    start = first = end = -1
    depth = 0
    for line in _LINE.finditer(text):
        at, stop = line.span(1)
        code = text[at:stop]
        if not code or code.isspace():
            if line.end() == len(text):
                break
            continue
        at += len(code) - len(code.lstrip())
        stop -= len(code) - len(code.rstrip())
        if start < 0 or (depth <= 0 and begins.match(text, at, stop)):
            if start >= 0:
                yield Chunk(start, first, end)
            start, depth = at, 0
            first = -1
        end = stop
        if "{" in code or "}" in code:
            depth += code.count("{") - code.count("}") - code.count("${") + len(re.findall(r"\$\{[^}]*\}", code))
        if first < 0 and depth <= 0:
            first = stop
        if line.end() == len(text):
            break
    if start >= 0:
        yield Chunk(start, end if first < 0 else first, end)


class Variables:
    """The variables of a file, in the order in which it defines them."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def assignment(self, text: str, start: int, end: int) -> int | None:
        """Takes in an assignment (``name=value;``) that begins at ``start``; the offset behind it, or None."""
        match = _ASSIGNMENT.match(text, start, end)
        if match is None:
            return None
        value = match[2]
        self._values[match[1]] = value[1:-1] if value[0] in "\"'" else value
        return match.end()

    def splice(self, text: str, start: int, end: int) -> Spliced | Undefined:
        """A region with its lines joined and its variables replaced."""
        parts: list[str] = []
        spliced = Spliced("", [], [], [])
        length = 0

        def add(piece: str, source: int, step: int) -> None:
            nonlocal length
            if piece:
                parts.append(piece)
                spliced.cuts.append(length)
                spliced.sources.append(source)
                spliced.steps.append(step)
                length += len(piece)

        done = start
        for match in _REFERENCE.finditer(text, start, end):
            if match[0] != "\\\n" and match[0][0] != "$":
                continue
            add(text[done : match.start()], done, 1)
            done = match.end()
            if match[0] == "\\\n":
                continue
            value = self._value(match[1] or match[2] or "", 0)
            if value is None:
                return Undefined(match[0], match.start())
            if parts and not parts[-1][-1].isspace():
                value = " " + value  # a word ends before a `$`
            add(value, match.start(), 0)
        add(text[done:end], done, 1)
        return spliced._replace(text="".join(parts))

    def _value(self, name: str, depth: int) -> str | None:
        value = self._values.get(name)
        if value is None or depth > _MAX_DEPTH:
            return None
        parts: list[str] = []
        done = 0
        for match in re.finditer(r"\$(?:\{([^}]*)\}|([A-Za-z]\w*))", value):
            inner = self._value(match[1] or match[2] or "", depth + 1)
            if inner is None:
                return None
            parts += (value[done : match.start()], inner)
            done = match.end()
        return "".join((*parts, value[done:]))


class Vocabulary:
    """The tokens of one of the grammars; ``names[kind]`` is the terminal's name.

    ``plain`` are the words and signs behind which the next word is no keyword (a port may be called ``auth``);
    ``transparent`` those that leave that as it is.
    """

    def __init__(
        self, grammar: Automaton, *, plain: frozenset[str] = frozenset(), transparent: frozenset[str] = frozenset()
    ) -> None:
        terminals = [terminal for terminal in grammar.terminals if terminal.name not in grammar.ignored]
        self.names = ("", *(terminal.name for terminal in terminals))
        kinds = {name: kind for kind, name in enumerate(self.names)}
        patterns = sorted((t for t in terminals if not t.is_text), key=lambda t: -t.priority)
        texts = {re.sub(r"\\(.)", r"\1", t.regexp): kinds[t.name] for t in terminals if t.is_text}
        self.texts = {kind: text for text, kind in texts.items()}
        self._words = {text: kind for text, kind in texts.items() if text[0].isalpha()}
        signs = sorted((text for text in texts if not text[0].isalpha()), key=len, reverse=True)
        self._signs = {text: texts[text] for text in signs}
        self._word = kinds["WORD"]
        self._plain = frozenset(texts[text] for text in plain)
        self._transparent = frozenset(texts[text] for text in transparent)
        self._kinds = [UNREADABLE, *(kinds[t.name] for t in patterns), UNREADABLE, UNREADABLE]
        self._sign_group = len(patterns) + 1
        self._pieces: dict[tuple[str, bool], tuple[list[int], list[str], list[int], bool]] = {}
        groups = "|".join(f"({t.regexp})" for t in patterns)
        self._scan = re.compile(
            rf"(?:[\s]+|#[^\n]*)*+(?:{groups}|({'|'.join(map(re.escape, signs))})|(.))", re.DOTALL | re.IGNORECASE
        ).finditer

    def read(self, text: str, start: int, end: int) -> Tokens:
        """The tokens of a region of a text."""
        region = text[start:end]
        if '"' in region or "'" in region or "#" in region or "\\" in region:
            kinds, texts, starts, _ = self._tokens(text, start, end, plain=False)
            return Tokens(tuple(kinds), texts, lambda: starts)
        return self._by_piece(region, start)

    def _by_piece(self, region: str, start: int) -> Tokens:
        """Where no token can have a blank inside: what stands between blanks is cut once, and remembered."""
        kinds: list[int] = []
        texts: list[str] = []
        plain = False
        known = self._pieces
        for word in region.split():
            piece = known.get((word, plain))
            if piece is None:
                piece = self._tokens(word, 0, len(word), plain=plain)
                if len(known) < MAX_PIECES:
                    known[word, plain] = piece
            kinds += piece[0]
            texts += piece[1]
            plain = piece[3]
        return Tokens(tuple(kinds), texts, lambda: self._tokens(region, 0, len(region), plain=False, base=start)[2])

    def _tokens(
        self, text: str, start: int, end: int, *, plain: bool, base: int = 0
    ) -> tuple[list[int], list[str], list[int], bool]:
        """Kinds, texts and offsets; and whether a word behind them is plain, as the first is if ``plain`` says so."""
        kinds: list[int] = []
        texts: list[str] = []
        starts: list[int] = []
        word_kind, words, sign_group = self._word, self._words, self._sign_group
        for match in self._scan(text, start, end):
            group = match.lastindex or 0
            token = match[group]
            if group == sign_group:
                kind = self._signs[token]
            else:
                kind = self._kinds[group]
                if kind == word_kind:
                    if "\\" in token:
                        token = re.sub(r"\\(.)", r"\1", token)
                    elif not plain:
                        kind = words.get(token.lower(), word_kind)
            kinds.append(kind)
            texts.append(token)
            starts.append(base + match.start(group))
            plain = kind in self._plain or (plain and kind in self._transparent)
        return kinds, texts, starts, plain
