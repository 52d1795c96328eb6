"""The conditions of a list, made ready to divide traffic: the lists of a filter are asked by one flow after the other.

What each condition is in boxes is worked out once, and the bitmaps of :mod:`spdcheck.engine.index` say which of them a
flow can touch at all. Of a list of hundred rules that is a handful.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from spdcheck.engine.bits import members
from spdcheck.engine.boxes import Space, TooManyBoxes, boxes_of
from spdcheck.engine.index import Index
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.fields import FIELDS
from spdcheck.semantics.predicate import unknowns_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.engine.boxes import Box
    from spdcheck.semantics.predicate import Predicate

EVERY_FIELD = Space.of_fields(FIELDS.values())


class Taking(NamedTuple):
    """A box of a condition, by the condition's number, and why nobody can be sure that it takes the packets in it.

    ``places`` are those of the fields that the box limits. Without a box the condition is too large to be written out.
    """

    number: int
    box: Box | None
    places: tuple[int, ...] = ()
    unknown: str = ""


def takings(conditions: Iterable[Predicate]) -> Iterator[Taking]:
    """The boxes of the conditions in order; what a condition may take comes behind what it takes for sure."""
    for number, condition in enumerate(conditions):
        try:
            for box in boxes_of(condition, EVERY_FIELD, unknown=False):
                yield Taking(number, box, _limited(box))
            reasons = unknowns_of(condition)
            if reasons:
                why = "; ".join(sorted(reasons))
                for box in boxes_of(condition, EVERY_FIELD, unknown=True):
                    yield Taking(number, box, _limited(box), why)
        except TooManyBoxes:
            yield Taking(number, None)


def _limited(box: Box) -> tuple[int, ...]:
    whole = EVERY_FIELD.everything
    return tuple([place for place, side in enumerate(box) if side is not whole[place]])


class Division:
    """Conditions for many flows. One packet asks the conditions, a set of packets the boxes that it touches."""

    def __init__(self, conditions: Iterable[Predicate]) -> None:
        self._conditions = tuple(conditions)

    def __iter__(self) -> Iterator[Predicate]:
        return iter(self._conditions)

    @cached_property
    def _takings(self) -> tuple[Taking, ...]:
        return tuple(takings(self._conditions))

    @cached_property
    def _index(self) -> Index:
        return Index([EVERY_FIELD.everything if one.box is None else one.box for one in self._takings])

    def touching(self, box: Box) -> Iterator[Taking]:
        """Those that can take packets of the box, in order."""
        found = self._takings
        return (found[n] for n in members(self._index.overlapping(box, self._index.all)))
