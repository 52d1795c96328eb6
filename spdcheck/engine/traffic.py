"""What travels through a datapath: one packet, or a set of packets. The simulator does not know which.

Both can be asked which entry of a list takes which part of them, can be rewritten, and can name an example. One packet
is never divided; a set of packets falls apart at every list, so that a walk over it is a tree whose leaves are all that
can happen. There is one simulator; these two classes are the two ways to run it.

Both remember how they began, whatever is rewritten on the way: an end of the walk then says which packets come there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from spdcheck.engine.boxes import TooManyBoxes, boxes_of, cut, merged
from spdcheck.engine.concrete import matches
from spdcheck.engine.division import EVERY_FIELD, Division, takings
from spdcheck.engine.witness import example
from spdcheck.errors import BudgetError
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass
from spdcheck.semantics import intervals as sets
from spdcheck.semantics.fields import FIELDS
from spdcheck.semantics.predicate import unknowns_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from spdcheck.engine.boxes import Box
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import IntervalSet
    from spdcheck.semantics.packet import Packet
    from spdcheck.semantics.predicate import Predicate

_TOO_MANY = "a list of rules divides the flow into too many parts"
_INDEX = {field: number for number, field in enumerate(EVERY_FIELD.fields)}


class Part(NamedTuple):
    """What one entry of a list takes: its number (None: nothing matched), the traffic, and why nobody can be sure."""

    number: int | None
    traffic: Traffic
    unknown: str = ""


class Traffic(Protocol):
    """One packet or many."""

    def split(self, conditions: Iterable[Predicate]) -> Iterator[Part]:
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

    @property
    def began(self) -> Traffic:
        """The packets that became this traffic, as they were before anything was rewritten."""
        ...

    def begun_in(self, other: Traffic) -> Traffic | None:
        """What of the traffic began in the other one; None if nothing did."""
        ...

    def within(self, other: Traffic) -> bool:
        """Every packet of it is in the other traffic."""
        ...


@dataclass(frozen=True, slots=True)
class One:
    """A single packet. ``first`` is the packet as it began, None where nothing has been rewritten."""

    packet: Packet
    first: Packet | None = None

    def split(self, conditions: Iterable[Predicate]) -> Iterator[Part]:
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
        return One(self.packet.with_values(chosen), self.first or self.packet)

    def side(self, field: Field) -> IntervalSet:
        """A set of one value."""
        return sets.single(self.packet[field])

    def example(self) -> Packet:
        """The packet."""
        return self.packet

    @property
    def began(self) -> One:
        """The packet as it was at first."""
        return self if self.first is None else One(self.first)

    def begun_in(self, other: Traffic) -> One | None:
        """The packet, if it began in the other traffic."""
        return self if self.began.within(other) else None

    def within(self, other: Traffic) -> bool:
        """The packet is in the other traffic."""
        if isinstance(other, One):
            return self.packet == other.packet
        return all(sets.contains(other.side(field), self.side(field)) for field in FIELDS.values())


@dataclass(frozen=True, slots=True)
class Many:
    """A set of packets: a box over all fields.

    ``moved`` holds, for every field that was rewritten, the values that it had at first; the others are as they began.
    """

    box: Box
    moved: tuple[tuple[int, IntervalSet], ...] = ()
    pieces: int = 4096

    @classmethod
    def of(cls, predicate: Predicate) -> list[Many]:
        """The packets of a predicate, as disjoint sets; raises BudgetError where they are too many."""
        try:
            boxes = EVERY_FIELD.possible(boxes_of(predicate, EVERY_FIELD, unknown=False))
        except TooManyBoxes:
            raise BudgetError("the flow needs too many boxes") from None
        return [cls(box) for box in merged(boxes)]

    @classmethod
    def with_sides(cls, traffic: Traffic, values: Mapping[Field, IntervalSet]) -> Many:
        """A set that begins here: that of some traffic as it is now, with other values in some fields."""
        return cls(tuple(values[field] if field in values else traffic.side(field) for field in EVERY_FIELD.fields))

    def split(self, conditions: Iterable[Predicate]) -> Iterator[Part]:
        """A part for each condition that takes something; what a condition may take is a part of its own."""
        rest = [self.box]
        ready = conditions.touching(self.box) if isinstance(conditions, Division) else takings(conditions)
        for number, box, places, unknown in ready:
            if box is None:
                raise BudgetError(_TOO_MANY)
            left: list[Box] = []
            for piece in rest:
                inside, outside = cut(piece, box, places)
                if inside is not None:
                    yield Part(number, self._part(inside), unknown)
                left += outside
            rest = left
            if not rest:
                return
            if len(rest) > self.pieces:
                raise BudgetError(_TOO_MANY)
        for box in merged(rest):
            yield Part(None, self._part(box))

    def rewritten(self, values: Mapping[Field, IntervalSet]) -> Many:
        """Every packet gets some of the new values: which one goes with which packet is not kept."""
        sides, moved = list(self.box), dict(self.moved)
        for field, allowed in values.items():
            number = _INDEX[field]
            if not sets.contains(allowed, sides[number]):
                moved.setdefault(number, sides[number])
                sides[number] = allowed
        return Many(tuple(sides), tuple(moved.items()), self.pieces)

    def _part(self, box: Box) -> Many:
        return Many(box, self.moved, self.pieces)

    def side(self, field: Field) -> IntervalSet:
        """The values that a field has in some packet of the set."""
        return self.box[_INDEX[field]]

    def example(self) -> Packet:
        """A packet that looks like traffic."""
        return example(self.box, EVERY_FIELD)

    @property
    def began(self) -> Many:
        """The set as it was at first, as far as nothing has sorted it out since."""
        if not self.moved:
            return self
        sides = list(self.box)
        for number, side in self.moved:
            sides[number] = side
        return Many(tuple(sides), (), self.pieces)

    def begun_in(self, other: Traffic) -> Many | None:
        """The set without what began elsewhere."""
        sides, moved = list(self.box), dict(self.moved)
        for number, wanted in enumerate(_sides(other)):
            old = moved.get(number, sides[number])
            if old is wanted:
                continue
            side = sets.intersect(old, wanted)
            if not side:
                return None
            if number in moved:
                moved[number] = side
            else:
                sides[number] = side
        return Many(tuple(sides), tuple(moved.items()), self.pieces)

    def within(self, other: Traffic) -> bool:
        """Every packet of the set is in the other traffic."""
        for mine, theirs in zip(self.box, _sides(other), strict=True):
            if mine is not theirs and not sets.contains(theirs, mine):
                return False
        return True


def _sides(traffic: Traffic) -> Iterable[IntervalSet]:
    """The values of every field."""
    return traffic.box if isinstance(traffic, Many) else map(traffic.side, EVERY_FIELD.fields)
