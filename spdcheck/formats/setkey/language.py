"""The grammar of setkey, loaded once for all scripts of a process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.grammar import automaton
from spdcheck.formats.lexicon import Lexicon
from spdcheck.formats.setkey.syntax import NODES
from spdcheck.formats.shapes import ShapeParser

if TYPE_CHECKING:
    from spdcheck.formats.setkey.syntax import Command


@cache
def lexicon() -> Lexicon:
    """The tokens of setkey (token.l) and, behind ``-P``, of libipsec (policy_token.l)."""
    return Lexicon(
        automaton("setkey", placeholders=True),
        switches={"_POLICY": "P_", "_P_END": "", "_CIPHER": "C_", "_INTEGRITY": "A_"},
        beside=frozenset({"C_", "A_"}),
        noticed=frozenset({"P_STRAY"}),
    )


@cache
def parser() -> ShapeParser[Command]:
    """Statements to the values of :mod:`spdcheck.formats.setkey.syntax`."""
    return ShapeParser(automaton("setkey", placeholders=True), lexicon(), NODES)
