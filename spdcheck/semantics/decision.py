"""Decision lists: the one normal form of every stage of a datapath. The first entry that matches decides.

An entry either decides (pass, block, protect, translate …) or changes the packet and lets the list go on, so that
later entries see the changed packet. How each language is turned into this form is in
:mod:`spdcheck.semantics.rulesets`.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias

from spdcheck.records import dataclass
from spdcheck.semantics.assuming import Weights, simplified
from spdcheck.semantics.changes import Assign, before, changed_fields
from spdcheck.semantics.fields import CAPTURED
from spdcheck.semantics.predicate import FALSE, And, InSet, Masked, Not, Or, Unknown, all_of, any_of

if TYPE_CHECKING:
    from collections.abc import Hashable

    from spdcheck.semantics.changes import Change
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.predicate import Predicate


@dataclass(frozen=True, slots=True)
class Undecided:
    """The action of an entry whose effect is not modelled; ``reason`` is for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Decide:
    """The end of the list: ``action`` is any value that the stage understands, made after the ``changes``.

    ``state`` says which connection state the entry creates; None for none.
    """

    action: Hashable
    changes: tuple[Change, ...] = ()
    state: Hashable = None


@dataclass(frozen=True, slots=True)
class Continue:
    """The packet is changed and goes on to the next entry."""

    changes: tuple[Change, ...]


Effect: TypeAlias = Decide | Continue


@dataclass(frozen=True, slots=True)
class Entry:
    """If the predicate holds of the packet as it is here, the effect. ``origin`` is where it was written."""

    predicate: Predicate
    effect: Effect
    origin: object = None


@dataclass(frozen=True, slots=True)
class DecisionList:
    """Entries in order, and what happens to a packet that no entry decides about."""

    entries: tuple[Entry, ...]
    default: Decide
    _arriving: list[Predicate] = field(default_factory=list, init=False, repr=False, compare=False)

    def arriving(self) -> tuple[Predicate, ...]:
        """The condition of each entry, said of the packet as it arrives at the list.

        That the entry is reached at all is not part of it: an earlier entry may have decided.
        """
        if not self._arriving and self.entries:
            self._arriving.extend(_Arrival(self.entries).conditions())
        return tuple(self._arriving)

    @property
    def changes_packets(self) -> bool:
        """Some entry changes packets."""
        return any(entry.effect.changes for entry in self.entries) or bool(self.default.changes)


MOST_PARTS = 2_000
MOST_DEPTH = 60
"""Conditions behind many translations: larger ones are not followed."""

TOO_ENTANGLED = Unknown("what the translations before this rule make of a packet depends on too many of them")


class _Arrival:
    """Carries conditions back over the changes of earlier entries, leaf by leaf."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries
        self.found: list[Predicate] = []
        self.steps: dict[Field, list[int]] = {}
        self.known: dict[tuple[InSet | Masked, int], Predicate] = {}
        self.weights = Weights()
        for number, entry in enumerate(entries):
            if isinstance(entry.effect, Continue):
                for changed in changed_fields(entry.effect.changes):
                    self.steps.setdefault(changed, []).append(number)

    def conditions(self) -> list[Predicate]:
        for number, entry in enumerate(self.entries):
            self.found.append(
                self._bounded(simplified(self.back(entry.predicate, number))) if self.steps else entry.predicate
            )
        return self.found

    def _bounded(self, predicate: Predicate) -> Predicate:
        """The condition, or what is certain about it where it has grown beyond what anybody can follow."""
        size, depth = self.weights.of(predicate)
        if size <= MOST_PARTS and depth <= MOST_DEPTH:
            return predicate
        parts = predicate.parts if isinstance(predicate, And) else ()
        return all_of((*(part for part in parts if isinstance(part, (InSet, Masked))), TOO_ENTANGLED))

    def back(self, predicate: Predicate, number: int) -> Predicate:
        """The predicate, said before entry ``number``, as one of the arriving packet."""
        if not self.steps:
            return predicate
        if isinstance(predicate, (InSet, Masked)):
            return self._leaf(predicate, number)
        if isinstance(predicate, And):
            return all_of(self.back(part, number) for part in predicate.parts)
        if isinstance(predicate, Or):
            return any_of(self.back(part, number) for part in predicate.parts)
        return ~self.back(predicate.part, number) if isinstance(predicate, Not) else predicate

    def _leaf(self, leaf: InSet | Masked, number: int) -> Predicate:
        steps = self.steps.get(leaf.field, [])
        last = bisect_left(steps, number)
        result = before(leaf, (Assign(CAPTURED, 0),))
        for step in steps[:last]:
            known = self.known.get((leaf, step))
            if known is None:
                effect = self.entries[step].effect
                known = _either(self.found[step], self.back(before(leaf, effect.changes), step), result)
                known = self.known[leaf, step] = self._bounded(known)
            result = known
        return result


def _either(condition: Predicate, then: Predicate, otherwise: Predicate) -> Predicate:
    """``then`` where the condition holds, else ``otherwise``."""
    if then == otherwise:
        return then
    if not isinstance(then, (InSet, Masked)):
        if then == And(()):
            return condition | otherwise
        if then == Or(()):
            return otherwise if condition & otherwise == FALSE else ~condition & otherwise
    if condition & otherwise == FALSE:
        return (condition & then) | otherwise
    return (condition & then) | (~condition & otherwise)
