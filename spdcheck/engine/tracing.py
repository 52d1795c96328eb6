"""One packet from where it begins to where it ends, and its answer back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.simulate import Simulator, trace_of
from spdcheck.engine.traffic import One
from spdcheck.errors import UsageError
from spdcheck.model.addresses import MULTICAST4, MULTICAST6
from spdcheck.model.protocols import ICMP, ICMP6, PORT_PROTOCOLS, TCP
from spdcheck.records import replace
from spdcheck.semantics.fields import address_range
from spdcheck.semantics.packet import CLEAR, ESTABLISHED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.situation import Leaf, State
    from spdcheck.engine.trace import Trace
    from spdcheck.engine.traffic import Traffic
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.semantics.packet import Packet

SYN_ACK = 18
ANSWERS = {ICMP: (8, 0), ICMP6: (128, 129)}


def trace(simulator: Simulator, packet: Packet, start: Host | None = None, *, reply: bool = True) -> Trace:
    """What happens to a packet, and to its answer where it has one.

    It begins at the host that has its source address, behind the host whose network that is, or in the untrusted
    network. ``start`` says at which host it begins instead. Raises UsageError where nobody could send it.
    """
    leaf = next(begin(simulator, One(packet), start))
    found = trace_of(leaf, packet)
    if not reply or not found.arrives:
        return found
    answer = answer_to(leaf)
    return found if answer is None else replace(found, reply=trace_back(simulator, leaf, answer))


def source_towards(simulator: Simulator, host: Host, target: AddressRange) -> AddressRange | None:
    """The source address that a host chooses for what it sends to a target: the one of the interface of the route."""
    for entry in simulator.topology.table(host):
        if entry.destination.contains(target):
            interface = host.interface(entry.interface)
            if interface is not None and interface.addresses:
                return interface.addresses[0].address
    return None


def begin(simulator: Simulator, traffic: Traffic, start: Host | None = None) -> Iterator[Leaf]:
    """Sends traffic on its way from where its source address is."""
    packet = traffic.example()
    source = address_range(packet.source, packet.source)
    if start is not None:
        if start.owns(source):
            return simulator.send(start, traffic)
        place = simulator.topology.place(source)
        inside = place.interface if place.host is start else _inside_of(simulator, start)
        return simulator.arrive(start, inside, traffic)
    place = simulator.topology.place(source)
    if place.host is None:
        return _from_outside(simulator, traffic, packet)
    if not place.interface:
        return simulator.send(place.host, traffic)
    return simulator.arrive(place.host, place.interface, traffic)


def _inside_of(simulator: Simulator, host: Host) -> str:
    for interface in host.interfaces:
        if not simulator.topology.is_outside(host, interface.name) and interface.tunnel is None:
            return interface.name
    return simulator.topology.outside(host)


def _from_outside(simulator: Simulator, traffic: Traffic, packet: Packet) -> Iterator[Leaf]:
    """A stranger's packet reaches the host that has its destination, by the interface that faces the world."""
    target = address_range(packet.destination, packet.destination)
    place = simulator.topology.place(target)
    if place.host is None:
        known = MULTICAST4 if target.family == 4 else MULTICAST6
        what = "is a multicast group" if known.contains(target) else "is no host of this site and lies behind none"
        raise UsageError(
            f"neither {address_range(packet.source, packet.source)} nor {target} is known here: {target} {what}; "
            "give --from HOST, or describe the interfaces in spdcheck.toml"
        )
    outside = simulator.topology.outside(place.host)
    return simulator.arrive(place.host, outside or place.interface, traffic)


def answer_to(leaf: Leaf) -> Packet | None:
    """The packet with which the other end answers, or None where nobody answers (multicast, ESP, other ICMP)."""
    packet = leaf.situation.frame.traffic.example()
    target = address_range(packet.destination, packet.destination)
    if (MULTICAST4 if target.family == 4 else MULTICAST6).contains(target):
        return None
    if packet.protocol in ANSWERS:
        request, answer = ANSWERS[packet.protocol]
        if packet.icmp_type != request:
            return None
        packet = replace(packet, icmp_type=answer)
    elif packet.protocol not in PORT_PROTOCOLS:
        return None
    return replace(
        packet,
        source=packet.destination,
        destination=packet.source,
        source_port=packet.destination_port,
        destination_port=packet.source_port,
        tcp_flags=SYN_ACK if packet.protocol == TCP else 0,
        connection=ESTABLISHED,
        ipsec_in=CLEAR,
        reqid_in=0,
        tunnel_source=0,
        tunnel_destination=0,
        mark=0,
        tag=0,
    )


def trace_back(simulator: Simulator, leaf: Leaf, answer: Packet) -> Trace:
    """The way of an answer, from where the packet ended, with the states that the packet has made."""
    found = next(back(simulator, leaf, One(answer), leaf.situation.states))
    return trace_of(found, answer)


def back(simulator: Simulator, leaf: Leaf, traffic: Traffic, states: tuple[State, ...]) -> Iterator[Leaf]:
    """Sends traffic back from where a walk ended: the host itself, or the network behind its last interface."""
    host = leaf.situation.host
    if leaf.situation.out_interface:
        return simulator.arrive(host, leaf.situation.out_interface, traffic, states)
    return simulator.send(host, traffic, states)
