"""Tokens as flex makes them, with regular expressions derived from a grammar's terminals.

Many programs that we read for have a lexer written for flex, and its habits are part of their language: the longest
match wins, on ties the rule that stands first; a keyword is reserved wherever it stands; a *start condition* changes
the whole vocabulary (setkey's ``-P`` does). Lark's own lexers know none of this, and cost a Python object a token.

The grammar stays the only definition: :class:`Lexicon` takes the terminals out of its automaton.

* Which condition a terminal belongs to is told by the prefix of its name (``P_OUT`` and ``_P_END`` belong to ``P_``).
* Patterns are tried by priority, then in the order of the file; a pattern that must not stop where a longer one of
  another terminal would go on says so with a lookahead. Strings that some pattern covers are its reserved words.
* What ``%ignore`` names is skipped, in its condition only.
* A character that nothing matches becomes a token of kind :data:`UNREADABLE`.
"""

from __future__ import annotations

import re
from itertools import islice
from operator import add, itemgetter
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from spdcheck.formats.automaton import Automaton, Terminal

UNREADABLE = 0
"""The kind of a character that no terminal of the condition can start with."""

MAX_TOKENS = 4096
"""No statement of any language that we read is longer; what is longer lost its end."""


class Tokens:
    """The tokens of one statement: their texts, and the offsets in the file where they stand.

    ``strays`` are the offsets of characters that the real program skips although nobody meant it to.
    """

    __slots__ = ("_match", "_starts", "strays", "texts")

    def __init__(
        self,
        texts: Sequence[str],
        match: re.Match[str] | None,
        starts: Sequence[int] = (),
        strays: tuple[int, ...] = (),
    ) -> None:
        self.texts = texts
        self._match = match
        self._starts = starts
        self.strays = strays

    def start(self, at: int) -> int:
        """The offset of a token."""
        return self._starts[at] if self._match is None else self._match.start(at + 1)

    def end(self, at: int) -> int:
        """The offset just behind a token."""
        return self._starts[at] + len(self.texts[at]) if self._match is None else self._match.end(at + 1)

    def places(self) -> tuple[Sequence[int], Sequence[int]]:
        """Where all tokens start and where they end."""
        many = range(len(self.texts))
        if self._match is None:
            return self._starts, [*map(add, self._starts, map(len, self.texts))]
        return [self._match.start(at + 1) for at in many], [self._match.end(at + 1) for at in many]

    def before(self, offset: int) -> int:
        """The last token that starts before an offset of the file, or the first."""
        return max((at for at in range(len(self.texts)) if self.start(at) < offset), default=0)


class _Condition(NamedTuple):
    """A start condition.

    ``kinds`` and ``patterns`` are those of each group of ``scan``, from 1 on; ``words`` are the reserved words.
    """

    skip: Callable[[str, int, int], re.Match[str] | None]
    scan: Callable[[str, int, int], Iterator[re.Match[str]]]
    words: dict[str, int]
    kinds: list[int]
    patterns: list[str]
    blank: str


class Lexicon:
    """The vocabulary of a grammar; ``names[kind]`` is the terminal's name, ``spellings[name]`` its text if it has one.

    ``switches`` says which token starts which condition: ``{"_POLICY": "P_"}``. Conditions named in ``beside`` know the
    words of the initial condition too, as flex's inclusive ones do, and last for one word of their own. ``noticed``
    are ignored terminals whose places are wanted all the same.
    """

    def __init__(
        self,
        automaton: Automaton,
        *,
        switches: Mapping[str, str],
        beside: frozenset[str] = frozenset(),
        noticed: frozenset[str] = frozenset(),
    ) -> None:
        terminals = automaton.terminals
        ignored = automaton.ignored
        prefixes = sorted(set(switches.values()) - {""})
        condition_of = {t.name: next((p for p in prefixes if t.name.lstrip("_").startswith(p)), "") for t in terminals}
        changes = {t.name for t in terminals if t.name in switches or condition_of[t.name] in beside}
        # Kinds from `self._special` on need a second look; the loop over the tokens asks nothing else.
        ordinary = [t.name for t in terminals if t.name not in changes | ignored]
        special = [t.name for t in terminals if t.name in changes or t.name in noticed]
        self.names = ("", *ordinary, *special)
        self.spellings = {t.name: _text(t.regexp) for t in terminals if t.is_text}
        self._kinds = {name: kind for kind, name in enumerate(self.names)}
        self._special = 1 + len(ordinary)
        self._next = {self._kinds[name]: None if name in noticed else switches.get(name, "") for name in special}
        self._conditions = {}
        for prefix in ("", *prefixes):
            own = [t for t in terminals if condition_of[t.name] == prefix]
            if prefix in beside:
                own += [t for t in terminals if not condition_of[t.name]]
            self._conditions[prefix] = self._condition(own, ignored - noticed)

    def _condition(self, terminals: list[Terminal], ignored: frozenset[str]) -> _Condition:
        blanks = [regexp for name, regexp, _, _ in terminals if name in ignored]
        known = [t for t in terminals if t[0] not in ignored]
        patterns = sorted((t for t in known if not t[2]), key=lambda t: -t[3])
        compiled = [re.compile(regexp) for _, regexp, _, _ in patterns]
        words: dict[str, int] = {}
        signs = []
        for item in known:
            if item[2]:
                text = _text(item[1])
                if any(pattern.fullmatch(text) for pattern in compiled):
                    words.setdefault(text, self._kinds[item[0]])
                else:
                    signs.append(item)
        groups = [*patterns, *sorted(signs, key=lambda t: -len(t[1]))]
        sources = ["", *(_without_groups(regexp) for _, regexp, _, _ in groups)]
        blank = f"(?:{'|'.join(blanks)})*+" if blanks else ""
        alternatives = "|".join(f"({source})" for source in (*sources[1:], "."))
        return _Condition(
            skip=re.compile(blank).match,
            scan=re.compile(f"(?:{alternatives}){blank}", re.DOTALL).finditer,
            words=words,
            kinds=[UNREADABLE, *(self._kinds[t[0]] for t in groups), UNREADABLE],
            patterns=sources,
            blank=blank,
        )

    def read(self, text: str, start: int, end: int) -> tuple[tuple[int, ...], Tokens]:
        """Kinds and tokens of ``text[start:end]``, at most :data:`MAX_TOKENS`; ``start`` is where the first begins."""
        kinds: list[int] = []
        texts: list[str] = []
        starts: list[int] = []
        strays: list[int] = []
        special = self._special
        condition: _Condition | None = self._conditions[""]
        while condition is not None:
            words, groups = condition.words, condition.kinds
            matches = condition.scan(text, start, end)
            if end - start > MAX_TOKENS:
                matches = islice(matches, MAX_TOKENS - len(kinds))
            condition = None
            for match in matches:
                group = match.lastindex or 0
                word = match[group]
                kind = words.get(word) or groups[group]
                if kind >= special:
                    follows = self._next[kind]
                    if follows is None:
                        strays.append(match.start())
                        continue
                    condition = self._conditions[follows]
                    blanks = condition.skip(text, match.end(group), end)
                    start = blanks.end() if blanks else match.end(group)
                kinds.append(kind)
                texts.append(word)
                starts.append(match.start())
                if condition is not None:
                    break
        return tuple(kinds), Tokens(texts, None, starts, tuple(strays))

    def expression(self, kinds: tuple[int, ...]) -> Expression:
        """All tokens of such a statement as one regular expression."""
        pieces = [self._conditions[""].blank]
        expected: dict[int, str] = {}
        free: dict[str, list[int]] = {}
        name = ""
        for at, kind in enumerate(kinds):
            condition = self._conditions[name]
            word = next((word for word, known in condition.words.items() if known == kind), None)
            if word is None:
                group = condition.kinds.index(kind, 1)
                free.setdefault(name, []).append(at)
            else:
                group = next(condition.scan(word, 0, len(word))).lastindex or 0
                expected[at] = word
            earlier = "|".join(condition.patterns[1:group])
            unless = f"(?!{earlier})" if earlier else ""
            ahead = f"(?={re.escape(word)})" if word else ""
            if kind >= self._special:
                name = self._next[kind] or ""
            blank = self._conditions[name].blank if at + 1 < len(kinds) else ""
            pieces.append(f"{ahead}{unless}((?>{condition.patterns[group]})){blank}")
        reserved = [(frozenset(self._conditions[c].words), places) for c, places in free.items()]
        return Expression("".join(pieces), expected, reserved)


class Expression:
    """A regular expression for all statements of one shape: every token is a group of it.

    It finds what :meth:`Lexicon.read` would find, token by token and all or nothing: each token is atomic, no
    alternative that the lexer would have preferred may match in its place, and reserved words are compared whole.
    """

    __slots__ = ("_expected", "_match", "_reserved", "_words")

    def __init__(
        self, pattern: str, expected: Mapping[int, str], reserved: Sequence[tuple[frozenset[str], list[int]]]
    ) -> None:
        self._match = re.compile(pattern, re.DOTALL).match
        self._words = _getter(list(expected))
        self._expected = tuple(expected.values())
        self._reserved = [(words, _getter(places)) for words, places in reserved]

    def match(self, text: str, start: int) -> tuple[Tokens, int] | None:
        """The tokens of the next statement (behind blanks) and where it ends; None if it has another shape."""
        match = self._match(text, start)
        if match is None:
            return None
        texts = match.groups()
        if self._words(texts) != self._expected:
            return None
        for words, free in self._reserved:
            if not words.isdisjoint(free(texts)):
                return None
        return Tokens(texts, match), match.end()


def _getter(places: list[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Picks the texts at some places, always as a tuple (``itemgetter`` of one place does not)."""
    if not places:
        return itemgetter(slice(0, 0))
    return itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))


def _text(regexp: str) -> str:
    """The one text that an escaped string stands for."""
    return re.sub(r"\\(.)", r"\1", regexp)


def _without_groups(regexp: str) -> str:
    """The same expression with its groups made non-capturing, so that the groups of the whole count the tokens."""
    return re.sub(r"(?<!\\)\((?!\?)", "(?:", regexp)
