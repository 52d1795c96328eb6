"""Do two rule sets treat every packet the same? A thousand rules reordered, changed in one, written in another way."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from spdcheck.engine import solve
from spdcheck.engine.answer import Fails, Holds
from spdcheck.engine.compare import difference, equivalent
from spdcheck.semantics.predicate import TRUE
from tests.bench.classbench import Rule, classbench_rules, decision_list, random_rules
from tests.bench.measure import Measured, Row, row, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAKERS: dict[str, Callable[[int], list[Rule]]] = {"random": random_rules, "classbench": classbench_rules}


def reordered(rules: list[Rule]) -> list[Rule]:
    """Many swaps of neighbours that commute: disjoint, or with the same action."""
    draw, result = random.Random(3), list(rules)
    for _ in range(20 * len(rules)):
        place = draw.randrange(len(rules) - 1)
        one, other = result[place : place + 2]
        if one.action == other.action or not _overlap(one, other):
            result[place : place + 2] = [other, one]
    return result


def changed(rules: list[Rule]) -> list[Rule]:
    """The rule in the middle does the opposite."""
    place = len(rules) // 2
    other = rules[place]._replace(action="pass" if rules[place].action == "block" else "block")
    return [*rules[:place], other, *rules[place + 1 :]]


def restructured(rules: list[Rule]) -> list[Rule]:
    """Every rule whose destination is a network is written as two rules for its halves."""
    result = []
    for rule in rules:
        middle = (rule.destination.first + rule.destination.last) // 2
        if rule.destination.is_host:
            result.append(rule)
        else:
            result.append(rule._replace(destination=rule.destination._replace(first=middle + 1)))
            result.append(rule._replace(destination=rule.destination._replace(last=middle)))
    return result


VARIANTS: dict[str, Callable[[list[Rule]], list[Rule]]] = {
    "reordered": reordered,
    "changed in one": changed,
    "restructured": restructured,
}


def comparing(size: int = 1000, solver_size: int = 100) -> Iterator[Row]:
    """All rows; z3 alone is asked for smaller sets."""
    for kind in MAKERS:
        for variant in VARIANTS:
            yield row("equivalence", f"{kind}, {variant}", size, "spdcheck", by_boxes, kind, variant, size)
            yield row(
                "equivalence", f"{kind}, {variant}", solver_size, "spdcheck", by_boxes, kind, variant, solver_size
            )
            yield row(
                "equivalence", f"{kind}, {variant}", solver_size, "z3 alone", by_solver, kind, variant, solver_size
            )


def by_boxes(kind: str, variant: str, size: int) -> Measured:
    """The verdict of the engine, and how many regions differ."""
    rules = MAKERS[kind](size)
    left, right = decision_list(rules), decision_list(VARIANTS[variant](rules))
    seconds, answer = timed(lambda: equivalent(left, right))
    if isinstance(answer, Holds):
        return Measured(seconds, f"equivalent ({answer.rung.value})")
    regions = sum(len(one.boxes) for one in difference(left, right).differences)
    return Measured(seconds, f"different in {regions} regions" if isinstance(answer, Fails) else answer.reason)


def by_solver(kind: str, variant: str, size: int) -> Measured:
    """The verdict of z3 on both lists as they are."""
    rules = MAKERS[kind](size)
    left, right = decision_list(rules), decision_list(VARIANTS[variant](rules))
    seconds, solution = timed(lambda: solve.find_difference(left, right, TRUE, seconds=120))
    return Measured(seconds, {"Unsat": "equivalent", "Sat": "different"}.get(type(solution).__name__, "gave up"))


def _overlap(one: Rule, other: Rule) -> bool:
    return (
        one.source.overlaps(other.source)
        and one.destination.overlaps(other.destination)
        and (one.protocol is None or other.protocol is None or one.protocol == other.protocol)
    )
