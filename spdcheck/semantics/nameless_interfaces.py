"""Interfaces that nobody has named: what a rule for ``eth0`` says of their packets is not known.

The site infers addresses and networks that no interface has (:mod:`spdcheck.site.infer`) and puts them on interfaces
called ``(outside)`` and ``(inside)``. Either may be any interface that a rule names and nothing describes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from spdcheck.records import replace
from spdcheck.semantics.decision import DecisionList
from spdcheck.semantics.fields import IN_INTERFACE, OUT_INTERFACE, name_interval, name_of
from spdcheck.semantics.intervals import contains, intersect, minus, normalise, single
from spdcheck.semantics.predicate import And, InSet, Not, Or, Unknown, all_of, any_of, in_set
from spdcheck.semantics.same_host import SameHost

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.model.host import Host
    from spdcheck.semantics.filters import FilterPoint
    from spdcheck.semantics.intervals import IntervalSet
    from spdcheck.semantics.predicate import Predicate

OUTSIDE = "(outside)"
"""The name of the interface that inferred addresses are put on."""

INSIDE = "(inside)"
"""The name of the interface behind which the networks lie that only the policies of a host know."""

_NAMELESS: IntervalSet = (name_interval("(", prefix=True),)
_PSEUDO = (name_interval("lo", prefix=True), name_interval("enc", prefix=True))
"""Interfaces that carry neither the way outside nor a network."""


def is_nameless(name: str) -> bool:
    """The interface is an inferred one without a name."""
    return name.startswith("(")


def nameless(host: Host) -> frozenset[str]:
    """Which of :data:`OUTSIDE` and :data:`INSIDE` hold addresses of the host, or networks behind it."""
    named = (*(i.name for i in host.interfaces), *(r.interface or "" for r in host.routes))
    return frozenset(name for name in named if is_nameless(name))


def described(host: Host) -> IntervalSet:
    """The names that stand for no nameless interface: what has addresses of its own, devices, loopback."""
    own = (name_interval(i.name) for i in host.interfaces if i.addresses or i.tunnel is not None)
    return normalise((*own, *_PSEUDO))


def with_doubts(points: Iterable[FilterPoint], host: Host) -> tuple[FilterPoint, ...]:
    """The filters of a host, with conditions on interfaces that are unknown of packets on a nameless one."""
    if not nameless(host):
        return tuple(points)
    doubts = _doubts(SameHost(host))
    return tuple(
        replace(
            point,
            rules=doubts.of_list(point.rules),
            before=point.before and doubts.of_list(point.before),
            fragments=point.fragments and doubts.of(point.fragments),
            divisible=point.divisible and doubts.of(point.divisible),
        )
        for point in points
    )


@lru_cache(maxsize=64)
def _doubts(same: SameHost) -> _Doubts:
    return _Doubts(same.host)


class _Doubts:
    """Rewrites conditions for one host; each leaf once."""

    def __init__(self, host: Host) -> None:
        self.host = host.name
        self.known = described(host)
        self.leaves: dict[InSet, Predicate] = {}

    def of_list(self, rules: DecisionList) -> DecisionList:
        """The list with doubtful conditions."""
        return DecisionList(
            tuple(replace(entry, predicate=self.of(entry.predicate)) for entry in rules.entries), rules.default
        )

    def of(self, predicate: Predicate) -> Predicate:
        """The condition, unknown where it depends on the name of a nameless interface."""
        if isinstance(predicate, InSet):
            if predicate.field is not IN_INTERFACE and predicate.field is not OUT_INTERFACE:
                return predicate
            if predicate not in self.leaves:
                self.leaves[predicate] = self._leaf(predicate)
            return self.leaves[predicate]
        if isinstance(predicate, And):
            return all_of(self.of(part) for part in predicate.parts)
        if isinstance(predicate, Or):
            return any_of(self.of(part) for part in predicate.parts)
        return ~self.of(predicate.part) if isinstance(predicate, Not) else predicate

    def _leaf(self, leaf: InSet) -> Predicate:
        excludes = bool(intersect(leaf.intervals, _NAMELESS))
        named = minus(leaf.field.domain, leaf.intervals) if excludes else leaf.intervals
        named = minus(named, single(0))
        if contains(self.known, named):
            return leaf
        words = ", ".join(_words(named))
        doubt = Unknown(f"which interface of {self.host} is {words}: nothing describes it")
        return in_set(leaf.field, *minus(leaf.intervals, _NAMELESS)) | (in_set(leaf.field, *_NAMELESS) & doubt)


def _words(named: IntervalSet) -> list[str]:
    return [name_of(first) + ("" if first == last else "*") for first, last in named]
