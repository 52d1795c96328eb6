"""Chains with jump, goto and return: netfilter (``ipt_do_table``).

A chain that is jumped to is written out in place, under the condition of the jump as it was asked then. What comes
behind a ``return`` or ``goto`` is asked only of packets that did not take it.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, TypeAlias

from spdcheck.records import dataclass
from spdcheck.semantics.decision import Continue, Decide, DecisionList, Entry, Undecided
from spdcheck.semantics.predicate import TRUE
from spdcheck.semantics.rulesets.timeline import Asked, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spdcheck.semantics.predicate import Predicate


@dataclass(frozen=True, slots=True)
class Jump:
    """Go to a chain, and come back at its end or ``return`` (``-j CHAIN``)."""

    chain: str


@dataclass(frozen=True, slots=True)
class Goto:
    """Go to a chain; its end is the end of this one too (``-g CHAIN``)."""

    chain: str


@dataclass(frozen=True, slots=True)
class Return:
    """The end of this chain (``-j RETURN``)."""


MOST_RULES = 1 << 17
"""Chains that write out to more are not followed: twenty chains, each jumped to twice, would make a million."""
MOST_DEPTH = 128
"""Jumps within jumps are followed so far; nft's own limit is 16."""

Target: TypeAlias = Decide | Continue | Jump | Goto | Return


@dataclass(frozen=True, slots=True)
class ChainRule:
    """If the condition holds, the target."""

    condition: Predicate
    target: Target
    origin: object = None


def chains(rules: Mapping[str, Sequence[ChainRule]], start: str, policy: Decide, origin: object = None) -> DecisionList:
    """The decision list of a base chain with its policy. A rule without an origin has that of the jump to its chain.

    A jump into a chain that does not exist, or in a circle, is undecided: the kernel would refuse such a table. So is a
    list that would be too long, or jumps that are nested too deep.
    """
    timeline = Timeline()
    try:
        _chain(timeline, rules, start, (), (), count(1), origin)
    except _TooLarge as reason:
        return DecisionList((Entry(TRUE, Decide(Undecided(str(reason))), None),), policy)
    return timeline.finish(policy)


class _TooLarge(Exception):  # noqa: N818 (it never leaves)
    """Why the chains are not written out."""


def _chain(
    timeline: Timeline,
    rules: Mapping[str, Sequence[ChainRule]],
    name: str,
    guards: tuple[Asked, ...],
    path: tuple[str, ...],
    asked_rules: Iterator[int],
    caller: object,
) -> None:
    """The entries of a chain; ``guards`` grow by what keeps a packet in it, ``asked_rules`` counts them all."""
    if len(path) >= MOST_DEPTH:
        message = f"more than {MOST_DEPTH} jumps are nested, at the chain {name}"
        raise _TooLarge(message)
    for rule in rules[name]:
        if next(asked_rules) > MOST_RULES:
            message = f"the chains behind {path[0] if path else name} write out to more than {MOST_RULES:,} rules"
            raise _TooLarge(message)
        asked = (*guards, (timeline.now, rule.condition))
        target, origin = rule.target, caller if rule.origin is None else rule.origin
        if isinstance(target, (Decide, Continue)):
            timeline.add(asked, target, origin)
            continue
        if isinstance(target, (Jump, Goto)):
            if target.chain not in rules or target.chain in (*path, name):
                why = "does not exist" if target.chain not in rules else "leads back to itself"
                timeline.add(asked, Decide(Undecided(f"the chain {target.chain} {why}")), origin)
                continue
            _chain(timeline, rules, target.chain, asked, (*path, name), asked_rules, origin)
        if isinstance(target, (Goto, Return)):
            guards = (*guards, (asked[-1][0], ~rule.condition))
