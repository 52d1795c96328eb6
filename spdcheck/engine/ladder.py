"""The ladder: is every packet of a condition taken by other conditions? The cheapest rung that can tell, tells.

Rungs, in order: structural (an equal condition), candidates (nothing overlaps), one covering rule, corner witness,
exact subtraction, solver. Each is exact where it answers, so the answer never depends on which one did. A condition
that has unknown parts is taken twice: as the packets that it takes for sure, and as those that it may take.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from spdcheck.engine.answer import DEFAULT_LIMITS, Fails, Holds, ReplayError, Rung, Unknown
from spdcheck.engine.boxes import Space, TooManyBoxes, boxes_of
from spdcheck.engine.concrete import matches
from spdcheck.engine.cover import Cover, Covered, Gap
from spdcheck.engine.witness import example
from spdcheck.semantics.predicate import Predicate, all_of, is_certain, unknowns_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from spdcheck.engine.answer import Answer, Limits
    from spdcheck.engine.boxes import Box
    from spdcheck.engine.cover import Outcome
    from spdcheck.semantics.packet import Packet


class Ladder:
    """Numbered conditions, made ready for questions about what some of them cover together.

    ``about`` are further predicates that will be asked about, ``idle`` the numbers of conditions that are only asked
    about and never cover anything. ``rungs`` counts which rung decided how often.
    ``surely`` has what the conditions take for sure, ``possibly`` what they take if their unknown parts are true.
    """

    def __init__(
        self,
        conditions: Sequence[Predicate],
        about: Iterable[Predicate] = (),
        limits: Limits = DEFAULT_LIMITS,
        idle: Collection[int] = (),
    ) -> None:
        self.conditions = tuple(conditions)
        self.limits = limits
        self.rungs: Counter[Rung] = Counter()
        self.space = Space.of((*self.conditions, *about))
        self.uncertain = frozenset(n for n, condition in enumerate(self.conditions) if not is_certain(condition))
        self.idle = frozenset(idle)
        surely = [
            [] if number in self.idle else self._boxes(condition, unknown=False)
            for number, condition in enumerate(self.conditions)
        ]
        possibly = [
            self._boxes(condition, unknown=True) if number in self.uncertain - self.idle else surely[number]
            for number, condition in enumerate(self.conditions)
        ]
        self.unboxed = frozenset(n for n in range(len(surely)) if surely[n] is None or possibly[n] is None)
        self.surely = Cover(self.space, [boxes or () for boxes in surely], limits)
        self.possibly = (
            Cover(self.space, [boxes or () for boxes in possibly], limits) if self.uncertain else self.surely
        )
        self._first: dict[Predicate, int] = {}
        for number, condition in enumerate(self.conditions):
            if number not in self.uncertain and number not in self.idle:
                self._first.setdefault(condition, number)

    def covered(self, target: int | Predicate, by: Collection[int] | None = None) -> Answer:
        """Is every packet of the target in a condition of ``by`` (default: all before the target)?

        The target is the number of a condition, or a predicate over the fields of the ladder. Holds names the
        conditions that cover it, as few as do it; Fails has a packet of the target that none of them takes.
        """
        predicate, numbers = self._question(target, by)
        answer = self.decide(target, by)
        if not isinstance(answer, Gap):
            return answer
        packet = example(answer.free, self.space)
        if not self._is_witness(predicate, numbers, packet):
            raise ReplayError(f"a witness does not replay: {packet}")
        return Fails(answer.rung, packet)

    def packet_of(self, predicate: Predicate) -> Packet | None:
        """A packet of a predicate over the fields of the ladder, or None if there is none (or nobody can tell)."""
        answer = self._decide(predicate, ())
        if isinstance(answer, Gap):
            return example(answer.free, self.space)
        return answer.witness if isinstance(answer, Fails) else None

    def decide(self, target: int | Predicate, by: Collection[int] | None = None) -> Answer | Gap:
        """The same, but a gap found on boxes stays a box: for questions that only look for what is covered."""
        answer = self._decide(target, by)
        self.rungs[answer.rung] += 1
        return answer

    def _question(self, target: int | Predicate, by: Collection[int] | None) -> tuple[Predicate, Collection[int]]:
        predicate = target if isinstance(target, Predicate) else self.conditions[target]
        return predicate, range(target if isinstance(target, int) else len(self.conditions)) if by is None else by

    def _decide(self, target: int | Predicate, by: Collection[int] | None) -> Answer | Gap:
        predicate, numbers = self._question(target, by)
        twin = self._first.get(predicate)
        if twin is not None and twin in numbers and twin != target:
            return Holds(Rung.STRUCTURAL, (twin,))
        if isinstance(target, int) and target not in self.idle and target not in self.unboxed:
            targets: list[Box] | None = self.space.possible(self.possibly.of(target))
        else:
            targets = self._targets(predicate, unknown=True)
        if targets is None:
            return self._solve(predicate, numbers)
        outcome = self.surely.covers(targets, self._among(self.surely, numbers))
        if isinstance(outcome, Covered):
            return Holds(outcome.rung, self.surely.minimal(targets, outcome.by))
        if self.uncertain or not is_certain(predicate):
            return self._uncertain(predicate, numbers)
        return self._sure(predicate, numbers, outcome)

    def _uncertain(self, predicate: Predicate, numbers: Collection[int]) -> Answer | Gap:
        """What is certain does not cover the target. A gap counts only if nothing may reach into it."""
        targets = self._targets(predicate, unknown=False)
        if targets is None:
            return self._solve(predicate, numbers)
        outcome = self.possibly.covers(targets, self._among(self.possibly, numbers))
        if isinstance(outcome, Covered) and not self.unboxed:
            return Unknown(outcome.rung, self._reason(predicate, outcome.by))
        return self._sure(predicate, numbers, outcome)

    def _sure(self, predicate: Predicate, numbers: Collection[int], outcome: Outcome) -> Answer | Gap:
        """A gap between the boxes is one, unless a condition that is no boxes takes its packets."""
        if isinstance(outcome, Gap):
            if not self.unboxed:
                return outcome
            packet = example(outcome.free, self.space)
            if all(matches(self.conditions[n], packet) is False for n in self.unboxed if n in numbers):
                return outcome
        return self._solve(predicate, numbers)

    def _solve(self, predicate: Predicate, numbers: Collection[int]) -> Answer:
        """The last rung: z3, with the conditions that can overlap the target."""
        from spdcheck.engine import solve

        near = self._near(predicate, numbers)
        question = all_of([predicate, *(~self.conditions[n] for n in near)])
        seconds = self.limits.solver_seconds
        found = solve.find_packet(question, unknown=False, seconds=seconds)
        if isinstance(found, solve.Sat):
            if not self._is_witness(predicate, numbers, found.packet):
                raise ReplayError(f"a witness of the solver does not replay: {found.packet}")
            return Fails(Rung.SOLVER, found.packet)
        if not isinstance(found, solve.GaveUp) and not is_certain(question):
            found = solve.find_packet(question, unknown=True, seconds=seconds)
            if isinstance(found, solve.Sat):
                return Unknown(Rung.SOLVER, self._reason(predicate, near))
        return (
            Unknown(Rung.SOLVER, found.reason) if isinstance(found, solve.GaveUp) else Holds(Rung.SOLVER, tuple(near))
        )

    def _near(self, predicate: Predicate, numbers: Collection[int]) -> list[int]:
        """The conditions among ``numbers`` that can overlap the target, in order."""
        targets = self._targets(predicate, unknown=True)
        if targets is None:
            return [n for n in sorted(numbers) if n not in self.idle]
        among = self._among(self.possibly, numbers)
        found = {self.possibly.owner[n] for target in targets for n in self.possibly.overlapping(target, among)}
        return [n for n in sorted(numbers) if n in found or n in self.unboxed]

    def _among(self, cover: Cover, numbers: Collection[int]) -> int:
        if isinstance(numbers, range) and numbers.start == 0 and numbers.step == 1:
            return cover.before(numbers.stop)
        return cover.set_of(numbers)

    def _is_witness(self, predicate: Predicate, numbers: Iterable[int], packet: Packet) -> bool:
        others = (self.conditions[n] for n in numbers if n not in self.idle)
        return matches(predicate, packet) is True and all(matches(other, packet) is False for other in others)

    def _reason(self, predicate: Predicate, numbers: Iterable[int]) -> str:
        reasons = dict.fromkeys(unknowns_of(predicate))
        for number in numbers:
            reasons |= dict.fromkeys(unknowns_of(self.conditions[number]))
        return "; ".join(reasons) or "a part that is not modelled decides"

    def _targets(self, predicate: Predicate, *, unknown: bool) -> list[Box] | None:
        boxes = self._boxes(predicate, unknown=unknown)
        return None if boxes is None else self.space.possible(boxes)

    def _boxes(self, predicate: Predicate, *, unknown: bool) -> list[Box] | None:
        try:
            return boxes_of(predicate, self.space, unknown=unknown, most=self.limits.boxes)
        except TooManyBoxes:
            return None
