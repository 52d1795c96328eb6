"""The grammar of iptables-restore, loaded once for all files of a process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from spdcheck.formats.grammar import automaton
from spdcheck.formats.iptables.syntax import NODES
from spdcheck.formats.lexicon import Lexicon
from spdcheck.formats.shapes import ShapeParser

if TYPE_CHECKING:
    from spdcheck.formats.iptables.syntax import Line


@cache
def lexicon() -> Lexicon:
    """The words of a line."""
    return Lexicon(automaton("iptables", placeholders=True), switches={})


@cache
def parser() -> ShapeParser[Line]:
    """Lines to the values of :mod:`spdcheck.formats.iptables.syntax`."""
    return ShapeParser(automaton("iptables", placeholders=True), lexicon(), NODES)
