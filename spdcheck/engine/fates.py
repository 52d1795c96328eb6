"""A decision list on boxes: which packets of a box are decided by which entry, and how they were changed until then.

The list is walked once per box, with the entries that overlap it; a box is split where an entry takes a part of it.
Pieces are disjoint, and every packet of a piece has the same fate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

from spdcheck.engine.answer import DEFAULT_LIMITS
from spdcheck.engine.bits import members
from spdcheck.engine.boxes import Space, boxes_of, disjoint, intersect, overlap, subtract
from spdcheck.engine.cover import Cover
from spdcheck.errors import BudgetError
from spdcheck.records import dataclass
from spdcheck.semantics import intervals as sets
from spdcheck.semantics.changes import Assign, Choose, SetBits, Shift, changed_fields, image
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
"""What happened to each changed field: ``("add", n)``, ``("is", value)``, ``("bits", mask, value)``, ``("any", set)``,
or ``("made", …)`` where it is none of these."""


MANY = 64
"""Boxes that overlap so many others are looked at by their corners first."""


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
        self._changes_packets = rules.changes_packets
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

    def shown_needed(self, number: int) -> bool:
        """A corner of the entry shows that some packet would fare differently without it; False says nothing."""
        if self._changes_packets:
            return False
        return any(
            self._needed_at(corner, number)
            for box in self.of(number)
            if self.cover.index.overlapping(box, self.cover.index.all).bit_count() > MANY
            for corner in _corners(box)
        )

    def _needed_at(self, corner: Box, number: int) -> bool:
        among = self.cover.index.all
        for k, side in enumerate(corner):
            among = self.cover.index.hitting(k, side[0][0], among)
        mine = False
        for n in members(among):
            if not overlap(self.cover.boxes[n], corner):
                continue
            if not self._sure[n]:
                return False
            owner = self.cover.owner[n]
            if owner != number:
                return mine and self._plain[owner] != self._plain[number]
            mine = True
        default = self.rules.default
        return mine and (default.action, default.state, ()) != self._plain[number]

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
            simple = {field: self._simple(field, box[self.index[field]], how) for field, how in mapping.items()}
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
        elif isinstance(change, SetBits) and (bits := _as_bits(change.field, how)) is not None:
            mask, value = bits
            yield box, {**mapping, change.field: ("bits", mask | change.mask, value & ~change.mask | change.value)}
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

    def _simple(self, field: Field, side: sets.IntervalSet, how: tuple[object, ...]) -> tuple[object, ...]:
        """A function of one value is a constant; one that gives the value back changes nothing."""
        if sets.size(side) != 1:
            return how
        old = side[0][0]
        bits = _as_bits(field, how)
        if bits is not None:
            new = old & ~bits[0] | bits[1]
        elif how[0] == "add":
            new = old + cast("int", how[1])
        else:
            return how
        return ("add", 0) if new == old else ("is", new)

    def unequal(self, piece: Box, one: Fate, other: Fate) -> Iterator[Box]:
        """The packets of a piece that two fates with the same action leave different: disjoint boxes."""
        how_one, how_other = dict(one.mapping), dict(other.mapping)
        for k, field in enumerate(self.space.fields):
            a, b = how_one.get(field, ("add", 0)), how_other.get(field, ("add", 0))
            if a == b:
                continue
            same = sets.intersect(piece[k], _agreement(field, a, b))
            rest = sets.minus(piece[k], same)
            if rest:
                yield (*piece[:k], rest, *piece[k + 1 :])
            if not same:
                return
            piece = (*piece[:k], same, *piece[k + 1 :])

    def image(self, piece: Box, fate: Fate) -> Box:
        """The packets that a piece is turned into; exact, but for bits set on odd intervals (then a little more)."""
        sides = list(piece)
        for change in fate.changes:
            k = self.index[change.field]
            sides[k] = image(sides[k], change)
        return tuple(sides)


def _corners(box: Box) -> Iterator[Box]:
    """A few packets of a box: the lowest and highest of each field, and one with a field at its other end."""
    low = tuple(sets.single(side[0][0]) for side in box)
    high = tuple(sets.single(side[-1][1]) for side in box)
    yield high
    yield low
    for k, side in enumerate(box):
        if side[0][0] != side[-1][1]:
            yield (*high[:k], low[k], *high[k + 1 :])
            yield (*low[:k], high[k], *low[k + 1 :])


def _as_bits(field: Field, how: tuple[object, ...]) -> tuple[int, int] | None:
    """The function as "these bits become those": so are constants and "no change"; None for others."""
    if how == ("add", 0):
        return 0, 0
    if how[0] == "is":
        return (1 << field.width) - 1, cast("int", how[1])
    return (cast("int", how[1]), cast("int", how[2])) if how[0] == "bits" else None


def _agreement(field: Field, a: tuple[object, ...], b: tuple[object, ...]) -> sets.IntervalSet:
    """The values that two different functions turn into the same."""
    if "any" in (a[0], b[0]):
        return sets.EMPTY
    bits_a, bits_b = _as_bits(field, a), _as_bits(field, b)
    if bits_a is not None and bits_b is not None:
        (mask_a, value_a), (mask_b, value_b) = bits_a, bits_b
        if (value_a ^ value_b) & mask_a & mask_b:
            return sets.EMPTY
        found = sets.of_mask(field.width, mask_a ^ mask_b, (value_a & ~mask_b) | (value_b & ~mask_a))
        if found is not None:
            return found
    elif a[0] == b[0] == "add":
        return sets.EMPTY
    else:
        for moved, fixed in ((a, b), (b, a)):
            if moved[0] == "add" and fixed[0] == "is":
                value = cast("int", fixed[1]) - cast("int", moved[1])
                return sets.single(value) if value >= 0 else sets.EMPTY
    raise BudgetError("two different changes of one field have to be compared")
