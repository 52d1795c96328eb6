"""Lark at the border: a grammar of ``grammars/`` as an automaton or as a parser, and what was expected in words.

Statements are split before Lark sees them and each is parsed alone; Lark's own error recovery is not used, because it
may stitch two broken statements into one that nobody wrote. What Lark computes from a grammar is kept on disk
(:mod:`spdcheck.formats.kept`).
"""

from __future__ import annotations

import re
from functools import cache
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

from spdcheck import __version__
from spdcheck.formats.automaton import Automaton
from spdcheck.formats.kept import kept
from spdcheck.resources import grammar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lark import Lark


@cache
def automaton(name: str, *starts: str, placeholders: bool = False) -> Automaton:
    """The tables of ``grammars/NAME.lark`` for these start rules, for a format that cuts tokens itself.

    With ``placeholders`` an optional part (``[…]``) that is absent leaves None in its place, so that parts can be told
    by their number.
    """
    text = grammar(name).read_text(encoding="utf-8")
    starts = starts or ("start",)

    def compute() -> tuple[Any, ...]:
        from lark import Lark
        from lark.lexer import Lexer

        class Fed(Lexer):
            """Never asked: the tokens come from the format's own lexer."""

            def __init__(self, *_: object) -> None:
                pass

            lex = None  # type: ignore[assignment]

        lark = Lark(text, start=list(starts), parser="lalr", lexer=Fed, maybe_placeholders=placeholders)
        return Automaton.of(lark).tables()

    made_of = ("automaton", text, starts, placeholders, *_releases())
    return Automaton(*kept(f"{name}-{starts[0]}", made_of, compute))


@cache
def load(name: str, start: str = "start", *, lexer: str = "contextual", placeholders: bool = False) -> Lark:
    """The LALR parser of ``grammars/NAME.lark`` for one start rule with a lexer of Lark, built once a process.

    ``lexer`` is ``basic`` or ``contextual``. Positions are kept in the tree. ``placeholders`` as above.
    """
    from lark import Lark

    text = grammar(name).read_text(encoding="utf-8")
    options: dict[str, Any] = {
        "start": start,
        "parser": "lalr",
        "lexer": lexer,
        "propagate_positions": True,
        "maybe_placeholders": placeholders,
    }

    def compute() -> Any:
        import io
        import pickle

        saved = io.BytesIO()
        Lark(text, **options).save(saved)
        return pickle.loads(saved.getvalue())  # plain values, and ours

    made_of = ("parser", text, tuple(options.items()), *_releases())
    return Lark.load(kept(f"{name}-{start}-{lexer}", made_of, compute))


def _releases() -> tuple[str, str]:
    """What the tables depend on besides the grammar; Lark's release is read without importing Lark."""
    spec = PathFinder.find_spec("lark")
    try:
        with open(spec.origin if spec and spec.origin else "", encoding="utf-8") as stream:  # noqa: PTH123
            release = re.search(r"^__version__\b.*", stream.read(), re.MULTILINE)
    except OSError:
        release = None
    if release:
        return __version__, release[0]
    from lark import __version__ as imported

    return __version__, imported


def in_words(names: Iterable[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``: alternatives as a person lists them."""
    listed = list(names)
    if not listed:
        return "nothing more"
    if len(listed) == 1:
        return listed[0]
    return f"{', '.join(listed[:-1])} or {listed[-1]}"
