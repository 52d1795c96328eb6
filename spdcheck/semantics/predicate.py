"""The condition of a rule as a value: a tiny language that every engine reads.

There are six forms: ``And``, ``Or``, ``Not``, ``InSet`` (a field lies in a set of numbers), ``Masked`` (some bits of a
field have given values) and ``Unknown`` (spdcheck can't tell, with the reason). A predicate is true, false or unknown
of a packet, in Kleene's sense: an unknown part matters only where the rest does not decide.

Build predicates with :func:`in_set`, :func:`masked`, ``&``, ``|`` and ``~``: they keep them in a normal form, in which
constants are folded, nested conjunctions are flat, and a conjunction asks at most one ``InSet`` of each field.

>>> from spdcheck.semantics.fields import DESTINATION_PORT
>>> low = in_set(DESTINATION_PORT, (0, 1023))
>>> (low & ~in_set(DESTINATION_PORT, (22, 22))).intervals
((0, 21), (23, 1023))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.records import dataclass
from spdcheck.semantics.intervals import IntervalSet, intersect, minus, normalise, single, union

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import Interval


class Predicate:
    """What all six forms share: ``&``, ``|`` and ``~`` build the normal form."""

    __slots__ = ()

    def __and__(self, other: Predicate) -> Predicate:
        return all_of((self, other))

    def __or__(self, other: Predicate) -> Predicate:
        return any_of((self, other))

    def __invert__(self) -> Predicate:
        return negation(self)


@dataclass(frozen=True, slots=True)
class And(Predicate):
    """Every part holds. Without parts: always true."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Or(Predicate):
    """Some part holds. Without parts: never true."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not(Predicate):
    """The part does not hold."""

    part: Predicate


@dataclass(frozen=True, slots=True)
class InSet(Predicate):
    """The field's value is in the set: neither empty nor everything the field can be."""

    field: Field
    intervals: IntervalSet


@dataclass(frozen=True, slots=True)
class Masked(Predicate):
    """The field's value has ``value`` in the bits of ``mask`` (``flags S/SA``, netmasks with holes, marks)."""

    field: Field
    mask: int
    value: int


@dataclass(frozen=True, slots=True)
class Unknown(Predicate):
    """Nobody can tell from the configuration; ``reason`` is for people, and names the file and line if there is one.

    A reason has to say what is not known, so that two rules with equal reasons are the same rule where two versions of
    a ruleset are compared.
    """

    reason: str


TRUE = And(())
FALSE = Or(())


def in_set(field: Field, *intervals: Interval) -> Predicate:
    """The field's value lies in one of the closed intervals."""
    return _in(field, intersect(normalise(intervals), field.domain))


def in_sides(sides: Iterable[tuple[Field, IntervalSet]]) -> Predicate:
    """Each field lies in its set, a proper one of values that the field can have."""
    return all_of(_in(field, side) for field, side in sides)


def is_value(field: Field, *values: int) -> Predicate:
    """The field has one of these values."""
    return in_set(field, *((value, value) for value in values))


def masked(field: Field, mask: int, value: int) -> Predicate:
    """The bits of ``mask`` are those of ``value``; never true where ``value`` has other bits too."""
    if value & ~mask:
        return FALSE
    if not mask:
        return TRUE
    everything = (1 << field.width) - 1
    if mask == everything:
        return _in(field, intersect(single(value), field.domain))
    low = everything & ~mask
    if low & (low + 1) == 0:
        return _in(field, intersect(((value, value | low),), field.domain))
    return Masked(field, mask, value)


def all_of(parts: Iterable[Predicate]) -> Predicate:
    """The conjunction, in normal form."""
    return _combine(parts, And, FALSE, intersect)


def any_of(parts: Iterable[Predicate]) -> Predicate:
    """The disjunction, in normal form."""
    return _combine(parts, Or, TRUE, union)


def negation(part: Predicate) -> Predicate:
    """The opposite. What is unknown stays unknown."""
    if isinstance(part, InSet):
        return InSet(part.field, minus(part.field.domain, part.intervals))
    if isinstance(part, Not):
        return part.part
    if isinstance(part, Unknown):
        return part
    if part == TRUE:
        return FALSE
    return TRUE if part == FALSE else Not(part)


def fields_of(predicate: Predicate) -> frozenset[Field]:
    """The fields that the answer can depend on."""
    found: set[Field] = set()
    todo = [predicate]
    while todo:
        part = todo.pop()
        if isinstance(part, (InSet, Masked)):
            found.add(part.field)
        elif isinstance(part, (And, Or)):
            todo.extend(part.parts)
        elif isinstance(part, Not):
            todo.append(part.part)
    return frozenset(found)


def is_certain(predicate: Predicate) -> bool:
    """No part is unknown."""
    if isinstance(predicate, (And, Or)):
        for part in predicate.parts:
            if not isinstance(part, (InSet, Masked)):
                return next(_unknown_parts(predicate), None) is None
        return True
    return is_certain(predicate.part) if isinstance(predicate, Not) else not isinstance(predicate, Unknown)


def unknowns_of(predicate: Predicate) -> tuple[str, ...]:
    """The reasons of all unknown parts, each once, in order."""
    return tuple(dict.fromkeys(part.reason for part in _unknown_parts(predicate)))


def _unknown_parts(predicate: Predicate) -> Iterator[Unknown]:
    """The unknown parts, in order. Conditions behind many translations share their parts: each is looked at once."""
    seen: set[int] = set()
    todo = [predicate]
    while todo:
        part = todo.pop()
        if isinstance(part, Unknown):
            yield part
        elif isinstance(part, (And, Or)) and id(part) not in seen:
            seen.add(id(part))
            todo.extend(reversed(part.parts))
        elif isinstance(part, Not):
            todo.append(part.part)


def _in(field: Field, intervals: IntervalSet) -> Predicate:
    if not intervals:
        return FALSE
    return TRUE if intervals == field.domain else InSet(field, intervals)


def _combine(
    parts: Iterable[Predicate],
    form: type[And] | type[Or],
    absorbing: Predicate,
    merge: Callable[[IntervalSet, IntervalSet], IntervalSet],
) -> Predicate:
    """Flatten, merge the sets of each field, drop what says nothing; ``absorbing`` decides alone."""
    sets: dict[Field, Predicate] = {}
    rest: dict[Predicate, None] = {}
    for outer in parts:
        for part in outer.parts if isinstance(outer, form) else (outer,):
            if isinstance(part, InSet):
                known = sets.get(part.field)
                if known is None:
                    sets[part.field] = part
                elif known is not part:
                    before = known.intervals if isinstance(known, InSet) else _constant(part.field, known)
                    sets[part.field] = _in(part.field, merge(before, part.intervals))
            elif part == absorbing:
                return absorbing
            else:
                rest[part] = None
    result: list[Predicate] = []
    for field in sorted(sets, key=_position) if len(sets) > 1 else sets:
        part = sets[field]
        if isinstance(part, InSet):
            result.append(part)
        elif part == absorbing:
            return absorbing
    for part in rest:
        if isinstance(part, Not) and part.part in rest and is_certain(part):
            return absorbing
        result.append(part)
    return result[0] if len(result) == 1 else form(tuple(result))


def _constant(field: Field, known: Predicate) -> IntervalSet:
    """What has become TRUE or FALSE by merging, as a set again."""
    return field.domain if known == TRUE else ()


def _position(field: Field) -> int:
    return field.position
