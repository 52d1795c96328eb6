"""Sets of rules as Python's big integers: bit ``n`` stands for rule ``n``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def members(bits: int) -> list[int]:
    """The numbers in the set, lowest first."""
    found = []
    if bits.bit_count() <= 4:
        while bits:
            low = bits & -bits
            found.append(low.bit_length() - 1)
            bits ^= low
        return found
    text = bin(bits)[:1:-1]
    position = text.find("1")
    while position >= 0:
        found.append(position)
        position = text.find("1", position + 1)
    return found


def from_members(numbers: Iterable[int], count: int) -> int:
    """The set of these numbers, all below ``count``."""
    data = bytearray((count >> 3) + 1)
    for number in numbers:
        data[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(data, "little")
