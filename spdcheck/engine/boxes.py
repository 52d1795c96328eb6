"""Sets of packets as boxes: for each field a set of numbers, and every combination of them.

A box is a tuple of interval sets, one for each field of its :class:`Space`. A side may have several intervals, so
``port {22, 80}``, ``! 10.0.0.0/8`` or a table of thousand prefixes is still one box. Every predicate is a union of
boxes; the boxes of :func:`boxes_of` are exact, except for unknown parts, which the caller takes as true or as false.
"""

from __future__ import annotations

from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from spdcheck.records import dataclass
from spdcheck.semantics import intervals as sets
from spdcheck.semantics.fields import DESTINATION, IPV4_SPACE, IPV6_SPACE, SOURCE
from spdcheck.semantics.intervals import IntervalSet
from spdcheck.semantics.predicate import And, InSet, Masked, Not, Or, all_of, fields_of, in_set

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.predicate import Predicate

Box: TypeAlias = tuple[IntervalSet, ...]

MOST_BOXES = 4096
"""How many boxes one predicate may become before it is left to the solver."""


class TooManyBoxes(Exception):  # noqa: N818 (no error: the next engine takes over)
    """The predicate needs more boxes than allowed, or a mask has too many holes."""


@dataclass(frozen=True, slots=True)
class Space:
    """The fields that a question is about. ``everything`` is the box without limits.

    ``packets`` are the boxes of possible packets: one for each family if both addresses are asked about.
    """

    fields: tuple[Field, ...]
    everything: Box
    packets: tuple[Box, ...]
    places: dict[Field, int] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        self.places.update({field: place for place, field in enumerate(self.fields)})

    @classmethod
    def of_fields(cls, fields: Iterable[Field]) -> Space:
        """The space of these fields."""
        ordered = tuple(sorted(set(fields), key=lambda field: field.position))
        everything = tuple(field.domain for field in ordered)
        if SOURCE not in ordered or DESTINATION not in ordered:
            return cls(ordered, everything, (everything,))
        families = (
            tuple(family if field in (SOURCE, DESTINATION) else field.domain for field in ordered)
            for family in (IPV4_SPACE, IPV6_SPACE)
        )
        return cls(ordered, everything, tuple(families))

    @classmethod
    def of(cls, predicates: Iterable[Predicate]) -> Space:
        """The space of all fields that the predicates ask about."""
        fields: set[Field] = set()
        for predicate in predicates:
            fields |= fields_of(predicate)
        return cls.of_fields(fields)

    def possible(self, boxes: Iterable[Box]) -> list[Box]:
        """The boxes without impossible packets (source and destination of different families)."""
        return [common for box in boxes for packets in self.packets if (common := intersect(box, packets)) is not None]

    def predicate(self, box: Box) -> Predicate:
        """The box as a predicate."""
        return all_of(in_set(field, *side) for field, side in zip(self.fields, box, strict=True))


def boxes_of(predicate: Predicate, space: Space, *, unknown: bool, most: int = MOST_BOXES) -> list[Box]:
    """The boxes whose union is the predicate, with its unknown parts taken as true or as false.

    They may overlap. Raises :exc:`TooManyBoxes`.
    """
    return _boxes(predicate, space.everything, space.places, unknown, most)


def _boxes(predicate: Predicate, within: Box, index: dict[Field, int], unknown: bool, most: int) -> list[Box]:
    if isinstance(predicate, (InSet, Masked)):
        side = _side(predicate)
        k = index[predicate.field]
        common = sets.intersect(within[k], side)
        return [(*within[:k], common, *within[k + 1 :])] if common else []
    if isinstance(predicate, And):
        return _conjunction(predicate, within, index, unknown, most)
    if isinstance(predicate, Or):
        result = []
        for part in predicate.parts:
            result += _boxes(part, within, index, unknown, most)
            if len(result) > most:
                raise TooManyBoxes
        return result
    if isinstance(predicate, Not):
        return subtract_all([within], _boxes(predicate.part, within, index, not unknown, most), most)
    return [within] if unknown else []


def _conjunction(predicate: And, within: Box, index: dict[Field, int], unknown: bool, most: int) -> list[Box]:
    """Sets narrow one box; what is left multiplies (disjunctions) or is cut out (negations)."""
    sides = list(within)
    later = []
    for part in predicate.parts:
        if isinstance(part, (InSet, Masked)):
            k = index[part.field]
            side = part.intervals if isinstance(part, InSet) else _side(part)
            sides[k] = side if sides[k] is part.field.domain else sets.intersect(sides[k], side)
            if not sides[k]:
                return []
        else:
            later.append(part)
    result = [tuple(sides)]
    for part in sorted(later, key=_is_negation):
        if isinstance(part, Not):
            result = subtract_all(result, _boxes(part.part, tuple(sides), index, not unknown, most), most)
        else:
            result = [box for start in result for box in _boxes(part, start, index, unknown, most)]
        if len(result) > most:
            raise TooManyBoxes
    return result


def _is_negation(predicate: Predicate) -> bool:
    return isinstance(predicate, Not)


def _side(predicate: InSet | Masked) -> IntervalSet:
    if isinstance(predicate, InSet):
        return predicate.intervals
    side = _of_mask(predicate.field, predicate.mask, predicate.value)
    if side is None:
        raise TooManyBoxes
    return side


@lru_cache(maxsize=1024)
def _of_mask(field: Field, mask: int, value: int) -> IntervalSet | None:
    """The values of a field with these bits; None where they need too many intervals. Rules repeat a few masks."""
    side = sets.of_mask(field.width, mask, value)
    return None if side is None else sets.intersect(side, field.domain)


def intersect(a: Box, b: Box) -> Box | None:
    """The packets in both, or None."""
    result = []
    for x, y in zip(a, b, strict=True):
        if x is not y and not (len(y) == 1 and y[0][0] <= x[0][0] and x[-1][1] <= y[0][1]):
            x = sets.intersect(x, y)
            if not x:
                return None
        result.append(x)
    return tuple(result)


def overlap(a: Box, b: Box) -> bool:
    """Some packet is in both."""
    for x, y in zip(a, b, strict=True):  # noqa: SIM110 (a generator takes twice as long here)
        if x is not y and not sets.overlaps(x, y):
            return False
    return True


def contains(a: Box, b: Box) -> bool:
    """Every packet of ``b`` is in ``a``."""
    for x, y in zip(a, b, strict=True):  # noqa: SIM110
        if x is not y and not sets.contains(x, y):
            return False
    return True


def subtract(a: Box, b: Box) -> list[Box]:
    """The packets of ``a`` that are not in ``b``: disjoint boxes, at most one for each field."""
    cuts = []
    for k, (x, y) in enumerate(zip(a, b, strict=True)):
        # Most sides of ``b`` are a whole field: that they hold ``x`` is seen here, without a call.
        if x is y or (len(y) == 1 and y[0][0] <= x[0][0] and x[-1][1] <= y[0][1]):
            continue
        common = sets.intersect(x, y)
        if not common:
            return [a]
        if common is not x:
            cuts.append((k, common))
    pieces = []
    inside = a
    for k, common in cuts:
        outside = sets.minus(a[k], b[k])
        if outside:
            pieces.append((*inside[:k], outside, *a[k + 1 :]))
            inside = (*inside[:k], common, *a[k + 1 :])
    return pieces


def cut(a: Box, b: Box, places: Iterable[int]) -> tuple[Box | None, list[Box]]:
    """What of ``a`` is in ``b``, and the rest as :func:`subtract` gives it.

    ``places`` are the fields of which ``b`` does not hold every value: of a rule over all fields they are a few.
    """
    common: list[tuple[int, IntervalSet]] = []
    for k in places:
        x = a[k]
        side = sets.intersect(x, b[k])
        if side is not x:
            if not side:
                return None, [a]
            common.append((k, side))
    inside, pieces = a, []
    for k, side in common:
        outside = sets.minus(a[k], side)
        if outside:
            pieces.append((*inside[:k], outside, *a[k + 1 :]))
            inside = (*inside[:k], side, *a[k + 1 :])
    return inside, pieces


def subtract_all(boxes: list[Box], others: Iterable[Box], most: int = MOST_BOXES) -> list[Box]:
    """The packets of ``boxes`` in none of the others; disjoint if ``boxes`` are. Raises :exc:`TooManyBoxes`."""
    for other in others:
        boxes = [piece for box in boxes for piece in subtract(box, other)]
        if len(boxes) > most:
            raise TooManyBoxes
        if not boxes:
            break
    return boxes


def disjoint(boxes: Iterable[Box], most: int = MOST_BOXES) -> list[Box]:
    """The same packets as boxes without overlaps. Raises :exc:`TooManyBoxes`."""
    result: list[Box] = []
    for box in boxes:
        result += subtract_all([box], tuple(result), most)
        if len(result) > most:
            raise TooManyBoxes
    return result


def volume(box: Box) -> int:
    """How many packets are in the box, counted over the fields of its space."""
    result = 1
    for side in box:
        result *= sets.size(side)
    return result


def merged(boxes: Iterable[Box]) -> list[Box]:
    """The same packets in fewer boxes: those that differ in one side only are joined, until nothing changes."""
    current = list(dict.fromkeys(boxes))
    changed = True
    while changed and len(current) > 1:
        changed = False
        for k, first in enumerate(current[0]):
            if all(box[k] == first for box in current):
                continue
            groups: dict[Box, IntervalSet] = {}
            for box in current:
                rest = (*box[:k], *box[k + 1 :])
                groups[rest] = sets.union(groups[rest], box[k]) if rest in groups else box[k]
            if len(groups) < len(current):
                changed = True
                current = [(*rest[:k], side, *rest[k:]) for rest, side in groups.items()]
    return current
