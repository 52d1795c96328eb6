"""Whether a sender ever learns that its packets are too long: "fragmentation needed" on its way through the filters."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from spdcheck.engine.carriers import is_blocked, leaving
from spdcheck.engine.exploration import BLOCKED, Ending
from spdcheck.engine.filter_stage import is_met_on
from spdcheck.engine.trace import Step
from spdcheck.engine.tracing import source_towards
from spdcheck.engine.traffic import One
from spdcheck.engine.ways import door_of
from spdcheck.model.addresses import parse_address
from spdcheck.model.policy import Mode
from spdcheck.model.protocols import ICMP, ICMP6
from spdcheck.semantics.fields import DF, LENGTH, SOURCE, address_range
from spdcheck.semantics.packet import RELATED, packet

if TYPE_CHECKING:
    from spdcheck.engine.carriers import Carrier
    from spdcheck.engine.situation import State
    from spdcheck.engine.ways import Ways
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.packet import Packet

_FULL = 1500
_ROUTER = {4: "203.0.113.254", 6: "2001:db8:ffff::1"}
"""Some router on the way (RFC 5737, RFC 3849)."""


def to_the_gateway(ways: Ways, carrier: Carrier) -> Ending | None:
    """A router's message about ESP of this host, where a filter of the host stops it; None where nothing does.

    Only packets with "don't fragment" cause such messages: those of transport mode, and tunnels on systems that copy
    the bit. A filter that remembers ESP knows what the message is about; Linux's rules are asked about it as related.
    """
    host = carrier.host
    bsd = host.platform is not None and host.platform.is_bsd
    router = parse_address(_ROUTER[carrier.near.family])
    if router is None or (bsd and carrier.mode is Mode.TUNNEL):
        return None
    out = leaving(ways.simulator, carrier)
    if is_blocked(out, carrier) or any(
        state.host == host.name and state.point != "conntrack" for state in out.situation.states
    ):
        return None
    start = partial(ways.simulator.arrive, host, door_of(ways.simulator, host, carrier.near))
    return _blocked(host, Ending(next(start(One(message(router, carrier.near)))), start))


def to_the_sender(ways: Ways, host: Host, policy: SecurityPolicy) -> Ending | None:
    """This host's own message to a sender behind it, where its filters stop it; None where nothing does."""
    for ending in ways.of(host, policy, tunnels_up=True):
        first = ending.began.side(SOURCE)[0]
        if host.owns(address_range(*first)) or ending.disposition in BLOCKED:
            continue
        one = ending.began.example()
        sender = address_range(one.source, one.source)
        own = source_towards(ways.simulator, host, sender)
        door = _door(ways, host, sender)
        if own is None or any(_knows_errors(state, host, door) for state in ending.situation.states):
            return None
        if _is_divisible(ending, one):
            return None
        start = partial(ways.simulator.send, host)
        return _blocked(host, Ending(next(start(One(message(own, sender)))), start))
    return None


def _is_divisible(ending: Ending, one: Packet) -> bool:
    """A filter clears "don't fragment" of the sender's packets, so that none is ever too long."""
    full = next(iter(ending.start(One(one.with_values({LENGTH: _FULL, DF: 1})))))
    return any(isinstance(step, Step) and step.verdict == "scrubbed" for step in full.situation.steps)


def _door(ways: Ways, host: Host, sender: AddressRange) -> str:
    route = ways.simulator.topology.route(host, sender)
    return "" if route is None else route.interface


def _knows_errors(state: State, host: Host, interface: str) -> bool:
    """A message about the connection that leaves by the interface passes as its answers there do.

    Linux's connection tracking lets nothing pass by itself: it tells the rules that the message is related.
    """
    if state.host != host.name:
        return False
    return any(
        crossing.direction == "out" and crossing.back and is_met_on(state, crossing, interface)
        for crossing in state.known.crossings
    )


def message(source: AddressRange, destination: AddressRange) -> Packet:
    """ICMP "fragmentation needed", or "packet too big" of IPv6, about a known connection."""
    kind = {"protocol": ICMP6, "icmp_type": 2} if source.family == 6 else {"protocol": ICMP, "icmp_type": 3}
    code = 0 if source.family == 6 else 4
    return packet(source.family, source.first, destination.first, icmp_code=code, connection=RELATED, length=56, **kind)


def _blocked(host: Host, ending: Ending) -> Ending | None:
    return ending if ending.disposition in BLOCKED and ending.situation.host is host else None
