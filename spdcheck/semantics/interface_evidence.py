"""What the filters of a host tell about its interfaces: by which one its peers come, behind which one its networks lie.

A gateway's rules open ESP and the key exchange, or translate what leaves, on the interface that faces outside, and pass
its own networks on the one that faces inside. That is believed only where all rules agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.policy import Direction
from spdcheck.model.protocols import AH, ESP, UDP
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.decision import Decide, Undecided
from spdcheck.semantics.fields import (
    DESTINATION,
    DESTINATION_PORT,
    IN_INTERFACE,
    OUT_INTERFACE,
    PROTOCOL,
    SOURCE,
    SOURCE_PORT,
    address_interval,
    name_of,
)
from spdcheck.semantics.filters import Verdict
from spdcheck.semantics.intervals import contains, minus, normalise
from spdcheck.semantics.loaded_filters import rule_lists
from spdcheck.semantics.nameless_interfaces import INSIDE, OUTSIDE, described, is_nameless, nameless
from spdcheck.semantics.predicate import And, InSet
from spdcheck.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.host import Host
    from spdcheck.semantics.decision import Entry
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import IntervalSet

_SECURITY: IntervalSet = ((ESP, AH),)
_IKE_PORTS: IntervalSet = ((500, 500), (4500, 4500))


class Believed(NamedTuple):
    """The name of an interface, and why."""

    name: str
    why: str


class Evidence(NamedTuple):
    """The interfaces that face outside and inside; None where the rules don't tell, or not with one voice."""

    outside: Believed | None
    inside: Believed | None


def evidence(host: Host) -> Evidence:
    """What the rules of the host say of the interfaces that nothing describes."""
    voices = _Voices(host)
    for rules in rule_lists(host):
        for entry in rules.rules.entries:
            voices.hear(entry, translates=rules.translates)
    return voices.agreed()


class _Voices:
    """Counts which interface each rule takes for which."""

    def __init__(self, host: Host) -> None:
        self.described = described(host)
        self.nameless = nameless(host)
        self.peers = normalise(_peers(host))
        self.behind = normalise(
            address_interval(route.destination) for route in host.routes if is_nameless(route.interface or "")
        )
        self.outside: dict[str, str] = {}
        self.inside: dict[str, str] = {}
        self.named: dict[str, None] = {}
        self.wild = False

    def hear(self, entry: Entry, *, translates: bool) -> None:
        """Takes in what one rule says."""
        sides = _sides(entry)
        came, goes = self._names(sides.get(IN_INTERFACE)), self._names(sides.get(OUT_INTERFACE))
        if not came and not goes:
            return
        where = entry.origin.where if isinstance(entry.origin, Span) else "a rule"
        if translates:
            if _changes_source(entry):
                self.outside |= dict.fromkeys(goes, f"{where} translates what leaves there")
            return
        if not _passes(entry):
            return
        if _is_key_exchange_or_esp(sides):
            self.outside |= dict.fromkeys((*came, *goes), f"{where} passes ESP or the key exchange there")
        for names, field in ((came, SOURCE), (goes, DESTINATION)):
            if self._within(sides.get(field), self.peers):
                self.outside |= dict.fromkeys(names, f"{where} passes the peer there")
            if self._within(sides.get(field), self.behind):
                self.inside |= dict.fromkeys(names, f"{where} passes the network behind it there")

    def agreed(self) -> Evidence:
        """What all rules agree on; of two interfaces, the other one is what is left."""
        outside, inside = self.outside, self.inside
        if outside.keys() & inside.keys() or len(outside) > 1 or len(inside) > 1:
            return Evidence(None, None)
        left = [name for name in self.named if name not in outside and name not in inside]
        if len(left) == 1 and not self.wild:
            why = "the rules name no other interface that is not described"
            if not outside and OUTSIDE in self.nameless:
                outside = {left[0]: why}
            elif not inside and INSIDE in self.nameless:
                inside = {left[0]: why}
        return Evidence(_one(outside), _one(inside))

    @staticmethod
    def _within(side: IntervalSet | None, wanted: IntervalSet) -> bool:
        return side is not None and contains(wanted, side)

    def _names(self, side: IntervalSet | None) -> list[str]:
        """The interfaces that a condition names one by one, of those that nothing describes."""
        if side is None:
            return []
        left = minus(side, self.described)
        if any(first != last for first, last in left):
            self.wild = True
            return []
        found = [name_of(first) for first, _ in left if first]
        names = [name for name in found if not is_nameless(name) and name != "?"]
        self.named |= dict.fromkeys(names)
        return names


def _one(found: dict[str, str]) -> Believed | None:
    return next((Believed(name, why) for name, why in found.items()), None)


def _sides(entry: Entry) -> dict[Field, IntervalSet]:
    """The plain conditions of a rule, by field."""
    parts = entry.predicate.parts if isinstance(entry.predicate, And) else (entry.predicate,)
    return {part.field: part.intervals for part in parts if isinstance(part, InSet)}


def _passes(entry: Entry) -> bool:
    if not isinstance(entry.effect, Decide):
        return False
    action = entry.effect.action
    return getattr(action, "verdict", action) is Verdict.PASS


def _changes_source(entry: Entry) -> bool:
    """The rule gives what leaves another source; which one may not be known."""
    changed = any(change.field is SOURCE for change in entry.effect.changes)
    return changed or (isinstance(entry.effect, Decide) and isinstance(entry.effect.action, Undecided))


def _is_key_exchange_or_esp(sides: dict[Field, IntervalSet]) -> bool:
    protocol = sides.get(PROTOCOL)
    if protocol is None:
        return False
    if contains(_SECURITY, protocol):
        return True
    ports = [side for field in (SOURCE_PORT, DESTINATION_PORT) if (side := sides.get(field)) is not None]
    return protocol == ((UDP, UDP),) and any(contains(_IKE_PORTS, side) for side in ports)


def _peers(host: Host) -> Iterator[tuple[int, int]]:
    """The addresses of the other ends of the host's tunnels."""
    for policy in host.spd.policies:
        for template in policy.templates:
            end = template.destination if policy.direction is Direction.OUT else template.source
            if end is not None:
                yield address_interval(end)
    for daemon in host.daemons:
        for peer in daemon.peers:
            if peer.address is not None:
                yield address_interval(peer.address)
