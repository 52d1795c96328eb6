"""One packet against a long decision list, prepared: bitmaps over the elementary intervals of each field.

For every field, the breakpoints of all rules cut the values into intervals on which no rule changes its mind; a bitmap
per interval says which rules allow it (Lakshman and Stiliadis). One search and one AND per field leave the rules that
fit, and the lowest bit is the first match. Rules are taken in chunks, so that memory grows with the chunk, not with
the square of the list.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from spdcheck.engine.boxes import Space, TooManyBoxes, boxes_of
from spdcheck.engine.concrete import matches
from spdcheck.engine.run import Outcome, outcomes
from spdcheck.semantics.decision import Decide, DecisionList
from spdcheck.semantics.predicate import is_certain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spdcheck.engine.boxes import Box
    from spdcheck.semantics.packet import Packet
    from spdcheck.semantics.predicate import Predicate

CHUNK = 4096
"""Boxes in one chunk. A bitmap has as many bits."""


class Lookup:
    """A decision list, made ready for many packets."""

    def __init__(self, rules: DecisionList) -> None:
        self.rules = rules
        self._first = FirstMatch(rules.arriving())
        self._simple = all(isinstance(entry.effect, Decide) for entry in rules.entries)

    def entry(self, packet: Packet) -> int | None:
        """The number of the first entry that matches or may match the packet; None for the default."""
        return self._first.of(packet)

    def outcomes(self, packet: Packet) -> tuple[Outcome, ...]:
        """The same as :func:`spdcheck.engine.run.outcomes`, without a look at the entries that can't match."""
        if not self._simple:
            return outcomes(self.rules, packet)
        number = self._first.of(packet)
        rest = self.rules.entries[number:] if number is not None else ()
        if number is None or is_certain(rest[0].predicate):
            rest = rest[:1]
        found = outcomes(DecisionList(rest, self.rules.default), packet)
        if number is None or number == 0:
            return found
        return tuple(
            outcome
            if outcome.entry is None
            else Outcome(outcome.entry + number, outcome.decide, outcome.packet, (), outcome.free)
            for outcome in found
        )


class FirstMatch:
    """Numbered conditions: which is the first that holds, or may hold, of a packet?"""

    def __init__(self, conditions: Sequence[Predicate]) -> None:
        self.conditions = tuple(conditions)
        self.space = Space.of(self.conditions)
        boxes: list[Box] = []
        owners: list[int] = []
        self._exact: list[bool] = []
        for number, condition in enumerate(self.conditions):
            try:
                mine = boxes_of(condition, self.space, unknown=True, most=CHUNK)
                exact = True
            except TooManyBoxes:
                mine, exact = [self.space.everything], False
            boxes += mine
            owners += [number] * len(mine)
            self._exact += [exact] * len(mine)
        self._get: Callable[[Packet], Any] = _getter(self.space)
        self._owners = owners
        self._chunks = [
            (start, (1 << len(boxes[start : start + CHUNK])) - 1, _tables(boxes[start : start + CHUNK], self.space))
            for start in range(0, len(boxes), CHUNK)
        ]

    def of(self, packet: Packet) -> int | None:
        """The number of the first condition that is not false of the packet, or None."""
        values = self._get(packet)
        for start, everybody, tables in self._chunks:
            bits = everybody
            for k, breaks, bitmaps in tables:
                bits &= bitmaps[bisect_right(breaks, values[k])]
                if not bits:
                    break
            while bits:
                low = bits & -bits
                box = start + low.bit_length() - 1
                if self._exact[box] or matches(self.conditions[self._owners[box]], packet) is not False:
                    return self._owners[box]
                bits ^= low
        return None


def _getter(space: Space) -> Callable[[Packet], Any]:
    names = [field.name for field in space.fields]
    if len(names) > 1:
        return attrgetter(*names)
    if not names:
        return lambda _: ()
    get = attrgetter(names[0])
    return lambda packet: (get(packet),)


def _tables(boxes: list[Box], space: Space) -> list[tuple[int, list[int], list[int]]]:
    """For each field that tells boxes apart: its place, the breakpoints, and the boxes of each interval between."""
    tables = []
    for k in range(len(space.fields)):
        if all(box[k] is space.everything[k] for box in boxes):
            continue
        turns: dict[int, int] = {}
        for number, box in enumerate(boxes):
            if box[k] is space.everything[k]:
                turns[0] = turns.get(0, 0) ^ (1 << number)
                continue
            for first, last in box[k]:
                turns[first] = turns.get(first, 0) ^ (1 << number)
                turns[last + 1] = turns.get(last + 1, 0) ^ (1 << number)
        breaks = sorted(turns)
        bitmaps, current = [0], 0
        for at in breaks:
            current ^= turns[at]
            bitmaps.append(current)
        tables.append((k, breaks, bitmaps))
    return tables
