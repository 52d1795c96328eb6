"""Tables in the making: chains of rules, as the compiler fills them and moves them about."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from spdcheck.model.netfilter import Chain as NetfilterChain
from spdcheck.model.netfilter import NetfilterRule, NetfilterRuleset, Table, Target

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.model.netfilter import Match, Option
    from spdcheck.model.shorewall import Shorewall
    from spdcheck.source import Span

Matches: TypeAlias = "tuple[Match, ...]"

BUILT_IN = {
    "raw": ("PREROUTING", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
}
"""The chains in which the kernel begins."""

VERDICTS = frozenset({"ACCEPT", "DROP", "REJECT", "RETURN"})


class Chain:
    """One chain. ``new`` counts the rules before which tunnels are let in, ``used`` that a jump leads to it.

    ``sections`` are the states whose rules are in it already, ``referenced`` that it is part of the result: both decide
    which rules for states a chain of two zones gets, and when.
    """

    def __init__(self, table: str, name: str) -> None:
        self.table, self.name = table, name
        self.rules: list[NetfilterRule] = []
        self.sections: set[str] = set()
        self.referenced = False
        self.new = 0
        self.used = False

    def __repr__(self) -> str:
        return f"{self.table}.{self.name}"

    def add(self, matches: Matches, target: Target | None, origin: Span) -> None:
        """A rule at the end."""
        self.rules.append(NetfilterRule(matches, target, origin))
        self.referenced = True

    def insert(self, place: int, matches: Matches, target: Target | None, origin: Span) -> None:
        """A rule at a place."""
        self.rules.insert(place, NetfilterRule(matches, target, origin))
        self.referenced = True

    def jump(self, matches: Matches, to: Chain | str, origin: Span, *, goto: bool = False) -> None:
        """A rule that goes on in another chain, or ends with a verdict."""
        self.add(matches, jump_to(to, origin, goto=goto), origin)

    def takes(self, other: Chain) -> None:
        """The rules of another chain come before the own ones; the other one is gone."""
        if not other.rules:
            return
        self.rules[:0] = other.rules
        self.new += len(other.rules)
        self.referenced = True
        other.rules = []
        other.referenced = False


def jump_to(to: Chain | str, origin: Span, *, goto: bool = False, options: tuple[Option, ...] = ()) -> Target:
    """The target that leads into a chain or to a verdict."""
    if isinstance(to, Chain):
        to.used = True
        return Target(to.name, (), origin, goto)
    return Target(to, options, origin, goto=goto and to not in VERDICTS)


class Tables:
    """The four tables of one configuration."""

    def __init__(self) -> None:
        self.chains: dict[tuple[str, str], Chain] = {}
        self._numbers: dict[str, int] = {}
        for table, names in BUILT_IN.items():
            for name in names:
                self.ensure(table, name).referenced = True

    def get(self, table: str, name: str) -> Chain | None:
        """The chain of this name, if it is there."""
        return self.chains.get((table, name))

    def ensure(self, table: str, name: str) -> Chain:
        """The chain of this name, made where it was not there."""
        found = self.chains.get((table, name))
        if found is None:
            found = self.chains[table, name] = Chain(table, name)
        return found

    def fresh(self, table: str, kind: str) -> Chain:
        """A new chain with a number: ``~excl3``."""
        number = self._numbers.get(table, 0)
        self._numbers[table] = number + 1
        return self.ensure(table, f"~{kind}{number}")

    def ruleset(self, source: Shorewall) -> NetfilterRuleset:
        """The finished tables. Filters drop what falls through to the end of a built-in chain."""
        tables = []
        for table, names in BUILT_IN.items():
            made = []
            for (of, name), chain in self.chains.items():
                if of != table:
                    continue
                policy = ("DROP" if table == "filter" else "ACCEPT") if name in names else ""
                made.append(NetfilterChain(name, policy, tuple(chain.rules), source.origin))
            tables.append(Table(table, tuple(made), source.origin))
        return NetfilterRuleset(origin=source.origin, family=source.family, tables=tuple(tables), files=source.files)


def with_targets(rules: Iterable[NetfilterRule]) -> set[str]:
    """The names that rules lead to."""
    return {rule.target.name for rule in rules if rule.target is not None}
