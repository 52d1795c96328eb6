"""Which rules never decide? The ladder beside aerleon's pairwise shade check and one z3 query for each rule."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from spdcheck.engine import solve
from spdcheck.engine.questions import shadowed
from spdcheck.model.addresses import address_text
from spdcheck.semantics.predicate import all_of
from tests.bench.classbench import Rule, classbench_rules, decision_list, random_rules, wide_rules
from tests.bench.measure import Measured, Row, row, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAKERS: dict[str, Callable[[int], list[Rule]]] = {
    "random": random_rules,
    "classbench": classbench_rules,
    "wide": wide_rules,
}
SIZES = {"random": (100, 1000, 10_000, 50_000), "classbench": (100, 1000, 10_000, 50_000), "wide": (100, 1000)}
AERLEON_MOST = 10_000
"""The shade check is quadratic: 10,000 rules take minutes each, 50,000 would take hours."""
NAIVE_MOST = 100


def shadowing(aerleon_most: int = AERLEON_MOST) -> Iterator[Row]:
    """All rows: every kind of rules, every size, and whoever can be asked."""
    for case, sizes in SIZES.items():
        for size in sizes:
            yield row("shadowing", case, size, "spdcheck", by_ladder, case, size)
            if size <= aerleon_most and case != "wide":
                yield row("shadowing", case, size, "aerleon", by_aerleon, case, size)
            if size <= NAIVE_MOST:
                yield row("shadowing", case, size, "z3, one query a rule", by_naive_solver, case, size)


def by_ladder(case: str, size: int) -> Measured:
    """The rules that never decide, and how many of them only a union of earlier rules shadows."""
    rules = decision_list(MAKERS[case](size))
    seconds, found = timed(lambda: shadowed(rules))
    unions = sum(len(shadow.culprits) > 1 for shadow in found.found)
    unknown = sum(bool(shadow.unknown) for shadow in found.found)
    rungs = ", ".join(f"{rung.value} {count}" for rung, count in sorted(found.rungs.items(), key=lambda r: r[0].value))
    return Measured(seconds, f"{len(found.found)} shadowed, {unions} by unions, {unknown} unknown ({rungs})")


def by_naive_solver(case: str, size: int) -> Measured:
    """The same from z3 alone: the rule and not any earlier one."""
    conditions = decision_list(MAKERS[case](size)).arriving()

    def ask() -> int:
        count = 0
        for number, condition in enumerate(conditions):
            question = all_of([condition, *(~earlier for earlier in conditions[:number])])
            count += isinstance(solve.find_packet(question, unknown=False, seconds=60), solve.Unsat)
        return count

    seconds, count = timed(ask)
    return Measured(seconds, f"{count} shadowed")


def by_aerleon(case: str, size: int) -> Measured:
    """aerleon's own check: a rule is shaded if one earlier rule contains it."""
    try:
        from aerleon.lib import nacaddr, policy
    except ImportError:
        return Measured(0.0, "aerleon is not installed (pip install 'spdcheck[bench]')")
    terms = [_term(nacaddr, policy, number, rule) for number, rule in enumerate(MAKERS[case](size))]
    shaded: set[str] = set()

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            shaded.add(record.getMessage().split(" is shaded by ")[0])

    handler = Collect()
    root = logging.getLogger()
    root.addHandler(handler)
    logging.disable(logging.NOTSET)
    try:
        seconds, _ = timed(lambda: policy.Policy._DetectShading(None, terms))
    finally:
        root.removeHandler(handler)
    return Measured(seconds, f"{len(shaded)} shadowed")


def _term(nacaddr: Any, policy: Any, number: int, rule: Rule) -> Any:
    """A rule as one of aerleon's terms, made without its parser."""
    term = policy.Term([])
    term.name = f"rule-{number}"
    term.action = ["accept" if rule.action == "pass" else "deny"]
    term.protocol = [] if rule.protocol is None else [str(rule.protocol)]
    for name, addresses in (("source_address", rule.source), ("destination_address", rule.destination)):
        if not addresses.is_everything:
            setattr(term, name, [nacaddr.IP(f"{address_text(4, addresses.first)}/{addresses.prefix_length}")])
    for name, ports in (("source_port", rule.source_port), ("destination_port", rule.destination_port)):
        if ports != (0, 65535):
            setattr(term, name, [ports])
    return term
