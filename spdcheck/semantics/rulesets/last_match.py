"""Last match wins, ``quick`` ends it at once, anchors nest: pf.

The first quick rule that matches decides; otherwise the last rule that matches. So the list is: quick rules in their
order, then all others backwards. ``match`` rules and tags change the packet on the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from spdcheck.records import dataclass, replace
from spdcheck.semantics.decision import Continue
from spdcheck.semantics.rulesets.timeline import Asked, Timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.semantics.changes import Change
    from spdcheck.semantics.decision import Decide, DecisionList
    from spdcheck.semantics.predicate import Predicate


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that can be the last match. ``at_once`` happens as soon as it matches (``tag``), whoever decides then."""

    condition: Predicate
    decide: Decide
    quick: bool = False
    at_once: tuple[Change, ...] = ()
    origin: object = None


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that never decides, but changes the packet for the rules behind it."""

    condition: Predicate
    changes: tuple[Change, ...]
    origin: object = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """Rules that are asked only if the condition holds when the anchor is reached.

    A ``quick`` rule inside ends everything; a quick anchor does so if any deciding rule inside matched.
    """

    condition: Predicate
    rules: tuple[Node, ...]
    quick: bool = False
    origin: object = None


Node: TypeAlias = Rule | Match | Anchor

_Late: TypeAlias = "tuple[tuple[Asked, ...], Rule]"


def last_match(rules: Sequence[Node], default: Decide) -> DecisionList:
    """The decision list of a ruleset of pf."""
    timeline = Timeline()
    _decide_backwards(timeline, _block(timeline, rules, ()))
    return timeline.finish(default)


def _block(timeline: Timeline, rules: Sequence[Node], guards: tuple[Asked, ...]) -> list[_Late]:
    """Adds what happens at once; gives back the rules that decide only if nothing later does, in their order."""
    late: list[_Late] = []
    for rule in rules:
        asked = (*guards, (timeline.now, rule.condition))
        if isinstance(rule, Match):
            timeline.add(asked, Continue(rule.changes), rule.origin)
        elif isinstance(rule, Anchor):
            inner = _block(timeline, rule.rules, asked)
            if rule.quick:
                _decide_backwards(timeline, inner)
            else:
                late += inner
        elif rule.quick:
            timeline.add(asked, replace(rule.decide, changes=rule.at_once + rule.decide.changes), rule.origin)
        else:
            if rule.at_once:
                timeline.add(asked, Continue(rule.at_once), rule.origin)
            late.append((asked, rule))
    return late


def _decide_backwards(timeline: Timeline, late: list[_Late]) -> None:
    for asked, rule in reversed(late):
        timeline.add(asked, rule.decide, rule.origin)
