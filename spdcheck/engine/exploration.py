"""Whole flows through a site: everything that becomes of a set of packets, each end with a packet that shows it.

The simulator runs a set of packets as it runs one. Each end of the walk knows which packets came there as they began;
one of them is run again alone, by the concrete interpreter, before anybody says that it ends so.
"""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from spdcheck.engine.alike import alike
from spdcheck.engine.simulate import trace_of
from spdcheck.engine.trace import Disposition, Step
from spdcheck.engine.traffic import Many, One
from spdcheck.model.protocols import TCP
from spdcheck.records import dataclass
from spdcheck.semantics.conditions import source
from spdcheck.semantics.fields import DESTINATION, PROTOCOL, SOURCE, SOURCE_PORT, address_range
from spdcheck.semantics.intervals import contains, single
from spdcheck.semantics.topology import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.situation import Leaf, Situation, State
    from spdcheck.engine.trace import Trace
    from spdcheck.engine.traffic import Traffic
    from spdcheck.model.host import Host
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.source import Span


BLOCKED = (Disposition.DENIED_IN, Disposition.DENIED_OUT)
"""Ends that a packet filter made."""

REFUSED = (*BLOCKED, Disposition.DISCARDED_BY_SPD, Disposition.NO_SA, Disposition.SELECTOR_MISMATCH,
           Disposition.NO_ROUTE, Disposition.FRAGMENTATION_NEEDED)  # fmt: skip
"""Ends of packets that somebody did not let pass."""


@dataclass(frozen=True, slots=True)
class Ending:
    """An end of a walk and the way to begin it again. ``began`` are the packets that end here, as they began."""

    leaf: Leaf
    start: Callable[[Traffic], Iterator[Leaf]]

    @property
    def situation(self) -> Situation:
        """Where the packets are at the end."""
        return self.leaf.situation

    @property
    def disposition(self) -> Disposition:
        """How they end."""
        return self.leaf.end.disposition

    @property
    def sentence(self) -> str:
        """Why they end so."""
        return self.leaf.end.sentence

    @property
    def began(self) -> Traffic:
        """The packets that end here, as they began."""
        return self.situation.frame.traffic.began

    @property
    def arrived(self) -> bool:
        """They are where they should be."""
        return self.leaf.end.arrives

    @property
    def place(self) -> Span | None:
        """The line that decided last, if one did."""
        last = self.situation.steps[-1] if self.situation.steps else None
        return last.origin if isinstance(last, Step) else None

    @property
    def in_clear(self) -> bool:
        """They crossed an untrusted wire without protection."""
        return self.situation.wires_clear > 0

    def replayed(self) -> Trace | None:
        """One of the packets, run alone; None if it ends in another way, so that it is no witness."""
        packet = self.began.example()
        leaf = next(self.start(One(packet)))
        same = (
            leaf.end.disposition is self.disposition
            and leaf.situation.host is self.situation.host
            and (leaf.situation.wires_clear > 0) == self.in_clear
        )
        return trace_of(leaf, packet) if same else None


def witness(endings: Iterable[Ending]) -> Trace | None:
    """The way of a packet that really ends as the first of these that has one; None where none can be replayed."""
    return next((trace for ending in endings if (trace := ending.replayed()) is not None), None)


def explore(
    simulator: Simulator, condition: Predicate, *, strangers: bool = True, states: tuple[State, ...] = ()
) -> Iterator[Ending]:
    """Everything that becomes of the packets of a condition, each from where its source address is.

    Packets of strangers to strangers are left out, without ``strangers`` everything that they send. ``states`` are what
    filters remember of earlier packets. Raises BudgetError where the flow falls into too many parts.
    """
    for flow in Many.of(condition):
        for traffic, place in by_place(simulator, flow):
            if strangers or place.host is not None:
                yield from _from_place(simulator, traffic, place, states)


def is_sent(simulator: Simulator, traffic: Traffic) -> bool:
    """Some machine could send the packets: not all of them come from a broadcast address or from TCP's port 0.

    Filters drop such packets as forged; that stops nobody's traffic. Port 0 is reserved (RFC 6335 section 6).
    """
    if contains(simulator.topology.broadcasts, traffic.side(SOURCE)):
        return False
    return traffic.side(PROTOCOL) != single(TCP) or traffic.side(SOURCE_PORT) != single(0)


def by_place(simulator: Simulator, traffic: Traffic) -> Iterator[tuple[Traffic, Place]]:
    """The traffic by the place of its source address."""
    touching = simulator.topology.places_of(traffic.side(SOURCE))
    places = [
        (place, source(*(addresses for addresses, _ in pairs)))
        for place, pairs in groupby(touching, key=lambda pair: pair[1])
    ]
    for part in traffic.split([condition for _, condition in places]):
        yield part.traffic, Place(None, "") if part.number is None else places[part.number][0]


def _from_place(simulator: Simulator, traffic: Traffic, place: Place, states: tuple[State, ...]) -> Iterator[Ending]:
    if place.host is not None:
        if not place.host.external:
            yield from sent(simulator, place.host, place.interface, traffic, states)
        return
    near = simulator.topology.places_of(traffic.side(DESTINATION))
    for part in alike(traffic, DESTINATION, (addresses for addresses, _ in near)):
        there = simulator.topology.place(address_range(*part.side(DESTINATION)[0]))
        if there.host is not None and not there.host.external:
            interface = simulator.topology.outside(there.host) or there.interface
            yield from sent(simulator, there.host, interface, part, states)


def sent(
    simulator: Simulator, host: Host, interface: str, traffic: Traffic, states: tuple[State, ...] = ()
) -> Iterator[Ending]:
    """What becomes of traffic that comes to a host by an interface, or, without one, that the host itself makes."""
    start: Callable[[Traffic], Iterator[Leaf]]
    if interface:
        start = partial(simulator.arrive, host, interface, states=states)
    else:
        start = partial(simulator.send, host, states=states)
    for leaf in start(traffic):
        yield Ending(leaf, start)
