"""Stages about SAs: finding one for a policy, wrapping, finding the SA of what arrives, unwrapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.alike import alike
from spdcheck.engine.frame import IPSEC_KNOWN, UDP_ENCAPSULATION, Protection, protect, unwrap
from spdcheck.engine.negotiations import Sought
from spdcheck.engine.situation import End, Move
from spdcheck.engine.trace import Disposition, Mark, Step
from spdcheck.model.policy import Level, Mode, Protocol
from spdcheck.semantics import manual_sa
from spdcheck.semantics.encapsulation import of_association
from spdcheck.semantics.fields import (
    DESTINATION,
    DF,
    IPSEC_IN,
    MARK,
    REQID_IN,
    SOURCE,
    TUNNEL_DESTINATION,
    TUNNEL_SOURCE,
    address_interval,
    address_range,
)
from spdcheck.semantics.intervals import single
from spdcheck.semantics.packet import TRANSPORT, TUNNEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.frame import Frame
    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.situation import Situation
    from spdcheck.engine.traffic import Traffic
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy, Template
    from spdcheck.semantics.datapath.stages import Stage
    from spdcheck.semantics.fields import Field


def find(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """Finds an SA for every template of the policy: one given by hand, or one that IKE would make."""
    del stage
    policy = situation.policy
    if policy is None or situation.pending:
        yield Move(situation)
        return
    for traffic in _by_ends(simulator, situation, policy):
        yield _find(simulator, situation.with_(frame=situation.frame.with_traffic(traffic)), policy)


def _by_ends(simulator: Simulator, situation: Situation, policy: SecurityPolicy) -> Iterator[Traffic]:
    """The traffic by the end points of its SAs, where the policy leaves them to the packet."""
    first = policy.templates[0] if policy.templates else None
    if first is None or (first.mode is Mode.TUNNEL and first.source is not None and first.destination is not None):
        yield situation.frame.traffic
        return
    known = [addresses for addresses, place in simulator.topology.places if not place.interface]
    known += [end for sa in situation.host.sad.associations for end in (sa.source, sa.destination)]
    known += [peer.address for daemon in situation.host.daemons for peer in daemon.peers if peer.address is not None]
    for traffic in alike(situation.frame.traffic, DESTINATION, known):
        yield from alike(traffic, SOURCE, known)


def _find(simulator: Simulator, situation: Situation, policy: SecurityPolicy) -> Move:
    pending: list[Protection] = []
    steps: list[Step] = []
    for template in policy.templates:
        source, destination = _ends(template, situation.frame.traffic, pending)
        found = _protection(simulator, situation.host, policy, template, source, destination)
        why = found.why
        if found.protection is not None:
            pending.append(found.protection)
            steps.append(_found(situation, found.protection))
            if found.protection.granted:
                granted = found.protection.granted
                steps.append(Step(situation.host.name, "IKE", Mark.SKIP, "assumed", granted))
            continue
        if found.unknown:
            step = Step(situation.host.name, "SA", Mark.UNKNOWN, "unknown", found.unknown, origin=template.origin)
            return Move(situation.with_(*steps, step), end=End(Disposition.UNKNOWN, found.unknown))
        if template.level.is_optional:
            detail = f"{why}; the level is {template.level.value}, so the packet goes on in clear"
            steps.append(Step(situation.host.name, "SA", Mark.SKIP, "none", detail, origin=template.origin))
            continue
        steps.append(Step(situation.host.name, "SA", Mark.FAIL, "none", why, origin=template.origin))
        waits = situation.host.settings.get("net.core.xfrm_larval_drop", ("1",))[0] == "0"
        counter = "" if waits else "XfrmOutNoStates"
        end = End(Disposition.NO_SA, f"{situation.host.name} has no SA for {policy.selector}: {why}", counter)
        return Move(situation.with_(*steps), end=end)
    return Move(situation.with_(*steps, pending=tuple(pending), policy=policy if pending else None))


def _ends(template: Template, traffic: Traffic, pending: list[Protection]) -> tuple[AddressRange, AddressRange]:
    """The end points of the SA: the template's, else those of the packet as it is when its turn comes."""
    if template.mode is Mode.TUNNEL and template.source is not None and template.destination is not None:
        return template.source, template.destination
    for earlier in reversed(pending):
        if earlier.mode is Mode.TUNNEL:
            return earlier.source, earlier.destination
    packet = traffic.example()
    return address_range(packet.source, packet.source), address_range(packet.destination, packet.destination)


def _found(situation: Situation, protection: Protection) -> Step:
    what = "by hand" if protection.association is not None else "by IKE"
    detail = f"{protection.protocol.value} {protection.spi_text}, {protection.overhead.algorithms}"
    return Step(situation.host.name, "SA", Mark.OK, what, detail, origin=protection.origin)


def _protection(
    simulator: Simulator,
    host: Host,
    policy: SecurityPolicy,
    template: Template,
    source: AddressRange,
    destination: AddressRange,
) -> Sought:
    manual = manual_sa.outgoing(host, template, source, destination)
    if manual is not None:
        udp = manual.encapsulation_port is not None or manual.protocol == "esp-udp"
        return Sought(
            Protection(
                template.protocol, template.mode, source, destination, manual.spi, manual.reqid,
                of_association(manual), manual.origin, manual, udp=udp,
            )
        )  # fmt: skip
    if template.level is Level.UNIQUE and template.reqid == 0 and host.sad.associations and not host.daemons:
        why = "unique wants an SA of its own, and SAs given by hand do not have the reqid that the kernel draws"
        return Sought(None, why)
    return simulator.negotiations.protection(host, policy, template, source, destination)


def encapsulate(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """Wraps the frame in every pending protection, in order; the result takes the carrier's way."""
    del simulator, stage
    if situation.policy is None or not situation.pending:
        yield Move(situation)
        return
    frame = situation.frame
    steps = []
    for protection in situation.pending:
        before = frame.length
        frame = protect(frame, protection)
        frame = frame.with_traffic(frame.traffic.rewritten(IPSEC_KNOWN))
        if protection.mode is Mode.TUNNEL and situation.host.platform is not None and situation.host.platform.is_bsd:
            frame = frame.with_traffic(frame.traffic.rewritten({DF: single(0)}))
        packet = frame.traffic.example()
        detail = f"{protection.source} → {protection.destination}, {protection.spi_text}"
        if not protection.overhead.exact:
            detail += ", size of the largest usual algorithms"
        steps.append(
            Step(
                situation.host.name,
                "ENCAP",
                Mark.CHANGE,
                f"{before}→{frame.length} B",
                f"{protection.protocol.value}/{protection.mode.value} {detail}",
                origin=situation.policy.origin,
                packet=packet,
                length=frame.length,
            )
        )
    wrapped = situation.with_(
        *steps,
        frame=frame,
        policy=None,
        pending=(),
        applied=(*situation.applied, situation.policy),
        forwarded=False,
        translated=False,
        untranslated=None,
        out_interface="",
        route=None,
        gateway=None,
    )
    yield Move(wrapped, way=situation.path.carrier)


def find_arriving(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """Finds the SA of a protected frame that has reached its end point."""
    del simulator, stage
    protection = situation.frame.protection
    if protection is None:
        yield Move(situation.with_(found=None))
        return
    host = situation.host
    where = protection.destination
    if protection.udp and not _takes_udp(host):
        why = f"nothing on {host.name} takes ESP in UDP: no key daemon with NAT traversal has the port open"
        yield _refused(situation, why, "Udp.NoPorts")
        return
    if protection.protocol is Protocol.AH and _was_translated(situation.frame.traffic, protection):
        why = f"the addresses of the packet were changed on the way, and AH authenticates them ({protection.source})"
        yield _refused(situation, why, "XfrmInStateProtoError")
        return
    if protection.association is None or protection.spi is None:
        if protection.peer and protection.peer != host.name:
            yield _refused(situation, f"{host.name} is not the peer that negotiated this SA", "XfrmInNoStates")
            return
        detail = f"{protection.protocol.value} {protection.spi_text} with {protection.source}"
        step = Step(host.name, "SA", Mark.OK, "by IKE", detail, situation.in_interface)
        yield Move(situation.with_(step, found=protection))
        return
    there = manual_sa.arriving(host, where, protection.protocol.value, protection.spi)
    if there is None:
        why = f"{host.name} has no SA for {where}, {protection.protocol.value}, {protection.spi_text}"
        yield _refused(situation, why, "XfrmInNoStates")
        return
    ours = protection.association
    for name, mine, theirs in (
        ("authentication", ours.integrity, there.integrity),
        ("encryption", ours.encryption, there.encryption),
    ):
        a = None if mine is None else (mine.name, mine.key)
        b = None if theirs is None else (theirs.name, theirs.key)
        cuts = {item.icv_bytes for item in (mine, theirs) if item is not None and item.icv_bytes is not None}
        if a != b or len(cuts) > 1:
            yield _refused(
                situation, f"the {name} of the two SAs differs (algorithm, key or length)", "XfrmInStateProtoError"
            )
            return
    found = Protection(
        protection.protocol, there.mode, protection.source, where, there.spi, there.reqid,
        protection.overhead, there.origin, there, udp=protection.udp,
    )  # fmt: skip
    alike = there.mode is Mode.TUNNEL and _is_ip_in_ip(situation.frame.inner)
    if there.mode is not protection.mode and Mode.ANY not in (there.mode, protection.mode) and not alike:
        why = f"the packet is in {protection.mode.value} mode, the SA at {host.name} in {there.mode.value} mode"
        # A tunnel SA refuses what is no IP packet inside (xfrm4_remove_tunnel_encap); a transport SA hands up IP in IP,
        # which nobody takes.
        yield _refused(situation, why, "XfrmInStateModeError" if there.mode is Mode.TUNNEL else "Ip.InUnknownProtos")
        return
    detail = f"{protection.protocol.value} {protection.spi_text} to {where}"
    step = Step(host.name, "SA", Mark.OK, "found", detail, situation.in_interface, there.origin)
    yield Move(situation.with_(step, found=found))


def _is_ip_in_ip(frame: Frame | None) -> bool:
    """A tunnel device's packet that, in transport mode, looks on the wire like a packet in tunnel mode."""
    return frame is not None and frame.protection is None and frame.kind in ("ipip", "gif") and frame.inner is not None


def _was_translated(traffic: Traffic, protection: Protection) -> bool:
    """A single outer address is not the one that the packet was protected with."""
    sides = ((traffic.side(SOURCE), protection.source), (traffic.side(DESTINATION), protection.destination))
    return any(side[0][0] == side[-1][1] and side[0] != address_interval(end) for side, end in sides)


def _takes_udp(host: Host) -> bool:
    """Some socket of the host takes ESP in UDP: a key daemon's with NAT traversal, or one that is declared."""
    declared = host.settings.get("udp-encapsulation")
    if declared is not None:
        return str(UDP_ENCAPSULATION) in declared[0].split(",")
    return not host.daemons or any(peer.nat_traversal != "off" for daemon in host.daemons for peer in daemon.peers)


def _refused(situation: Situation, why: str, counter: str) -> Move:
    step = Step(situation.host.name, "SA", Mark.FAIL, "refused", why, situation.in_interface)
    return Move(situation.with_(step), end=End(Disposition.NO_SA, why, counter))


def decapsulate(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """Unwraps a frame whose SA was found; what was inside comes in again."""
    del simulator
    found = situation.found
    if found is None or situation.frame.inner is None:
        yield Move(situation)
        return
    before = situation.frame.length
    frame = unwrap(situation.frame)
    tunnel = found.mode is Mode.TUNNEL
    if tunnel and situation.frame.protection is not None and situation.frame.protection.mode is Mode.TRANSPORT:
        frame = unwrap(frame)
    values: dict[Field, tuple[tuple[int, int], ...]] = {
        IPSEC_IN: single(TUNNEL if tunnel else TRANSPORT),
        REQID_IN: single(found.reqid or 0),
    }
    if tunnel:
        values[TUNNEL_SOURCE] = (address_interval(found.source),)
        values[TUNNEL_DESTINATION] = (address_interval(found.destination),)
    if situation.path.forward_policies:
        # Linux keeps the mark of the packet that was around it.
        values[MARK] = situation.frame.traffic.side(MARK)
    if frame.protection is None:
        frame = frame.with_traffic(frame.traffic.rewritten(values))
    interface = stage.interface or situation.in_interface
    step = Step(
        situation.host.name, "DECAP", Mark.CHANGE, f"{before}→{frame.length} B",
        f"{found.protocol.value}/{found.mode.value}", interface, found.origin, frame.traffic.example(), frame.length,
    )  # fmt: skip
    after = situation.with_(
        step, frame=frame, found=None, arrived=(*situation.arrived, found), in_interface=interface, untranslated=None
    )
    device = _taking_device(after, found)
    if device:
        taken = Step(
            situation.host.name, "DEVICE", Mark.CHANGE, device,
            "takes the packet of the tunnel SA, since its outer addresses are the same", device,
        )  # fmt: skip
        after = after.with_(taken, in_interface=device)
    yield Move(after, way=situation.path.receive)


def _taking_device(situation: Situation, found: Protection) -> str:
    """The gif device with the outer addresses of a tunnel SA, on systems where it gets the packet first."""
    if not situation.path.device_takes_tunnel or found.mode is not Mode.TUNNEL or found.protocol is Protocol.IPCOMP:
        return ""
    for interface in situation.host.interfaces:
        device = interface.tunnel
        if device is None or device.kind != "gif":
            continue
        if (device.source, device.destination) == (found.destination, found.source):
            return interface.name
    return ""
