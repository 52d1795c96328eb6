"""A predicate and one packet: true, false or unknown (None), in plain Python."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from spdcheck.semantics.intervals import has
from spdcheck.semantics.predicate import And, InSet, Masked, Not, Or

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.semantics.packet import Packet
    from spdcheck.semantics.predicate import Predicate

Truth: TypeAlias = bool | None
"""True, False, or None for "nobody can tell"."""


def matches(predicate: Predicate, packet: Packet) -> Truth:
    """Does the predicate hold of the packet? None where that depends on an unknown part."""
    if isinstance(predicate, InSet):
        return has(predicate.intervals, getattr(packet, predicate.field.name))
    if isinstance(predicate, Masked):
        return bool(getattr(packet, predicate.field.name) & predicate.mask == predicate.value)
    if isinstance(predicate, And):
        answer: Truth = True
        for part in predicate.parts:
            truth = matches(part, packet)
            if truth is False:
                return False
            if truth is None:
                answer = None
        return answer
    if isinstance(predicate, Or):
        answer = False
        for part in predicate.parts:
            truth = matches(part, packet)
            if truth is True:
                return True
            if truth is None:
                answer = None
        return answer
    if isinstance(predicate, Not):
        truth = matches(predicate.part, packet)
        return None if truth is None else not truth
    return None


def compile_matcher(predicate: Predicate) -> Callable[[Packet], Truth]:
    """The same as :func:`matches` for a predicate that will be asked of many packets."""
    if isinstance(predicate, InSet):
        return _set_matcher(predicate)
    if isinstance(predicate, Masked):
        get, mask, value = attrgetter(predicate.field.name), predicate.mask, predicate.value
        return lambda packet: get(packet) & mask == value
    if isinstance(predicate, Not):
        part = compile_matcher(predicate.part)
        return lambda packet: None if (truth := part(packet)) is None else not truth
    if not isinstance(predicate, (And, Or)):
        return _unknown
    decisive = isinstance(predicate, Or)
    parts = tuple(compile_matcher(part) for part in predicate.parts)

    def combined(packet: Packet) -> Truth:
        answer: Truth = not decisive
        for part in parts:
            truth = part(packet)
            if truth is decisive:
                return decisive
            if truth is None:
                answer = None
        return answer

    return combined


def _set_matcher(predicate: InSet) -> Callable[[Packet], Truth]:
    get = attrgetter(predicate.field.name)
    if len(predicate.intervals) == 1:
        ((first, last),) = predicate.intervals
        return lambda packet: first <= get(packet) <= last
    intervals = predicate.intervals
    return lambda packet: has(intervals, get(packet))


def _unknown(_: Packet) -> Truth:
    return None
