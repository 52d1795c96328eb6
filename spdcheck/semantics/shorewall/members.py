"""Which zone a packet comes from and which one it goes to: what the jumps into the chains of pairs ask, by zone.

For people: rules and policies speak of zones, packets of addresses and interfaces. Decapsulated packets are asked about
first, then zones come in their order, as in the compiled chains; the first that takes a packet has it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from spdcheck.model.netfilter import NetfilterRule
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.predicate import TRUE, all_of, any_of
from spdcheck.semantics.rulesets.netfilter_matches import Conditions
from spdcheck.semantics.same_host import SameHost
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.zones import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.host import Host
    from spdcheck.model.shorewall import Shorewall, TunnelEntry
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.semantics.shorewall.chains import Matches
    from spdcheck.semantics.shorewall.zones import Group, ZoneUse
    from spdcheck.source import Span


class Member(NamedTuple):
    """The packets from (or to) one line's hosts of a zone; ``forwarded`` are those that go on to another zone.

    ``ipsec`` says that they come or leave by IPsec, ``asked`` that the chains ask about IPsec at all here.
    """

    zone: str
    origin: Span
    condition: Predicate
    forwarded: Predicate
    ipsec: bool
    asked: bool


class Gate(NamedTuple):
    """A line of tunnels, and the packets from and to its gateways."""

    entry: TunnelEntry
    source: Predicate
    dest: Predicate


class Members(NamedTuple):
    """The zones of one directory: ``firewall`` is the name of this host's own, ``dialect`` 2 or 5."""

    firewall: str
    dialect: int
    senders: tuple[Member, ...]
    receivers: tuple[Member, ...]
    gates: tuple[Gate, ...]


def members(source: Shorewall, host: Host) -> Members:
    """The zones of a directory on a host."""
    return _members(source, SameHost(host))


@lru_cache(maxsize=64)
def _members(source: Shorewall, same: SameHost) -> Members:
    return _Finder(source, same.host).found()


class _Finder:
    def __init__(self, source: Shorewall, host: Host) -> None:
        self.source = source
        self.layout = Layout(source)
        self.layout.ipsec = self.layout.ipsec or source.dialect == 2
        self.conditions = Conditions(host, source.family)

    def found(self) -> Members:
        gates = tuple(Gate(entry, self._gateways(entry, "in"), self._gateways(entry, "out"))
                      for entry in self.source.tunnels)  # fmt: skip
        senders, receivers = tuple(self._ways("in")), tuple(self._ways("out"))
        return Members(self.layout.firewall, self.source.dialect, senders, receivers, gates)

    def _ways(self, way: str) -> Iterator[Member]:
        layout = self.layout
        pairs = [(layout.zones[name], group) for name in layout.off_firewall() for group in layout.zones[name].groups]
        for zone, group in sorted(pairs, key=lambda pair: not pair[1].ipsec):
            policy = layout.match_in(zone, group) if way == "in" else layout.match_out(zone, group)
            condition = self._condition(way, group, policy)
            plain = way == "in" and self.source.dialect == 2 and not self._complex(zone)
            # 2.x does not ask of what is forwarded from a simple zone whether it came out of ESP.
            forwarded = self._condition(way, group, ()) if plain else condition
            yield Member(zone.name, group.origin, condition, forwarded, group.ipsec, bool(policy))

    def _complex(self, zone: ZoneUse) -> bool:
        interfaces = [group.interface for group in zone.groups for _ in group.nets]
        return zone.type == "ipsec" or any(g.ipsec for g in zone.groups) or len(set(interfaces)) < len(interfaces)

    def _asks(self, matches: Matches, origin: Span) -> Predicate:
        return self.conditions.of(NetfilterRule(matches, None, origin))

    def _device(self, way: str, group: Group) -> Predicate:
        name = self.layout.physical(group.interface)
        return self._asks((m.incoming if way == "in" else m.outgoing)(name, group.origin), group.origin)

    def _condition(self, way: str, group: Group, policy: Matches) -> Predicate:
        inside, outside = (
            any_of(self._asks(m.address(net, source=way == "in"), group.origin) for net in nets)
            for nets in (group.nets, group.excluded)
        )
        return all_of((self._device(way, group), self._asks(policy, group.origin), inside, ~outside))

    def _gateways(self, entry: TunnelEntry, way: str) -> Predicate:
        if entry.gateways is None or not entry.gateways.included:
            return TRUE
        return any_of(self._asks(m.address(a, source=way == "in"), entry.origin) for a in entry.gateways.included)
