"""Zones and policies of Shorewall that no packet meets, for the order of their lines.

Zones come in the order of their file, and the first that has a packet's address has the packet; rules for a later one
never decide, though nothing is wrong with the rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.questions import shadowed
from spdcheck.model.shorewall import Shorewall
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.decision import Decide, DecisionList, Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.host import Host
    from spdcheck.model.shorewall import PolicyEntry, RuleEntry, Zone
    from spdcheck.semantics.shorewall.members import Member
    from spdcheck.semantics.shorewall.unused import UnusedPolicy
    from spdcheck.source import Span


class Unreached(NamedTuple):
    """A zone whose packets belong to other zones first: ``takers`` are the lines that have them, ``own`` its own.

    ``lines`` are those of rules and policies that speak of this zone only, so that there is no need to name them.
    """

    zone: Zone
    takers: tuple[Member, ...]
    own: tuple[Member, ...]
    dialect: int
    lines: frozenset[Span]


def unreached_zones(host: Host) -> Iterator[Unreached]:
    """The zones of a host's Shorewall that never get a packet."""
    for source in _whole(host):
        yield from _of(source, host)


def unused(host: Host) -> Iterator[UnusedPolicy]:
    """The policies that hold for no pair of zones."""
    from spdcheck.semantics.shorewall.unused import unused_policies

    for source in _whole(host):
        yield from unused_policies(source, host)


def _whole(host: Host) -> Iterator[Shorewall]:
    """The directories of a host that are understood as a whole."""
    unread = [gap.span.file for gap in host.gaps if gap.span is not None]
    for source in host.packet_filters:
        if isinstance(source, Shorewall) and not any(file is other for file in source.files for other in unread):
            yield source


def _of(source: Shorewall, host: Host) -> Iterator[Unreached]:
    from spdcheck.semantics.shorewall.members import members

    senders = members(source, host).senders
    rules = DecisionList(tuple(Entry(m.condition, Decide(m.zone), m.origin) for m in senders), Decide(""))
    found = {shadow.entry: shadow for shadow in shadowed(rules).found if not shadow.unknown and shadow.culprits}
    for zone in source.zones:
        own = [number for number, member in enumerate(senders) if member.zone == zone.name]
        if not own or not all(number in found for number in own):
            continue
        takers = dict.fromkeys(senders[culprit] for number in own for culprit in found[number].culprits)
        inside = {other.name for other in source.zones if zone.name in other.parents}
        if any(taker.zone in inside or taker.zone == zone.name for taker in takers):
            continue
        lines = frozenset(_lines(source, zone.name))
        yield Unreached(zone, tuple(takers), tuple(senders[number] for number in own), source.dialect, lines)


def _lines(source: Shorewall, name: str) -> Iterator[Span]:
    for policy in source.policies:
        if _of_policy(policy, name):
            yield policy.origin
    for rule in source.rules:
        if _of_rule(rule, name):
            yield rule.origin


def _of_policy(policy: PolicyEntry, name: str) -> bool:
    return (name,) in (policy.source.names, policy.dest.names)


def _of_rule(rule: RuleEntry, name: str) -> bool:
    return any(
        bool(places) and all(place.zones is not None and place.zones.names == (name,) for place in places)
        for places in (rule.source, rule.dest)
    )
