"""What travels through a datapath: one packet, or a set of packets. The simulator does not know which.

Both can be asked which entry of a list takes which part of them, can be rewritten, and can name an example. One packet
is never divided; a set of packets falls apart at every list, so that a walk over it is a tree whose leaves are all that
can happen. There is one simulator; these two classes are the two ways to run it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from spdcheck.engine.boxes import Space, TooManyBoxes, boxes_of, merged, subtract_all
from spdcheck.engine.boxes import intersect as intersect_boxes
from spdcheck.engine.concrete import matches
from spdcheck.engine.witness import example
from spdcheck.errors import BudgetError
from spdcheck.semantics import intervals as sets
from spdcheck.semantics.fields import FIELDS
from spdcheck.semantics.predicate import unknowns_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spdcheck.engine.boxes import Box
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import IntervalSet
    from spdcheck.semantics.packet import Packet
    from spdcheck.semantics.predicate import Predicate

EVERY_FIELD = Space.of_fields(FIELDS.values())
_INDEX = {field: number for number, field in enumerate(EVERY_FIELD.fields)}


class Part(NamedTuple):
    """What one entry of a list takes: its number (None: nothing matched), the traffic, and why nobody can be sure."""

    number: int | None
    traffic: Traffic
    unknown: str = ""


class Traffic(Protocol):
    """One packet or many."""

    def split(self, conditions: Sequence[Predicate]) -> Iterator[Part]:
        """The parts of the traffic by the first condition that takes them, in the order of the list."""
        ...

    def rewritten(self, values: Mapping[Field, IntervalSet]) -> Traffic:
        """The traffic with new values in some fields."""
        ...

    def side(self, field: Field) -> IntervalSet:
        """The values that a field has."""
        ...

    def example(self) -> Packet:
        """One packet of it."""
        ...

    def within(self, other: Traffic) -> bool:
        """Every packet of it is in the other traffic."""
        ...


@dataclass(frozen=True, slots=True)
class One:
    """A single packet."""

    packet: Packet

    def split(self, conditions: Sequence[Predicate]) -> Iterator[Part]:
        """Exactly one part: the first condition that is true, or the first that nobody can decide."""
        for number, condition in enumerate(conditions):
            truth = matches(condition, self.packet)
            if truth:
                yield Part(number, self)
                return
            if truth is None:
                yield Part(number, self, "; ".join(sorted(unknowns_of(condition))) or "not modelled")
                return
        yield Part(None, self)

    def rewritten(self, values: Mapping[Field, IntervalSet]) -> One:
        """Keeps a value that is allowed, takes the smallest one otherwise."""
        chosen = {
            field: self.packet[field] if sets.has(allowed, self.packet[field]) else allowed[0][0]
            for field, allowed in values.items()
        }
        return One(self.packet.with_values(chosen))

    def side(self, field: Field) -> IntervalSet:
        """A set of one value."""
        return sets.single(self.packet[field])

    def example(self) -> Packet:
        """The packet."""
        return self.packet

    def within(self, other: Traffic) -> bool:
        """The packet is in the other traffic."""
        return all(sets.contains(other.side(field), self.side(field)) for field in FIELDS.values())


@dataclass(frozen=True, slots=True)
class Many:
    """A set of packets: a box over all fields."""

    box: Box
    pieces: int = 4096

    @classmethod
    def of(cls, predicate: Predicate) -> list[Many]:
        """The packets of a predicate, as disjoint sets; raises BudgetError where they are too many."""
        try:
            boxes = EVERY_FIELD.possible(boxes_of(predicate, EVERY_FIELD, unknown=False))
        except TooManyBoxes:
            raise BudgetError("the flow needs too many boxes") from None
        return [cls(box) for box in merged(boxes)]

    def split(self, conditions: Sequence[Predicate]) -> Iterator[Part]:
        """A part for each condition that takes something; what a condition may take is a part of its own."""
        rest = [self.box]
        try:
            for number, condition in enumerate(conditions):
                surely = boxes_of(condition, EVERY_FIELD, unknown=False)
                for box in _common(rest, surely):
                    yield Part(number, Many(box))
                rest = subtract_all(rest, surely, self.pieces)
                reasons = unknowns_of(condition)
                if reasons and rest:
                    perhaps = boxes_of(condition, EVERY_FIELD, unknown=True)
                    for box in _common(rest, perhaps):
                        yield Part(number, Many(box), "; ".join(sorted(reasons)))
                    rest = subtract_all(rest, perhaps, self.pieces)
                if not rest:
                    return
        except TooManyBoxes:
            raise BudgetError("a list of rules divides the flow into too many parts") from None
        for box in merged(rest):
            yield Part(None, Many(box))

    def rewritten(self, values: Mapping[Field, IntervalSet]) -> Many:
        """Every packet gets some of the new values: which one goes with which packet is not kept."""
        sides = list(self.box)
        for field, allowed in values.items():
            inside = sets.contains(allowed, sides[_INDEX[field]])
            sides[_INDEX[field]] = sides[_INDEX[field]] if inside else allowed
        return Many(tuple(sides))

    def side(self, field: Field) -> IntervalSet:
        """The values that a field has in some packet of the set."""
        return self.box[_INDEX[field]]

    def example(self) -> Packet:
        """A packet that looks like traffic."""
        return example(self.box, EVERY_FIELD)

    def within(self, other: Traffic) -> bool:
        """Every packet of the set is in the other traffic."""
        return all(
            sets.contains(other.side(field), side) for field, side in zip(EVERY_FIELD.fields, self.box, strict=True)
        )


def _common(rest: Sequence[Box], boxes: Sequence[Box]) -> Iterator[Box]:
    """The packets of ``rest`` in any of the boxes, without telling one twice."""
    left = list(rest)
    for box in boxes:
        following: list[Box] = []
        for piece in left:
            common = intersect_boxes(piece, box)
            if common is None:
                following.append(piece)
                continue
            yield common
            following += subtract_all([piece], [box])
        left = following
