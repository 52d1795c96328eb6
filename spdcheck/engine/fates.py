"""A decision list on boxes: which packets of a box are decided by which entry, and how they were changed until then.

The list is walked once per box, with the entries that overlap it; a box is split where an entry takes a part of it.
Pieces are disjoint, and every packet of a piece has the same fate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

from spdcheck.engine.answer import DEFAULT_LIMITS
from spdcheck.engine.boxes import Space, boxes_of, disjoint, intersect, overlap, subtract
from spdcheck.engine.cover import Cover
from spdcheck.errors import BudgetError
from spdcheck.semantics import intervals as sets
from spdcheck.semantics.changes import Assign, Choose, Shift, changed_fields, image
from spdcheck.semantics.decision import Continue, Decide
from spdcheck.semantics.predicate import fields_of, is_certain

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from spdcheck.engine.answer import Limits
    from spdcheck.engine.boxes import Box
    from spdcheck.semantics.changes import Change
    from spdcheck.semantics.decision import DecisionList
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.predicate import Predicate

Mapping: TypeAlias = tuple[tuple["Field", tuple[object, ...]], ...]
"""What happened to each changed field: ``("add", n)``, ``("is", value)``, ``("any", set)`` or ``("made", changes)``."""


@dataclass(frozen=True, slots=True)
class Fate:
    """``entry`` decided (None: the default), after the fields were changed as ``mapping`` says.

    Not ``sure``: the entry may or may not match, and nobody can tell what happens.
    """

    entry: int | None
    decide: Decide
    changes: tuple[Change, ...]
    mapping: Mapping
    sure: bool = True

    @property
    def treatment(self) -> tuple[Hashable, ...]:
        """What matters to the packet."""
        return (self.decide.action, self.decide.state, self.mapping)


def space_of(*lists: DecisionList) -> set[Field]:
    """The fields that the lists ask about or change."""
    found: set[Field] = set()
    for rules in lists:
        for predicate in rules.arriving():
            found |= fields_of(predicate)
        for effect in (*(entry.effect for entry in rules.entries), rules.default):
            found |= changed_fields(effect.changes)
    return found


class Fates:
    """A decision list, made ready. Raises :exc:`~spdcheck.engine.boxes.TooManyBoxes` if some condition is no boxes."""

    def __init__(self, rules: DecisionList, fields: Iterable[Field] = (), limits: Limits = DEFAULT_LIMITS) -> None:
        self.rules = rules
        self.limits = limits
        self.space = Space.of_fields(space_of(rules) | set(fields))
        self.index = {field: k for k, field in enumerate(self.space.fields)}
        unions = []
        self._sure: list[bool] = []
        for predicate in rules.arriving():
            boxes = boxes_of(predicate, self.space, unknown=False, most=limits.boxes)
            self._sure += [True] * len(boxes)
            if not is_certain(predicate):
                maybe = boxes_of(predicate, self.space, unknown=True, most=limits.boxes)
                self._sure += [False] * len(maybe)
                boxes += maybe
            unions.append(boxes)
        self.cover = Cover(self.space, unions, limits)
        self._plain = [
            (entry.effect.action, entry.effect.state, ())
            if isinstance(entry.effect, Decide) and not entry.effect.changes
            else None
            for entry in rules.entries
        ]

    def of(self, number: int) -> list[Box]:
        """The possible packets that an entry asks for, wherever they go."""
        return self.space.possible(self.cover.of(number))

    def boxes_of(self, predicate: Predicate) -> list[Box]:
        """Disjoint boxes of a predicate over the fields of the space; its unknown parts may be true."""
        return disjoint(boxes_of(predicate, self.space, unknown=True, most=self.limits.boxes), self.limits.boxes)

    def split(
        self, box: Box, skip: int | None = None, same_as: tuple[Hashable, ...] | None = None
    ) -> Iterator[tuple[Box, Fate]]:
        """Disjoint pieces of the box with their fates, as if the entry ``skip`` were not there.

        Pieces whose treatment is ``same_as`` may be left out. Raises :exc:`~spdcheck.errors.BudgetError`.
        """
        cover, entries = self.cover, self.rules.entries
        candidates = cover.overlapping(box, self.cover.index.all)
        if skip is not None:
            candidates = [n for n in candidates if cover.owner[n] != skip]
        stack: list[tuple[Box, list[int], tuple[Change, ...]]] = [(box, candidates, ())]
        steps = 0
        while stack:
            piece, rest, changes = stack.pop()
            if same_as is not None and not changes and self._all_are(rest, same_as):
                continue
            steps += 1
            if steps > self.limits.pieces:
                raise BudgetError(f"more than {self.limits.pieces} regions have to be told apart")
            if not rest:
                yield from self._decided(piece, None, self.rules.default, changes)
                continue
            number = cover.owner[rest[0]]
            taken = cover.boxes[rest[0]]
            common = intersect(piece, taken)
            if common is None:
                stack.append((piece, rest[1:], changes))
                continue
            stack += [
                (left, [n for n in rest[1:] if overlap(cover.boxes[n], left)], changes)
                for left in subtract(piece, taken)
            ]
            effect = entries[number].effect
            if not self._sure[rest[0]]:
                decide = effect if isinstance(effect, Decide) else self.rules.default
                yield common, Fate(number, decide, changes, (), sure=False)
            elif isinstance(effect, Continue):
                onwards = [n for n in rest[1:] if cover.owner[n] != number and overlap(cover.boxes[n], common)]
                stack.append((common, onwards, changes + effect.changes))
            else:
                yield from self._decided(common, number, effect, changes)

    def treatment_of_all(self, box: Box) -> tuple[Hashable, ...] | None:
        """The treatment that every packet of the box gets, if that can be seen without splitting it."""
        treatment = (self.rules.default.action, self.rules.default.state, ())
        near = self.cover.overlapping(box, self.cover.index.all)
        if near and self._plain[self.cover.owner[near[0]]] is not None:
            treatment = self._plain[self.cover.owner[near[0]]] or treatment
        return treatment if self._all_are(near, treatment) else None

    def _all_are(self, rest: list[int], treatment: tuple[Hashable, ...]) -> bool:
        """Whoever of the candidates decides, or the default, the treatment is this one."""
        for n in rest:
            if self._plain[self.cover.owner[n]] != treatment:
                return False
            if self._sure[n] and self.cover.boxes[n] == self.space.everything:
                return True
        default = self.rules.default
        return not default.changes and (default.action, default.state, ()) == treatment

    def _decided(
        self, piece: Box, number: int | None, decide: Decide, changes: tuple[Change, ...]
    ) -> Iterator[tuple[Box, Fate]]:
        made = changes + decide.changes
        if not made:
            yield piece, Fate(number, decide, (), ())
            return
        for part, mapping in self._mapped(piece, made):
            yield part, Fate(number, decide, made, mapping)

    def _mapped(self, piece: Box, changes: tuple[Change, ...]) -> Iterator[tuple[Box, Mapping]]:
        """Pieces on which the changes are the same function of each field."""
        pieces: list[tuple[Box, dict[Field, tuple[object, ...]]]] = [(piece, {})]
        for change in changes:
            pieces = [result for box, mapping in pieces for result in self._step(box, mapping, change)]
        for box, mapping in pieces:
            simple = {field: self._simple(box[self.index[field]], how) for field, how in mapping.items()}
            changed = sorted(
                ((f, how) for f, how in simple.items() if how != ("add", 0)), key=lambda item: item[0].position
            )
            yield box, tuple(changed)

    def _step(
        self, box: Box, mapping: dict[Field, tuple[object, ...]], change: Change
    ) -> Iterator[tuple[Box, dict[Field, tuple[object, ...]]]]:
        k = self.index[change.field]
        how = mapping.get(change.field, ("add", 0))
        if isinstance(change, Assign):
            yield box, {**mapping, change.field: ("is", change.value)}
        elif isinstance(change, Choose):
            yield box, {**mapping, change.field: ("any", change.values)}
        elif how[0] == "is" and isinstance(how[1], int):
            yield box, {**mapping, change.field: ("is", change.apply(how[1]))}
        elif how[0] == "any":
            yield box, {**mapping, change.field: ("any", image(cast("sets.IntervalSet", how[1]), change))}
        elif isinstance(change, Shift) and how[0] == "add" and isinstance(how[1], int):
            moved = ((change.first - how[1], change.last - how[1]),)
            inside, outside = sets.intersect(box[k], moved), sets.minus(box[k], moved)
            if outside:
                yield (*box[:k], outside, *box[k + 1 :]), mapping
            if inside:
                by = how[1] + change.to - change.first
                yield (*box[:k], inside, *box[k + 1 :]), {**mapping, change.field: ("add", by)}
        else:
            yield box, {**mapping, change.field: ("made", how, change)}

    def _simple(self, side: sets.IntervalSet, how: tuple[object, ...]) -> tuple[object, ...]:
        """A function of one value is a constant."""
        if how[0] == "add" and isinstance(how[1], int) and sets.size(side) == 1:
            return ("is", side[0][0] + how[1]) if how[1] else ("add", 0)
        return how

    def image(self, piece: Box, fate: Fate) -> Box:
        """The packets that a piece is turned into; exact, but for bits set on odd intervals (then a little more)."""
        sides = list(piece)
        for change in fate.changes:
            k = self.index[change.field]
            sides[k] = image(sides[k], change)
        return tuple(sides)
