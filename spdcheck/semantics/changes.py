"""What a rule does to a packet: NAT, tags and marks, as functions of one field each.

A predicate about the changed packet is turned into one about the packet before the change (:func:`before`), so that no
engine needs to know about changes: they see conditions on the packet as it arrived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from spdcheck.records import dataclass
from spdcheck.semantics.intervals import contains, intersect, minus, normalise, of_mask, overlaps, shifted
from spdcheck.semantics.predicate import (
    FALSE,
    TRUE,
    And,
    InSet,
    Masked,
    Not,
    Or,
    Predicate,
    Unknown,
    all_of,
    any_of,
    in_set,
    masked,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import Interval, IntervalSet


@dataclass(frozen=True, slots=True)
class Assign:
    """The field gets this value (``rdr … -> host``, ``tag``, ``snat`` to one address)."""

    field: Field
    value: int

    def apply(self, _: int) -> int:
        """The new value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Shift:
    """Values from ``first`` to ``last`` are moved so that ``first`` becomes ``to``; others stay (``binat``, NETMAP)."""

    field: Field
    first: int
    last: int
    to: int

    def apply(self, value: int) -> int:
        """The new value."""
        return value - self.first + self.to if self.first <= value <= self.last else value


@dataclass(frozen=True, slots=True)
class SetBits:
    """The bits of ``mask`` become those of ``value``; others stay (``MARK --set-xmark``, ``CONNMARK``)."""

    field: Field
    mask: int
    value: int

    def apply(self, value: int) -> int:
        """The new value."""
        return value & ~self.mask | self.value


@dataclass(frozen=True, slots=True)
class Choose:
    """The field gets some value of the set, and nobody can say which (the port that a masquerading NAT picks)."""

    field: Field
    values: IntervalSet

    def apply(self, value: int) -> int:
        """The old value if it may stay, else the lowest."""
        return value if any(first <= value <= last for first, last in self.values) else self.values[0][0]


Change: TypeAlias = Assign | Shift | SetBits | Choose


def before(predicate: Predicate, changes: Sequence[Change]) -> Predicate:
    """What must hold of a packet so that the predicate holds after the changes, made in their order."""
    for change in reversed(changes):
        predicate = _before(predicate, change)
    return predicate


def changed_fields(changes: Iterable[Change]) -> frozenset[Field]:
    """The fields that may get another value."""
    return frozenset(change.field for change in changes)


def _before(predicate: Predicate, change: Change) -> Predicate:
    if isinstance(predicate, (InSet, Masked)):
        return _leaf(predicate, change) if predicate.field is change.field else predicate
    if isinstance(predicate, And):
        return all_of(_before(part, change) for part in predicate.parts)
    if isinstance(predicate, Or):
        return any_of(_before(part, change) for part in predicate.parts)
    return ~_before(predicate.part, change) if isinstance(predicate, Not) else predicate


def _leaf(leaf: InSet | Masked, change: Change) -> Predicate:
    if isinstance(change, Assign):
        if isinstance(leaf, Masked):
            return TRUE if change.value & leaf.mask == leaf.value else FALSE
        return TRUE if overlaps(leaf.intervals, ((change.value, change.value),)) else FALSE
    if isinstance(change, SetBits):
        if isinstance(leaf, Masked):
            return _bits(leaf, change)
        blocks = (block for interval in leaf.intervals for block in aligned_blocks(interval))
        width = (1 << leaf.field.width) - 1
        return any_of(_bits(Masked(leaf.field, width & ~low, value), change) for value, low in blocks)
    side = of_mask(leaf.field.width, leaf.mask, leaf.value) if isinstance(leaf, Masked) else leaf.intervals
    if side is None:
        return Unknown(f"a mask with too many holes on the {leaf.field.words} after a translation")
    if isinstance(change, Choose):
        if contains(side, change.values):
            return TRUE
        return (
            Unknown(f"the {leaf.field.words} that the translation chooses") if overlaps(side, change.values) else FALSE
        )
    moved: IntervalSet = ((change.first, change.last),)
    unmoved = minus(side, moved)
    arrived = intersect(side, ((change.to, change.to + change.last - change.first),))
    return in_set(leaf.field, *unmoved, *shifted(arrived, change.first - change.to))


def _bits(leaf: Masked, change: SetBits) -> Predicate:
    """Fixed bits either agree or not; the others must have been right before."""
    if (leaf.value ^ change.value) & leaf.mask & change.mask:
        return FALSE
    kept = leaf.mask & ~change.mask
    return masked(leaf.field, kept, leaf.value & kept)


def aligned_blocks(interval: Interval) -> Iterator[tuple[int, int]]:
    """The interval as blocks of a power of two, aligned: ``(value, low bits that are free)``, as prefixes are."""
    first, last = interval
    while first <= last:
        size = (first & -first) or 1 << (last.bit_length())
        while first + size - 1 > last:
            size >>= 1
        yield first, size - 1
        first += size


def image(side: IntervalSet, change: Change) -> IntervalSet:
    """The values that the field can have after the change if it had one of these before."""
    if isinstance(change, Assign):
        return ((change.value, change.value),)
    if isinstance(change, Choose):
        return change.values
    if isinstance(change, Shift):
        moved: IntervalSet = ((change.first, change.last),)
        return normalise((*minus(side, moved), *shifted(intersect(side, moved), change.to - change.first)))
    blocks = (block for interval in side for block in aligned_blocks(interval))
    return normalise(piece for value, low in blocks for piece in _image_of_block(value, low, change))


def _image_of_block(value: int, low: int, change: SetBits) -> Iterator[Interval]:
    """A block keeps its free bits, except those that the change fixes."""
    free = low & ~change.mask
    fixed = value & ~low & ~change.mask | change.value
    found = of_mask(max(free.bit_length(), 1), ~free & ((1 << max(free.bit_length(), 1)) - 1), 0, limit=1 << 16)
    if found is None:
        # Too many pieces: the interval around them. Larger than the image, never smaller.
        yield fixed, fixed | free
        return
    for first, last in found:
        yield fixed | first, fixed | last
