"""The syntax of iptables-restore lines: one value for each rule of ``grammars/iptables.lark``, named like it."""

from __future__ import annotations

from typing import TypeAlias

from spdcheck.formats.shapes import Slot, nodes_of
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass


class Flag(NamedTuple):
    """An option without a word."""

    negation: Slot | None
    option: Slot


class Valued(NamedTuple):
    """An option with a word; the old way of negation stands between the two."""

    negation: Slot | None
    option: Slot
    inner: Slot | None
    value: Slot


class Paired(NamedTuple):
    """An option with two words."""

    negation: Slot | None
    option: Slot
    inner: Slot | None
    value: Slot
    second: Slot


class Unnamed(NamedTuple):
    """An option that no module we know has, with all the words behind it."""

    negation: Slot | None
    option: Slot
    values: tuple[Slot, ...]


class Stray(NamedTuple):
    """``! WORD`` behind an option that we do not know."""

    negation: Slot
    value: Slot


Part: TypeAlias = Flag | Valued | Paired | Unnamed | Stray


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """``*filter``."""

    name: Slot


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """``:INPUT DROP [0:0]``; the policy of a chain that is not built in is ``-``."""

    name: Slot
    policy: Slot
    counters: Slot | None


@dataclass(frozen=True, slots=True, eq=False)
class Commit:
    """``COMMIT``."""

    word: Slot


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A command about one rule: ``-A CHAIN …``; the second word is a number (``-I CHAIN 3``)."""

    counters: Slot | None
    verb: Slot
    chain: Slot
    number: Slot | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ChainCommand:
    """A command about chains: ``-N``, ``-P``, ``-F`` …"""

    verb: Slot
    values: tuple[Slot, ...]
    parts: tuple[Part, ...]


Line: TypeAlias = Table | Chain | Commit | Rule | ChainCommand

NODES = nodes_of(
    (Flag, Valued, Paired, Unnamed, Stray, Table, Chain, Commit, Rule, ChainCommand), lists=("parts", "values")
)
"""What makes each rule's value."""
