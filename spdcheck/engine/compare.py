"""Do two decision lists treat every packet the same? If not: which packets, and how.

Only entries that are not the same in both lists, or changed places with one that they conflict with, can make a
difference: a packet that matches none of them meets the same entries in the same order. So only the regions of these
suspects are looked at, each split by both lists at once. What is too large for boxes goes to the solver.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from spdcheck.engine.answer import DEFAULT_LIMITS, Fails, Holds, ReplayError, Rung, Unknown
from spdcheck.engine.boxes import TooManyBoxes, intersect, merged, subtract_all
from spdcheck.engine.cover import Cover
from spdcheck.engine.fates import Fates, space_of
from spdcheck.engine.run import outcomes
from spdcheck.engine.witness import example
from spdcheck.errors import BudgetError
from spdcheck.records import dataclass
from spdcheck.semantics.decision import Continue
from spdcheck.semantics.predicate import TRUE, fields_of
from spdcheck.semantics.words import box_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.answer import Answer, Limits
    from spdcheck.engine.boxes import Box
    from spdcheck.engine.fates import Fate
    from spdcheck.semantics.decision import DecisionList
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.packet import Packet
    from spdcheck.semantics.predicate import Predicate


@dataclass(frozen=True, slots=True)
class Difference:
    """Packets that entry ``left`` of one list and ``right`` of the other treat differently (None: the default).

    ``boxes`` are all of them, ``texts`` says them in words, ``witness`` is one. ``complete`` is False where the solver
    found the witness and nobody worked out the others.
    """

    left: int | None
    right: int | None
    boxes: tuple[Box, ...]
    texts: tuple[str, ...]
    witness: Packet
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences, and the reasons why something can't be told. Neither: the lists are equivalent, proved.

    ``fields`` are those of the boxes of the differences.
    """

    differences: tuple[Difference, ...]
    unknown: tuple[str, ...]
    rung: Rung
    fields: tuple[Field, ...] = ()


def equivalent(
    left: DecisionList, right: DecisionList, within: Predicate = TRUE, limits: Limits = DEFAULT_LIMITS
) -> Answer:
    """Holds if both lists do the same to every packet of ``within``; Fails has a packet that they treat differently."""
    result = _compare(left, right, within, limits, only_one=True)
    if result.differences:
        return Fails(result.rung, result.differences[0].witness)
    return Unknown(result.rung, "; ".join(result.unknown)) if result.unknown else Holds(result.rung)


def difference(
    left: DecisionList, right: DecisionList, within: Predicate = TRUE, limits: Limits = DEFAULT_LIMITS
) -> Comparison:
    """All packets of ``within`` that the lists treat differently, by the pair of entries that decide."""
    return _compare(left, right, within, limits, only_one=False)


def _compare(
    left: DecisionList, right: DecisionList, within: Predicate, limits: Limits, *, only_one: bool
) -> Comparison:
    if left == right:
        return Comparison((), (), Rung.STRUCTURAL)
    found: dict[tuple[int | None, int | None], list[Box]] = {}
    unknown: dict[str, None] = {}
    try:
        pair = _Pair(left, right, within, limits)
        if not pair.suspects:
            return Comparison((), (), Rung.STRUCTURAL)
        for piece, one, other in pair.differing():
            if not (one.sure and other.sure):
                unknown["a condition or change that is not modelled decides"] = None
                continue
            found.setdefault((one.entry, other.entry), []).append(piece)
            if only_one:
                break
    except (TooManyBoxes, BudgetError):
        return _solve(left, right, within, limits)
    differences = []
    for key, boxes in found.items():
        whole = tuple(merged(boxes))
        texts = tuple(box_text(pair.space.fields, box) for box in whole)
        witness = _replayed(left, right, example(boxes[0], pair.space))
        differences.append(Difference(*key, whole, texts, witness))
    return Comparison(tuple(differences), tuple(unknown), Rung.SUBTRACTION, pair.space.fields)


def _replayed(left: DecisionList, right: DecisionList, witness: Packet) -> Packet:
    one, other = ({outcome.treatment for outcome in outcomes(rules, witness)} for rules in (left, right))
    if one & other:
        raise ReplayError(f"{witness} is treated the same by both lists")
    return witness


class _Pair:
    """Both lists on boxes of one space, and the conditions of the entries that can make a difference."""

    def __init__(self, left: DecisionList, right: DecisionList, within: Predicate, limits: Limits) -> None:
        fields = space_of(left, right) | fields_of(within)
        self.limits = limits
        self.left = Fates(left, fields, limits)
        self.right = Fates(right, fields, limits)
        self.space = self.left.space
        self.within = self.left.boxes_of(within)
        self.suspects = [TRUE] if left.default != right.default else list(self._suspects(left, right))

    def _suspects(self, left: DecisionList, right: DecisionList) -> Iterator[Predicate]:
        """What has no twin in the other list, and what overtook an entry that treats the same packets otherwise."""
        waiting: dict[object, list[int]] = {}
        for number, (condition, entry) in enumerate(zip(right.arriving(), right.entries, strict=True)):
            waiting.setdefault((condition, entry.effect), []).append(number)
        twins: dict[int, int] = {}
        for number, (condition, entry) in enumerate(zip(left.arriving(), left.entries, strict=True)):
            candidates = waiting.get((condition, entry.effect))
            if candidates:
                twins[number] = candidates.pop(0)
            else:
                yield condition
        for rest in waiting.values():
            yield from (right.arriving()[number] for number in rest)
        cover = self.left.cover
        for number in _moved(twins):
            entry = left.entries[number]
            near = {cover.owner[n] for box in cover.of(number) for n in cover.overlapping(box, cover.index.all)}
            for other in near:
                overtook = other in twins and (number < other) != (twins[number] < twins[other])
                if overtook and (left.entries[other].effect != entry.effect or isinstance(entry.effect, Continue)):
                    yield left.arriving()[number]
                    break

    def differing(self) -> Iterator[tuple[Box, Fate, Fate]]:
        """Disjoint boxes that are treated differently, or of which that can't be told, with both fates."""
        regions = Cover(self.space, [self._inside(suspect) for suspect in self.suspects], self.limits)
        for number in range(len(regions)):
            for box in regions.of(number):
                done = [regions.boxes[n] for n in regions.overlapping(box, regions.before(number))]
                for rest in subtract_all([box], done, self.limits.boxes):
                    yield from self._on(rest)

    def _inside(self, suspect: Predicate) -> list[Box]:
        """Disjoint boxes of the possible packets of a suspect that the question is about."""
        boxes = self.left.boxes_of(suspect)
        if self.within != [self.space.everything]:
            boxes = [common for box in boxes for w in self.within if (common := intersect(box, w)) is not None]
        return self.space.possible(boxes)

    def _on(self, box: Box) -> Iterator[tuple[Box, Fate, Fate]]:
        usual = self.right.treatment_of_all(box)
        for piece, one in self.left.split(box, same_as=usual):
            alone = one.treatment if one.sure and not one.mapping else None
            for part, other in self.right.split(piece, same_as=alone):
                if not (one.sure and other.sure) or one.treatment[:2] != other.treatment[:2]:
                    yield part, one, other
                elif one.mapping != other.mapping:
                    for unequal in self.left.unequal(part, one, other):
                        yield unequal, one, other


def _moved(twins: dict[int, int]) -> Iterator[int]:
    """The entries of the left list outside a longest run that kept its order. Every overtaking involves one of them."""
    ends: list[int] = []
    last: list[int] = []
    previous: dict[int, int | None] = {}
    for number in sorted(twins):
        place = bisect_left(ends, twins[number])
        previous[number] = last[place - 1] if place else None
        if place == len(ends):
            ends.append(twins[number])
            last.append(number)
        else:
            ends[place], last[place] = twins[number], number
    kept = set()
    current = last[-1] if last else None
    while current is not None:
        kept.add(current)
        current = previous[current]
    return (number for number in sorted(twins) if number not in kept)


def _solve(left: DecisionList, right: DecisionList, within: Predicate, limits: Limits) -> Comparison:
    from spdcheck.engine import solve

    solution = solve.find_difference(left, right, within, limits.solver_seconds)
    if isinstance(solution, solve.GaveUp):
        return Comparison((), (solution.reason,), Rung.SOLVER)
    if isinstance(solution, solve.Unsat):
        return Comparison((), (), Rung.SOLVER)
    witness = _replayed(left, right, solution.packet)
    one, other = outcomes(left, witness)[0], outcomes(right, witness)[0]
    found = Difference(one.entry, other.entry, (), (str(witness),), witness, complete=False)
    return Comparison((found,), (), Rung.SOLVER)
