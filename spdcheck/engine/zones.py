"""Between which zones of Shorewall a packet goes, and what to write so that it may: in the words of its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.concrete import matches
from spdcheck.engine.trace import Mark, Step
from spdcheck.model.protocols import AH, ESP, ICMP, ICMP6, PORT_PROTOCOLS, UDP, protocol_name
from spdcheck.model.shorewall import Shorewall
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import replace
from spdcheck.semantics.fields import CONNECTION, IPSEC_IN, IPSEC_OUT, IPV6, address_range
from spdcheck.semantics.packet import CLEAR, ESTABLISHED, RELATED, TUNNEL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.engine.situation import Move
    from spdcheck.model.host import Host
    from spdcheck.semantics.packet import Packet
    from spdcheck.semantics.shorewall.members import Gate, Member, Members
    from spdcheck.source import Span


IKE, NAT_T = 500, 4500


class Between(NamedTuple):
    """The zones of a packet: empty where no line of interfaces or hosts takes it; ``sender`` and so on is that line."""

    packet: Packet
    source: str
    dest: str
    sender: Member | None
    receiver: Member | None
    of: Members

    def __str__(self) -> str:
        return f"{self.source or 'no zone'} → {self.dest or 'no zone'}"

    @property
    def pair(self) -> str:
        """``vpn $FW``, as the files write it."""
        own = self.of.firewall
        names = ("$FW" if zone == own and self.of.dialect != 2 else zone for zone in (self.source, self.dest))
        return " ".join(names)


class Advice(NamedTuple):
    """What to write, and the line to look at with what is to be said there (None: no line)."""

    mend: str
    place: Span | None = None
    label: str = ""


def between(host: Host, packet: Packet) -> Between | None:
    """The zones of a packet as the filter of a host sees it; None where Shorewall does not make the filter."""
    family = 6 if packet.source >= IPV6 else 4
    found = [item for item in host.packet_filters if isinstance(item, Shorewall) and item.family == family]
    if len(found) != 1:
        return None
    from spdcheck.semantics.shorewall.members import members

    known = members(found[0], host)
    sender = _sender(known, packet) if packet.in_interface else None
    receiver = _receiver(known, packet) if packet.out_interface else None
    source = known.firewall if not packet.in_interface else "" if sender is None else sender.zone
    dest = known.firewall if not packet.out_interface else "" if receiver is None else receiver.zone
    return Between(packet, source, dest, sender, receiver, known)


def _sender(known: Members, packet: Packet) -> Member | None:
    on = bool(packet.out_interface)
    return next((m for m in known.senders if matches(m.forwarded if on else m.condition, packet)), None)


def _receiver(known: Members, packet: Packet) -> Member | None:
    return next((member for member in known.receivers if matches(member.condition, packet)), None)


def told(move: Move) -> Move:
    """The move of a single packet through a table, with its zones in the last step: ``filter, vpn → loc``."""
    steps = move.situation.steps
    last = steps[-1] if steps else None
    if not isinstance(last, Step) or last.asked is None:
        return move
    found = between(move.situation.host, last.asked.packet)
    if found is None:
        return move
    connection = last.asked.packet.connection
    known = last.mark is Mark.OK and connection in (ESTABLISHED, RELATED)
    step = replace(last, detail=f"{last.detail}, {found}" + (f" ({CONNECTION.choices[connection]})" if known else ""))
    return move._replace(situation=move.situation._replace(steps=(*steps[:-1], step)))


def advice(found: Between, policy: Span) -> Advice:
    """What to write so that packets like this one pass, where the line of a policy stops them."""
    packet = found.packet
    for end, member, field in (("from", found.sender, IPSEC_IN), ("to", found.receiver, IPSEC_OUT)):
        present = packet.in_interface if end == "from" else packet.out_interface
        if present and (member is None or (packet[field] != CLEAR and member.asked and not member.ipsec)):
            return _homeless(found, end)
    if _carries(packet):
        return _gate(found)
    hidden = _hidden(found)
    if hidden is not None:
        address = address_range(packet.source, packet.source)
        mend = f"put {hidden.zone} before {found.source} in zones: {address} is in both, and the first has it"
        return Advice(mend, hidden.origin, f"has {address} too")
    where = f"or {found.pair} ACCEPT in policy before {policy.where}"
    return Advice(f"let {found.pair} pass: a line in rules (ACCEPT {found.pair} {columns(packet)}), {where}")


def _hidden(found: Between) -> Member | None:
    """A line of hosts that has the sender too, of a zone behind the one that has its whole interface."""
    if found.sender is None or found.sender.origin.file.path.rpartition("/")[2] != "interfaces":
        return None
    later = found.of.senders[found.of.senders.index(found.sender) + 1 :]
    return next(
        (
            member
            for member in later
            if member.zone != found.source
            and member.origin.file.path.rpartition("/")[2] == "hosts"
            and matches(member.condition, found.packet)
        ),
        None,
    )


def _homeless(found: Between, end: str) -> Advice:
    """No zone has packets like this: a line that has the address may want the other form."""
    packet, inward = found.packet, end == "from"
    field, number = (IPSEC_IN, packet.source) if inward else (IPSEC_OUT, packet.destination)
    address, protected = address_range(number, number), packet[field] != CLEAR
    form = ("in a tunnel" if packet[field] == TUNNEL else "in ESP") if protected else "in clear"
    text = f"no zone has what {'comes from' if inward else 'goes to'} {address} {form}"
    other = packet.with_values({field: CLEAR if protected else TUNNEL})
    close = _sender(found.of, other) if inward else _receiver(found.of, other)
    if close is None or close.origin.file.path.rpartition("/")[2] != "hosts":
        return Advice(f"{text}: add it to hosts" + (" with the option ipsec" if protected else ""))
    if protected:
        mend = f"{text}: write ipsec in OPTIONS of {close.origin.where}"
        return Advice(mend, close.origin, f"has {address} in clear only")
    return Advice(
        f"{text}: it should be protected, see that its policies are loaded", close.origin, f"has {address} in ESP only"
    )


def _carries(packet: Packet) -> bool:
    """The key exchange, or what it protects."""
    ports = packet.protocol == UDP and packet.destination_port in (IKE, NAT_T)
    return (packet.protocol in (ESP, AH) or ports) and (not packet.in_interface or not packet.out_interface)


def _gate(found: Between) -> Advice:
    """What opens a tunnel is a line of tunnels, with the zone through which the peer is reached."""
    packet, inward = found.packet, bool(found.packet.in_interface)
    zone, number = (found.source, packet.source) if inward else (found.dest, packet.destination)
    peer = address_range(number, number)
    kind = "ipsecnat" if packet.destination_port == NAT_T and packet.protocol == UDP else "ipsec"
    if packet.protocol == AH and found.of.dialect != 2:
        kind = "ipsec:ah"
    gate = _of_peer(found, inward=inward)
    if gate is None:
        return Advice(f"add a line to tunnels: {kind} {zone} {peer}")
    member = found.sender if inward else found.receiver
    where = gate.entry.origin.where
    if gate.entry.zone != zone and member is not None and member.origin.file.path.rpartition("/")[2] == "hosts":
        line = member.origin.where
        mend = f"write ipsec in OPTIONS of {line}, or take {peer} out there: {where} opens {gate.entry.zone} only"
        return Advice(mend, member.origin, f"makes {peer} itself part of {zone}")
    if gate.entry.zone != zone:
        mend = (
            f"write {zone} for {gate.entry.zone} in {where}: the tunnel's own packets go through the zone of the peer"
        )
        return Advice(mend, gate.entry.origin, f"{peer} is in {zone}")
    return Advice(f"write {kind} for {gate.entry.type} in {where}", gate.entry.origin, "does not open this")


def _of_peer(found: Between, *, inward: bool) -> Gate | None:
    """The line of tunnels for the peer: one of its zone first."""
    zone = found.source if inward else found.dest
    gates = [g for g in found.of.gates if g.entry.type in ("ipsec", "ipsecnat")]
    gates = [g for g in gates if matches(g.source if inward else g.dest, found.packet)]
    return min(gates, key=lambda gate: gate.entry.zone != zone, default=None)


def exemption(hosts: Iterable[Host], line: Span) -> str:
    """How a line of masq or snat would spare what a tunnel will take; empty for lines of other languages."""
    for host in hosts:
        for source in host.packet_filters:
            entries = source.snat if isinstance(source, Shorewall) else ()
            for entry in entries:
                if entry.origin != line:
                    continue
                if entry.ipsec or entry.ipsec_options:
                    return ": leave its column IPSEC empty"
                return ": make the zone behind the tunnel one of type ipsec, or put CONTINUE for this flow before it"
    return ""


def columns(packet: Packet) -> str:
    """PROTO and DPORT of a packet: ``tcp 80``, ``icmp 8``, ``esp``."""
    number = packet.protocol
    name = protocol_name(number)
    if number in PORT_PROTOCOLS:
        return f"{name} {packet.destination_port}"
    return f"{name} {packet.icmp_type}" if number in (ICMP, ICMP6) else name
