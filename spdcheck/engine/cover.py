"""Do some boxes together contain another one? Rungs two to five of the ladder, on boxes only.

Each rung is exact in what it says: a cover is a proof, a gap is a box that no candidate touches. Where the work
exceeds its limit the answer is :class:`GaveUp`, with the candidates that the solver has to look at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from spdcheck.engine.answer import DEFAULT_LIMITS, Rung
from spdcheck.engine.bits import from_members, members
from spdcheck.engine.boxes import Box, contains, intersect, overlap, subtract, volume
from spdcheck.engine.index import Index
from spdcheck.records import dataclass
from spdcheck.semantics.intervals import has

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spdcheck.engine.answer import Limits
    from spdcheck.engine.boxes import Space
    from spdcheck.semantics.intervals import IntervalSet


@dataclass(frozen=True, slots=True)
class Covered:
    """Every packet is in one of the boxes of the members ``by``."""

    rung: Rung
    by: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """No packet of the box ``free`` is in any of the boxes."""

    rung: Rung
    free: Box


@dataclass(frozen=True, slots=True)
class GaveUp:
    """Too many pieces. Only the members ``candidates`` overlap what was asked about."""

    candidates: tuple[int, ...]


Outcome: TypeAlias = Covered | Gap | GaveUp


class Cover:
    """A numbered list of members, each a union of boxes, made ready for questions about what they cover together."""

    def __init__(self, space: Space, unions: Sequence[Sequence[Box]], limits: Limits = DEFAULT_LIMITS) -> None:
        self.space = space
        self.limits = limits
        self.boxes: list[Box] = []
        self.owner: list[int] = []
        self.first: list[int] = []
        for number, union in enumerate(unions):
            self.first.append(len(self.boxes))
            self.boxes += union
            self.owner += [number] * len(union)
        self.first.append(len(self.boxes))
        self.index = Index(self.boxes)

    def __len__(self) -> int:
        return len(self.first) - 1

    def of(self, number: int) -> list[Box]:
        """The boxes of a member."""
        return self.boxes[self.first[number] : self.first[number + 1]]

    def before(self, number: int) -> int:
        """The set of all boxes of the members before this one."""
        return (1 << self.first[number]) - 1

    def set_of(self, numbers: Iterable[int]) -> int:
        """The set of all boxes of these members."""
        return from_members((box for n in numbers for box in range(self.first[n], self.first[n + 1])), len(self.boxes))

    def overlapping(self, box: Box, among: int) -> list[int]:
        """The numbers of the boxes in ``among`` that overlap the box: exactly those, in order."""
        boxes = self.boxes
        return [n for n in members(self.index.overlapping(box, among)) if overlap(boxes[n], box)]

    def covers(self, targets: Iterable[Box], among: int) -> Outcome:
        """Is every packet of the targets in a box of ``among``? The targets hold possible packets only."""
        rung = Rung.CANDIDATES
        by: set[int] = set()
        gave_up: list[Box] = []
        for target in targets:
            outcome = self._one(target, among)
            if isinstance(outcome, Gap):
                return outcome
            if isinstance(outcome, GaveUp):
                gave_up.append(target)
            else:
                by.update(outcome.by)
                rung = max(rung, outcome.rung, key=_height)
        if gave_up:
            found = {self.owner[n] for target in gave_up for n in self.overlapping(target, among)}
            return GaveUp(tuple(sorted(found | by)))
        return Covered(rung, tuple(sorted(by)))

    def _one(self, target: Box, among: int) -> Outcome:
        for n in members(self.index.containing(target, among)):
            if contains(self.boxes[n], target):
                return Covered(Rung.COVERING, (self.owner[n],))
        candidates = self.index.overlapping(target, among)
        if not candidates:
            return Gap(Rung.CANDIDATES, target)
        free = self._corner(target, candidates)
        if free is not None:
            return Gap(Rung.CORNER, free)
        found = [(n, common) for n in members(candidates) if (common := intersect(self.boxes[n], target)) is not None]
        if not found:
            return Gap(Rung.CANDIDATES, target)
        found.sort(key=lambda item: -volume(item[1]))
        result = subtraction(target, [(common, self.owner[n]) for n, common in found], self.limits.pieces)
        return GaveUp(tuple(sorted({self.owner[n] for n, _ in found}))) if result is None else result

    def _corner(self, target: Box, among: int) -> Box | None:
        """A corner of the target that no box contains, widened to the fields that did not matter; or None."""
        hitting, boxes = self.index.hitting, self.boxes
        # Narrow fields first: they leave the fewest boxes after the fewest steps.
        order = sorted(range(len(target)), key=lambda k: target[k][0][0] != target[k][-1][1])
        stack: list[tuple[int, int, tuple[IntervalSet, ...]]] = [(0, among, target)]
        left = self.limits.corners
        while stack and left:
            depth, bits, corner = stack.pop()
            if depth < len(order):
                k = order[depth]
                first, last = target[k][0][0], target[k][-1][1]
                for value in (last, first) if first != last else (first,):
                    remaining = hitting(k, value, bits)
                    pinned = (*corner[:k], ((value, value),), *corner[k + 1 :])
                    if not remaining:
                        return pinned
                    stack.append((depth + 1, remaining, pinned))
                continue
            left -= 1
            if not any(_holds_point(boxes[n], corner) for n in members(bits)):
                return corner
        return None

    def minimal(self, targets: Sequence[Box], by: tuple[int, ...]) -> tuple[int, ...]:
        """As few of the covering members as do it: none of them can be left out."""
        kept = list(by)
        for number in reversed(by):
            if len(kept) == 1:
                break
            fewer = [n for n in kept if n != number]
            if isinstance(self.covers(targets, self.set_of(fewer)), Covered):
                kept = fewer
        return tuple(kept)


def subtraction(target: Box, candidates: list[tuple[Box, int]], most: int) -> Covered | Gap | None:
    """Cut the candidates ``(box, member)`` out of the target until nothing, or a piece without candidates, is left.

    None after ``most`` pieces. Candidates that come first are cut out first, so the largest should.
    """
    used: set[int] = set()
    stack = [(target, candidates)]
    steps = 0
    while stack:
        piece, rest = stack.pop()
        if not rest:
            return Gap(Rung.SUBTRACTION, piece)
        box, member = rest[0]
        used.add(member)
        stack += [(left, [item for item in rest[1:] if overlap(item[0], left)]) for left in subtract(piece, box)]
        steps += 1
        if steps > most:
            return None
    return Covered(Rung.SUBTRACTION, tuple(sorted(used)))


def _holds_point(box: Box, point: Box) -> bool:
    return all(has(side, value[0][0]) for side, value in zip(box, point, strict=True))


_HEIGHTS = {rung: height for height, rung in enumerate(Rung)}


def _height(rung: Rung) -> int:
    return _HEIGHTS[rung]
