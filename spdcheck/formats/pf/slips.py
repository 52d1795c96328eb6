"""What somebody meant who got ``syntax error`` from pfctl: a mistyped word, a part in the wrong place, no ``port``."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from spdcheck.formats.automaton import Unexpected
from spdcheck.formats.pf.keywords import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.formats.pf.lexer import Statement

LONGEST_PART = 6
"""``from { 10.0.0.1 }`` and the like: parts of more words are not looked for elsewhere."""

MOST_WORDS = 40
"""In statements of more words nobody looks for another place."""

_SIMILAR = 0.7


def slip(statement: Statement, unexpected: Unexpected) -> str:
    """What to write instead, or nothing."""
    at, kinds = unexpected.at, statement.kinds
    if at >= len(kinds):
        return ""
    known = vocabulary("freebsd")
    possible = [known.written[name] for name in unexpected.expected if name in known.written]
    if at == 1 and kinds[0] == known.string and (near := nearest(statement.texts[0], _first_words())):
        return near
    if kinds[at] == known.string:
        near = nearest(statement.texts[at], [word for word in possible if word[0].isalpha()])
        if near:
            return near
    if "port" in possible and (kinds[at] == known.number or statement.texts[at] in ("{", "=", ">", "<", ">=", "<=")):
        return "ports need the word `port` before them"
    return _misplaced(statement, at)


def nearest(word: str, possible: Iterable[str]) -> str:
    """The word that was probably meant, as a question, or nothing."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(possible), n=1, cutoff=_SIMILAR)
    return f"did you mean `{close[0]}`?" if close else ""


@cache
def _first_words() -> tuple[str, ...]:
    """The words that statements begin with."""
    known = vocabulary("freebsd")
    first = known.grammar.derive((), lambda *_: None)
    return tuple(known.written[name] for name in first.expected if name in known.written)


def _misplaced(statement: Statement, at: int) -> str:
    """A part that pfctl wants further to the left, if the rest is right then."""
    texts = statement.texts
    if len(texts) > MOST_WORDS:
        return ""
    length, place = _better_place(statement.kinds, at)
    return f"`{' '.join(texts[at : at + length])}` stands before `{texts[place]}`" if length else ""


@lru_cache(maxsize=1024)
def _better_place(kinds: tuple[int, ...], at: int) -> tuple[int, int]:
    """How many words from ``at`` on belong together, and before which word they are right; 0 and 0 for none."""
    for length in range(1, min(LONGEST_PART, len(kinds) - at) + 1):
        part, rest = kinds[at : at + length], kinds[at + length :]
        for place in range(at - 1, 0, -1):
            if _is_right((*kinds[:place], *part, *kinds[place:at], *rest)):
                return length, place
    return 0, 0


def _is_right(kinds: tuple[int, ...]) -> bool:
    known = vocabulary("freebsd")
    names = [known.names[kind] for kind in kinds]
    return not isinstance(known.grammar.derive(names, lambda *_: None), Unexpected)
