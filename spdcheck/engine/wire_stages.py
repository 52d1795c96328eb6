"""Stages between hosts: routes, tunnel devices, the MTU, delivery, and the wire to the next host."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spdcheck.engine.alike import alike
from spdcheck.engine.frame import NOT_ON_THE_WIRE, Frame, protect, unwrap, wrap
from spdcheck.engine.situation import End, Move
from spdcheck.engine.trace import Disposition, Mark, Step, Wire
from spdcheck.model.addresses import MULTICAST4, MULTICAST6, AddressRange
from spdcheck.model.host import Platform
from spdcheck.model.policy import Action, Direction
from spdcheck.model.protocols import AH, ESP, IPV6_ENCAP
from spdcheck.semantics.conditions import destination
from spdcheck.semantics.datapath import datapath_of
from spdcheck.semantics.encapsulation import DEVICE_MTU, DEVICE_PROTOCOL, IP_HEADER, device_length
from spdcheck.semantics.fields import (
    DESTINATION,
    DF,
    PROTOCOL,
    SOURCE,
    address_range,
)
from spdcheck.semantics.intervals import contains, single
from spdcheck.semantics.packet import FIRST_FRAGMENT, LATER_FRAGMENT
from spdcheck.semantics.routing import RouteEntry
from spdcheck.semantics.selectors import predicate_of, touches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.situation import Situation
    from spdcheck.engine.traffic import Traffic
    from spdcheck.model.host import Host, Interface
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.datapath.stages import Stage
    from spdcheck.source import Span

USUAL_MTU = 1500


def route(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """Looks the destination up. On arrival the answer also says whether the frame is for this host."""
    if stage.hook == "again" and not situation.translated:
        yield Move(situation)
        return
    arriving = stage.hook == "arrival"
    table = simulator.topology.table(situation.host)
    conditions = [destination(entry.destination) for entry in table]
    parts = (part for traffic in _alike(situation, table) for part in traffic.split(conditions))
    for part in parts:
        here = situation.with_(frame=situation.frame.with_traffic(part.traffic))
        entry = _multicast(here) or (None if part.number is None else table[part.number])
        if entry is None:
            target = address_range(*part.traffic.side(DESTINATION)[0])
            step = Step(here.host.name, "ROUTE", Mark.FAIL, "no route", f"to {target}")
            yield Move(here.with_(step), end=End(Disposition.NO_ROUTE, f"{here.host.name} has no route to {target}"))
        elif arriving:
            yield _on_arrival(table, here, entry)
        else:
            yield _on_departure(here, entry)


def _alike(situation: Situation, table: tuple[RouteEntry, ...]) -> Iterator[Traffic]:
    """The traffic by what else decides about its route: multicast or not, and whether its source is looked up."""
    for traffic in alike(situation.frame.traffic, DESTINATION, (MULTICAST4, MULTICAST6)):
        group = address_range(*traffic.side(DESTINATION)[0])
        if MULTICAST4.contains(group) or MULTICAST6.contains(group):
            yield from alike(traffic, SOURCE, situation.host.addresses)
        elif _reverse_path_mode(situation):
            yield from alike(traffic, SOURCE, (entry.destination for entry in table))
        else:
            yield traffic


def _multicast(situation: Situation) -> RouteEntry | None:
    """A multicast leaves by the interface that has its source address, and is for everybody where it arrives."""
    target = address_range(*situation.frame.traffic.side(DESTINATION)[0])
    group = MULTICAST4 if target.family == 4 else MULTICAST6
    if not group.contains(target):
        return None
    source = address_range(*situation.frame.traffic.side(SOURCE)[0])
    for interface in situation.host.interfaces:
        if any(address.address == source for address in interface.addresses):
            return RouteEntry(group, interface.name, None, interface.origin)
    if situation.in_interface:
        return RouteEntry(group, situation.in_interface, None, None, local=True)
    return None


def _on_arrival(table: tuple[RouteEntry, ...], situation: Situation, entry: RouteEntry) -> Move:
    host = situation.host
    target = address_range(*situation.frame.traffic.side(DESTINATION)[0])
    group = MULTICAST4 if target.family == 4 else MULTICAST6
    refused = _reverse_path(table, situation)
    if refused is not None:
        return refused
    if entry.local or group.contains(target):
        return Move(situation.with_(route=entry), way=situation.path.local)
    forwards, why = _forwards(host, situation.frame.family)
    if not forwards:
        step = Step(host.name, "ROUTE", Mark.FAIL, "not ours", why)
        end = End(Disposition.NO_ROUTE, f"{host.name} does not forward: {why}", "Ip.InAddrErrors")
        return Move(situation.with_(step), end=end)
    move = _on_departure(situation.with_(forwarded=True), entry)
    return move if move.end is not None else Move(move.situation, way=situation.path.forward)


def _reverse_path(table: tuple[RouteEntry, ...], situation: Situation) -> Move | None:
    """Linux's rp_filter: strict wants the route back by the same interface, loose wants any; decrypted packets pass.

    The value in force is the larger one of ``all`` and of the interface (Documentation/networking/ip-sysctl).
    """
    mode = _reverse_path_mode(situation)
    if mode == 0:
        return None
    source = address_range(*situation.frame.traffic.side(SOURCE)[0])
    back = next((entry for entry in table if entry.destination.contains(source)), None)
    if back is not None and (mode == 2 or back.interface == situation.in_interface):
        return None
    origin = next((value[1] for value in _reverse_path_settings(situation)), None)
    why = f"rp_filter: the way back to {source} is not by {situation.in_interface}"
    step = Step(situation.host.name, "ROUTE", Mark.FAIL, "rp_filter", why, situation.in_interface, origin)
    return Move(situation.with_(step), end=End(Disposition.DENIED_IN, why, "IPReversePathFilter"))


def _reverse_path_settings(situation: Situation) -> list[tuple[str, Span]]:
    names = ("all", situation.in_interface)
    found = (situation.host.settings.get(f"net.ipv4.conf.{name}.rp_filter") for name in names)
    return [value for value in found if value is not None]


def _reverse_path_mode(situation: Situation) -> int:
    """0: not asked, 1: strict, 2: loose."""
    if situation.arrived or not situation.in_interface:
        return 0
    return max((int(text) for text, _ in _reverse_path_settings(situation) if text.isdigit()), default=0)


def _forwards(host: Host, family: int) -> tuple[bool, str]:
    """Whether a host forwards packets, and what says so."""
    flag = host.forwarding.get(family)
    if flag is not None:
        return flag.value, "forwarding is switched off" if not flag.value else ""
    if "rc.conf" in host.settings and host.platform in (Platform.FREEBSD, Platform.NETBSD):
        return False, "its rc.conf does not set gateway_enable"
    return True, ""


def _on_departure(situation: Situation, entry: RouteEntry) -> Move:
    host = situation.host.name
    if entry.blackhole:
        step = Step(host, "ROUTE", Mark.FAIL, "blackhole", str(entry), origin=entry.origin)
        return Move(situation.with_(step), end=End(Disposition.NO_ROUTE, f"{host} routes {entry.destination} nowhere"))
    if entry.local:
        step = Step(host, "ROUTE", Mark.OK, "this host", origin=entry.origin)
        return Move(situation.with_(step, in_interface="lo", out_interface="lo", route=entry), way=situation.path.local)
    detail = str(entry) + (f" ({entry.inferred})" if entry.inferred else "")
    step = Step(host, "ROUTE", Mark.OK, entry.interface, detail, entry.interface, entry.origin)
    return Move(situation.with_(step, out_interface=entry.interface, gateway=entry.gateway, route=entry))


def _interface(host: Host, name: str) -> Interface | None:
    return next((interface for interface in host.interfaces if interface.name == name), None)


def device_out(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """A gif or gre device wraps what is routed into it; the result starts anew."""
    del simulator, stage
    interface = _interface(situation.host, situation.out_interface)
    if interface is None or interface.tunnel is None:
        yield Move(situation)
        return
    device = interface.tunnel
    frame = situation.frame
    number = IPV6_ENCAP if frame.family == 6 and device.kind in ("gif", "ipip") else DEVICE_PROTOCOL[device.kind]
    extra = device_length(0, device.kind, device.source.family)
    wrapped = wrap(frame, device.kind, device.source, device.destination, number, extra)
    step = Step(
        situation.host.name, "DEVICE", Mark.CHANGE, f"{frame.length}→{wrapped.length} B",
        f"{interface.name} wraps it: {device.source} → {device.destination}", interface.name, device.origin,
        wrapped.traffic.example(), wrapped.length,
    )  # fmt: skip
    seen = Wire(situation.host.name, interface.name, frame.traffic.example(), form(frame), frame.length, False)
    after = situation.with_(
        seen, step, frame=wrapped, forwarded=False, out_interface="", route=None, gateway=None, policy=None, pending=(),
        hops=situation.hops + 1,
    )  # fmt: skip
    yield Move(after, way=situation.path.device)


def device_in(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """A tunnel device unwraps what is for it; what was inside comes in by the device."""
    del simulator, stage
    frame = situation.frame
    if frame.inner is None or frame.protection is not None:
        yield Move(situation)
        return
    source = address_range(*frame.traffic.side(SOURCE)[0])
    target = address_range(*frame.traffic.side(DESTINATION)[0])
    for interface in situation.host.interfaces:
        device = interface.tunnel
        if device is None or DEVICE_PROTOCOL[device.kind] != DEVICE_PROTOCOL[frame.kind]:
            continue
        if (device.source, device.destination) == (target, source):
            inner = unwrap(frame)
            step = Step(
                situation.host.name, "DEVICE", Mark.CHANGE, f"{frame.length}→{inner.length} B",
                f"{interface.name} unwraps it", interface.name, device.origin, inner.traffic.example(), inner.length,
            )  # fmt: skip
            after = situation.with_(step, frame=inner, in_interface=interface.name, hops=situation.hops + 1)
            yield Move(after, way=situation.path.receive)
            return
    step = Step(situation.host.name, "DEVICE", Mark.FAIL, "none", f"no device takes {frame.kind} from {source}")
    end = End(Disposition.DENIED_IN, f"no tunnel device of {situation.host.name} takes {frame.kind} from {source}")
    yield Move(situation.with_(step), end=end)


def mtu(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """Compares the packet, as it will be on the wire, with the MTU of the interface it leaves by."""
    del stage
    frame = _as_it_will_be(situation)
    limit = _mtu_towards(simulator, situation, frame)
    if frame.length <= limit or situation.out_interface == "lo":
        yield Move(situation)
        return
    own = situation.frame
    if contains(single(1), own.traffic.side(DF)):
        largest = _largest(situation, limit)
        if own.inner is not None and own.protection is None:
            # Who sent what a tunnel device has wrapped is told about the packet inside.
            largest -= own.length - own.inner.length
        detail = f"{frame.length} B do not fit into {limit}, DF is set; at most {largest} B"
        step = Step(situation.host.name, "MTU", Mark.FAIL, "too large", detail, situation.out_interface)
        sentence = f"{detail}; {situation.host.name} answers ICMP fragmentation needed, mtu {largest}"
        yield Move(situation.with_(step), end=End(Disposition.FRAGMENTATION_NEEDED, sentence, "Ip.FragFails"))
        return
    if situation.pending:
        # What this host sends leaves in fragments of the tunnel's size, what it forwards in fragments of the link's.
        room = 0 if situation.forwarded else _largest(situation, limit)
        yield Move(situation.with_(fragment_bytes=room))
        return
    detail = f"{frame.length} B do not fit into {limit}: it leaves in fragments"
    step = Step(situation.host.name, "MTU", Mark.CHANGE, "fragmented", detail, situation.out_interface)
    yield Move(situation.with_(step, fragment_bytes=situation.fragment_bytes or limit))


def _largest(situation: Situation, limit: int) -> int:
    """The longest packet that still fits once its pending protections are around it."""
    length = situation.frame.length
    while _as_it_will_be(situation, length).length > limit:
        length -= 1
    while _as_it_will_be(situation, length + 1).length <= limit:
        length += 1
    return length


def _as_it_will_be(situation: Situation, length: int | None = None) -> Frame:
    """The frame with its pending protections around it, optionally of another length."""
    from spdcheck.semantics.fields import LENGTH

    frame = situation.frame
    if length is not None:
        frame = frame.with_traffic(frame.traffic.rewritten({LENGTH: single(length)}))
    for protection in situation.pending:
        frame = protect(frame, protection)
    return frame


def _mtu_towards(simulator: Simulator, situation: Situation, frame: Frame) -> int:
    name = situation.out_interface
    if situation.pending:
        target = address_range(*frame.traffic.side(DESTINATION)[0])
        entry = next((e for e in simulator.topology.table(situation.host) if e.destination.contains(target)), None)
        name = entry.interface if entry is not None else name
    interface = _interface(situation.host, name)
    if interface is None or interface.mtu is None:
        device = None if interface is None else interface.tunnel
        return USUAL_MTU if device is None else DEVICE_MTU[device.kind]
    return interface.mtu


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
    policies = [
        policy
        for direction in (Direction.OUT, Direction.IN)
        for host in simulator.site.hosts
        for policy in host.spd.of(direction)
        if policy.action is Action.PROTECT and touches(policy.selector, *sides)
        if direction is Direction.OUT or not policy.is_optional
    ]
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
        yield Move(situation.with_(in_interface="lo", out_interface=""), way=situation.path.local)
        return
    for traffic in alike(frame.traffic, DESTINATION, (addresses for addresses, _ in simulator.topology.places)):
        yield from _onto_the_wire(simulator, situation.with_(frame=frame.with_traffic(traffic)))


def _onto_the_wire(simulator: Simulator, situation: Situation) -> Iterator[Move]:
    host, name, frame = situation.host, situation.out_interface, situation.frame
    target = address_range(*frame.traffic.side(DESTINATION)[0])
    outside = simulator.topology.is_outside(host, name)
    following = simulator.topology.neighbour(host, name, situation.gateway or target)
    if following is None and outside:
        following = _across(simulator, host, target)
    untrusted = outside and (following is None or simulator.topology.is_outside(*following))
    protected = _is_protected(frame)
    frame = frame.with_traffic(frame.traffic.rewritten(NOT_ON_THE_WIRE))
    spi = None if frame.protection is None else frame.protection.spi
    wire = Wire(host.name, name, frame.traffic.example(), form(frame), frame.length, untrusted, spi)
    pieces = _fragments(wire, situation.fragment_bytes) if situation.fragment_bytes else (wire,)
    on = situation.with_(
        *pieces,
        frame=frame,
        fragment_bytes=0,
        wires_clear=situation.wires_clear + (untrusted and not protected),
        wires_protected=situation.wires_protected + (untrusted and protected),
    )
    if simulator.tunnels_up and untrusted and protected:
        yield Move(on, end=End(Disposition.DELIVERED, f"leaves {host.name} in the tunnel"))
        return
    if following is not None and following[0] is not host:
        yield from _at_neighbour(simulator, on, *following)
        return
    yield from _off_the_map(simulator, on, target, untrusted=untrusted)


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
        there = situation.with_(host=host, in_interface=interface)
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


def form(frame: Frame) -> str:
    """The nesting of a frame, outermost first: ``esp``, ``esp{gre{icmp}}``."""
    from spdcheck.model.protocols import protocol_name

    name = frame.kind or protocol_name(frame.traffic.example().protocol)
    return name if frame.inner is None else f"{name}{{{form(frame.inner)}}}"
