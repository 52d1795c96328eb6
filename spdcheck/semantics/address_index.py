"""Ranges of addresses, made ready for the question which of them a set of addresses touches.

A range touches an interval if it begins in it, or holds its first address. The first are found by bisection. Of the
others, prefixes are looked up under each length that there is; what is no prefix is looked at one by one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.semantics.intervals import Interval, IntervalSet


class AddressIndex:
    """Numbered ranges. Large sites ask for every packet which of thousand networks it can be in."""

    def __init__(self, ranges: Iterable[Interval]) -> None:
        self._begins: list[tuple[int, int]] = []
        self._prefixes: dict[int, dict[int, list[int]]] = {}
        self._others: list[tuple[int, int, int]] = []
        for number, (first, last) in enumerate(ranges):
            size = last - first + 1
            self._begins.append((first, number))
            if size & (size - 1) == 0 and first % size == 0:
                bits = size.bit_length() - 1
                self._prefixes.setdefault(bits, {}).setdefault(first >> bits, []).append(number)
            else:
                self._others.append((first, last, number))
        self._begins.sort()

    def touching(self, side: IntervalSet) -> list[int]:
        """The numbers of the ranges that share an address with the set, in order."""
        found: set[int] = set()
        for first, last in side:
            begins = self._begins[bisect_left(self._begins, (first, -1)) : bisect_right(self._begins, (last + 1, -1))]
            found.update(number for _, number in begins)
            for bits, prefixes in self._prefixes.items():
                found.update(prefixes.get(first >> bits, ()))
            found.update(number for low, high, number in self._others if low <= first <= high)
        return sorted(found)
