"""Lark at the border: loading a grammar of ``grammars/`` and saying in words what was expected.

Statements are split before Lark sees them and each is parsed alone; Lark's own error recovery is not used, because it
may stitch two broken statements into one that nobody wrote.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from spdcheck.resources import grammar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lark import Lark


@cache
def load(name: str, start: str = "start", *, lexer: str = "basic", placeholders: bool = False) -> Lark:
    """The LALR parser of ``grammars/NAME.lark`` for one start rule, built once a process.

    ``lexer`` is ``basic`` or ``contextual``. Positions are kept in the tree. With ``placeholders`` an optional part
    (``[…]``) that is absent leaves None in its place, so that children can be told by their number.
    """
    from lark import Lark

    return Lark.open(
        str(grammar(name)),
        start=start,
        parser="lalr",
        lexer=lexer,
        propagate_positions=True,
        maybe_placeholders=placeholders,
    )


def in_words(names: Iterable[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``: alternatives as a person lists them."""
    listed = list(names)
    if not listed:
        return "nothing more"
    if len(listed) == 1:
        return listed[0]
    return f"{', '.join(listed[:-1])} or {listed[-1]}"
