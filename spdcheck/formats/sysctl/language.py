"""The grammar of sysctl.conf, loaded once for all files of a process."""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

from spdcheck.formats.grammar import automaton
from spdcheck.formats.lexicon import Lexicon
from spdcheck.formats.shapes import ShapeParser, Slot, nodes_of
from spdcheck.records import dataclass

WORDS = {"_EQUALS": "`=`", "KEY": "a key", "V_VALUE": "a value", "IGNORED": "`-`"}
"""What to call the tokens."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """``KEY = VALUE``; ``ignored`` is the ``-`` that makes a failure no error."""

    ignored: Slot | None
    key: Slot
    value: Slot | None


@dataclass(frozen=True, slots=True, eq=False)
class Exclusion:
    """``-KEY``: patterns of other lines leave it alone."""

    ignored: Slot
    key: Slot


Line: TypeAlias = Setting | Exclusion


@cache
def parser() -> ShapeParser[Line]:
    """Lines to values."""
    grammar = automaton("sysctl", placeholders=True)
    return ShapeParser(grammar, Lexicon(grammar, switches={"_EQUALS": "V_"}), nodes_of((Setting, Exclusion)))
