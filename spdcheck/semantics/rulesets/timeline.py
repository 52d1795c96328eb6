"""Entries whose conditions were asked at different times, made into one decision list.

A jump's condition is asked once, and the rules behind the jump may change the packet; a rule of pf that is not the
last match is remembered and decides at the end. Where a change in between could turn the answer, a helper entry
writes it into a bit of :data:`~spdcheck.semantics.fields.CAPTURED` at the right time, and the late entry asks the bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.changes import SetBits, changed_fields
from spdcheck.semantics.decision import Continue, DecisionList, Entry
from spdcheck.semantics.fields import CAPTURED
from spdcheck.semantics.predicate import Predicate, Unknown, all_of, fields_of, masked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.semantics.decision import Decide, Effect
    from spdcheck.semantics.fields import Field

Asked: TypeAlias = tuple[int, Predicate]
"""A condition, and how many entries were there when it was asked."""


class _Item(NamedTuple):
    asked: tuple[Asked, ...]
    effect: Effect
    origin: object


class Timeline:
    """Collects entries in the order in which they decide."""

    def __init__(self) -> None:
        self._items: list[_Item] = []

    @property
    def now(self) -> int:
        """The time: the number of entries so far."""
        return len(self._items)

    def add(self, asked: Iterable[Asked], effect: Effect, origin: object) -> None:
        """An entry that takes effect here, if every condition held when it was asked."""
        self._items.append(_Item(tuple(asked), effect, origin))

    def finish(self, default: Decide) -> DecisionList:
        """The decision list."""
        changing: dict[Field, list[int]] = {}
        for number, item in enumerate(self._items):
            if isinstance(item.effect, Continue):
                for field in changed_fields(item.effect.changes):
                    changing.setdefault(field, []).append(number)
        bits: dict[Asked, int] = {}
        captured: dict[int, list[Entry]] = {}
        conditions = []
        for number, item in enumerate(self._items):
            parts = []
            for asked in item.asked:
                time, predicate = asked
                if not changing or not any(
                    time <= n < number for field in fields_of(predicate) for n in changing.get(field, ())
                ):
                    parts.append(predicate)
                    continue
                if asked not in bits:
                    bits[asked] = len(bits)
                    captured.setdefault(time, []).append(_capture(predicate, bits[asked], item.origin))
                parts.append(_captured(bits[asked]))
            conditions.append(all_of(parts))
        entries: list[Entry] = []
        for number, (item, condition) in enumerate(zip(self._items, conditions, strict=True)):
            entries += captured.get(number, ())
            entries.append(Entry(condition, item.effect, item.origin))
        return DecisionList(tuple(entries), default)


def _capture(predicate: Predicate, bit: int, origin: object) -> Entry:
    return Entry(predicate, Continue((SetBits(CAPTURED, 1 << bit, 1 << bit),)), origin)


def _captured(bit: int) -> Predicate:
    if bit >= CAPTURED.width:
        return Unknown("too many conditions have to be remembered while the packet changes")
    return masked(CAPTURED, 1 << bit, 1 << bit)
