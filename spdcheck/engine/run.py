"""One packet through a decision list, in plain Python: the interpreter that every witness is replayed with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.concrete import matches
from spdcheck.records import dataclass, replace
from spdcheck.semantics.changes import Assign, Choose, before, image
from spdcheck.semantics.decision import Decide, Undecided
from spdcheck.semantics.predicate import unknowns_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.semantics.changes import Change
    from spdcheck.semantics.decision import DecisionList
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import IntervalSet
    from spdcheck.semantics.packet import Packet


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happens to a packet.

    ``entry`` is the number of the entry that decided, None for the default; ``passed`` are the numbers of those that
    changed the packet before. ``free`` are fields whose value nobody can say: the packet shows one of the possible.
    """

    entry: int | None
    decide: Decide
    packet: Packet
    passed: tuple[int, ...] = ()
    free: tuple[Choose, ...] = ()

    @property
    def treatment(self) -> tuple[object, ...]:
        """Everything that matters to the packet: equal for entries that do the same to it."""
        shown = self.packet.with_values({choice.field: choice.values[0][0] for choice in self.free})
        return (self.decide.action, self.decide.state, shown, self.free)


def outcomes(rules: DecisionList, packet: Packet) -> tuple[Outcome, ...]:
    """What can happen to the packet: one outcome, or several where an entry may or may not match."""
    found: dict[Outcome, None] = {}
    todo: list[tuple[int, Packet, _Free, tuple[int, ...]]] = [(0, replace(packet, captured=0), _Free(), ())]
    while todo:
        start, current, free, trail = todo.pop()
        for number in range(start, len(rules.entries)):
            entry = rules.entries[number]
            truth = matches(before(entry.predicate, free.changes) if free else entry.predicate, current)
            if truth is False:
                continue
            effect = entry.effect
            if isinstance(effect, Decide):
                found[_outcome(number, effect, current, free, trail)] = None
                if truth:
                    break
                continue
            if truth is None:
                todo.append((number + 1, current, free, trail))
            current, free = _changed(current, free, effect.changes)
            trail = (*trail, number)
        else:
            found[_outcome(None, rules.default, current, free, trail)] = None
    return tuple(found)


def decided(rules: DecisionList, packet: Packet) -> Outcome | Undecided:
    """The one outcome of the packet, or the reason why there is more than one possible."""
    possible = outcomes(rules, packet)
    if len({outcome.treatment for outcome in possible}) > 1:
        asked = (
            rules.entries[n].predicate for o in possible for n in (*o.passed, *(() if o.entry is None else (o.entry,)))
        )
        reasons = dict.fromkeys(reason for predicate in asked for reason in unknowns_of(predicate))
        return Undecided("; ".join(reasons) or "a translation chooses what a later rule asks about")
    action = possible[0].decide.action
    return action if isinstance(action, Undecided) else possible[0]


class _Free(dict["Field", "IntervalSet"]):
    """Fields that have some value of a set, and nobody can say which."""

    @property
    def changes(self) -> tuple[Choose, ...]:
        return tuple(Choose(field, values) for field, values in sorted(self.items(), key=lambda item: item[0].position))


def _changed(packet: Packet, free: _Free, changes: Iterable[Change]) -> tuple[Packet, _Free]:
    values: dict[Field, int] = {}
    free = _Free(free)
    for change in changes:
        field = change.field
        values[field] = change.apply(values.get(field, packet[field]))
        if isinstance(change, Choose):
            free[field] = change.values
        elif isinstance(change, Assign):
            free.pop(field, None)
        elif field in free:
            free[field] = image(free[field], change)
    return packet.with_values(values), free


def _outcome(number: int | None, decide: Decide, packet: Packet, free: _Free, passed: tuple[int, ...]) -> Outcome:
    packet, free = _changed(packet, free, decide.changes)
    return Outcome(number, decide, replace(packet, captured=0), passed, free.changes)
