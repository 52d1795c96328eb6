"""Conditions made shorter by what stands beside them: exact, also where a part is unknown.

Behind translations, a condition says of each earlier rule that it did not match. Nearly all of that is settled by the
condition's own sets: a rule about port 80 is not hindered by one about port 25. Without this, conditions would grow
threefold with every rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.semantics.intervals import contains, intersect
from spdcheck.semantics.predicate import FALSE, TRUE, And, InSet, Masked, Not, Or, Predicate, Unknown, all_of, any_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import IntervalSet


def simplified(predicate: Predicate) -> Predicate:
    """The same condition without what its own sets decide.

    >>> from spdcheck.semantics.fields import DESTINATION_PORT, PROTOCOL
    >>> from spdcheck.semantics.predicate import is_value
    >>> tcp, web, mail = is_value(PROTOCOL, 6), is_value(DESTINATION_PORT, 80), is_value(DESTINATION_PORT, 25)
    >>> simplified(tcp & web & ~(tcp & mail)) == tcp & web
    True
    """
    return _assuming(predicate, {})


def _assuming(predicate: Predicate, sides: Mapping[Field, IntervalSet]) -> Predicate:
    """The predicate of packets whose fields are known to lie in these sets."""
    if isinstance(predicate, InSet):
        return _asked(predicate, sides.get(predicate.field))
    if isinstance(predicate, And):
        return _together(predicate, sides)
    if isinstance(predicate, Or):
        return _unknown_at_all(any_of(_assuming(part, sides) for part in predicate.parts))
    if isinstance(predicate, Not):
        return _unknown_at_all(~_assuming(predicate.part, sides))
    return predicate


def _asked(leaf: InSet, side: IntervalSet | None) -> Predicate:
    if side is None:
        return leaf
    if contains(leaf.intervals, side):
        return TRUE
    return leaf if intersect(leaf.intervals, side) else FALSE


def _together(predicate: And, sides: Mapping[Field, IntervalSet]) -> Predicate:
    """The sets of a conjunction hold for its other parts too."""
    sets = [part for part in predicate.parts if isinstance(part, InSet)]
    others = [part for part in predicate.parts if not isinstance(part, InSet)]
    left = [_asked(leaf, sides.get(leaf.field)) for leaf in sets]
    if FALSE in left:
        return FALSE
    if not others:
        return all_of(left)
    known = dict(sides)
    for leaf in sets:
        known[leaf.field] = intersect(known.get(leaf.field, leaf.field.domain), leaf.intervals)
    return _unknown_at_all(all_of((*left, *(_assuming(part, known) for part in others))))


def _unknown_at_all(predicate: Predicate) -> Predicate:
    """What has nothing but unknown parts is unknown, however they are joined."""
    if isinstance(predicate, Not):
        parts: tuple[Predicate, ...] = (predicate.part,)
    elif isinstance(predicate, Or):
        parts = predicate.parts
    else:
        return predicate
    reasons: dict[Predicate, None] = {}
    for part in parts:
        inner = part.parts if isinstance(part, And) and part.parts else (part,)
        if not all(isinstance(one, Unknown) for one in inner):
            return predicate
        reasons |= dict.fromkeys(inner)
    return all_of(reasons) if reasons else predicate


class Weights:
    """How large conditions are when they are followed: shared parts count as often as they are met.

    ``size`` counts parts, ``depth`` says how deep they lie.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Predicate, int, int]] = {}

    def of(self, predicate: Predicate) -> tuple[int, int]:
        """Size and depth."""
        if isinstance(predicate, (InSet, Masked, Unknown)):
            return 1, 1
        known = self._known.get(id(predicate))
        if known is None:
            parts = predicate.parts if isinstance(predicate, (And, Or)) else ()
            parts = (predicate.part,) if isinstance(predicate, Not) else parts
            inner = [self.of(part) for part in parts]
            size, depth = 1 + sum(size for size, _ in inner), 1 + max((depth for _, depth in inner), default=0)
            known = self._known[id(predicate)] = predicate, size, depth
        return known[1:]
