"""Predicates as z3 terms over bit-vectors (logic ``QF_BV``), for all packets of one family at a time.

An address is a vector of 32 or 128 bits then: the family is known, and the terms of the other one fold away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spdcheck.records import dataclass
from spdcheck.semantics.changes import Assign, Choose, SetBits
from spdcheck.semantics.decision import Decide
from spdcheck.semantics.fields import ADDRESS_FIELDS, CAPTURED, IPV6, SPACE_OF_FAMILY
from spdcheck.semantics.intervals import intersect, shifted
from spdcheck.semantics.predicate import And, InSet, Masked, Not, Or

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.semantics.changes import Change
    from spdcheck.semantics.decision import DecisionList
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import IntervalSet
    from spdcheck.semantics.predicate import Predicate


class Translator:
    """Terms about one packet of a family (4 or 6), in a z3 context of their own."""

    def __init__(self, family: int) -> None:
        import z3

        self.z3: Any = z3
        self.context: Any = z3.Context()
        self.family = family
        self.variables: dict[Field, Any] = {}
        self.possible: list[Any] = []
        self._known: dict[tuple[int, bool], tuple[Predicate, Any]] = {}

    def variable(self, field: Field) -> Any:
        """The vector of a field; what it can be is added to ``possible``."""
        if field not in self.variables:
            term = self.z3.BitVec(field.name, self.width(field), self.context)
            self.variables[field] = term
            domain = self.numbers(field, field.domain)
            if domain != ((0, (1 << self.width(field)) - 1),):
                self.possible.append(self.within(term, domain, self.width(field)))
        return self.variables[field]

    def width(self, field: Field) -> int:
        """The width of the field's vector."""
        if field in ADDRESS_FIELDS:
            return 32 if self.family == 4 else 128
        return field.width

    def numbers(self, field: Field, side: IntervalSet) -> IntervalSet:
        """A set of the field's values as the numbers that its vector has for them."""
        if field not in ADDRESS_FIELDS:
            return side
        inside = intersect(side, SPACE_OF_FAMILY[self.family])
        return shifted(inside, -IPV6) if self.family == 6 else inside

    def value(self, field: Field, number: int) -> int:
        """The field's value for a number of its vector."""
        return number + IPV6 if field in ADDRESS_FIELDS and self.family == 6 else number

    def truth(self, value: bool) -> Any:
        """A constant."""
        return self.z3.BoolVal(value, self.context)

    def term(self, predicate: Predicate, *, unknown: bool) -> Any:
        """The predicate as a term, with its unknown parts taken as true or as false."""
        known = self._known.get((id(predicate), unknown))
        if known is not None:
            return known[1]
        result = self._term(predicate, unknown)
        # The predicate is kept with its term: as long as it lives, nothing else has its id.
        self._known[id(predicate), unknown] = (predicate, result)
        return result

    def _term(self, predicate: Predicate, unknown: bool) -> Any:
        if isinstance(predicate, InSet):
            return self.membership(self.variable(predicate.field), predicate.field, predicate.intervals)
        if isinstance(predicate, Masked):
            return self.bits(self.variable(predicate.field), predicate)
        if isinstance(predicate, Not):
            return self.z3.Not(self.term(predicate.part, unknown=not unknown))
        if isinstance(predicate, (And, Or)):
            parts = [self.term(part, unknown=unknown) for part in predicate.parts]
            if not parts:
                return self.truth(isinstance(predicate, And))
            return self.z3.And(*parts) if isinstance(predicate, And) else self.z3.Or(*parts)
        return self.truth(unknown)

    def membership(self, term: Any, field: Field, side: IntervalSet) -> Any:
        """The field's term has a value in the set."""
        return self.within(term, self.numbers(field, side), self.width(field))

    def bits(self, term: Any, condition: Masked) -> Any:
        """The term has the bits that the condition asks for."""
        mask, value = condition.mask, condition.value
        width = self.width(condition.field)
        if condition.field in ADDRESS_FIELDS:
            above = IPV6 if self.family == 6 else 0
            if (above ^ value) & mask & ~((1 << width) - 1):
                return self.truth(False)
            mask, value = mask & ((1 << width) - 1), value & ((1 << width) - 1)
        return term & self.constant(mask, width) == self.constant(value, width)

    def constant(self, number: int, width: int) -> Any:
        """A number as a vector."""
        return self.z3.BitVecVal(number, width, self.context)

    def within(self, term: Any, numbers: IntervalSet, width: int) -> Any:
        """The vector is one of the numbers. A prefix becomes a comparison of its leading bits."""
        z3 = self.z3
        cases = []
        for first, last in numbers:
            size = last - first + 1
            if size & (size - 1) == 0 and not first & (size - 1):
                low = size.bit_length() - 1
                if low == width:
                    return self.truth(True)
                cases.append(z3.Extract(width - 1, low, term) == self.constant(first >> low, width - low))
                continue
            bounds = []
            if first:
                bounds.append(z3.UGE(term, self.constant(first, width)))
            if last < (1 << width) - 1:
                bounds.append(z3.ULE(term, self.constant(last, width)))
            cases.append(z3.And(*bounds))
        if not cases:
            return self.truth(False)
        return cases[0] if len(cases) == 1 else z3.Or(*cases)


class CrossFamily(Exception):  # noqa: N818 (no error: the question can't be asked of one family)
    """A change gives an address of the other family (NAT64)."""


@dataclass(slots=True)
class FateTerm:
    """What a decision list does to a packet, as terms: the number of the action, and each changed field."""

    action: Any
    values: dict[Field, Any]

    def value(self, translator: Translator, field: Field) -> Any:
        """The field afterwards."""
        return self.values[field] if field in self.values else translator.variable(field)


def fate_term(translator: Translator, rules: DecisionList, numbers: dict[object, int]) -> FateTerm:
    """The fate of the arriving packet. ``numbers`` gives equal actions (with their states) equal numbers."""
    z3 = translator.z3
    current: dict[Field, Any] = {}
    decided: list[tuple[Any, FateTerm]] = []

    def ending(effect: Decide) -> FateTerm:
        number = numbers.setdefault((effect.action, effect.state), len(numbers))
        return FateTerm(translator.constant(number, 32), _changed(translator, current, effect.changes))

    for condition, entry in zip(rules.arriving(), rules.entries, strict=True):
        term = translator.term(condition, unknown=False)
        if isinstance(entry.effect, Decide):
            decided.append((term, ending(entry.effect)))
            continue
        after = _changed(translator, current, entry.effect.changes)
        current = {
            field: z3.If(term, value, current[field] if field in current else translator.variable(field))
            for field, value in after.items()
        }
    result = ending(rules.default)
    for term, fate in reversed(decided):
        fields = result.values.keys() | fate.values.keys()
        result = FateTerm(
            z3.If(term, fate.action, result.action),
            {f: z3.If(term, fate.value(translator, f), result.value(translator, f)) for f in fields},
        )
    return result


def _changed(translator: Translator, values: dict[Field, Any], changes: Iterable[Change]) -> dict[Field, Any]:
    """The values after the changes, helper bits left out."""
    values = dict(values)
    for change in changes:
        field = change.field
        if field is not CAPTURED:
            old = values[field] if field in values else translator.variable(field)
            values[field] = _changed_value(translator, old, change)
    return values


def _changed_value(translator: Translator, old: Any, change: Change) -> Any:
    z3, field = translator.z3, change.field
    width = translator.width(field)
    if isinstance(change, SetBits):
        if field in ADDRESS_FIELDS:
            raise CrossFamily("bits of an address are set")
        return old & translator.constant(~change.mask, width) | translator.constant(change.value, width)
    if isinstance(change, Choose):
        # The same choice in both lists is the same constant; any other pair of choices can differ.
        chosen = z3.BitVec(f"choice of {field.name} {change.values}", width, translator.context)
        numbers = translator.numbers(field, change.values)
        if not numbers:
            raise CrossFamily(f"the {field.words} is given the other family")
        translator.possible.append(translator.within(chosen, numbers, width))
        return chosen
    if isinstance(change, Assign):
        number = translator.numbers(field, ((change.value, change.value),))
        if not number:
            raise CrossFamily(f"the {field.words} is given the other family")
        return translator.constant(number[0][0], width)
    moved = translator.numbers(field, ((change.first, change.last),))
    if not moved:
        return old
    if not translator.numbers(field, ((change.to, change.to),)):
        raise CrossFamily(f"the {field.words} is given the other family")
    return z3.If(translator.within(old, moved, width), old + translator.constant(change.to - change.first, width), old)
