"""Which boxes can overlap, contain or hit something: bitmaps per field (Lakshman and Stiliadis, SIGCOMM 1998).

For each field, the boxes are sorted by where their side begins and by where it ends. A bitmap for each slice of that
order says which boxes begin (end) up to there; one AND per field gives the candidates of all fields. At most
:data:`SLICES` bitmaps are kept for an order, and a side of several intervals counts as the one interval around it. So
the candidates are a superset of the true ones, and whoever asks looks at each of them exactly.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.engine.boxes import Box

SLICES = 512


class _Order:
    """Boxes sorted by one number; ``upto[n]`` is the set of those in the first ``n`` slices of distinct numbers."""

    __slots__ = ("keys", "step", "upto")

    def __init__(self, values: list[int]) -> None:
        order = sorted(range(len(values)), key=values.__getitem__)
        self.keys = sorted(set(values))
        self.step = -(-len(self.keys) // SLICES)
        data = bytearray((len(values) >> 3) + 1)
        self.upto = [0]
        done = 0
        for end in range(self.step, len(self.keys) + self.step, self.step):
            limit = self.keys[min(end, len(self.keys)) - 1]
            while done < len(order) and values[order[done]] <= limit:
                data[order[done] >> 3] |= 1 << (order[done] & 7)
                done += 1
            self.upto.append(int.from_bytes(data, "little"))

    def at_most(self, value: int) -> int:
        """A superset of the boxes whose number is at most ``value``."""
        return self.upto[-(-bisect_right(self.keys, value) // self.step)]

    def below(self, value: int) -> int:
        """A subset of the boxes whose number is below ``value``."""
        return self.upto[bisect_left(self.keys, value) // self.step]


class Index:
    """The bitmaps of a list of boxes of one space."""

    __slots__ = ("_fields", "_telling", "all")

    def __init__(self, boxes: Sequence[Box]) -> None:
        self.all = (1 << len(boxes)) - 1
        self._fields: list[tuple[_Order, _Order] | None] = []
        for k in range(len(boxes[0]) if boxes else 0):
            sides = [box[k] for box in boxes]
            if all(side is sides[0] for side in sides):
                # One side for all: the field tells nothing apart. (Nearly always the whole domain.)
                self._fields.append(None)
            else:
                self._fields.append((_Order([s[0][0] for s in sides]), _Order([s[-1][1] for s in sides])))
        self._telling = [(k, *orders) for k, orders in enumerate(self._fields) if orders is not None]

    def overlapping(self, box: Box, among: int) -> int:
        """A superset of the boxes in ``among`` that overlap this one."""
        for k, begins, ends in self._telling:
            side = box[k]
            among &= begins.at_most(side[-1][1])
            if among:
                among &= ~ends.below(side[0][0])
            if not among:
                return 0
        return among

    def containing(self, box: Box, among: int) -> int:
        """A superset of the boxes in ``among`` that contain this one."""
        for k, begins, ends in self._telling:
            side = box[k]
            among &= begins.at_most(side[0][0])
            if among:
                among &= ~ends.below(side[-1][1])
            if not among:
                return 0
        return among

    def hitting(self, field: int, value: int, among: int) -> int:
        """A superset of the boxes in ``among`` that have ``value`` in their side of this field."""
        orders = self._fields[field]
        if orders is None:
            return among
        among &= orders[0].at_most(value)
        return among & ~orders[1].below(value) if among else 0
