"""Questions to z3, with a time limit; every packet that it finds is replayed by the concrete interpreter.

z3 is imported when the first question arrives, and never otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from spdcheck.engine.answer import ReplayError
from spdcheck.engine.concrete import matches
from spdcheck.engine.symbolic import CrossFamily, Translator, fate_term
from spdcheck.engine.witness import complete
from spdcheck.records import dataclass
from spdcheck.semantics.fields import ADDRESS_FIELDS
from spdcheck.semantics.predicate import fields_of, unknowns_of

if TYPE_CHECKING:
    from spdcheck.semantics.decision import DecisionList
    from spdcheck.semantics.packet import Packet
    from spdcheck.semantics.predicate import Predicate


@dataclass(frozen=True, slots=True)
class Sat:
    """This packet does it."""

    packet: Packet


@dataclass(frozen=True, slots=True)
class Unsat:
    """No packet of any family does it."""


@dataclass(frozen=True, slots=True)
class GaveUp:
    """z3 did not finish in time, or said why it can't."""

    reason: str


Solution: TypeAlias = Sat | Unsat | GaveUp


def find_packet(predicate: Predicate, *, unknown: bool, seconds: float) -> Solution:
    """A packet of which the predicate holds, its unknown parts taken as true or as false."""
    families = (4, 6) if fields_of(predicate) & frozenset(ADDRESS_FIELDS) else (4,)
    gave_up: GaveUp | None = None
    for family in families:
        translator = Translator(family)
        solution = check(translator, translator.term(predicate, unknown=unknown), seconds)
        if isinstance(solution, Sat):
            truth = matches(predicate, solution.packet)
            if truth is False or (truth is None and not unknown):
                raise ReplayError(f"a witness of the solver does not replay: {solution.packet}")
            return solution
        if isinstance(solution, GaveUp):
            gave_up = solution
    return gave_up or Unsat()


def find_difference(left: DecisionList, right: DecisionList, within: Predicate, seconds: float) -> Solution:
    """A packet of ``within`` that the two lists treat differently. The caller replays it."""
    conditions = (*left.arriving(), *right.arriving(), within)
    reasons = dict.fromkeys(reason for condition in conditions for reason in unknowns_of(condition))
    if reasons:
        return GaveUp("; ".join(reasons))
    gave_up: GaveUp | None = None
    for family in (4, 6):
        translator = Translator(family)
        numbers: dict[object, int] = {}
        asked = translator.z3.simplify(translator.term(within, unknown=False))
        if translator.z3.is_false(asked):
            # Of this family no packet is asked about; what the lists do with addresses may not fit it.
            continue
        try:
            one, other = (fate_term(translator, rules, numbers) for rules in (left, right))
        except CrossFamily as crossing:
            return GaveUp(str(crossing))
        changed = sorted(one.values.keys() | other.values.keys(), key=lambda field: field.position)
        different = [one.action != other.action]
        different += [one.value(translator, field) != other.value(translator, field) for field in changed]
        condition = translator.z3.And(asked, translator.z3.Or(*different))
        solution = check(translator, condition, seconds)
        if isinstance(solution, Sat):
            return solution
        if isinstance(solution, GaveUp):
            gave_up = solution
    return gave_up or Unsat()


def check(translator: Translator, condition: Any, seconds: float) -> Solution:
    """A packet that makes the term true. The caller replays it: only he knows what the term means."""
    z3 = translator.z3
    solver = z3.SolverFor("QF_BV", ctx=translator.context)
    solver.set("timeout", max(1, int(seconds * 1000)))
    solver.add(condition, *translator.possible)
    result = solver.check()
    if result == z3.unsat:
        return Unsat()
    if result != z3.sat:
        return GaveUp(f"the solver gave up after {seconds:g} s ({solver.reason_unknown()})")
    model = solver.model()
    limits = {}
    for field, variable in translator.variables.items():
        number = model[variable]
        if number is not None:
            value = translator.value(field, number.as_long())
            limits[field] = ((value, value),)
    return Sat(complete(limits, translator.family))
