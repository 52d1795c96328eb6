"""Sets of whole numbers as sorted, disjoint, non-adjacent closed intervals: the one currency of all engines.

An interval is ``(first, last)``, both included. A set is a tuple of them, so that equal sets are equal values. Nearly
every set in a configuration is one interval, so each operation has a short way for that case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Interval: TypeAlias = tuple[int, int]
IntervalSet: TypeAlias = tuple[Interval, ...]

EMPTY: IntervalSet = ()


def normalise(intervals: Iterable[Interval]) -> IntervalSet:
    """The same numbers as a proper set: sorted, joined where intervals touch; empty intervals are dropped."""
    merged: list[Interval] = []
    for first, last in sorted(intervals):
        if first > last:
            continue
        if merged and first <= merged[-1][1] + 1:
            if last > merged[-1][1]:
                merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def single(value: int) -> IntervalSet:
    """The set of one number."""
    return ((value, value),)


def has(numbers: IntervalSet, value: int) -> bool:
    """``value`` is in the set."""
    for first, last in numbers:
        if value <= last:
            return first <= value
    return False


def union(a: IntervalSet, b: IntervalSet) -> IntervalSet:
    """The numbers in either."""
    return a if a is b else normalise(a + b)


def intersect(a: IntervalSet, b: IntervalSet) -> IntervalSet:
    """The numbers in both. Gives back ``a`` or ``b`` itself where one lies in the other."""
    if a is b:
        return a
    if len(a) == 1 and len(b) == 1:
        (a_first, a_last), (b_first, b_last) = a[0], b[0]
        if a_first >= b_first and a_last <= b_last:
            return a
        if b_first >= a_first and b_last <= a_last:
            return b
        first = max(a_first, b_first)
        last = min(a_last, b_last)
        return ((first, last),) if first <= last else EMPTY
    if not a or not b:
        return EMPTY
    if len(a) == 1 and a[0][0] <= b[0][0] and b[-1][1] <= a[0][1]:
        return b
    if len(b) == 1 and b[0][0] <= a[0][0] and a[-1][1] <= b[0][1]:
        return a
    result: list[Interval] = []
    i = j = 0
    while i < len(a) and j < len(b):
        first = max(a[i][0], b[j][0])
        last = min(a[i][1], b[j][1])
        if first <= last:
            result.append((first, last))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    common = tuple(result)
    if common == a:
        return a
    return b if common == b else common


def minus(a: IntervalSet, b: IntervalSet) -> IntervalSet:
    """The numbers of ``a`` that are not in ``b``."""
    if a is b:
        return EMPTY
    if len(a) == 1 and len(b) == 1:
        (a_first, a_last), (b_first, b_last) = a[0], b[0]
        if b_last < a_first or a_last < b_first:
            return a
        if b_first <= a_first:
            return EMPTY if a_last <= b_last else ((b_last + 1, a_last),)
        if a_last <= b_last:
            return ((a_first, b_first - 1),)
        return ((a_first, b_first - 1), (b_last + 1, a_last))
    result: list[Interval] = []
    j = 0
    for first, last in a:
        while j < len(b) and b[j][1] < first:
            j += 1
        k = j
        while k < len(b) and b[k][0] <= last:
            if first < b[k][0]:
                result.append((first, b[k][0] - 1))
            first = b[k][1] + 1
            k += 1
        if first <= last:
            result.append((first, last))
    return tuple(result)


def contains(a: IntervalSet, b: IntervalSet) -> bool:
    """Every number of ``b`` is in ``a``."""
    if a is b:
        return True
    if len(a) == 1:
        return not b or (a[0][0] <= b[0][0] and b[-1][1] <= a[0][1])
    i = 0
    for first, last in b:
        while i < len(a) and a[i][1] < first:
            i += 1
        if i == len(a) or a[i][0] > first or a[i][1] < last:
            return False
    return True


def overlaps(a: IntervalSet, b: IntervalSet) -> bool:
    """Some number is in both."""
    if len(a) == 1 and len(b) == 1:
        return a[0][0] <= b[0][1] and b[0][0] <= a[0][1]
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i][0] <= b[j][1] and b[j][0] <= a[i][1]:
            return True
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return False


def size(numbers: IntervalSet) -> int:
    """How many numbers are in the set."""
    return sum(last - first + 1 for first, last in numbers)


def shifted(numbers: IntervalSet, offset: int) -> IntervalSet:
    """Every number plus ``offset``."""
    return tuple((first + offset, last + offset) for first, last in numbers)


def of_mask(width: int, mask: int, value: int, limit: int = 4096) -> IntervalSet | None:
    """The numbers of ``width`` bits that have ``value`` in the bits of ``mask``; None if they need too many intervals.

    The free bits below the lowest fixed one make one interval; every free bit above doubles the number of intervals.
    """
    free = ((1 << width) - 1) & ~mask
    low = (mask & -mask) - 1 if mask else free
    high = free & ~low
    if 1 << high.bit_count() > limit:
        return None
    result = []
    bits = 0
    while True:
        result.append((value | bits, value | bits | low))
        if bits == high:
            return tuple(result)
        bits = (bits - high) & high
