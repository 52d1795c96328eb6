"""The wire: delivery here, the way to the next host, and what was to be protected but is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.alike import alike
from spdcheck.engine.frame import NOT_ON_THE_WIRE, Frame, form
from spdcheck.engine.situation import End, Move
from spdcheck.engine.trace import Disposition, Mark, Step, Wire
from spdcheck.model.protocols import AH, ESP
from spdcheck.records import replace
from spdcheck.semantics.datapath import datapath_of
from spdcheck.semantics.encapsulation import IP_HEADER
from spdcheck.semantics.fields import (
    DESTINATION,
    PROTOCOL,
    SOURCE,
    address_interval,
    address_range,
)
from spdcheck.semantics.intervals import single
from spdcheck.semantics.packet import FIRST_FRAGMENT, LATER_FRAGMENT
from spdcheck.semantics.selectors import predicate_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.situation import Situation
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.datapath.stages import Stage


def deliver(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """The packet has reached the host it is for."""
    del stage
    protocols = situation.frame.traffic.side(PROTOCOL)
    host = situation.host.name
    if situation.frame.protection is None and situation.frame.inner is None and protocols in (single(ESP), single(AH)):
        what = "to IPsec, which looks for its SA"
    else:
        what = f"to {host} itself"
    step = Step(host, "DELIVER", Mark.OK, "delivered", what, situation.in_interface)
    yield from _delivered(simulator, situation.with_(step), f"delivered {what}")


def _delivered(simulator: Simulator, situation: Situation, sentence: str) -> Iterator[Move]:
    """DELIVERED, or LEAKED where it crossed an untrusted wire in clear although a policy protects the flow."""
    if not situation.wires_clear:
        yield Move(situation, end=End(Disposition.DELIVERED, sentence))
        return
    for here, policy in _protecting(simulator, situation):
        if policy is None:
            yield Move(here, end=End(Disposition.DELIVERED, sentence))
        else:
            why = f"{sentence}, but in clear although {policy.origin.where} protects {policy.selector}"
            yield Move(here, end=End(Disposition.LEAKED, why))


def _protecting(simulator: Simulator, situation: Situation) -> Iterator[tuple[Situation, SecurityPolicy | None]]:
    """The traffic by the policy of any host that protects it as it began, None for what none protects.

    ``out`` policies first; an ``in`` policy says as well that the flow was meant to be protected.
    """
    traffic = situation.frame.traffic
    began = traffic.began
    sides = (began.side(SOURCE), began.side(DESTINATION))
    policies = simulator.meant_for(*sides)
    for part in began.split([predicate_of(policy.selector) for policy in policies]):
        here = traffic.begun_in(part.traffic)
        if here is not None:
            narrowed = situation.with_(frame=situation.frame.with_traffic(here))
            yield narrowed, None if part.number is None else policies[part.number]


def leave(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """Puts the frame on the wire and follows it to the next host."""
    del stage
    frame = situation.frame
    if situation.out_interface == "lo":
        way = situation.path.receive if situation.path.own_packets_leave else situation.path.local
        on = situation.with_(in_interface="lo", out_interface="", forwarded=False, route=None, gateway=None)
        yield Move(on, way=way)
        return
    near = simulator.topology.places_of(frame.traffic.side(DESTINATION))
    for traffic in alike(frame.traffic, DESTINATION, (addresses for addresses, _ in near)):
        yield from _onto_the_wire(simulator, situation.with_(frame=frame.with_traffic(traffic)))


def _onto_the_wire(simulator: Simulator, situation: Situation) -> Iterator[Move]:
    host, name, frame = situation.host, situation.out_interface, situation.frame
    target = address_range(*frame.traffic.side(DESTINATION)[0])
    outside = simulator.topology.is_outside(host, name)
    following = simulator.topology.neighbour(host, name, situation.gateway or target)
    crosses = following is None and outside
    if crosses:
        following = _across(simulator, host, target)
    untrusted = outside and (following is None or simulator.topology.is_outside(*following))
    protected = _is_protected(frame)
    frame = frame.with_traffic(frame.traffic.rewritten(NOT_ON_THE_WIRE))
    if crosses:
        frame = _through_nat(frame, host, following)
    spi = None if frame.protection is None else frame.protection.spi
    wire = Wire(host.name, name, frame.traffic.example(), form(frame), frame.length, untrusted, spi)
    pieces = _fragments(wire, situation.fragment_bytes) if situation.fragment_bytes else (wire,)
    on = situation.with_(
        *pieces,
        frame=frame,
        fragment_bytes=0,
        in_fragments=len(pieces) > 1,
        wires_clear=situation.wires_clear + (untrusted and not protected),
        wires_protected=situation.wires_protected + (untrusted and protected),
    )
    if simulator.tunnels_up and not simulator.follows and untrusted and protected:
        yield Move(on, end=End(Disposition.DELIVERED, f"leaves {host.name} in the tunnel"))
        return
    if following is not None and following[0] is not host:
        yield from _at_neighbour(simulator, on, *following)
        return
    yield from _off_the_map(simulator, on, target, untrusted=untrusted)


def _through_nat(frame: Frame, sender: Host, receiver: tuple[Host, str] | None) -> Frame:
    """What NAT devices that are no hosts of the site make of a packet: a host's public address is theirs."""
    traffic = frame.traffic
    source = traffic.side(SOURCE)
    if sender.public_address is not None and len(source) == 1 and sender.owns(address_range(*source[0])):
        traffic = traffic.rewritten({SOURCE: (address_interval(sender.public_address),)})
    public = None if receiver is None else receiver[0].public_address
    if receiver is not None and public is not None and traffic.side(DESTINATION) == (address_interval(public),):
        door = receiver[0].interface(receiver[1])
        addresses = () if door is None else door.addresses
        own = next((item.address for item in addresses if item.address.family == public.family), public)
        traffic = traffic.rewritten({DESTINATION: (address_interval(own),)})
    return frame.with_traffic(traffic)


def _fragments(wire: Wire, room: int) -> tuple[Wire, ...]:
    """The packet as the fragments that carry it: all but the last a multiple of 8 bytes long (RFC 791)."""
    header = IP_HEADER[wire.packet.family]
    payload = (room - header) // 8 * 8
    pieces = []
    left = wire.length - header
    while left > 0:
        part = min(payload, left)
        first = left == wire.length - header
        packet = replace(wire.packet, fragment=FIRST_FRAGMENT if first else LATER_FRAGMENT, length=part + header)
        pieces.append(replace(wire, packet=packet, length=part + header, spi=wire.spi if first else None))
        left -= part
    return tuple(pieces)


def _across(simulator: Simulator, host: Host, target: AddressRange) -> tuple[Host, str] | None:
    """The host on the other side of the untrusted network that has the destination."""
    found = simulator.topology.owner(target)
    if found is None or found[0] is host or not simulator.topology.is_outside(found[0], found[1].name):
        return None
    return found[0], found[1].name


def _at_neighbour(simulator: Simulator, situation: Situation, host: Host, interface: str) -> Iterator[Move]:
    if host.external:
        there = situation.with_(host=host, in_interface=interface, out_interface="")
        yield from _delivered(simulator, there, f"reaches {host.name}, whose configuration is not known")
        return
    path = datapath_of(host)
    there = situation.with_(
        host=host, path=path, in_interface=interface, out_interface="", route=None, gateway=None, forwarded=False,
        policy=None, pending=(), arrived=(), applied=(), found=None, translated=False, untranslated=None,
    )  # fmt: skip
    yield Move(there, way=path.receive)


def _off_the_map(
    simulator: Simulator, situation: Situation, target: AddressRange, *, untrusted: bool
) -> Iterator[Move]:
    """The destination is no host that we know."""
    if not untrusted:
        sentence = f"delivered to {target} on {situation.out_interface} of {situation.host.name}"
        step = Step(situation.host.name, "DELIVER", Mark.OK, "delivered", f"to {target}", situation.out_interface)
        yield from _delivered(simulator, situation.with_(step), sentence)
        return
    place = simulator.topology.place(target)
    if place.host is not None and place.host is not situation.host:
        sentence = (
            f"{target} lies behind {place.host.name}, but the packet is in the untrusted network without a tunnel"
        )
        for here, policy in _protecting(simulator, situation):
            how = Disposition.NO_ROUTE if policy is None else Disposition.LEAKED
            yield Move(here, end=End(how, sentence, lost=True))
        return
    yield from _delivered(simulator, situation, f"leaves for {target} in the untrusted network")


def _is_protected(frame: Frame) -> bool:
    """Some layer around the innermost packet is ESP or AH."""
    layer: Frame | None = frame
    while layer is not None:
        if layer.protection is not None and layer.protection.protocol.value != "ipcomp":
            return True
        layer = layer.inner
    return False
