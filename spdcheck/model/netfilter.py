"""What an iptables-save file says: tables, chains, rules with their matches and target, every word with its place."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias

from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.source import SourceFile, Span


class Network(NamedTuple):
    """Addresses that have ``value`` in the bits of ``mask``, which may have holes."""

    family: int
    value: int
    mask: int


class Interval(NamedTuple):
    """The numbers ``first`` to ``last``: ports, SPIs, lengths, addresses of a range (then ``family`` is 4 or 6)."""

    first: int
    last: int
    family: int = 0


class Bits(NamedTuple):
    """``value/mask`` of a mark, or of TCP flags."""

    value: int
    mask: int


class Icmp(NamedTuple):
    """Types and codes of ICMP; ``type`` is None for any, ``codes`` None for any code."""

    type: int | None
    codes: Interval | None = None


class Translation(NamedTuple):
    """``ADDRESS[-ADDRESS][:PORT[-PORT]]`` of a NAT target; the ports may be shifted (``/BASE``)."""

    addresses: Interval | None
    ports: Interval | None = None
    base: int | None = None


Value: TypeAlias = "int | str | Bits | Interval | Icmp | Translation | tuple[str | Network | Interval, ...] | None"
"""What stands behind an option: see the readers of the format."""


class Option(NamedTuple):
    """One option of a match or target by its usual name; a flag has no value."""

    name: str
    value: Value
    negated: bool
    origin: Span


class Match(NamedTuple):
    """One match: the module's name (empty for iptables' own options) and its options. ``known`` says we know it."""

    module: str
    options: tuple[Option, ...]
    origin: Span
    known: bool = True


class Target(NamedTuple):
    """``-j`` or ``-g``: an extension or a chain."""

    name: str
    options: tuple[Option, ...]
    origin: Span
    goto: bool = False


class NetfilterRule(NamedTuple):
    """One rule; without a target it only counts."""

    matches: tuple[Match, ...]
    target: Target | None
    origin: Span


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain with its rules in order; ``policy`` is empty for a chain that is not built in."""

    name: str
    policy: str
    rules: tuple[NetfilterRule, ...]
    origin: Span


@dataclass(frozen=True, slots=True)
class Table:
    """One table as COMMIT leaves it; ``chains`` in the order in which they were named."""

    name: str
    chains: tuple[Chain, ...]
    origin: Span

    def chain(self, name: str) -> Chain | None:
        """The chain of this name."""
        return next((chain for chain in self.chains if chain.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetfilterRuleset:
    """One file for one family. Two rulesets are equal only if they are the same object.

    ``files`` are those that it was made of, where it is not the file of ``origin`` alone.
    """

    origin: Span
    family: int
    tables: tuple[Table, ...]
    files: tuple[SourceFile, ...] = ()
    kind: str = field(default="netfilter", init=False)

    def holds(self, span: Span) -> bool:
        """The place lies in one of the files that the tables come from."""
        return span.file is self.origin.file or any(span.file is file for file in self.files)

    def rules(self) -> Iterator[NetfilterRule]:
        """All rules of all tables."""
        for table in self.tables:
            for chain in table.chains:
                yield from chain.rules
