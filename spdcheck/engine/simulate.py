"""Runs traffic through the datapaths of a site: one packet, or all packets of a flow.

The simulator knows no platform: it takes the stages of a way one after the other, lets each one decide, and follows.
What a stage does is in ``spd_stages``, ``sa_stages``, ``filter_stage``, ``route_stage``, ``link_stages`` and
``wire_stages``; which stages there are, and in which order, is data of the platform (``spdcheck.semantics.datapath``).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from spdcheck.engine import filter_stage, link_stages, route_stage, sa_stages, spd_stages, wire_stages
from spdcheck.engine.division import Division
from spdcheck.engine.frame import Frame
from spdcheck.engine.negotiations import Negotiations
from spdcheck.engine.situation import End, Leaf, Move, Situation
from spdcheck.engine.trace import Disposition, Mark, Step, Trace
from spdcheck.engine.traffic import Many, One
from spdcheck.model.host import Platform
from spdcheck.model.policy import Action, Direction
from spdcheck.semantics.address_index import AddressIndex
from spdcheck.semantics.datapath import datapath_of
from spdcheck.semantics.datapath.stages import Kind
from spdcheck.semantics.fields import address_interval
from spdcheck.semantics.selectors import touching
from spdcheck.semantics.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from spdcheck.engine.situation import State
    from spdcheck.engine.traffic import Traffic
    from spdcheck.model.host import Host, Site
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.datapath.stages import Stage
    from spdcheck.semantics.intervals import IntervalSet
    from spdcheck.semantics.packet import Packet
    from spdcheck.semantics.predicate import Predicate

MOST_HOPS = 16
"""So many hosts and encapsulations at most; then the packet is in a loop."""


class Simulator:
    """A site made ready for traffic. ``negotiations`` remembers which were tried, so that each is tried once.

    ``tunnels_up`` supposes that IKE comes to an end and that no filter stops the carriers, so that what is wrong with
    the packets inside shows by itself; what leaves protected is followed to the peer only if it ``follows``.
    ``before_ike`` supposes that no negotiation has come to its end yet, so that no policy that a key daemon installs is
    there. ``without_policies`` supposes that no host has loaded its policies: before setkey has run, after a flush.
    """

    def __init__(
        self,
        site: Site,
        *,
        tunnels_up: bool = False,
        follows: bool = False,
        before_ike: bool = False,
        without_policies: bool = False,
    ) -> None:
        self.site = site
        self.tunnels_up = tunnels_up
        self.follows = follows
        self.before_ike = before_ike
        self.without_policies = without_policies
        self.topology = Topology(site)
        self.negotiations = Negotiations(self)
        self._divisions: dict[tuple[object, ...], Division] = {}

    @cached_property
    def meant(self) -> tuple[SecurityPolicy, ...]:
        """The policies that say what is meant to be protected: ``out`` of all hosts first, then ``in``."""
        return tuple(
            policy
            for direction in (Direction.OUT, Direction.IN)
            for host in self.site.hosts
            for policy in host.spd.of(direction)
            if policy.action is Action.PROTECT and (direction is Direction.OUT or not policy.is_optional)
        )

    def meant_for(self, sources: IntervalSet, destinations: IntervalSet) -> tuple[SecurityPolicy, ...]:
        """Those of the policies that are :attr:`meant` whose selectors touch some pair of these addresses."""
        near = (self.meant[number] for number in self._meant_destinations.touching(destinations))
        return touching(near, sources, destinations)

    @cached_property
    def _meant_destinations(self) -> AddressIndex:
        return AddressIndex(address_interval(policy.selector.destination) for policy in self.meant)

    def division(self, key: tuple[object, ...], conditions: Callable[[], Iterable[Predicate]]) -> Division:
        """The conditions that ``key`` stands for, made ready once for all traffic of the site."""
        found = self._divisions.get(key)
        if found is None:
            found = self._divisions[key] = Division(conditions())
        return found

    def send(
        self, host: Host, traffic: Traffic, states: tuple[State, ...] = (), *, bypass: bool = False
    ) -> Iterator[Leaf]:
        """Traffic that a host itself makes; ``bypass`` for a key daemon's own packets, which no policy takes."""
        path = datapath_of(host)
        start = Situation(host=host, path=path, frame=Frame(traffic), came_from=traffic, states=states, bypass=bypass)
        yield from self.walk(start, path.send)

    def arrive(self, host: Host, interface: str, traffic: Traffic, states: tuple[State, ...] = ()) -> Iterator[Leaf]:
        """Traffic that comes in by an interface of a host."""
        path = datapath_of(host)
        start = Situation(
            host=host, path=path, frame=Frame(traffic), came_from=traffic, in_interface=interface, states=states
        )
        yield from self.walk(start, path.receive)

    def walk(self, situation: Situation, way: tuple[Stage, ...]) -> Iterator[Leaf]:
        """Every end that the traffic of a situation comes to on a way."""
        if situation.hops > MOST_HOPS:
            yield Leaf(situation, End(Disposition.UNKNOWN, f"the packet is in a loop at {situation.host.name}"))
            return
        if not way:
            yield Leaf(situation, End(Disposition.UNKNOWN, "the way of the packet is not modelled to its end"))
            return
        stage = way[0]
        for move in _HANDLERS[stage.kind](self, situation, stage):
            if move.end is not None:
                yield Leaf(move.situation, move.end)
            else:
                yield from self.walk(move.situation, way[1:] if move.way is None else move.way)


def _arrive(_: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    del stage
    yield Move(situation.with_(hops=situation.hops + 1))


_HANDLERS: dict[Kind, Callable[[Simulator, Situation, Stage], Iterator[Move]]] = {
    Kind.ARRIVE: _arrive,
    Kind.FILTER: filter_stage.pass_filters,
    Kind.ROUTE: route_stage.route,
    Kind.SPD_OUT: spd_stages.look_up_out,
    Kind.SPD_AGAIN: spd_stages.look_up_again,
    Kind.SPD_IN: spd_stages.check_in,
    Kind.SPD_FWD: spd_stages.check_forward,
    Kind.SA_OUT: sa_stages.find,
    Kind.SA_IN: sa_stages.find_arriving,
    Kind.ENCAPSULATE: sa_stages.encapsulate,
    Kind.DECAPSULATE: sa_stages.decapsulate,
    Kind.DEVICE_OUT: link_stages.device_out,
    Kind.DEVICE_IN: link_stages.device_in,
    Kind.MTU: link_stages.mtu,
    Kind.DELIVER: wire_stages.deliver,
    Kind.LEAVE: wire_stages.leave,
}


def trace_of(leaf: Leaf, packet: Packet) -> Trace:
    """A leaf as a trace of one packet."""
    situation, end = leaf.situation, leaf.end
    crossed = situation.wires_clear + situation.wires_protected
    return Trace(
        packet=packet,
        disposition=end.disposition,
        sentence=end.sentence,
        protected=crossed > 0 and situation.wires_clear == 0,
        where=situation.host.name,
        interface=situation.out_interface or situation.in_interface,
        steps=situation.steps,
        counter=end.counter if situation.host.platform is Platform.LINUX else "",
        lost=end.lost,
    )


def is_one(traffic: Traffic) -> bool:
    """The traffic is a single packet."""
    return isinstance(traffic, One)


def skipped(situation: Situation, stage: Stage, why: str) -> Situation:
    """The situation with a line that says which stage was left out, and why."""
    return situation.with_(
        Step(situation.host.name, stage.kind.word, Mark.SKIP, "skipped", why, situation.in_interface)
    )


__all__ = ["Many", "One", "Simulator", "skipped", "trace_of"]
