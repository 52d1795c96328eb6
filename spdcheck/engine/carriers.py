"""The packets that make and carry a tunnel (key exchange, ESP, AH, ESP in UDP), sent out and let in one host at a time.

Each host is asked by itself, so that what one peer blocks does not hide what the other blocks. The SPD is left out:
key daemons bypass it, and what IPsec has wrapped is not wrapped again.
"""

from __future__ import annotations

from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from spdcheck.engine.exploration import BLOCKED, Ending
from spdcheck.engine.frame import Frame, Protection, protect
from spdcheck.engine.situation import Situation
from spdcheck.engine.trace import Disposition
from spdcheck.engine.traffic import One
from spdcheck.engine.ways import door_of
from spdcheck.model.policy import Action, Direction, Mode, Protocol
from spdcheck.model.protocols import ICMP, ICMP6, UDP
from spdcheck.records import dataclass
from spdcheck.semantics import manual_sa, negotiation
from spdcheck.semantics.datapath import datapath_of
from spdcheck.semantics.encapsulation import UNKNOWN_ESP, ah, ipcomp
from spdcheck.semantics.packet import packet
from spdcheck.semantics.peering import far_address, near_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.situation import Leaf, State
    from spdcheck.engine.traffic import Traffic
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.ike import IkePeer
    from spdcheck.model.policy import SecurityPolicy

EXCHANGE_LENGTH, INNER_LENGTH = 204, 100


class Cargo(Enum):
    """What has to pass between two peers."""

    ISAKMP = "key exchange (udp 500)"
    NAT_T = "key exchange and ESP behind NAT (udp 4500)"
    ESP = "ESP"
    AH = "AH"


@dataclass(frozen=True, slots=True)
class Carrier:
    """One kind of packet between a host's address and its peer's. ``policy`` is the first one that needs it."""

    host: Host
    near: AddressRange
    far: AddressRange
    cargo: Cargo
    mode: Mode
    policy: SecurityPolicy
    section: IkePeer | None


def carriers(host: Host) -> Iterator[Carrier]:
    """Everything that the ``out`` policies of a host need to exchange with its peers, each thing once."""
    seen: set[tuple[AddressRange, AddressRange, Cargo]] = set()
    for policy in host.spd.of(Direction.OUT):
        near, far = near_address(policy), far_address(policy)
        if policy.action is not Action.PROTECT or near is None or far is None or near == far:
            continue
        section = negotiation.speaker(host, near, far).section
        for template in policy.templates:
            cargos = [{Protocol.AH: Cargo.AH, Protocol.ESP: Cargo.ESP}.get(template.protocol)]
            if section is not None and manual_sa.outgoing(host, template, near, far) is None:
                cargos += [Cargo.ISAKMP] + ([Cargo.NAT_T] if section.nat_traversal != "off" else [])
            for cargo in cargos:
                if cargo is not None and (near, far, cargo) not in seen:
                    seen.add((near, far, cargo))
                    yield Carrier(host, near, far, cargo, template.mode, policy, section)


def leaving(simulator: Simulator, carrier: Carrier, states: tuple[State, ...] = ()) -> Ending:
    """The carrier on its way out of its host, after the states that earlier packets have made."""
    frame = _frame(carrier, carrier.near, carrier.far)
    host = carrier.host
    path = datapath_of(host)
    applied = host.spd.of(Direction.OUT)
    start = Situation(host=host, path=path, frame=frame, came_from=frame.traffic, applied=applied, states=states)
    return _ending(simulator, start, frame, partial(simulator.walk, way=path.carrier))


def arriving(
    simulator: Simulator, carrier: Carrier, states: tuple[State, ...] = (), *, in_fragments: bool = False
) -> Ending:
    """What the peer sends, as it arrives at the host: whole, or in fragments because it is longer than the wire."""
    frame = _frame(carrier, carrier.far, carrier.near)
    host = carrier.host
    path = datapath_of(host)
    start = Situation(
        host=host,
        path=path,
        frame=frame,
        came_from=frame.traffic,
        in_interface=door_of(simulator, host, carrier.near),
        states=states,
        in_fragments=in_fragments,
    )
    return _ending(simulator, start, frame, partial(simulator.walk, way=path.receive))


def is_blocked(ending: Ending, carrier: Carrier) -> bool:
    """A filter of the carrier's own host stopped it, as it is on the wire."""
    return ending.disposition in BLOCKED and _is_here(ending, carrier)


def is_unknown(ending: Ending, carrier: Carrier) -> bool:
    """Nobody knows what the filters of the carrier's own host make of it."""
    return ending.disposition is Disposition.UNKNOWN and _is_here(ending, carrier)


def _is_here(ending: Ending, carrier: Carrier) -> bool:
    """The carrier ended at its own host, and was not unwrapped before."""
    situation = ending.situation
    return situation.host is carrier.host and not situation.arrived


def _ending(
    simulator: Simulator, start: Situation, frame: Frame, walk: Callable[[Situation], Iterator[Leaf]]
) -> Ending:
    del simulator

    def again(traffic: Traffic) -> Iterator[Leaf]:
        return walk(start.with_(frame=frame.with_traffic(traffic)))

    return Ending(next(walk(start)), again)


def _frame(carrier: Carrier, source: AddressRange, destination: AddressRange) -> Frame:
    port = {Cargo.ISAKMP: 500, Cargo.NAT_T: 4500}.get(carrier.cargo)
    family = source.family
    if port is not None:
        ports = {"source_port": port, "destination_port": port}
        return Frame(
            One(packet(family, source.first, destination.first, protocol=UDP, length=EXCHANGE_LENGTH, **ports))
        )
    echo = {"protocol": ICMP6 if family == 6 else ICMP, "icmp_type": 128 if family == 6 else 8}
    inner = Frame(One(packet(family, source.first, destination.first, length=INNER_LENGTH, **echo)))
    protocol = Protocol.AH if carrier.cargo is Cargo.AH else Protocol.ESP
    overhead = {Protocol.AH: ah(None, family), Protocol.IPCOMP: ipcomp()}.get(protocol, UNKNOWN_ESP)
    made = Protection(protocol, carrier.mode, source, destination, None, None, overhead, carrier.policy.origin)
    wrapped = protect(inner, made)
    return wrapped.with_traffic(One(wrapped.traffic.example()))
