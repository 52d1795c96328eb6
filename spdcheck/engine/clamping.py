"""Which clamps of the segment size see the connections of a tunnel: those where the packets are bare.

Filters see them bare on the interface to the sender, and on ``enc0`` where the platform shows them there. On the
interface that the tunnel leaves by there is ESP only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.concrete import matches
from spdcheck.engine.run import outcomes
from spdcheck.engine.tracing import SYN_ACK
from spdcheck.model.policy import Direction
from spdcheck.model.protocols import TCP
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.clamps import WAYS, Clamp, clamp_lists, clamps
from spdcheck.semantics.datapath import datapath_of
from spdcheck.semantics.datapath.stages import Kind
from spdcheck.semantics.fields import (
    DESTINATION,
    DESTINATION_PORT,
    IN_INTERFACE,
    IPSEC_IN,
    IPSEC_OUT,
    OUT_INTERFACE,
    PROTOCOL,
    REQID_IN,
    SOURCE,
    SOURCE_PORT,
    TCP_FLAGS,
    TUNNEL_DESTINATION,
    TUNNEL_SOURCE,
    address_interval,
    address_range,
    name_number,
)
from spdcheck.semantics.flow import SYN
from spdcheck.semantics.packet import TUNNEL
from spdcheck.semantics.selectors import predicate_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.ways import Ways
    from spdcheck.model.host import Host
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.packet import Packet


class Clamping(NamedTuple):
    """The clamps that a connection meets, those that it does not, and whether that is known for sure."""

    met: tuple[Clamp, ...]
    missed: tuple[Clamp, ...]
    sure: bool = True


def clamping(ways: Ways, host: Host, packet: Packet) -> Clamping:
    """What the clamps of a host make of TCP connections like one of the tunnel that begins with the packet."""
    met: dict[Clamp, None] = {}
    sure = True
    for direction, probe in _probes(ways, host, packet):
        for rules in clamp_lists(host, direction):
            found = outcomes(rules, probe)
            sure = sure and len(found) == 1
            seen = (o.decide.action for o in found if isinstance(o.decide.action, Clamp))
            # What fits into the route of an answer says nothing of the tunnel that it has come out of (xt_TCPMSS).
            met |= dict.fromkeys(clamp for clamp in seen if clamp.mss or not probe[IPSEC_IN])
    every = dict.fromkeys(clamp for way in WAYS for clamp in clamps(clamp_lists(host, way)))
    return Clamping(tuple(met), tuple(clamp for clamp in every if clamp not in met), sure)


def _probes(ways: Ways, host: Host, packet: Packet) -> Iterator[tuple[str, Packet]]:
    """The first two packets of a connection where the host's filters see them bare."""
    there = packet.with_values({PROTOCOL: TCP, TCP_FLAGS: SYN, SOURCE_PORT: 40000, DESTINATION_PORT: 80})
    turned = {SOURCE: there.destination, DESTINATION: there.source, SOURCE_PORT: 80, DESTINATION_PORT: 40000}
    back = there.with_values({**turned, TCP_FLAGS: SYN_ACK})
    route = ways.simulator.topology.route(host, address_range(packet.source, packet.source))
    if route is not None:
        inside = name_number(route.interface)
        yield "in", there.with_values(_on(inside, 0))
        yield "out", back.with_values(_on(0, inside))
    path = datapath_of(host)
    if path.forward_policies and route is not None:
        yield from _at_hooks(ways, host, there, back, route.interface)
    for direction, way in (("in", path.receive), ("out", path.forward)):
        for stage in way:
            if stage.kind is Kind.FILTER and stage.interface and not stage.outer and stage.hook == direction:
                name = name_number(stage.interface)
                yield (
                    direction,
                    (back if direction == "in" else there).with_values(
                        _on(name, 0) if direction == "in" else _on(0, name)
                    ),
                )
            elif stage.kind is Kind.FILTER and stage.hook == direction == "in" and not stage.unless_decrypted:
                # Filters that see decrypted packets on the interface of the tunnel.
                door = name_number(ways.simulator.topology.outside(host))
                yield "in", back.with_values(_on(door, 0))


def _at_hooks(ways: Ways, host: Host, there: Packet, back: Packet, inside: str) -> Iterator[tuple[str, Packet]]:
    """Linux: what goes into the tunnel and what has come out of it, at the hooks of a forwarded packet."""
    outside = ways.simulator.topology.outside(host)
    near, door = name_number(inside), name_number(outside)
    policies = [
        p for p in host.spd.of(Direction.IN) if p.tunnel is not None and matches(predicate_of(p.selector), back)
    ]
    arrived: dict[Field, int] = {IPSEC_IN: TUNNEL}
    template = policies[0].tunnel if policies else None
    if template is not None:
        arrived[REQID_IN] = template.reqid
        for field, end in ((TUNNEL_SOURCE, template.source), (TUNNEL_DESTINATION, template.destination)):
            if end is not None:
                arrived[field] = address_interval(end)[0]
    back = back.with_values(arrived)
    for hook, packet, came, leaves in (
        ("PREROUTING", there, near, 0), ("FORWARD", there, near, door), ("POSTROUTING", there, near, door),
        ("PREROUTING", back, door, 0), ("FORWARD", back, door, near), ("POSTROUTING", back, door, near),
    ):  # fmt: skip
        told = {IPSEC_OUT: TUNNEL} if packet is there and leaves else {}
        yield hook, packet.with_values({**_on(came, leaves), **told})


def _on(inward: int, outward: int) -> dict[Field, int]:
    return {IN_INTERFACE: inward, OUT_INTERFACE: outward}
