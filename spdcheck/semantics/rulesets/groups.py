"""Groups, ``head`` and ``skip``: ipfilter (``ipf_scanlist`` of fil.c).

Last match wins and ``quick`` ends it, in the main list and in every group. A matching head lends its result to the
group; a rule of the group that matches replaces it entirely, ``quick`` included. So a quick head ends the scan only if
no rule of its group matched, and a quick rule in a group ends it always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.records import dataclass
from spdcheck.semantics.predicate import TRUE, all_of, any_of
from spdcheck.semantics.rulesets.last_match import Rule, last_match

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spdcheck.semantics.decision import Decide, DecisionList
    from spdcheck.semantics.predicate import Predicate

DEEPEST = 16
"""Deeper groups are not looked at (``fin_depth`` in fil.c)."""


@dataclass(frozen=True, slots=True)
class GroupRule:
    """A rule of a group. ``decide`` is None for a rule that leaves the result alone (``count``, ``log``, ``skip``).

    ``head`` names the group that is asked next if the rule matches; ``skip`` is how many rules of the same list are
    passed over then.
    """

    condition: Predicate
    decide: Decide | None
    quick: bool = False
    head: str | None = None
    skip: int = 0
    origin: object = None


def groups(lists: Mapping[str, Sequence[GroupRule]], start: str, default: Decide) -> DecisionList:
    """The decision list of the groups; ``start`` names the main list. A group without rules changes nothing."""
    rules, _ = _group(lists, start, TRUE, 0)
    return last_match(rules, default)


def _group(
    lists: Mapping[str, Sequence[GroupRule]], name: str, guard: Predicate, depth: int
) -> tuple[list[Rule], list[Predicate]]:
    """The rules of a group, each under the guard of its head; and the conditions under which one of them matched."""
    result: list[Rule] = []
    matched: list[Predicate] = []
    skips: list[tuple[int, Predicate]] = []
    for number, rule in enumerate(lists.get(name, ())):
        skipped = [~condition for last, condition in skips if number <= last]
        condition = all_of((guard, rule.condition, *skipped)) if skipped or guard != TRUE else rule.condition
        if rule.skip:
            skips.append((number + rule.skip, condition))
        if rule.decide is None:
            continue
        matched.append(condition)
        if rule.head is None or depth == DEEPEST:
            result.append(Rule(condition, rule.decide, rule.quick, origin=rule.origin))
            continue
        result.append(Rule(condition, rule.decide, origin=rule.origin))
        inner, inner_matched = _group(lists, rule.head, condition, depth + 1)
        result += inner
        if rule.quick:
            result.append(Rule(condition & ~any_of(inner_matched), rule.decide, True, origin=rule.origin))
    return result, matched
