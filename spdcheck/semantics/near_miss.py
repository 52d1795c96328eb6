"""What somebody probably meant: the nearest address to one that fits nothing.

A hint for people, never part of a verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.addresses import BITS, AddressRange

if TYPE_CHECKING:
    from collections.abc import Iterable

_FARTHEST = 2
"""More slips of the pen than this, and it is another address."""

_SAME_NETWORK = {4: 8, 6: 64}
"""Addresses that differ only in this many last bits lie in one network, as a rule."""


def slips(a: str, b: str) -> int:
    """How many characters were left out, added, changed or swapped with their neighbour between two texts.

    The restricted Damerau-Levenshtein distance.

    >>> slips("192.0.2.1", "192.0.2.10"), slips("198.51.100.2", "189.51.100.2")
    (1, 1)
    """
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row = row, [i]
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before = last
    return row[-1]


def nearest(wanted: AddressRange, candidates: Iterable[AddressRange]) -> AddressRange | None:
    """The candidate that looks most like an address, or None where none comes close.

    Close is a slip or two of the pen, or another address of the same network.
    """
    best: tuple[int, AddressRange] | None = None
    for candidate in candidates:
        if candidate.family != wanted.family or candidate == wanted:
            continue
        distance = slips(str(wanted), str(candidate))
        if distance > _FARTHEST and not _neighbours(wanted, candidate):
            continue
        if best is None or distance < best[0]:
            best = (distance, candidate)
    return None if best is None else best[1]


def _neighbours(a: AddressRange, b: AddressRange) -> bool:
    bits = _SAME_NETWORK[a.family]
    return a.is_host and b.is_host and BITS[a.family] > bits and a.first >> bits == b.first >> bits
